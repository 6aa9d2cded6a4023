//! A CSV file of predictions, from which an interrupted run can resume.
//!
//! Each line is written as soon as an image is classified. If the process is killed, at most the
//! last line is incomplete; the next run removes that line.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, WriterBuilder};

use super::{JournalError, LabelledPrediction};
use resnet_wgpu::Labels;
use resnet_wgpu::low_level::printable;
use resnet_wgpu_hub::file_lock::{LockStatus, try_lock};

/// The columns. The column `run` identifies the run, and is repeated in every line so that the file
/// is a plain table.
pub(super) const COLUMNS: [&str; 10] = [
    "index",
    "image",
    "label",
    "label_name",
    "predicted",
    "predicted_name",
    "confidence",
    "correct",
    "top5",
    "run",
];

/// A file of predictions, open for appending.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: String,
    run: String,
    line: Vec<u8>,
}

impl Journal {
    /// Opens or creates the file of a run. Each prediction already in the file is passed to
    /// `known`, which returns a description of the problem if the prediction is invalid. `run` is
    /// the run's [fingerprint](super::fingerprint).
    ///
    /// # Errors
    /// [`JournalError`]: the file is not a file of predictions, belongs to another run, has a
    /// damaged complete line, or is being written by another process. The file is then left
    /// unchanged.
    pub fn open(
        path: &Path,
        run: &str,
        known: impl FnMut(LabelledPrediction) -> Result<(), String>,
    ) -> Result<Self, JournalError> {
        let name = printable(path.display());
        let failed = |what| {
            let path = name.clone();
            move |source| JournalError::Io { path, what, source }
        };
        if let Ok(found) = std::fs::metadata(path)
            && !found.is_file()
        {
            // Reading a device or a pipe might never end.
            return Err(JournalError::Foreign {
                path: name,
                found: "a directory or a device".into(),
            });
        }
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(failed("open"))?;
        match try_lock(&file).map_err(failed("open"))? {
            LockStatus::Busy => return Err(JournalError::Busy { path: name }),
            LockStatus::Held | LockStatus::Unsupported => {}
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed("read"))?;
        let whole = bytes
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        let mut journal = Self {
            file,
            path: name,
            run: run.to_owned(),
            line: vec![],
        };
        let text = journal.text(&bytes, whole)?;
        journal.read(text, known)?;
        journal.cut(whole as u64).map_err(|e| journal.failed(e))?;
        if whole == 0 {
            journal.put(&StringRecord::from(COLUMNS.to_vec()))?;
        }
        Ok(journal)
    }

    /// Returns the complete lines. A file without a complete line is accepted only if its content
    /// is the beginning of the header.
    fn text<'a>(&self, bytes: &'a [u8], whole: usize) -> Result<&'a str, JournalError> {
        let header = COLUMNS.join(",");
        let begun = whole > 0 || header.as_bytes().starts_with(bytes);
        match std::str::from_utf8(&bytes[..whole]) {
            Ok(text) if begun => Ok(text),
            _ => Err(self.foreign(&bytes[..bytes.len().min(24)])),
        }
    }

    fn read(
        &self,
        text: &str,
        mut known: impl FnMut(LabelledPrediction) -> Result<(), String>,
    ) -> Result<(), JournalError> {
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .from_reader(text.as_bytes());
        let head = reader.headers().ok().filter(|_| !text.is_empty());
        if let Some(head) = head
            && head != COLUMNS[..]
        {
            return Err(self.foreign(&text.as_bytes()[..text.len().min(24)]));
        }
        for record in reader.records() {
            let line = |at: Option<&csv::Position>| at.map_or(0, csv::Position::line);
            let wrong = |line, found: String| JournalError::Line {
                path: self.path.clone(),
                line,
                found,
            };
            let record = record
                .map_err(|e| wrong(line(e.position()), printable(format!("{:?}", e.kind()))))?;
            let at = line(record.position());
            let prediction = parse_record(&record).map_err(|found| wrong(at, found))?;
            match record.get(COLUMNS.len() - 1) {
                Some(run) if run == self.run => {
                    known(prediction).map_err(|found| wrong(at, found))?
                }
                run => {
                    return Err(JournalError::OtherRun {
                        path: self.path.clone(),
                        run: self.run.clone(),
                        found: printable(run.unwrap_or_default()),
                    });
                }
            }
        }
        Ok(())
    }

    /// Truncates the file to its first `bytes` bytes, and continues writing there.
    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)?;
        self.file.seek(SeekFrom::Start(bytes)).map(|_| ())
    }

    /// Appends a prediction, with the names of its classes.
    ///
    /// # Errors
    /// [`JournalError::Io`], for example if the disk is full.
    pub fn add(
        &mut self,
        prediction: &LabelledPrediction,
        labels: &Labels,
    ) -> Result<(), JournalError> {
        let name = |class| labels.get(class).into_owned();
        let top: Vec<String> = prediction.top.iter().map(usize::to_string).collect();
        let predicted = prediction.predicted();
        self.put(&StringRecord::from(vec![
            prediction.index.to_string(),
            prediction.image.clone(),
            prediction.label.to_string(),
            name(prediction.label),
            predicted.map_or(String::new(), |class| class.to_string()),
            predicted.map_or(String::new(), name),
            prediction.confidence.to_string(),
            u8::from(prediction.is_correct()).to_string(),
            top.join(" "),
            self.run.clone(),
        ]))
    }

    fn put(&mut self, record: &StringRecord) -> Result<(), JournalError> {
        self.line.clear();
        let mut writer = WriterBuilder::new().from_writer(std::mem::take(&mut self.line));
        let written = writer.write_record(record).map_err(io::Error::other);
        let line = writer.into_inner().map_err(|e| e.into_error());
        self.line = written.and(line).map_err(|e| self.failed(e))?;
        // One single write: the line can be incomplete only if the disk is full.
        self.file.write_all(&self.line).map_err(|e| self.failed(e))
    }

    fn failed(&self, source: io::Error) -> JournalError {
        JournalError::Io {
            path: self.path.clone(),
            what: "write",
            source,
        }
    }

    fn foreign(&self, start: &[u8]) -> JournalError {
        JournalError::Foreign {
            path: self.path.clone(),
            found: format!("a file that starts with \"{}\"", start.escape_ascii()),
        }
    }
}

/// Parses a line; the error describes the problem.
fn parse_record(record: &StringRecord) -> Result<LabelledPrediction, String> {
    let field = |i: usize| record.get(i).unwrap_or_default();
    if record.len() != COLUMNS.len() {
        return Err(format!("{} fields", record.len()));
    }
    let number = |i: usize| {
        let text = field(i);
        let wrong = |_| format!("\"{}\" as {}", text.escape_default(), COLUMNS[i]);
        text.parse::<usize>().map_err(wrong)
    };
    let top = field(8).split(' ').filter(|text| !text.is_empty());
    Ok(LabelledPrediction {
        index: number(0)?,
        image: field(1).to_owned(),
        label: number(2)?,
        confidence: field(6)
            .parse()
            .map_err(|_| format!("\"{}\" as confidence", field(6).escape_default()))?,
        top: top
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| format!("\"{}\" as top5", field(8).escape_default()))?,
    })
}
