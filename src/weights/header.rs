//! Reads and checks the header of a safetensors file that may be damaged or hostile.
//!
//! The types come from the crate `safetensors`. The checks are here for three reasons: that crate's
//! errors rarely name the broken tensor, the crate accepts duplicate names, and the crate's
//! arithmetic overflows for offsets near the end of the address space.

use std::collections::BTreeMap;

use safetensors::Dtype;
use safetensors::tensor::TensorInfo;

use super::CheckpointError;
use super::checkpoint_bytes::CheckpointBytes;
use super::raw_header::{RawHeader, shortened};

/// The size of the header's length in bytes. The length is the first field of the file.
const LENGTH_BYTES: u64 = 8;

/// The longest header that is read, in bytes. The header of resnet1202, with 6,007 tensors, has
/// under 1 MB.
const MAX_HEADER_BYTES: u64 = 32 << 20;

/// A tensor of a file, after the checks on its entry in the header.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// The offset of the tensor's first byte from the beginning of the file.
    pub start: u64,
    /// The tensor's size in bytes. The size agrees with dtype and shape, and all these bytes are
    /// inside the file.
    pub bytes: usize,
}

/// The checked header of a file: its tensors by name, and its free-text metadata.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header {
    pub tensors: BTreeMap<String, Entry>,
    pub metadata: BTreeMap<String, String>,
}

impl Header {
    /// Reads and checks a file's header. The tensors' values are not read.
    ///
    /// # Errors
    /// [`CheckpointError::Header`] and [`CheckpointError::Tensor`] for a damaged header, and the
    /// errors of [`CheckpointBytes::read`].
    pub fn read(storage: &CheckpointBytes) -> Result<Self, CheckpointError> {
        let broken = |problem: String| CheckpointError::Header {
            file: storage.name.clone(),
            problem,
        };
        let head = storage.head(LENGTH_BYTES)?;
        let Ok(length) = head.try_into().map(u64::from_le_bytes) else {
            return Err(broken(format!(
                "expected {LENGTH_BYTES} bytes of header length, found a file of {} bytes",
                storage.len
            )));
        };
        if length > MAX_HEADER_BYTES {
            return Err(broken(format!(
                "expected a header of at most {MAX_HEADER_BYTES} bytes, found a length of {length}"
            )));
        }
        let rest = storage.len - LENGTH_BYTES;
        let Some(data) = rest.checked_sub(length) else {
            return Err(broken(format!(
                "expected {length} bytes of header, found {rest} before the file's end"
            )));
        };
        let mut json = vec![0; length as usize];
        storage.read(LENGTH_BYTES, &mut json)?;
        let raw: RawHeader = serde_json::from_slice(&json)
            .map_err(|e| broken(format!("expected JSON that lists tensors, found: {e}")))?;
        let data = usize::try_from(data).map_err(|_| {
            broken(format!(
                "expected a file that memory can address, found {data} bytes"
            ))
        })?;
        let tensors = check(&storage.name, raw.tensors, LENGTH_BYTES + length, data)?;
        Ok(Self {
            tensors,
            metadata: raw.metadata,
        })
    }
}

/// Checks each entry, and that all entries together cover the data without a gap or an overlap, as
/// the format requires. The data begin at byte `data_start` of the file and have `data_len` bytes.
fn check(
    file: &str,
    mut tensors: Vec<(String, TensorInfo)>,
    data_start: u64,
    data_len: usize,
) -> Result<BTreeMap<String, Entry>, CheckpointError> {
    tensors.sort_by(|a, b| (a.1.data_offsets, &a.0).cmp(&(b.1.data_offsets, &b.0)));
    let mut entries = BTreeMap::new();
    let (mut end, mut before) = (0, String::new());
    for (name, info) in tensors {
        let broken = |problem: String| CheckpointError::Tensor {
            file: file.to_owned(),
            tensor: shortened(&name),
            problem,
        };
        let (from, to) = info.data_offsets;
        let shape = &info.shape;
        let Some(len) = byte_len(&info) else {
            return Err(broken(format!(
                "expected a shape of whole bytes that a file can hold, found {} {shape:?}",
                info.dtype
            )));
        };
        if from > to || to > data_len {
            return Err(broken(format!(
                "expected offsets within the file's {data_len} bytes of data, found {from}..{to}"
            )));
        }
        if to - from != len {
            return Err(broken(format!(
                "expected {len} bytes for {} {shape:?}, found {} (offsets {from}..{to})",
                info.dtype,
                to - from
            )));
        }
        if from < end {
            return Err(broken(format!(
                "expected bytes of its own, found an overlap with `{before}`, which ends at {end} \
                 (offsets {from}..{to})"
            )));
        }
        if from > end {
            return Err(broken(format!(
                "expected it to begin at byte {end}, where the tensor before it ends, found \
                 offsets {from}..{to}"
            )));
        }
        end = to;
        before = shortened(&name);
        let entry = Entry {
            dtype: info.dtype,
            shape: info.shape,
            start: data_start + from as u64,
            bytes: len,
        };
        // A second tensor with this name would replace the first one.
        if entries.contains_key(&name) {
            return Err(broken("expected one tensor of that name, found two".into()));
        }
        entries.insert(name, entry);
    }
    if end != data_len {
        return Err(CheckpointError::Header {
            file: file.to_owned(),
            problem: format!("expected {end} bytes of data behind it, found {data_len}"),
        });
    }
    Ok(entries)
}

/// Returns a tensor's size in bytes, or `None` if the size overflows or is not a whole number of
/// bytes.
fn byte_len(info: &TensorInfo) -> Option<usize> {
    let bits = info
        .shape
        .iter()
        .try_fold(info.dtype.bitsize(), |n, &d| n.checked_mul(d))?;
    bits.is_multiple_of(8).then_some(bits / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str, data: usize) -> Result<Header, String> {
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.extend(json.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        Header::read(&CheckpointBytes::memory("f".into(), bytes.into())).map_err(|e| e.to_string())
    }

    #[test]
    fn a_sound_header() {
        let header = parse(
            r#"{"__metadata__":{"format":"pt"},
                "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},
                "a":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]},
                "empty":{"dtype":"F32","shape":[0,5],"data_offsets":[4,4]}}  "#,
            12,
        )
        .unwrap();
        assert_eq!(header.metadata["format"], "pt");
        assert_eq!(header.tensors["b"].bytes, 8);
        assert_eq!(header.tensors["a"].shape, [2, 1]);
    }

    #[test]
    fn each_lie_is_named() {
        let entry = |name: &str, shape: &str, from: u64, to: u64| {
            format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}"#)
        };
        let max = u64::MAX;
        for (entries, data, want) in [
            (
                vec![entry("a", "[2]", 0, 8), entry("b", "[2]", 4, 12)],
                12,
                "`b`: expected bytes of its own, found an overlap with `a`",
            ),
            (
                vec![entry("a", "[2]", 0, 8), entry("b", "[1]", 12, 16)],
                16,
                "`b`: expected it to begin at byte 8",
            ),
            (
                vec![entry("a", "[2]", 8, 0)],
                8,
                "`a`: expected offsets within",
            ),
            (
                vec![entry("a", "[2]", 0, 8)],
                4,
                "`a`: expected offsets within the file's 4 bytes",
            ),
            (
                vec![entry("a", "[2]", max - 8, max)],
                8,
                "`a`: expected offsets within",
            ),
            (
                vec![entry("a", "[3]", 0, 8)],
                8,
                "`a`: expected 12 bytes for F32 [3], found 8",
            ),
            (
                vec![entry("a", "[4294967296,4294967296]", 0, 8)],
                8,
                "`a`: expected a shape",
            ),
            (
                vec![entry("a", "[2]", 0, 8)],
                9,
                "expected 8 bytes of data behind it, found 9",
            ),
            (
                vec![entry("a", "[2]", 0, 8), entry("a", "[2]", 8, 16)],
                16,
                "`a`: expected one tensor",
            ),
            (vec![entry("a", "[-1]", 0, 8)], 8, "`a`: invalid value"),
            (
                vec![entry("a", "[2]", 0, 8).replace("F32", "F99")],
                8,
                "`a`: unknown variant `F99`",
            ),
        ] {
            let err = parse(&format!("{{{}}}", entries.join(",")), data).unwrap_err();
            assert!(err.contains(want), "{err}");
        }
        for json in [
            "",
            "[]",
            "{\"a\":",
            "{\"a\":1}",
            "{\"__metadata__\":{\"a\":1}}",
            "{} {}",
        ] {
            let err = parse(json, 0).unwrap_err();
            assert!(err.starts_with("f: broken safetensors header"), "{err}");
        }
        assert!(parse(&"[".repeat(100_000), 0).is_err());
    }
}
