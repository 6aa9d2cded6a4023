//! Reads a CSV file of `path,label`.

use std::path::{Path, PathBuf};

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};

use super::DatasetError;
use super::class::Classes;
use super::files::read_whole;
use resnet_wgpu::low_level::printable;

/// Names of the first column in headers.
const PATH_HEADERS: [&str; 5] = ["path", "file", "filename", "file_name", "image"];

/// Names of the second column in headers.
const LABEL_HEADERS: [&str; 4] = ["label", "class", "target", "synset"];

/// Reads the list. Relative paths start at the folder of the CSV file.
pub(super) fn open(path: &Path, classes: &Classes) -> Result<Vec<(PathBuf, usize)>, DatasetError> {
    let name = printable(path.display());
    let folder = path.parent().unwrap_or(Path::new(""));
    let text = read_whole(path)?;
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_slice());
    let mut files = Vec::new();
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(|e| csv_error(&name, &text, e))?;
        if i == 0 && is_header(&record) {
            continue;
        }
        let line = line_of(record.position(), &text);
        let mut fields = record.iter();
        let (Some(file), Some(label), None) = (fields.next(), fields.next(), fields.next()) else {
            let found = match record.len() {
                1 => "one field".to_owned(),
                n => format!("{n} fields"),
            };
            let path = name.clone();
            return Err(DatasetError::Line { path, line, found });
        };
        if file.is_empty() {
            let path = name.clone();
            let found = "an empty path".into();
            return Err(DatasetError::Line { path, line, found });
        }
        let class = classes.resolve(label, &format!("{name}, line {line}"))?;
        files.push((folder.join(file), class));
    }
    if files.is_empty() {
        return Err(DatasetError::NoImages { path: name });
    }
    Ok(files)
}

fn is_header(record: &StringRecord) -> bool {
    let is_one_of = |field: usize, names: &[&str]| {
        let field = record.get(field).unwrap_or_default();
        names.iter().any(|name| field.eq_ignore_ascii_case(name))
    };
    is_one_of(0, &PATH_HEADERS) && is_one_of(1, &LABEL_HEADERS)
}

/// Returns the line of a record, counted from 1. The csv crate reports the position before the
/// empty lines that precede a record, so these lines are added.
fn line_of(position: Option<&Position>, text: &[u8]) -> u64 {
    let Some(position) = position else { return 0 };
    let from = text.get(position.byte() as usize..).unwrap_or_default();
    let ends = from.iter().take_while(|b| b"\r\n".contains(b));
    position.line() + ends.filter(|&&b| b == b'\n').count() as u64
}

fn csv_error(path: &str, text: &[u8], error: csv::Error) -> DatasetError {
    let line = line_of(error.position(), text);
    let found = match error.kind() {
        ErrorKind::Utf8 { .. } => "bytes that are not UTF-8".into(),
        // No other kind occurs: the reader accepts rows of different lengths, nothing is
        // deserialised, and reading from memory cannot fail.
        other => printable(format!("{other:?}")),
    };
    let path = path.to_owned();
    DatasetError::Line { path, line, found }
}
