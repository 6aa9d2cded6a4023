//! Short names for results that were given as paths. A name is the shortest part of the path that
//! is unique.

/// Returns for each path its shortest unique tail. Equal paths are numbered.
pub(super) fn short_names(paths: &[&str]) -> Vec<String> {
    let parts = paths.iter().map(|path| path.split(SEPARATORS).count());
    let longest = parts.max().unwrap_or(0);
    let name = |(i, path): (usize, &&str)| {
        let others = || paths.iter().enumerate().filter(move |(j, _)| *j != i);
        let distinct = (1..=longest)
            .find(|&n| others().all(|(_, other)| tail(other, n) != tail(path, n)))
            .map(|n| tail(path, n));
        match distinct {
            Some(name) => name.to_owned(),
            None => {
                let before = paths[..i].iter().filter(|other| *other == path).count();
                format!("{path} ({})", before + 1)
            }
        }
    };
    paths.iter().enumerate().map(name).collect()
}

const SEPARATORS: [char; 2] = ['/', '\\'];

/// Returns the last `n` parts of a path.
fn tail(path: &str, n: usize) -> &str {
    let mut starts = path.rmatch_indices(SEPARATORS).map(|(i, _)| i + 1);
    starts.nth(n - 1).map_or(path, |start| &path[start..])
}

#[cfg(test)]
mod tests {
    use super::short_names;

    #[test]
    fn names_are_as_short_as_they_can_be() {
        for (paths, names) in [
            (vec!["/tmp/x/a.json", "b.json"], vec!["a.json", "b.json"]),
            (
                vec!["/r/run1/x.json", "/r/run2/x.json", "y.json"],
                vec!["run1/x.json", "run2/x.json", "y.json"],
            ),
            (vec!["x.json", "old/x.json"], vec!["x.json", "old/x.json"]),
            (vec!["C:\\a\\x", "C:\\b\\x"], vec!["a\\x", "b\\x"]),
            (vec!["d/x", "d/x"], vec!["d/x (1)", "d/x (2)"]),
            (vec![""], vec![""]),
            (vec![], vec![]),
        ] {
            assert_eq!(short_names(&paths), names);
        }
    }
}
