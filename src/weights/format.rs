//! Identifies the format of a file that is not safetensors, and explains how to convert the file.

use std::fmt;

/// A file format that users mistake for safetensors.
///
/// ```
/// use resnet_wgpu::low_level::weights::Format;
///
/// // The arguments are the file's name, its first bytes and its length.
/// let format = Format::sniff("resnet50.pth", b"PK\x03\x04", 100 << 20);
/// assert_eq!(format, Some(Format::PyTorchZip));
/// let remedy = Format::PyTorchZip.remedy("resnet50.pth");
/// assert!(remedy.contains("resnet50.safetensors"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A file of 0 bytes.
    Empty,
    /// The format of `torch.save` since PyTorch 1.6: a zip archive that contains a pickle.
    PyTorchZip,
    /// The format of `torch.save` before PyTorch 1.6, or any other pickle.
    Pickle,
    /// An ONNX model (protobuf).
    Onnx,
    /// An HDF5 file, as Keras writes its models.
    Hdf5,
    /// Keras 3's zip archive.
    Keras,
    /// A TensorFlow Lite model.
    TfLite,
    /// A GGUF file (llama.cpp).
    Gguf,
    /// NumPy's zip archive.
    Npz,
    /// One NumPy array.
    Npy,
    /// A zip archive with other contents.
    Zip,
    /// A web page, often a download link's landing page.
    Html,
    /// A git-lfs pointer in place of the file itself.
    LfsPointer,
    /// A JSON file: a configuration, or the index of a checkpoint that is split into several files.
    Json,
    /// A text file of another kind.
    Text,
    /// A Flax checkpoint (msgpack), identified by the file's extension.
    Flax,
    /// An image file.
    Image,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty file",
            Self::PyTorchZip => "a PyTorch checkpoint (zip with pickle)",
            Self::Pickle => "a Python pickle (PyTorch's old format)",
            Self::Onnx => "an ONNX model",
            Self::Hdf5 => "an HDF5 file (Keras)",
            Self::Keras => "a Keras archive",
            Self::TfLite => "a TensorFlow Lite model",
            Self::Gguf => "a GGUF file",
            Self::Npz => "a NumPy archive (.npz)",
            Self::Npy => "a NumPy array (.npy)",
            Self::Zip => "a zip archive",
            Self::Html => "a web page (HTML)",
            Self::LfsPointer => "a git-lfs pointer",
            Self::Json => "JSON",
            Self::Text => "plain text",
            Self::Flax => "a Flax checkpoint (msgpack)",
            Self::Image => "a picture",
        })
    }
}

impl Format {
    /// The number of a file's first bytes that [`Format::sniff`] needs.
    pub const HEAD: usize = 512;

    /// Identifies the format of a file of `len` bytes from its name and its first bytes. Returns
    /// `None` if the file is safetensors, or may be.
    pub fn sniff(name: &str, head: &[u8], len: u64) -> Option<Self> {
        if len == 0 {
            return Some(Self::Empty);
        }
        let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
        let extension = extension.to_ascii_lowercase();
        // A header length that fits the file, followed by JSON, identifies safetensors: no other
        // format begins so.
        if let Some((length, [b'{', ..])) = head.split_first_chunk::<8>()
            && u64::from_le_bytes(*length) <= len.saturating_sub(8)
        {
            return None;
        }
        if let Some(format) = Self::by_magic(head, &extension) {
            return Some(format);
        }
        if let Some(format) = Self::by_text(head) {
            return Some(format);
        }
        Some(match extension.as_str() {
            "onnx" => Self::Onnx,
            "pth" | "pt" | "bin" | "ckpt" | "th" | "pkl" => Self::Pickle,
            "h5" | "hdf5" => Self::Hdf5,
            "keras" => Self::Keras,
            "tflite" => Self::TfLite,
            "gguf" => Self::Gguf,
            "npz" => Self::Npz,
            "msgpack" => Self::Flax,
            _ => return None,
        })
    }

    fn by_magic(head: &[u8], extension: &str) -> Option<Self> {
        let contains = |text: &[u8]| head.windows(text.len()).any(|w| w == text);
        if head.starts_with(b"PK\x03\x04") {
            // `head` contains the name of the archive's first entry.
            return Some(match extension {
                "npz" => Self::Npz,
                "keras" => Self::Keras,
                "pth" | "pt" | "bin" | "ckpt" | "th" => Self::PyTorchZip,
                _ if contains(b"/data.pkl") || contains(b"/byteorder") => Self::PyTorchZip,
                _ if contains(b".npy") => Self::Npz,
                _ => Self::Zip,
            });
        }
        match head {
            [0x80, 2..=5, ..] => Some(Self::Pickle),
            [0x89, b'H', b'D', b'F', ..] => Some(Self::Hdf5),
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(Self::Npy),
            [b'G', b'G', b'U', b'F', ..] => Some(Self::Gguf),
            [_, _, _, _, b'T', b'F', b'L', b'3', ..] => Some(Self::TfLite),
            // In ONNX's ModelProto, field 1 is the IR version. The producer (field 2), the graph
            // (field 7) or the operator sets (field 8) follow.
            [0x08, 1..=64, 0x12 | 0x3a | 0x42, ..] => Some(Self::Onnx),
            _ => is_image(head).then_some(Self::Image),
        }
    }

    fn by_text(head: &[u8]) -> Option<Self> {
        // `head` may end in the middle of a character.
        let text = match std::str::from_utf8(head) {
            Ok(text) => text,
            Err(e) if e.error_len().is_none() => {
                std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or("")
            }
            Err(_) => return None,
        };
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let printable = |c: char| !c.is_control() || c.is_whitespace();
        if text.is_empty() || !text.chars().all(printable) {
            return None;
        }
        Some(match text.as_bytes() {
            t if t.starts_with(b"version https://git-lfs") => Self::LfsPointer,
            [b'<', ..] => Self::Html,
            [b'{' | b'[', ..] => Self::Json,
            _ => Self::Text,
        })
    }

    /// Returns the remedy for a file of this format: a shell command that converts `file` if such a
    /// command exists, else advice on how to get safetensors.
    pub fn remedy(self, file: &str) -> String {
        let source = shell_safe(file).unwrap_or(match self {
            Self::Onnx => "model.onnx",
            Self::Npz => "model.npz",
            _ => "model.pth",
        });
        let stem = match source.rsplit_once('.') {
            Some((stem, extension)) if !extension.contains('/') => stem,
            _ => source,
        };
        match self {
            Self::Empty => "download or export it again".into(),
            Self::PyTorchZip | Self::Pickle => format!(
                "convert it: python -c \"import torch, safetensors.torch as s; \
                 d = torch.load('{source}', map_location='cpu', weights_only=True); \
                 d = next((d[k] for k in ('state_dict', 'model_state_dict', 'model', 'net') \
                 if isinstance(d.get(k), dict)), d); \
                 s.save_file({{k: v.clone().contiguous() for k, v in d.items() \
                 if hasattr(v, 'dtype')}}, '{stem}.safetensors')\""
            ),
            Self::Onnx => format!(
                "convert it: python -c \"import onnx, onnx.numpy_helper as h, \
                 safetensors.numpy as s; m = onnx.load('{source}'); \
                 s.save_file({{t.name: h.to_array(t).copy() for t in m.graph.initializer}}, \
                 '{stem}.safetensors')\""
            ),
            Self::Npz => format!(
                "convert it: python -c \"import numpy, safetensors.numpy as s; \
                 s.save_file(dict(numpy.load('{source}')), '{stem}.safetensors')\""
            ),
            Self::LfsPointer => "fetch the file that it points to: git lfs pull".into(),
            Self::Html => "download the file itself, not the page about it (on Hugging Face \
                           the link with /resolve/ instead of /blob/)"
                .into(),
            Self::Json => "name the .safetensors file that it belongs to".into(),
            Self::Zip => "unpack it and name the .safetensors file in it".into(),
            Self::Text | Self::Npy | Self::Image => "name a .safetensors file".into(),
            // Other frameworks use other layouts and names, which one command cannot convert. One
            // command can save PyTorch's weights of the same network.
            Self::Hdf5 | Self::Keras | Self::TfLite | Self::Gguf | Self::Flax => {
                "get PyTorch's weights of the same network: python -c \"import timm, \
                 safetensors.torch as s; s.save_file(timm.create_model('resnet50', \
                 pretrained=True).state_dict(), 'resnet50.safetensors')\""
                    .into()
            }
        }
    }
}

/// Returns whether `head` has the signature of an image. The formats are limited to those whose
/// signatures no header length of safetensors begins with.
fn is_image(head: &[u8]) -> bool {
    use image::ImageFormat::{Gif, Jpeg, Png, Pnm, Tiff, WebP};
    matches!(
        image::guess_format(head),
        Ok(Gif | Jpeg | Png | Pnm | Tiff | WebP)
    )
}

/// Returns `file` if the name can stand in a shell command without quoting. A name from outside
/// must not become a command of its own.
fn shell_safe(file: &str) -> Option<&str> {
    let safe = |c: char| c.is_alphanumeric() || "/._-+@".contains(c);
    (!file.is_empty() && file.chars().all(safe)).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_by_their_first_bytes() {
        let zip = b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0archive/data.pkl";
        for (name, head, format) in [
            ("a.safetensors", &zip[..], Format::PyTorchZip),
            ("a.npz", b"PK\x03\x04", Format::Npz),
            ("a.zip", b"PK\x03\x04", Format::Zip),
            ("a.bin", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j", Format::Pickle),
            ("a", b"\x89HDF\r\n\x1a\n", Format::Hdf5),
            ("a", b"\x1c\0\0\0TFL3\0\0\0", Format::TfLite),
            ("a", b"GGUF\x03\0\0\0", Format::Gguf),
            ("a", b"\x93NUMPY\x01\0", Format::Npy),
            ("a", b"\x08\x08\x12\x07pytorch", Format::Onnx),
            ("a.onnx", b"\x0a\xff\xff", Format::Onnx),
            ("a", b"\n <!DOCTYPE html><html>", Format::Html),
            (
                "a",
                b"version https://git-lfs.github.com/spec/v1\n",
                Format::LfsPointer,
            ),
            ("a", b"{\"weight_map\": {}}", Format::Json),
            ("a", b"Not Found", Format::Text),
            ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Format::Image),
            ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", Format::Image),
        ] {
            assert_eq!(
                Format::sniff(name, head, head.len() as u64),
                Some(format),
                "{name}"
            );
        }
        assert_eq!(Format::sniff("a", b"", 0), Some(Format::Empty));
    }

    #[test]
    fn safetensors_are_left_alone() {
        // Neither the extension nor the header length decides here.
        let mut file = 0x03_04_12_08_u64.to_le_bytes().to_vec();
        file.extend(b"{\"a\":");
        assert_eq!(Format::sniff("a.onnx", &file, 1 << 30), None);
        assert_eq!(Format::sniff("a.safetensors", &[0xff; 20], 20), None);
    }

    #[test]
    fn names_cannot_smuggle_commands() {
        let line = Format::PyTorchZip.remedy("x'; rm -rf $HOME; '.pth");
        assert!(!line.contains("rm -rf"), "{line}");
        let line = Format::PyTorchZip.remedy("weights/resnet50.v2.pth");
        assert!(line.contains("'weights/resnet50.v2.safetensors'"), "{line}");
    }
}
