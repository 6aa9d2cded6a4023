//! Writing of features, one row at a time.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::NamedTempFile;

use super::{FEATURES, FeaturesError, FeaturesProvenance, PATHS};
use crate::printable::printable;
use crate::whole_file::temporary;

/// A writer of a file of features. The rows go to a temporary file in the same folder.
/// [`finish`](FeaturesWriter::finish) moves the complete file to its destination atomically.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::features::{Features, FeaturesProvenance, FeaturesWriter};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("pictures.safetensors");
/// let model = Model::embedded()?;
/// let preprocess = model.preprocess(&Default::default())?;
/// let provenance = FeaturesProvenance::new(&model, "avgpool", &preprocess)?;
/// let mut writer = FeaturesWriter::create(&path, provenance, &[64], 1000)?;
/// writer.add("cat.png", &[0.5; 64])?;
/// writer.finish()?;
/// assert_eq!(Features::open(&path)?.rows(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FeaturesWriter {
    shown: String,
    destination: PathBuf,
    file: BufWriter<NamedTempFile>,
    provenance: FeaturesProvenance,
    /// The extents of a row, in PyTorch's order.
    shape: Vec<usize>,
    rows: usize,
    most: usize,
    /// The number of bytes reserved for the header, whose length depends on the final number of
    /// rows.
    header: usize,
    paths: Vec<u8>,
}

impl FeaturesWriter {
    /// Creates a file of at most `most` rows of that shape. The shape is, for example, `[2048]`, or
    /// `[C, H, W]` for a layer in PyTorch's order.
    ///
    /// # Errors
    /// [`FeaturesError::Write`].
    pub fn create(
        path: impl AsRef<Path>,
        provenance: FeaturesProvenance,
        shape: &[usize],
        most: usize,
    ) -> Result<Self, FeaturesError> {
        let path = path.as_ref();
        let shown = printable(path.display());
        // If the path is a link, the target of the link is replaced.
        let destination = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let write = |source| FeaturesError::Write {
            file: shown.clone(),
            source,
        };
        let file = temporary(&destination).map_err(write)?;
        let mut writer = Self {
            file: BufWriter::new(file),
            destination,
            provenance,
            shape: shape.to_vec(),
            rows: most,
            most,
            header: 0,
            paths: vec![],
            shown,
        };
        // Reserve the longest possible header: the final numbers can only be shorter.
        let longest = writer.head(usize::MAX).len().next_multiple_of(8);
        writer.header = longest;
        writer.rows = 0;
        let room = vec![b' '; 8 + longest];
        writer.file.write_all(&room).map_err(|e| writer.failed(e))?;
        Ok(writer)
    }

    /// Adds a picture's features.
    ///
    /// # Errors
    /// [`FeaturesError::Length`] if the number of values differs from the row's,
    /// [`FeaturesError::Full`] if the file already has the announced number of rows,
    /// [`FeaturesError::Write`] if the file cannot be written.
    pub fn add(&mut self, path: impl AsRef<Path>, row: &[f32]) -> Result<(), FeaturesError> {
        let path = path.as_ref();
        let expected = self.shape.iter().product();
        if row.len() != expected {
            return Err(FeaturesError::Length {
                file: self.shown.clone(),
                expected,
                found: row.len(),
            });
        }
        if self.rows == self.most {
            return Err(FeaturesError::Full {
                file: self.shown.clone(),
                most: self.most,
            });
        }
        for value in row {
            self.file
                .write_all(&value.to_le_bytes())
                .map_err(|e| self.failed(e))?;
        }
        self.paths
            .extend_from_slice(path.as_os_str().as_encoded_bytes());
        self.paths.push(0);
        self.rows += 1;
        Ok(())
    }

    /// Returns the path of the temporary file, which exists until the writer is finished.
    pub fn part(&self) -> &Path {
        self.file.get_ref().path()
    }

    /// Returns the number of rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Moves the complete file to its destination. An existing file is replaced.
    ///
    /// # Errors
    /// [`FeaturesError::Write`].
    pub fn finish(self) -> Result<(), FeaturesError> {
        let shown = self.shown.clone();
        self.end().map_err(|source| FeaturesError::Write {
            file: shown,
            source,
        })
    }

    fn end(mut self) -> io::Result<()> {
        let paths = std::mem::take(&mut self.paths);
        self.file.write_all(&paths)?;
        let mut head = self.head(paths.len());
        head.resize(self.header, b' ');
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&(self.header as u64).to_le_bytes())?;
        self.file.write_all(&head)?;
        let file = self.file.into_inner()?;
        file.as_file().sync_all()?;
        file.persist(&self.destination)?;
        Ok(())
    }

    /// Returns the header without the prefix that gives its length.
    fn head(&self, paths: usize) -> Vec<u8> {
        let row = self
            .shape
            .iter()
            .fold(4, |bytes: usize, &n| bytes.saturating_mul(n));
        let features = row.saturating_mul(self.rows);
        let mut shape = vec![self.rows];
        shape.extend(&self.shape);
        let tensor = |dtype: &str, shape: Vec<usize>, from: usize, to: usize| {
            let offsets = [from, to];
            json!({"dtype": dtype, "shape": shape, "data_offsets": offsets})
        };
        let end = features.saturating_add(paths);
        let mut head = BTreeMap::from([
            (FEATURES, tensor("F32", shape, 0, features)),
            (PATHS, tensor("U8", vec![paths], features, end)),
        ]);
        head.insert("__metadata__", json!(self.provenance.metadata()));
        json!(head).to_string().into_bytes()
    }

    fn failed(&self, source: io::Error) -> FeaturesError {
        FeaturesError::Write {
            file: self.shown.clone(),
            source,
        }
    }
}
