//! A safetensors file with a checked header.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::checkpoint_bytes::CheckpointBytes;
use super::header::Header;
use super::{CheckpointError, Format, Listing};

/// The largest file that is read, in bytes. The file of vgg19 in f64 has about a quarter of this
/// size.
pub const MAX_FILE_BYTES: u64 = 4 << 30;

/// An open safetensors file. Its header has been checked; [`load`](Checkpoint::load) checks its
/// numbers. The file stays open, and memory does not hold its contents.
///
/// ```no_run
/// use resnet_wgpu::{Checkpoint, Hints};
/// let checkpoint = Checkpoint::from_file("resnet50.safetensors")?;
/// let found = checkpoint.recognise(&Hints::default())?;
/// let graph = found.network.graph(224, 224)?;
/// let params = checkpoint.load(&found.network, &graph)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Checkpoint {
    pub(super) header: Header,
    /// The folder in which `config.json` may lie; `None` if the checkpoint was read from memory.
    pub(super) folder: Option<PathBuf>,
    pub(super) storage: Arc<CheckpointBytes>,
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The output leaves out the tensors, which can be thousands.
        f.debug_struct("Checkpoint")
            .field("name", &self.storage.name)
            .field("tensors", &self.header.tensors.len())
            .finish_non_exhaustive()
    }
}

impl Checkpoint {
    /// Opens a safetensors file of at most [`MAX_FILE_BYTES`] and reads its header. The file's
    /// first bytes identify any other format.
    ///
    /// # Errors
    /// [`CheckpointError::Read`] if the file cannot be read, and [`CheckpointError::NoFile`] if the
    /// path leads to no regular file; [`CheckpointError::Format`], with the remedy, for another
    /// format; [`CheckpointError::TooLarge`]; [`CheckpointError::Header`] and
    /// [`CheckpointError::Tensor`] for a damaged file; [`CheckpointError::Changed`] if another
    /// program is writing to the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, CheckpointError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let read = |source| CheckpointError::Read {
            file: name.clone(),
            source,
        };
        let kind = std::fs::metadata(path).map_err(read)?;
        if !kind.is_file() {
            let found = if kind.is_dir() {
                "a directory"
            } else {
                "a device or a pipe"
            };
            return Err(CheckpointError::NoFile { file: name, found });
        }
        let file = File::open(path).map_err(read)?;
        let kind = file.metadata().map_err(read)?;
        let folder = path.parent().map(Path::to_path_buf);
        Self::open(CheckpointBytes::file(name, file, &kind), folder)
    }

    /// Reads a safetensors file from bytes in memory, such as those of `include_bytes!`. `name`
    /// stands for the file in errors.
    ///
    /// # Errors
    /// The errors of [`Checkpoint::from_file`], except [`CheckpointError::Read`],
    /// [`CheckpointError::NoFile`] and [`CheckpointError::Changed`].
    pub fn from_bytes(
        name: impl Into<String>,
        bytes: impl Into<Cow<'static, [u8]>>,
    ) -> Result<Self, CheckpointError> {
        Self::open(CheckpointBytes::memory(name.into(), bytes.into()), None)
    }

    fn open(storage: CheckpointBytes, folder: Option<PathBuf>) -> Result<Self, CheckpointError> {
        let head = storage.head(Format::HEAD as u64)?;
        if let Some(format) = Format::sniff(&storage.name, &head, storage.len) {
            return Err(CheckpointError::Format {
                remedy: format.remedy(&storage.name),
                file: storage.name,
                format,
            });
        }
        if storage.len > MAX_FILE_BYTES {
            return Err(CheckpointError::TooLarge {
                file: storage.name,
                limit: MAX_FILE_BYTES,
                found: storage.len,
            });
        }
        Ok(Self {
            header: Header::read(&storage)?,
            folder,
            storage: Arc::new(storage),
        })
    }

    /// Returns the file's path, or the name that was given with the bytes.
    pub fn name(&self) -> &str {
        &self.storage.name
    }

    /// Returns the free-text entries of the header (`__metadata__`) by key.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.header.metadata
    }

    /// Returns the names and shapes of the file's tensors, under their canonical names.
    pub fn listing(&self) -> Listing {
        let tensors = self.header.tensors.iter();
        Listing::new(
            &self.storage.name,
            tensors.map(|(n, e)| (n.clone(), e.shape.clone())),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_debug() {
        let json = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.extend(json);
        bytes.extend(1.5f32.to_le_bytes());
        let checkpoint = Checkpoint::from_bytes("memory", bytes).unwrap();
        assert_eq!(checkpoint.name(), "memory");
        let entry = &checkpoint.header.tensors["a"];
        let mut value = [0; 4];
        checkpoint.storage.read(entry.start, &mut value).unwrap();
        assert_eq!((entry.bytes, value), (4, 1.5f32.to_le_bytes()));
        assert!(format!("{checkpoint:?}").contains("tensors: 1"));
    }

    #[test]
    fn another_format_is_named() {
        let err = Checkpoint::from_bytes("x.pth", &b"\x80\x02}q\0."[..]).unwrap_err();
        assert!(
            err.to_string()
                .starts_with("x.pth: expected safetensors, found a Python pickle")
        );
    }
}
