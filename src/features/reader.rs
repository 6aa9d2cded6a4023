//! Reading of features, a few rows at a time.

use std::fs::File;
use std::path::{Path, PathBuf};

use safetensors::Dtype;

use super::{
    FEATURES, FeaturesError, FeaturesProvenance, Neighbour, PATHS, neighbours::Neighbours,
};
use crate::printable::printable;
use crate::weights::{CheckpointBytes, CheckpointError, Header};

/// The number of bytes in one read.
const CHUNK: usize = 4 << 20;

/// An open file of features.
///
/// ```
/// use resnet_wgpu::low_level::features::Features;
///
/// # use resnet_wgpu::low_level::features::{FeaturesProvenance, FeaturesWriter};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("pictures.safetensors");
/// # let model = resnet_wgpu::Model::embedded()?;
/// # let preprocess = model.preprocess(&Default::default())?;
/// # let provenance = FeaturesProvenance::new(&model, "avgpool", &preprocess)?;
/// # let mut writer = FeaturesWriter::create(&path, provenance, &[2], 2)?;
/// # writer.add("cat.png", &[1.0, 0.0])?;
/// # writer.add("dog.png", &[0.0, 1.0])?;
/// # writer.finish()?;
/// // The file of a `FeaturesWriter`: [1, 0] for cat.png and [0, 1] for dog.png.
/// let features = Features::open(&path)?;
/// assert_eq!((features.rows(), features.row_len()), (2, 2));
/// let neighbours = features.neighbours(&[0.5, 3.0], 1)?;
/// assert_eq!(neighbours[0].path.to_str(), Some("dog.png"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Features {
    storage: CheckpointBytes,
    provenance: FeaturesProvenance,
    rows: usize,
    /// The number of values in a row.
    len: usize,
    /// The start of the tensor `features`, and the start and length of the tensor `paths`, in
    /// bytes.
    features: u64,
    paths: (u64, usize),
}

impl Features {
    /// Opens a file that a [`FeaturesWriter`](super::FeaturesWriter) wrote. Only the header is
    /// read.
    ///
    /// # Errors
    /// [`FeaturesError`] if the file is not a file of features.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FeaturesError> {
        let path = path.as_ref();
        let name = printable(path.display());
        let read = |source| CheckpointError::Read {
            file: name.clone(),
            source,
        };
        let meta = std::fs::metadata(path).map_err(read)?;
        let foreign = |found: String| FeaturesError::Foreign {
            file: name.clone(),
            found,
        };
        if !meta.is_file() {
            return Err(foreign("no regular file".into()));
        }
        let file = File::open(path).map_err(read)?;
        let storage = CheckpointBytes::file(name.clone(), file, &meta);
        let header = Header::read(&storage)?;
        let tensor = |name: &str, dtype| {
            let found = header
                .tensors
                .get(name)
                .filter(|entry| entry.dtype == dtype);
            found.ok_or_else(|| foreign(format!("no tensor `{name}` of {dtype}")))
        };
        let (features, paths) = (tensor(FEATURES, Dtype::F32)?, tensor(PATHS, Dtype::U8)?);
        let provenance = FeaturesProvenance::read(&header.metadata)
            .map_err(|key| foreign(format!("no `{key}` in its metadata")))?;
        let Some((&rows, row)) = features.shape.split_first() else {
            return Err(foreign(format!(
                "`{FEATURES}` of shape {:?}",
                features.shape
            )));
        };
        // If one extent is zero, the others may have any value, so their product can overflow.
        let len = row
            .iter()
            .try_fold(4usize, |bytes, &n| bytes.checked_mul(n));
        let Some(len) = len.map(|bytes| bytes / 4).filter(|&len| len > 0) else {
            return Err(foreign(format!(
                "`{FEATURES}` of shape {:?}",
                features.shape
            )));
        };
        Ok(Self {
            provenance,
            rows,
            len,
            features: features.start,
            paths: (paths.start, paths.bytes),
            storage,
        })
    }

    /// Returns the provenance of the features.
    pub fn provenance(&self) -> &FeaturesProvenance {
        &self.provenance
    }

    /// Returns the number of pictures.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the number of values in a picture's features.
    pub fn row_len(&self) -> usize {
        self.len
    }

    /// Returns the `k` pictures whose features have the largest cosine with `query`, best first.
    /// Equally similar pictures are in the order of the file. Rows without a direction (zeros, or
    /// values that are not numbers) are never returned.
    ///
    /// # Errors
    /// [`FeaturesError::Length`] for a query of another length, and an error if the file cannot be
    /// read or if its paths do not match its rows.
    pub fn neighbours(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, FeaturesError> {
        if query.len() != self.len {
            return Err(FeaturesError::Length {
                file: self.storage.name.clone(),
                expected: self.len,
                found: query.len(),
            });
        }
        let mut nearest = Neighbours::new(query, k);
        let row = 4 * self.len;
        let at_once = (CHUNK / row.max(1)).clamp(1, self.rows.max(1));
        let mut bytes = vec![0; at_once * row];
        let mut floats = vec![0.0; self.len];
        let mut first = 0;
        while first < self.rows {
            let rows = at_once.min(self.rows - first);
            let bytes = &mut bytes[..rows * row];
            self.storage
                .read(self.features + (first * row) as u64, bytes)?;
            for (i, row) in bytes.chunks_exact(row.max(1)).enumerate() {
                let (values, _) = row.as_chunks::<4>();
                for (float, value) in floats.iter_mut().zip(values) {
                    *float = f32::from_le_bytes(*value);
                }
                nearest.add(first + i, &floats);
            }
            first += rows;
        }
        self.named(nearest.into_best())
    }

    /// Adds the paths to the found rows. The paths are read up to the last one needed.
    fn named(&self, found: Vec<(f32, usize)>) -> Result<Vec<Neighbour>, FeaturesError> {
        let mut paths: Vec<Option<PathBuf>> = vec![None; found.len()];
        let (start, length) = self.paths;
        let (mut row, mut path, mut bytes) = (0, Vec::new(), vec![0; CHUNK.min(length.max(1))]);
        // The wanted rows, in the order of the file.
        let mut wanted: Vec<(usize, usize)> =
            (0..).zip(&found).map(|(i, (_, r))| (*r, i)).collect();
        wanted.sort_unstable();
        let mut wanted = wanted.into_iter().peekable();
        let mut at = 0;
        while at < length && wanted.peek().is_some() {
            let part = bytes.len().min(length - at);
            self.storage.read(start + at as u64, &mut bytes[..part])?;
            for &byte in &bytes[..part] {
                if byte != 0 {
                    path.push(byte);
                    continue;
                }
                if let Some((_, position)) = wanted.next_if(|(wanted, _)| *wanted == row) {
                    paths[position] = Some(to_path(&path));
                }
                path.clear();
                row += 1;
            }
            at += part;
        }
        let neighbours = found
            .into_iter()
            .zip(paths)
            .map(|((similarity, row), path)| {
                let path = path.ok_or_else(|| FeaturesError::Foreign {
                    file: self.storage.name.clone(),
                    found: format!("fewer paths than its {} rows", self.rows),
                })?;
                Ok(Neighbour {
                    path,
                    similarity,
                    row,
                })
            });
        neighbours.collect()
    }
}

/// Converts a stored path. On Unix, a path that is not Unicode is restored exactly.
fn to_path(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}
