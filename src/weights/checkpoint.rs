//! A safetensors file in memory, its header checked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::header::{Entry, Header};
use super::{CheckpointError, Format, Listing};

/// The largest file that is read, in bytes: vgg19 in f64 has a quarter of it.
pub const MAX_FILE_BYTES: u64 = 4 << 30;

/// A safetensors file in memory: its header is checked, its numbers are when
/// [`load`](Checkpoint::load) converts them.
///
/// ```no_run
/// use resnet_wgpu::weights::{Checkpoint, Hints};
/// let checkpoint = Checkpoint::from_file("resnet50.safetensors")?;
/// let found = checkpoint.recognise(&Hints::default())?;
/// let graph = found.network.graph(224, 224)?;
/// let params = checkpoint.load(&found.network, &graph)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Checkpoint {
    pub(super) name: String,
    pub(super) header: Header,
    /// Where `config.json` may lie; `None` for what was no file.
    pub(super) folder: Option<PathBuf>,
    bytes: Cow<'static, [u8]>,
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the numbers.
        f.debug_struct("Checkpoint")
            .field("name", &self.name)
            .field("tensors", &self.header.tensors.len())
            .finish_non_exhaustive()
    }
}

impl Checkpoint {
    /// Reads a safetensors file of at most [`MAX_FILE_BYTES`]. Another format
    /// is told by its first bytes, without reading the rest.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, CheckpointError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let read = |source| CheckpointError::Read {
            file: name.clone(),
            source,
        };
        let kind = std::fs::metadata(path).map_err(read)?;
        if !kind.is_file() {
            let found = match kind.is_dir() {
                true => "a directory",
                false => "a device or a pipe",
            };
            return Err(CheckpointError::NoFile { file: name, found });
        }
        let mut file = File::open(path).map_err(read)?;
        let mut bytes = Vec::new();
        (&mut file)
            .take(Format::HEAD as u64)
            .read_to_end(&mut bytes)
            .map_err(read)?;
        refuse_other_formats(&name, &bytes, kind.len())?;
        if kind.len() > MAX_FILE_BYTES {
            return Err(CheckpointError::TooLarge {
                file: name,
                limit: MAX_FILE_BYTES,
                found: kind.len(),
            });
        }
        let rest = kind.len().saturating_sub(bytes.len() as u64);
        // Too little memory is an error here, not an abort.
        usize::try_from(rest)
            .ok()
            .and_then(|rest| bytes.try_reserve_exact(rest).ok())
            .ok_or_else(|| read(std::io::ErrorKind::OutOfMemory.into()))?;
        // A file that grows meanwhile is read no further than it was long.
        file.take(rest).read_to_end(&mut bytes).map_err(read)?;
        let folder = path.parent().map(Path::to_path_buf);
        Self::parse(name, bytes.into(), folder)
    }

    /// Takes a safetensors file's bytes, such as those of `include_bytes!`;
    /// `name` stands for the file in errors.
    pub fn from_bytes(
        name: impl Into<String>,
        bytes: impl Into<Cow<'static, [u8]>>,
    ) -> Result<Self, CheckpointError> {
        let (name, bytes) = (name.into(), bytes.into());
        let head = &bytes[..bytes.len().min(Format::HEAD)];
        refuse_other_formats(&name, head, bytes.len() as u64)?;
        Self::parse(name, bytes, None)
    }

    fn parse(
        name: String,
        bytes: Cow<'static, [u8]>,
        folder: Option<PathBuf>,
    ) -> Result<Self, CheckpointError> {
        let header = Header::parse(&name, &bytes)?;
        Ok(Self {
            name,
            header,
            folder,
            bytes,
        })
    }

    /// The file's path, or the name given with the bytes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The free text of the header (`__metadata__`), by key.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.header.metadata
    }

    /// The file's tensors under their canonical names.
    pub fn listing(&self) -> Listing {
        let tensors = self.header.tensors.iter();
        Listing::new(
            &self.name,
            tensors.map(|(n, e)| (n.clone(), e.shape.clone())),
        )
    }

    /// A tensor's bytes; the header's check has put them inside the file.
    pub(super) fn bytes_of(&self, entry: &Entry) -> &[u8] {
        self.bytes.get(entry.bytes.clone()).unwrap_or(&[])
    }
}

fn refuse_other_formats(name: &str, head: &[u8], len: u64) -> Result<(), CheckpointError> {
    match Format::sniff(name, head, len) {
        None => Ok(()),
        Some(format) => Err(CheckpointError::Format {
            file: name.to_owned(),
            format,
            remedy: format.remedy(name),
        }),
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
        assert_eq!(checkpoint.bytes_of(entry), 1.5f32.to_le_bytes());
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
