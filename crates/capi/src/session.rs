//! Sessions, which turn tensors into logits.

use resnet_wgpu::{Session, Tensor};

use crate::checked::{handle, out_buffer, out_handle, release, values};
use crate::device::ResnetDevice;
use crate::guard::{status, value};
use crate::model::ResnetModel;
use crate::options::ResnetOptions;
use crate::status::{Failure, ResnetStatus};

/// A model on a device, ready to run tensors. Several threads may use a session at
/// once; the device computes their tensors one after another.
pub struct ResnetSession {
    session: Session,
    /// Height, width and channels of an image.
    image: [usize; 3],
    classes: usize,
}

/// Sets up a model on a device: plans the network, then reads and uploads its weights.
/// `options` may be NULL for the defaults.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_session_new(
    device: *const ResnetDevice,
    model: *const ResnetModel,
    options: *const ResnetOptions,
    session: *mut *mut ResnetSession,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes memory for a handle, and handles.
        let (out, device, model, options) = unsafe {
            let out = out_handle(session, "session")?;
            let device = handle(device, "device")?;
            let model = handle(model, "model")?;
            (out, device, model, ResnetOptions::or_default(options)?)
        };
        let options = options.session(model);
        let session = Session::new(&device.device, &model.model, &options)?;
        let input = session.graph().input_shape();
        out.write_handle(ResnetSession {
            image: [input.h, input.w, input.c],
            session,
            classes: model.names.classes.len(),
        });
        Ok(())
    })
}

/// Runs `n` images, [n, height, width, channels] without gaps and already normalised,
/// and writes their logits, [n, classes]. More images than a batch are run as several
/// batches. `length` is the number of floats for which `logits` has room, at least n
/// times the number of classes of the model.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_run_tensor(
    session: *const ResnetSession,
    images: *const f32,
    n: usize,
    height: usize,
    width: usize,
    channels: usize,
    logits: *mut f32,
    length: usize,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes a handle.
        let session = unsafe { handle(session, "session") }?;
        let shape = [n, height, width, channels];
        // Checked before reading the images: the memory may hold fewer than `n`.
        let [h, w, c] = session.image;
        if n == 0 || shape[1..] != session.image {
            let expected = format!("shape [at least 1, {h}, {w}, {c}]");
            return Err(Failure::argument("images", expected, format!("{shape:?}")));
        }
        let total = n.checked_mul(h * w * c).ok_or_else(|| {
            let expected = "as many images as memory can hold";
            Failure::argument("n", expected, n.to_string())
        })?;
        let Some(wanted) = n.checked_mul(session.classes).filter(|all| *all <= length) else {
            let expected = format!("room for {n}×{} floats", session.classes);
            return Err(Failure::argument("length", expected, length.to_string()));
        };
        // SAFETY: the caller passes `total` values and room for `length` floats.
        let (images, out) = unsafe {
            (
                values(images, total, "images")?,
                out_buffer(logits, wanted, "logits")?,
            )
        };
        let mut copy = vec![];
        copy.try_reserve_exact(total)
            .map_err(|_| Failure::memory(size_of_val(images)))?;
        copy.extend_from_slice(images);
        let tensor = Tensor::new(shape, copy)
            .ok_or_else(|| Failure::argument("images", "a whole tensor", format!("{shape:?}")))?;
        let outputs = session.session.run(&tensor)?;
        out.write(outputs.logits.data());
        Ok(())
    })
}

/// Frees a session; NULL is ignored. No other thread may use the session during or
/// after this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_session_free(session: *mut ResnetSession) {
    // SAFETY: the caller passes a handle and does not use it again.
    value((), || unsafe { release(session, "session") });
}
