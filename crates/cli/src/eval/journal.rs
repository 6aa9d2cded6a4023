//! Answers in a CSV file, from which a run goes on that was interrupted.
//!
//! A line is written as soon as an image is answered, so that whatever ends the
//! process leaves at most one line unfinished, which the next run cuts off.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, WriterBuilder};

use super::{Answer, JournalError};
use resnet_wgpu::Labels;
use resnet_wgpu::low_level::printable;
use resnet_wgpu_hub::locks::{Lock, try_lock};

/// The columns. `run` tells whose line it is; it stands in each, so that the
/// file is a plain table.
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

/// A file of answers, open for more.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: String,
    run: String,
    line: Vec<u8>,
}

impl Journal {
    /// Opens the file of a run, or makes it, and hands each answer that it holds
    /// to `known`, which says what is wrong with one that cannot be. `run` is the
    /// run's [fingerprint](super::fingerprint).
    ///
    /// # Errors
    /// [`JournalError`]: for a file that is none of these, of another run, of
    /// which a line in the middle is damaged, or that another process is
    /// writing. Such a file is left as it is.
    pub fn open(
        path: &Path,
        run: &str,
        known: impl FnMut(Answer) -> Result<(), String>,
    ) -> Result<Self, JournalError> {
        let name = printable(path.display());
        let failed = |what| {
            let path = name.clone();
            move |source| JournalError::Io { path, what, source }
        };
        if let Ok(found) = std::fs::metadata(path)
            && !found.is_file()
        {
            // A device or a pipe would be read for ever.
            return Err(JournalError::Foreign {
                path: name,
                found: "a directory or a device".into(),
            });
        }
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(failed("open"))?;
        match try_lock(&file).map_err(failed("open"))? {
            Lock::Busy => return Err(JournalError::Busy { path: name }),
            Lock::Held | Lock::Nowhere => {}
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

    /// The whole lines. A file without any is one whose first line was never
    /// finished, or something else.
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
        mut known: impl FnMut(Answer) -> Result<(), String>,
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
            let answer = answer(&record).map_err(|found| wrong(at, found))?;
            match record.get(COLUMNS.len() - 1) {
                Some(run) if run == self.run => known(answer).map_err(|found| wrong(at, found))?,
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

    /// Leaves its first bytes, and goes on behind them.
    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)?;
        self.file.seek(SeekFrom::Start(bytes)).map(|_| ())
    }

    /// Writes an answer, with the names of its classes.
    ///
    /// # Errors
    /// [`JournalError::Io`] where there is no room for it.
    pub fn add(&mut self, answer: &Answer, labels: &Labels) -> Result<(), JournalError> {
        let name = |class| labels.get(class).into_owned();
        let top: Vec<String> = answer.top.iter().map(usize::to_string).collect();
        let predicted = answer.predicted();
        self.put(&StringRecord::from(vec![
            answer.index.to_string(),
            answer.image.clone(),
            answer.label.to_string(),
            name(answer.label),
            predicted.map_or(String::new(), |class| class.to_string()),
            predicted.map_or(String::new(), name),
            answer.confidence.to_string(),
            u8::from(answer.is_right()).to_string(),
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
        // At once: a part of a line only where there is no room for more.
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

/// The answer of a line, or what is wrong with it.
fn answer(record: &StringRecord) -> Result<Answer, String> {
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
    Ok(Answer {
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
