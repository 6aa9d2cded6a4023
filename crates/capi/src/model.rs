//! A network with its weights.

use std::ffi::{CString, c_char};
use std::sync::Arc;

use resnet_wgpu::{Checkpoint, Hints, Model};

use crate::checked::{handle, out_handle, path, release, text, values};
use crate::guard::{status, value};
use crate::status::{Failure, ResnetStatus};
use crate::text::c_text;

/// A network with its weights, recognised in a checkpoint. Classifiers and sessions
/// keep what they need of the model, which may be freed before them.
pub struct ResnetModel {
    pub(crate) model: Model,
    pub(crate) names: Arc<CNames>,
}

/// Names as C text, shared by a model and its classifiers.
pub struct CNames {
    network: CString,
    pub(crate) classes: Vec<CString>,
}

/// Opens a safetensors file from torchvision, timm or Hugging Face's transformers, with
/// the config.json in the same folder if one exists. If `path` is NULL, opens the
/// embedded ResNet-20 for the ten classes of CIFAR-10.
///
/// `network` is NULL, or the name of a preset ("resnet50-v1", "plain20") for properties
/// that the tensors do not show. The file stays open, because its weights are read when
/// a classifier or session is created.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_model_open_file(
    path: *const c_char,
    network: *const c_char,
    model: *mut *mut ResnetModel,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes memory for a handle, and a text or NULL.
        let (out, hints) = unsafe { (out_handle(model, "model")?, hints(network)?) };
        let opened = match (path.is_null(), &hints.preset) {
            (true, None) => Model::embedded()?,
            (true, Some(network)) => {
                let expected = "NULL for the embedded network, which is known";
                return Err(Failure::argument("network", expected, &network.name));
            }
            (false, _) => {
                // SAFETY: the caller passes a text.
                let path = unsafe { self::path(path, "path") }?;
                Model::load(&Checkpoint::from_file(path)?, &hints)?
            }
        };
        out.write_handle(ResnetModel::of(opened)?);
        Ok(())
    })
}

/// Opens a model from the bytes of a safetensors file. The bytes are copied and may be
/// freed after the call. No config.json is read; set how pictures are prepared with
/// resnet_options_set_crop_pct() and the related functions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_model_open_memory(
    bytes: *const u8,
    length: usize,
    network: *const c_char,
    model: *mut *mut ResnetModel,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes memory for a handle, a text or NULL, and `length` bytes.
        let (out, hints, bytes) = unsafe {
            let out = out_handle(model, "model")?;
            (out, hints(network)?, values(bytes, length, "bytes")?)
        };
        let mut copy = vec![];
        copy.try_reserve_exact(length)
            .map_err(|_| Failure::memory(length))?;
        copy.extend_from_slice(bytes);
        let checkpoint = Checkpoint::from_bytes("memory", copy)?;
        out.write_handle(ResnetModel::of(Model::load(&checkpoint, &hints)?)?);
        Ok(())
    })
}

/// Returns the name of a model's network, such as "resnet50". The text lives as long as
/// the model.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_model_network(model: *const ResnetModel) -> *const c_char {
    value(std::ptr::null(), || {
        // SAFETY: the caller passes a handle.
        let model = unsafe { handle(model, "model") }?;
        Ok(model.names.network.as_ptr())
    })
}

/// Returns the number of classes of a model; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_model_classes(model: *const ResnetModel) -> usize {
    value(0, || {
        // SAFETY: the caller passes a handle.
        let model = unsafe { handle(model, "model") }?;
        Ok(model.names.classes.len())
    })
}

/// Returns the side in pixels of the square images that the network reads if the
/// options set no other size; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_model_input_size(model: *const ResnetModel) -> usize {
    value(0, || {
        // SAFETY: the caller passes a handle.
        let model = unsafe { handle(model, "model") }?;
        Ok(model.model.input_size())
    })
}

/// Returns the name of a class: the checkpoint's own name, or the name in ImageNet or
/// CIFAR-10 if the number of classes matches. The text lives as long as the model; NULL
/// for a class that does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_model_label(
    model: *const ResnetModel,
    class_index: usize,
) -> *const c_char {
    value(std::ptr::null(), || {
        // SAFETY: the caller passes a handle.
        let model = unsafe { handle(model, "model") }?;
        let classes = &model.names.classes;
        let label = classes.get(class_index).ok_or_else(|| {
            let expected = format!("one of the {} classes, the first is 0", classes.len());
            Failure::argument("class_index", expected, class_index.to_string())
        })?;
        Ok(label.as_ptr())
    })
}

/// Frees a model; NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_model_free(model: *mut ResnetModel) {
    // SAFETY: the caller passes a handle and does not use it again.
    value((), || unsafe { release(model, "model") });
}

impl ResnetModel {
    fn of(model: Model) -> Result<Self, Failure> {
        let network = model.network();
        let labels = model.labels()?;
        let classes = (0..network.classes).map(|class| c_text(labels.get(class)));
        let names = CNames {
            network: c_text(network.name.as_str()),
            classes: classes.collect(),
        };
        Ok(Self {
            model,
            names: Arc::new(names),
        })
    }
}

/// # Safety
/// The requirements of [`text`].
unsafe fn hints(network: *const c_char) -> Result<Hints, Failure> {
    if network.is_null() {
        return Ok(Hints::default());
    }
    // SAFETY: the caller fulfils this function's requirements.
    let name = unsafe { text(network, "network") }?;
    Ok(Hints {
        preset: Some(name.parse()?),
        ..Hints::default()
    })
}
