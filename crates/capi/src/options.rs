//! How classifiers and sessions are set up. They are a handle, so that later
//! versions can have more of them and programs need not be compiled anew.

use std::borrow::Cow;
use std::ffi::c_char;

use resnet_wgpu::{ClassifierOptions, Interpolation, Precision, SessionOptions};

use crate::checked::{handle, handle_mut, release, slot, text, values};
use crate::guard::{status, value};
use crate::model::ResnetModel;
use crate::status::{Failure, ResnetStatus};

/// Calls of several threads that are on the device at once: while one is computed,
/// another's picture arrives.
const IN_FLIGHT: usize = 2;

/// How a classifier or a session is set up. One may set up several, and may be
/// freed before them. One thread at a time may use it.
#[derive(Clone, Default)]
pub struct ResnetOptions {
    set_up: ClassifierOptions,
}

/// Options at their defaults, as NULL has them too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_new(options: *mut *mut ResnetOptions) -> ResnetStatus {
    status(|| {
        // SAFETY: a place for a handle.
        let slot = unsafe { slot(options, "options") }?;
        slot.give(ResnetOptions::default());
        Ok(())
    })
}

/// Images of a run of a session, 1 by default: more are faster for each, and
/// need more memory. A device that cannot take that many takes fewer. A
/// classifier runs one picture at a time in any case.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_set_batch(
    options: *mut ResnetOptions,
    batch: usize,
) -> ResnetStatus {
    status(|| {
        // SAFETY: a handle.
        let options = unsafe { handle_mut(options, "options") }?;
        if batch == 0 {
            return Err(Failure::argument("batch", "at least 1", "0"));
        }
        options.set_up.batch = batch;
        Ok(())
    })
}

/// In what activations and weights are stored: "f32" (the default), "f16", or
/// "auto" (f16 where it is faster).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_set_precision(
    options: *mut ResnetOptions,
    precision: *const c_char,
) -> ResnetStatus {
    status(|| {
        // SAFETY: a handle and a text.
        let (options, name) = unsafe {
            (
                handle_mut(options, "options")?,
                text(precision, "precision")?,
            )
        };
        let read = name.parse::<Precision>();
        options.set_up.precision = read
            .map_err(|_| Failure::argument("precision", "f32, f16 or auto", format!("`{name}`")))?;
        Ok(())
    })
}

/// Side in pixels of the square that the network reads, in place of the model's
/// own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_set_input_size(
    options: *mut ResnetOptions,
    input_size: usize,
) -> ResnetStatus {
    status(|| {
        // SAFETY: a handle.
        let options = unsafe { handle_mut(options, "options") }?;
        if input_size == 0 {
            let expected = "a side in pixels of at least 1";
            return Err(Failure::argument("input_size", expected, "0"));
        }
        options.set_up.preprocess.input_size = Some(input_size);
        Ok(())
    })
}

/// The input size as a fraction of the length that a picture's shorter side is
/// resized to, in place of the model's own: 0.875 is 224 of 256.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_set_crop_pct(
    options: *mut ResnetOptions,
    crop_pct: f64,
) -> ResnetStatus {
    status(|| {
        // SAFETY: a handle.
        let options = unsafe { handle_mut(options, "options") }?;
        if !(crop_pct > 0.0 && crop_pct.is_finite()) {
            let expected = "a fraction above 0, such as 0.875";
            return Err(Failure::argument(
                "crop_pct",
                expected,
                crop_pct.to_string(),
            ));
        }
        options.set_up.preprocess.crop_pct = Some(crop_pct);
        Ok(())
    })
}

/// The filter that resizes pictures, in place of the model's own: "bilinear",
/// "bicubic" or another of Pillow's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_set_interpolation(
    options: *mut ResnetOptions,
    interpolation: *const c_char,
) -> ResnetStatus {
    status(|| {
        // SAFETY: a handle and a text.
        let (options, name) = unsafe {
            let options = handle_mut(options, "options")?;
            (options, text(interpolation, "interpolation")?)
        };
        let filter: Interpolation = name.parse()?;
        options.set_up.preprocess.interpolation = Some(filter);
        Ok(())
    })
}

/// What a classifier subtracts from red, green and blue on the scale 0 to 1, and
/// what it divides by then, in place of the model's own. Three values each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_set_normalization(
    options: *mut ResnetOptions,
    mean: *const f32,
    std: *const f32,
) -> ResnetStatus {
    status(|| {
        // SAFETY: a handle, and three values each.
        let (options, mean, std) = unsafe {
            let options = handle_mut(options, "options")?;
            (options, values(mean, 3, "mean")?, values(std, 3, "std")?)
        };
        let expected = "three finite numbers";
        if !mean.iter().all(|v| v.is_finite()) {
            return Err(Failure::argument("mean", expected, format!("{mean:?}")));
        }
        if !std.iter().all(|v| v.is_finite() && *v > 0.0) {
            let expected = format!("{expected} above 0");
            return Err(Failure::argument("std", expected, format!("{std:?}")));
        }
        let preprocess = &mut options.set_up.preprocess;
        preprocess.mean = mean.try_into().ok();
        preprocess.std = std.try_into().ok();
        Ok(())
    })
}

/// Frees options; NULL is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_free(options: *mut ResnetOptions) {
    // SAFETY: a handle that is not used again.
    value((), || unsafe { release(options, "options") });
}

impl ResnetOptions {
    /// A caller's, or the defaults for NULL.
    ///
    /// # Safety
    /// As [`handle`].
    pub(crate) unsafe fn or_default<'a>(options: *const Self) -> Result<Cow<'a, Self>, Failure> {
        match options.is_null() {
            true => Ok(Cow::Owned(Self::default())),
            // SAFETY: the caller's word.
            false => Ok(Cow::Borrowed(unsafe { handle(options, "options") }?)),
        }
    }

    /// For a classifier, which would compute a whole batch for each picture.
    pub(crate) fn classifier(&self) -> ClassifierOptions {
        ClassifierOptions {
            batch: 1,
            in_flight: IN_FLIGHT,
            ..self.set_up.clone()
        }
    }

    /// For a session of that model.
    pub(crate) fn session(&self, model: &ResnetModel) -> SessionOptions {
        let own = model.model.input_size();
        let side = self.set_up.preprocess.input_size.unwrap_or(own);
        SessionOptions {
            batch: self.set_up.batch,
            in_flight: IN_FLIGHT,
            precision: self.set_up.precision,
            input_size: Some((side, side)),
            ..SessionOptions::default()
        }
    }
}
