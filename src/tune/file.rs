//! The file format of a tuning: JSON that people can read. Files are validated when read, and are
//! written atomically.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{SCHEMA_VERSION, Tuning, TuningEntry, TuningError, TuningProvenance};
use crate::gpu::Gpu;
use crate::whole_file::replace;

/// The size limit of a file in bytes. A file with a thousand shapes has a twentieth of this size.
const MAX_BYTES: u64 = 16 << 20;

#[derive(Serialize, Deserialize)]
struct Layout {
    schema_version: u32,
    #[serde(rename = "origin")]
    provenance: TuningProvenance,
    shapes: Vec<TuningEntry>,
}

/// The part of the layout that is common to all versions.
#[derive(Deserialize)]
struct Version {
    schema_version: u32,
}

impl Tuning {
    /// Reads a file that [`write`](Self::write) wrote, of any provenance.
    ///
    /// # Errors
    /// [`TuningError::Read`], [`TuningError::Damaged`], and [`TuningError::Version`] for another
    /// layout.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, TuningError> {
        let path = path.as_ref();
        let file = || path.display().to_string();
        let damaged = |problem: String| TuningError::Damaged {
            file: file(),
            problem,
        };
        let bytes = bytes(path).map_err(|source| TuningError::Read {
            file: file(),
            source,
        })?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(damaged(format!("more than {MAX_BYTES} bytes")));
        }
        let Version { schema_version } =
            serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
        if schema_version != SCHEMA_VERSION {
            return Err(TuningError::Version {
                file: file(),
                found: schema_version,
            });
        }
        let layout: Layout = serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
        let mut tuning = Self::new(layout.provenance);
        for tuned in layout.shapes {
            check(&tuned).map_err(damaged)?;
            tuning.insert(tuned);
        }
        Ok(tuning)
    }

    /// Reads a tuning that is valid for the current state of this device.
    ///
    /// # Errors
    /// The errors of [`Tuning::read`], and [`TuningError::Stale`] if the tuning is not valid for
    /// the device.
    pub fn for_device(path: impl AsRef<Path>, gpu: &Gpu) -> Result<Self, TuningError> {
        let path = path.as_ref();
        let tuning = Self::read(path)?;
        match tuning.check(&TuningProvenance::of(gpu)) {
            Ok(()) => Ok(tuning),
            Err(source) => Err(TuningError::Stale {
                file: path.display().to_string(),
                source,
            }),
        }
    }

    /// Writes the tuning to a file and creates missing folders. The file is replaced atomically: a
    /// concurrent reader sees either the old file or the new one.
    ///
    /// # Errors
    /// [`TuningError::Write`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), TuningError> {
        let path = path.as_ref();
        let layout = Layout {
            schema_version: SCHEMA_VERSION,
            provenance: self.provenance().clone(),
            shapes: self.shapes().cloned().collect(),
        };
        let text = serde_json::to_string_pretty(&layout).map_err(io::Error::from);
        let written = text.and_then(|text| replace(path, format!("{text}\n").as_bytes()));
        written.map_err(|source| TuningError::Write {
            file: path.display().to_string(),
            source,
        })
    }
}

/// Rejects values that no measurement can produce.
fn check(tuned: &TuningEntry) -> Result<(), String> {
    let TuningEntry {
        key,
        winner,
        times_ms,
    } = tuned;
    if !times_ms.contains_key(winner) {
        return Err(format!("{key}: the winner `{winner}` without its time"));
    }
    match times_ms.iter().find(|(_, ms)| **ms < 0.0) {
        Some((name, ms)) => Err(format!("{key}: {ms} ms of `{name}`")),
        None => Ok(()),
    }
}

/// Reads a file's bytes, up to one byte more than `MAX_BYTES`.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // Reading from a pipe could block.
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is no file"));
    }
    let mut bytes = vec![];
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::provenance::tests::provenance;
    use super::super::tuning::tests::tuned;
    use std::fs;

    use super::*;

    fn tuning() -> Tuning {
        let mut tuning = Tuning::new(provenance());
        for batch in [1, 8] {
            tuning.insert(tuned(batch, "conv.tiled.64x64"));
        }
        tuning
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/for it/tuning.json");
        tuning().write(&path).unwrap();
        assert_eq!(Tuning::read(&path).unwrap(), tuning());
        // Writing replaces an existing file.
        let mut more = tuning();
        more.insert(tuned(64, "conv.tiled.128x128"));
        more.write(&path).unwrap();
        assert_eq!(Tuning::read(&path).unwrap(), more);
        let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1);
    }

    /// A file that ends early must be reported as damaged, never accepted as a tuning with fewer
    /// shapes.
    #[test]
    fn a_part_of_a_file_is_no_tuning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tuning.json");
        tuning().write(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        // The last two bytes are the closing bracket and the new line.
        for end in (0..whole.len() - 2).step_by(37) {
            fs::write(&path, &whole[..end]).unwrap();
            let error = Tuning::read(&path).unwrap_err();
            assert!(matches!(error, TuningError::Damaged { .. }), "{end}");
        }
    }

    #[test]
    fn damage_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tuning.json");
        tuning().write(&path).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let changed = |from: &str, to: &str| {
            assert!(whole.contains(from), "{from}");
            whole.replacen(from, to, 1)
        };
        for (text, says) in [
            (String::new(), "EOF"),
            ("not json".into(), "expected"),
            ("[1, 2]".into(), "line 1"),
            ("{\"schema_version\": 1}".into(), "origin"),
            (
                changed("\"schema_version\": 1", "\"schema_version\": 2"),
                "schema_version 1, found 2",
            ),
            (changed("0.125", "-0.125"), "-0.125 ms"),
            (changed("0.125", "1e999"), "out of range"),
            (changed("\"batch\": 1", "\"batch\": -1"), "usize"),
            (changed("\"batch\": 1", "\"batch\": 1.5"), "usize"),
            (
                changed("\"winner\": \"conv.tiled.64x64\"", "\"winner\": \"x\""),
                "without its time",
            ),
            (changed("\"winner\"", "\"loser\""), "winner"),
        ] {
            fs::write(&path, &text).unwrap();
            let error = Tuning::read(&path).unwrap_err().to_string();
            assert!(error.contains("tuning.json"), "{error}");
            assert!(error.contains("resnet tune"), "{error}");
            assert!(error.contains(says), "{error}, expected {says}");
        }
        fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
        assert!(Tuning::read(&path).is_err());
        let huge = File::create(&path).unwrap();
        huge.set_len(MAX_BYTES + 1).unwrap();
        let error = Tuning::read(&path).unwrap_err().to_string();
        assert!(error.contains("more than"), "{error}");
    }

    /// Fields of later versions are ignored, and so are unknown candidates.
    #[test]
    fn what_is_unknown_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tuning.json");
        let mut odd = tuning();
        odd.insert(tuned(2, "conv.of.tomorrow"));
        odd.write(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen('{', "{\"colour\": \"red\",", 1)).unwrap();
        assert_eq!(Tuning::read(&path).unwrap(), odd);
    }

    #[test]
    fn where_it_cannot_be_read_or_written_it_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Tuning::read(folder.path().join("none")).unwrap_err();
        assert!(matches!(missing, TuningError::Read { .. }), "{missing}");
        let error = Tuning::read(folder.path()).unwrap_err();
        assert!(matches!(error, TuningError::Read { .. }), "{error}");

        let file = folder.path().join("file");
        fs::write(&file, "text").unwrap();
        for path in [file.join("tuning.json"), folder.path().to_owned()] {
            let error = tuning().write(&path).unwrap_err();
            assert!(error.to_string().contains("cannot be written"), "{error}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "text");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// During concurrent writes, each reader sees one complete file.
    #[test]
    fn readers_never_see_a_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tuning.json");
        tuning().write(&path).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..20).for_each(|_| tuning().write(&path).unwrap()));
            }
            for _ in 0..50 {
                assert_eq!(Tuning::read(&path).unwrap(), tuning());
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
