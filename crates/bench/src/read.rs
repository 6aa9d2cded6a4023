//! Results as files: written so that people can read them too, read without
//! trust.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use resnet_wgpu::low_level::printable;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::error::Category;

use super::check::{Nonsense, check};
use super::{Report, SCHEMA_VERSION};

/// A result larger than that is none: a thousand rows of a thousand samples
/// take a fifth of it.
const MAX_BYTES: u64 = 256 << 20;

/// Enough of a foreign text to recognise it by.
const QUOTED: usize = 200;

/// A text that is no result of this program, or of another version of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// More than any result has.
    #[error(
        "expected at most {MAX_BYTES} bytes of a benchmark's result, found {found}; name a file \
         that `resnet bench --json` wrote"
    )]
    TooLarge {
        /// Bytes that it has, as far as they were read.
        found: u64,
    },
    /// Bytes that are no text.
    #[error(
        "expected JSON as `resnet bench --json` writes it, found bytes that are no UTF-8 text; \
         name the result itself"
    )]
    NotText,
    /// Text that is not JSON, or not all of it.
    #[error(
        "expected JSON as `resnet bench --json` writes it, found a fault in line {line}, column \
         {column}: {problem}; was the file cut off, or edited? make it again"
    )]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// JSON of something else.
    #[error(
        "expected a result of `resnet bench --json`, found JSON of something else ({found}); name \
         a file that it wrote"
    )]
    Foreign {
        /// What it is.
        found: String,
    },
    /// A result in another layout.
    #[error(
        "expected schema_version {SCHEMA_VERSION}, which resnet {} reads, found {found}{}; make the \
         result again with this resnet, or use the one that made it",
        env!("CARGO_PKG_VERSION"),
        made_by(.crate_version)
    )]
    Version {
        /// The layout's version.
        found: String,
        /// Version of the crate that wrote it, if it says so.
        crate_version: Option<String>,
    },
    /// A field that is missing, or of another type.
    #[error("{path}: {problem}; the file does not fit its schema_version, make it again")]
    Field {
        /// The field, such as `rows[2].end_to_end.median`.
        path: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// A number or state that no measurement gives.
    #[error("{0}; no measurement gives that, make the file again")]
    Nonsense(#[from] Nonsense),
}

/// A file that no result can be had from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportFileError {
    /// The operating system refused.
    #[error("{file}: cannot be read: {source}; check the path and its permissions")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A directory, a device, a pipe.
    #[error(
        "{file}: expected a file that `resnet bench --json` wrote, found a directory or device"
    )]
    NoFile {
        /// The path.
        file: String,
    },
    /// What it holds is no result.
    #[error("{file}: {source}")]
    Content {
        /// The file.
        file: String,
        /// Why.
        source: ReadError,
    },
}

impl Report {
    /// Reads what [`to_json`](Self::to_json) wrote. Fields that this version
    /// does not know are passed over.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        if text.len() as u64 > MAX_BYTES {
            let found = text.len() as u64;
            return Err(ReadError::TooLarge { found });
        }
        // Windows' editors and shells put this in front.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        is_of_this_version(text)?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let report: Self =
            serde_path_to_error::deserialize(&mut deserializer).map_err(|e| ReadError::Field {
                path: brief(&e.path().to_string()),
                problem: brief(&e.inner().to_string()),
            })?;
        check(&report)?;
        Ok(report)
    }

    /// Reads a file, which is UTF-8.
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
        // Before it is opened: opening a pipe waits for its other end.
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

    /// As JSON, indented, with lists of numbers on one line. Numbers that are
    /// not finite become null.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = String::new();
        layout(&serde_json::to_value(self)?, 0, &mut text)?;
        text.push('\n');
        Ok(text)
    }
}

/// What tells a result and its version, wherever the rest has gone.
#[derive(Deserialize)]
struct Head {
    schema_version: Option<Value>,
    crate_version: Option<Value>,
    rows: Option<IgnoredAny>,
}

fn is_of_this_version(text: &str) -> Result<(), ReadError> {
    let foreign = |found: String| Err(ReadError::Foreign { found });
    // serde reads a list as a struct, too.
    let is_object = text.trim_start().starts_with('{');
    let head = match is_object {
        true => serde_json::from_str::<Head>(text),
        false => match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => return foreign("no object".into()),
            Err(e) => Err(e),
        },
    };
    let head = match head {
        Ok(head) => head,
        Err(e) if e.classify() == Category::Data => return foreign(brief(&e.to_string())),
        Err(e) => {
            let problem = e.to_string();
            // The place is told apart.
            let told = format!(" at line {} column {}", e.line(), e.column());
            return Err(ReadError::NotJson {
                line: e.line(),
                column: e.column(),
                problem: brief(problem.strip_suffix(&told).unwrap_or(&problem)),
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

fn made_by(crate_version: &Option<String>) -> String {
    match crate_version {
        Some(version) => format!(", made by resnet {version}"),
        None => String::new(),
    }
}

/// A foreign text, on one line and not too long.
fn brief(text: &str) -> String {
    let mut out: String = printable(text).chars().take(QUOTED).collect();
    if out.len() < text.len() && text.chars().count() > QUOTED {
        out.push('…');
    }
    out
}

/// Writes objects and lists of them over several lines, all else on one.
fn layout(value: &Value, depth: usize, out: &mut String) -> Result<(), serde_json::Error> {
    let line = |depth: usize| format!("\n{}", "  ".repeat(depth));
    let nested = |v: &Value| v.is_object() || v.is_array();
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let mut open = '{';
            for (name, field) in fields {
                out.push(open);
                out.extend([&line(depth + 1), &serde_json::to_string(name)?, ": "]);
                layout(field, depth + 1, out)?;
                open = ',';
            }
            out.extend([&line(depth), "}"]);
        }
        Value::Array(items) if items.iter().any(nested) => {
            let mut open = '[';
            for item in items {
                out.push(open);
                out.push_str(&line(depth + 1));
                layout(item, depth + 1, out)?;
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
