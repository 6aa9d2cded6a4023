//! Results as files. Writing lays results out for human readers, and reading trusts no input.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use resnet_wgpu::low_level::printable;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::error::Category;

use super::check::{ConsistencyError, check};
use super::{Report, SCHEMA_VERSION};

/// The largest accepted size of a result. A thousand rows of a thousand samples take a fifth of
/// this size.
const MAX_BYTES: u64 = 256 << 20;

/// The largest number of characters that a message quotes from a foreign text.
const MAX_QUOTED: usize = 200;

/// An error for text that is no result of this program, or a result of another version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The text is larger than any result.
    #[error(
        "expected at most {MAX_BYTES} bytes of a benchmark's result, found {found}; name a file \
         that `resnet bench --json` wrote"
    )]
    TooLarge {
        /// The number of bytes that were found before reading stopped.
        found: u64,
    },
    /// The bytes are not UTF-8 text.
    #[error(
        "expected JSON as `resnet bench --json` writes it, found bytes that are no UTF-8 text; \
         name the result itself"
    )]
    NotText,
    /// The text is not JSON, or the JSON is incomplete.
    #[error(
        "expected JSON as `resnet bench --json` writes it, found a fault in line {line}, column \
         {column}: {problem}; was the file cut off, or edited? make it again"
    )]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// The fault at this position.
        problem: String,
    },
    /// The JSON is not a benchmark result.
    #[error(
        "expected a result of `resnet bench --json`, found JSON of something else ({found}); name \
         a file that it wrote"
    )]
    Foreign {
        /// A description of the JSON that was found.
        found: String,
    },
    /// The result has another schema version.
    #[error(
        "expected schema_version {SCHEMA_VERSION}, which resnet {} reads, found {found}{}; make the \
         result again with this resnet, or use the one that made it",
        env!("CARGO_PKG_VERSION"),
        producer(.crate_version)
    )]
    Version {
        /// The schema version that was found.
        found: String,
        /// The version of the crate that wrote the result, if the result states one.
        crate_version: Option<String>,
    },
    /// A field is missing or has another type.
    #[error("{path}: {problem}; the file does not fit its schema_version, make it again")]
    Field {
        /// The field, such as `rows[2].end_to_end.median`.
        path: String,
        /// The expected and the found value.
        problem: String,
    },
    /// A number or state cannot come from a measurement.
    #[error("{0}; no measurement gives that, make the file again")]
    Inconsistent(#[from] ConsistencyError),
}

/// An error for a file from which no result can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportFileError {
    /// The operating system could not read the file.
    #[error("{file}: cannot be read: {source}; check the path and its permissions")]
    Read {
        /// The file.
        file: String,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The path is a directory, a device or a pipe.
    #[error(
        "{file}: expected a file that `resnet bench --json` wrote, found a directory or device"
    )]
    NoFile {
        /// The path.
        file: String,
    },
    /// The content of the file is not a result.
    #[error("{file}: {source}")]
    Content {
        /// The file.
        file: String,
        /// The fault in the content.
        source: ReadError,
    },
}

impl Report {
    /// Reads a result that [`to_json`](Self::to_json) wrote. Unknown fields are skipped.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        if text.len() as u64 > MAX_BYTES {
            let found = text.len() as u64;
            return Err(ReadError::TooLarge { found });
        }
        // Editors and shells on Windows put a byte order mark in front.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        check_version(text)?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let report: Self =
            serde_path_to_error::deserialize(&mut deserializer).map_err(|e| ReadError::Field {
                path: brief(&e.path().to_string()),
                problem: brief(&e.inner().to_string()),
            })?;
        check(&report)?;
        Ok(report)
    }

    /// Reads a result from a file, which must be UTF-8.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ReportFileError> {
        let path = path.as_ref();
        let file = || printable(path.display());
        let refused = |source| ReportFileError::Read {
            file: file(),
            source,
        };
        let content = |source| ReportFileError::Content {
            file: file(),
            source,
        };
        // Check the type before opening, because opening a pipe blocks until its other end is
        // opened.
        if !path.metadata().map_err(refused)?.is_file() {
            return Err(ReportFileError::NoFile { file: file() });
        }
        let mut bytes = vec![];
        let opened = File::open(path).map_err(refused)?;
        let limited = &mut opened.take(MAX_BYTES + 1);
        limited.read_to_end(&mut bytes).map_err(refused)?;
        if bytes.len() as u64 > MAX_BYTES {
            let found = path.metadata().map_or(MAX_BYTES + 1, |m| m.len());
            return Err(content(ReadError::TooLarge { found }));
        }
        let text = String::from_utf8(bytes).map_err(|_| content(ReadError::NotText))?;
        Self::from_json(&text).map_err(content)
    }

    /// Converts the result to indented JSON, with lists of numbers on one line. Numbers that are
    /// not finite become null.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = String::new();
        write_indented(&serde_json::to_value(self)?, 0, &mut text)?;
        text.push('\n');
        Ok(text)
    }
}

/// The fields that identify a result and its version, even if the other fields have changed.
#[derive(Deserialize)]
struct ReportHeader {
    schema_version: Option<Value>,
    crate_version: Option<Value>,
    rows: Option<IgnoredAny>,
}

fn check_version(text: &str) -> Result<(), ReadError> {
    let foreign = |found: String| Err(ReadError::Foreign { found });
    // serde would also read a list as a struct, so accept only an object.
    let is_object = text.trim_start().starts_with('{');
    let head = if is_object {
        serde_json::from_str::<ReportHeader>(text)
    } else {
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => return foreign("no object".into()),
            Err(e) => Err(e),
        }
    };
    let head = match head {
        Ok(head) => head,
        Err(e) if e.classify() == Category::Data => return foreign(brief(&e.to_string())),
        Err(e) => {
            let problem = e.to_string();
            // The error reports the position in fields of its own, so remove it from the text.
            let position = format!(" at line {} column {}", e.line(), e.column());
            return Err(ReadError::NotJson {
                line: e.line(),
                column: e.column(),
                problem: brief(problem.strip_suffix(&position).unwrap_or(&problem)),
            });
        }
    };
    match head.schema_version {
        Some(version) if version == SCHEMA_VERSION => Ok(()),
        Some(version) if version.is_number() => Err(ReadError::Version {
            found: brief(&version.to_string()),
            crate_version: head
                .crate_version
                .as_ref()
                .and_then(Value::as_str)
                .map(brief),
        }),
        Some(version) => foreign(format!(
            "its schema_version is {}",
            brief(&version.to_string())
        )),
        None if head.rows.is_some() => foreign("rows, but no schema_version".into()),
        None => foreign("an object without schema_version".into()),
    }
}

fn producer(crate_version: &Option<String>) -> String {
    match crate_version {
        Some(version) => format!(", made by resnet {version}"),
        None => String::new(),
    }
}

/// Returns a foreign text on one line, cut after [`MAX_QUOTED`] characters.
fn brief(text: &str) -> String {
    let mut out: String = printable(text).chars().take(MAX_QUOTED).collect();
    if out.len() < text.len() && text.chars().count() > MAX_QUOTED {
        out.push('…');
    }
    out
}

/// Writes objects, and lists of objects or lists, over several lines. All other values take one
/// line.
fn write_indented(value: &Value, depth: usize, out: &mut String) -> Result<(), serde_json::Error> {
    let line = |depth: usize| format!("\n{}", "  ".repeat(depth));
    let nested = |v: &Value| v.is_object() || v.is_array();
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let mut open = '{';
            for (name, field) in fields {
                out.push(open);
                out.extend([&line(depth + 1), &serde_json::to_string(name)?, ": "]);
                write_indented(field, depth + 1, out)?;
                open = ',';
            }
            out.extend([&line(depth), "}"]);
        }
        Value::Array(items) if items.iter().any(nested) => {
            let mut open = '[';
            for item in items {
                out.push(open);
                out.push_str(&line(depth + 1));
                write_indented(item, depth + 1, out)?;
                open = ',';
            }
            out.extend([&line(depth), "]"]);
        }
        _ => out.push_str(&serde_json::to_string(value)?),
    }
    Ok(())
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
