//! Compiled pipelines on disk, for drivers that let an application store them.
//!
//! Each adapter and driver has one file: a mark, the owner, a checksum, and the driver's bytes. A
//! damaged file, or a file of another driver, is ignored. The file is replaced as a whole, so that
//! a reader sees either the old or the new contents.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;

use super::audited;
use crate::weights::fnv1a64;
use crate::whole_file::replace;

/// The first bytes of a file: the kind of file, and the version of its layout.
const MARK: &[u8] = b"resnet-wgpu pipelines 1\n";

/// The largest number of bytes that are read from a file. The pipelines of a ResNet need a
/// thousandth of this limit.
const MAX_BYTES: u64 = 256 << 20;

/// A driver's store of compiled pipelines, and the file that keeps its contents.
#[derive(Debug)]
pub(super) struct DiskCache {
    store: wgpu::PipelineCache,
    file: PathBuf,
    owner: String,
    /// Checksum of the file's data; `None` if the file has no valid data.
    kept: Mutex<Option<u64>>,
}

impl DiskCache {
    /// Opens the pipeline store of `device`, filled from the file in `folder`. Returns `None` if
    /// the device has no such store.
    pub fn open(device: &wgpu::Device, info: &wgpu::AdapterInfo, folder: &Path) -> Option<Self> {
        if !device.features().contains(wgpu::Features::PIPELINE_CACHE) {
            return None;
        }
        let owner = owner(info)?;
        let name = format!("pipelines-{:016x}.bin", fnv1a64(owner.as_bytes()));
        let file = folder.join(name);
        let data = read(&file, &owner);
        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let store = audited::pipeline_cache(device, data.as_deref());
        // Without the store, compilation only takes longer.
        if pollster::block_on(scope.pop()).is_some() {
            return None;
        }
        Some(Self {
            store,
            file,
            owner,
            kept: Mutex::new(data.as_deref().map(fnv1a64)),
        })
    }

    /// Returns the store, for creating pipelines.
    pub fn store(&self) -> &wgpu::PipelineCache {
        &self.store
    }

    /// Writes the store's data to the file, unless the file already has the data. If the folder
    /// cannot be written, the next process compiles again; nothing else is lost.
    pub fn keep(&self) {
        let Some(data) = self.store.get_data() else {
            return;
        };
        let sum = fnv1a64(&data);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if *kept != Some(sum) && write(&self.file, &self.owner, &data).is_ok() {
            *kept = Some(sum);
        }
    }
}

/// Returns the adapter and driver that compiled pipelines belong to. Compiled pipelines fit no
/// other adapter or driver.
fn owner(info: &wgpu::AdapterInfo) -> Option<String> {
    let key = wgpu::util::pipeline_cache_key(info)?;
    let lines = [&key, &info.name, &info.driver, &info.driver_info];
    let lines = lines.map(|text| text.replace(['\n', '\r'], " "));
    Some(format!("{}\n", lines.join("\n")))
}

/// Returns the driver's bytes from the file, or `None` if the file is damaged or has another owner.
fn read(file: &Path, owner: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).ok()?;
    opened.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    let rest = bytes.strip_prefix(MARK)?.strip_prefix(owner.as_bytes())?;
    let (sum, data) = rest.split_first_chunk::<8>()?;
    (fnv1a64(data) == u64::from_le_bytes(*sum)).then(|| data.to_vec())
}

/// Replaces the file as a whole.
fn write(file: &Path, owner: &str, data: &[u8]) -> std::io::Result<()> {
    let sum = fnv1a64(data).to_le_bytes();
    replace(file, &[MARK, owner.as_bytes(), &sum, data].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_file_of_the_same_owner_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new").join("pipelines.bin");
        let data = vec![7u8; 1000];
        assert_eq!(read(&file, "me\n"), None);
        write(&file, "me\n", b"older").unwrap();
        write(&file, "me\n", &data).unwrap();
        assert_eq!(read(&file, "me\n"), Some(data));
        assert_eq!(read(&file, "you\n"), None);
        let whole = std::fs::read(&file).unwrap();
        std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(read(&file, "me\n"), None);
        for at in [0, MARK.len(), MARK.len() + 5, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&file, &damaged).unwrap();
            assert_eq!(read(&file, "me\n"), None, "byte {at}");
        }
        let left = std::fs::read_dir(file.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "nothing but the file itself");
    }

    #[test]
    fn a_folder_that_is_none_is_an_error_and_not_a_panic() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(write(&file.path().join("in").join("a file"), "me\n", b"data").is_err());
    }
}
