//! Reads and writes the safetensors files of `resnet run`.

use std::collections::HashMap;
use std::path::Path;

use half::{bf16, f16};
use resnet_wgpu::Tensor;
use resnet_wgpu::low_level::weights::{Format, MAX_FILE_BYTES};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::failure::Failure;
use crate::term;

/// The name of the input tensor.
const INPUT: &str = "input";

/// Reads the tensor `input` of a file, `[N, 3, H, W]`, without any preprocessing.
pub fn read_input(path: &Path) -> Result<Tensor, Failure> {
    let file = term::display_path(path);
    let bytes = read(path, &file)?;
    let fail = |what: String| Failure::new(format!("{file}: {what}"));
    let head = &bytes[..bytes.len().min(Format::HEAD)];
    if let Some(format) = Format::sniff(&file, head, bytes.len() as u64) {
        return Err(fail(format!(
            "expected safetensors with a tensor `{INPUT}`, found {format}; save it with \
             safetensors.torch.save_file({{'{INPUT}': images}}, 'in.safetensors')"
        )));
    }
    let tensors = SafeTensors::deserialize(&bytes).map_err(|e| {
        fail(format!(
            "broken safetensors header: {e}; write the file again"
        ))
    })?;
    let view = tensors.tensor(INPUT).map_err(|_| {
        let mut names = tensors.names();
        names.sort_unstable();
        names.truncate(6);
        fail(format!(
            "expected a tensor `{INPUT}`, found {}; name it so",
            if names.is_empty() {
                "no tensor".to_owned()
            } else {
                names.join(", ")
            }
        ))
    })?;
    let shape = view.shape().to_vec();
    let fits = matches!(shape[..], [n, 3, h, w] if n > 0 && h > 0 && w > 0);
    if !fits {
        return Err(fail(format!(
            "tensor `{INPUT}`: expected shape [N, 3, H, W], found {shape:?}; give images in \
             PyTorch's order, already normalised"
        )));
    }
    let data = floats(&view).ok_or_else(|| {
        fail(format!(
            "tensor `{INPUT}`: expected F32 (or F16, BF16, F64), found {:?}; save it as \
             floating point (`tensor.float()` in PyTorch), already normalised",
            view.dtype()
        ))
    })?;
    Tensor::new(shape, data).ok_or_else(|| fail(format!("tensor `{INPUT}` is cut short")))
}

fn read(path: &Path, file: &str) -> Result<Vec<u8>, Failure> {
    let failed = |e| {
        Failure::new(format!(
            "{file}: cannot be read: {e}; check the path and its permissions"
        ))
    };
    let found = std::fs::metadata(path).map_err(failed)?;
    if !found.is_file() {
        return Err(Failure::new(format!(
            "{file}: expected a safetensors file, found no regular file; name the file itself"
        )));
    }
    if found.len() > MAX_FILE_BYTES {
        return Err(Failure::new(format!(
            "{file}: expected at most {MAX_FILE_BYTES} bytes, found {}; split it",
            found.len()
        )));
    }
    std::fs::read(path).map_err(failed)
}

/// Converts the values to f32; returns `None` if they are not floating point.
fn floats(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let data = view.data();
    Some(match view.dtype() {
        Dtype::F32 => chunks(data, f32::from_le_bytes),
        Dtype::F16 => chunks(data, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => chunks(data, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::F64 => chunks(data, |b| f64::from_le_bytes(b) as f32),
        _ => return None,
    })
}

fn chunks<const N: usize>(data: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (whole, _) = data.as_chunks::<N>();
    whole.iter().map(|bytes| value(*bytes)).collect()
}

/// Serializes tensors as a safetensors file, with free text in its header.
pub fn to_bytes(
    tensors: &[(String, Tensor)],
    metadata: HashMap<String, String>,
) -> Result<Vec<u8>, Failure> {
    let failed = |e| Failure::new(format!("the output cannot be written as safetensors: {e}"));
    let mut views = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let data = bytemuck::cast_slice(tensor.data());
        let view = TensorView::new(Dtype::F32, tensor.shape().to_vec(), data);
        views.push((name, view.map_err(failed)?));
    }
    safetensors::serialize(views, Some(metadata)).map_err(failed)
}
