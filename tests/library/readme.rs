//! Checks that the README's programs equal those of the crate's documentation, which are compiled.

/// Returns the Rust programs in a Markdown text, without lines that documentation hides.
fn programs(text: &str) -> Vec<String> {
    let mut programs = vec![];
    let mut current: Option<String> = None;
    for line in text.lines() {
        match (&mut current, line.trim_end()) {
            (Some(_), "```") => programs.extend(current.take()),
            (Some(program), line) if !line.starts_with("# ") && line != "#" => {
                program.push_str(line);
                program.push('\n');
            }
            (None, "```rust" | "```no_run") => current = Some(String::new()),
            _ => {}
        }
    }
    programs
}

#[test]
fn the_readme_shows_programs_that_compile() {
    let source = include_str!("../../src/lib.rs");
    let documentation: Vec<&str> = (source.lines())
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let compiled = programs(&documentation.join("\n"));
    let shown = programs(include_str!("../../README.md"));
    assert_eq!(shown, compiled);
    assert_eq!(shown.len(), 5);
}
