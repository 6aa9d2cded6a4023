//! Options of classifiers and sessions. They are a handle, so that later versions
//! can add options without recompiling programs.

use std::borrow::Cow;
use std::ffi::c_char;

use resnet_wgpu::{ClassifierOptions, Interpolation, Precision, SessionOptions};

use crate::checked::{handle, handle_mut, out_handle, release, text, values};
use crate::guard::{status, value};
use crate::model::ResnetModel;
use crate::status::{Failure, ResnetStatus};

/// The number of calls of several threads that are on the device at once. While the
/// device computes one picture, it receives the picture of another call.
const IN_FLIGHT: usize = 2;

/// Options of a classifier or a session. One handle may set up several of them and may
/// be freed before them. Only one thread at a time may use options.
#[derive(Clone, Default)]
pub struct ResnetOptions {
    classifier: ClassifierOptions,
}

/// Creates options with their default values. NULL in place of options means these
/// defaults, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_new(options: *mut *mut ResnetOptions) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes memory for a handle.
        let out = unsafe { out_handle(options, "options") }?;
        out.write_handle(ResnetOptions::default());
        Ok(())
    })
}

/// Sets the number of images in one run of a session, 1 by default. A larger batch is
/// faster per image and needs more memory. A device that cannot run this batch runs a
/// smaller one. A classifier always runs one picture at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_set_batch(
    options: *mut ResnetOptions,
    batch: usize,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes a handle.
        let options = unsafe { handle_mut(options, "options") }?;
        if batch == 0 {
            return Err(Failure::argument("batch", "at least 1", "0"));
        }
        options.classifier.batch = batch;
        Ok(())
    })
}

/// Sets the precision in which activations and weights are stored: "f32" (the default),
/// "f16", or "auto" (f16 if it is faster).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_set_precision(
    options: *mut ResnetOptions,
    precision: *const c_char,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes a handle and a text.
        let (options, name) = unsafe {
            (
                handle_mut(options, "options")?,
                text(precision, "precision")?,
            )
        };
        let parsed = name.parse::<Precision>();
        options.classifier.precision = parsed
            .map_err(|_| Failure::argument("precision", "f32, f16 or auto", format!("`{name}`")))?;
        Ok(())
    })
}

/// Sets the side in pixels of the square that the network reads, in place of the
/// model's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_set_input_size(
    options: *mut ResnetOptions,
    input_size: usize,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes a handle.
        let options = unsafe { handle_mut(options, "options") }?;
        if input_size == 0 {
            let expected = "a side in pixels of at least 1";
            return Err(Failure::argument("input_size", expected, "0"));
        }
        options.classifier.preprocess.input_size = Some(input_size);
        Ok(())
    })
}

/// Sets the input size as a fraction of the length to which the shorter side of a
/// picture is resized, in place of the model's own fraction: 0.875 is 224 of 256.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_set_crop_pct(
    options: *mut ResnetOptions,
    crop_pct: f64,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes a handle.
        let options = unsafe { handle_mut(options, "options") }?;
        if !(crop_pct > 0.0 && crop_pct.is_finite()) {
            let expected = "a fraction above 0, such as 0.875";
            return Err(Failure::argument(
                "crop_pct",
                expected,
                crop_pct.to_string(),
            ));
        }
        options.classifier.preprocess.crop_pct = Some(crop_pct);
        Ok(())
    })
}

/// Sets the filter that resizes pictures, in place of the model's own: "bilinear",
/// "bicubic" or another filter of Pillow.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_set_interpolation(
    options: *mut ResnetOptions,
    interpolation: *const c_char,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes a handle and a text.
        let (options, name) = unsafe {
            let options = handle_mut(options, "options")?;
            (options, text(interpolation, "interpolation")?)
        };
        let filter: Interpolation = name.parse()?;
        options.classifier.preprocess.interpolation = Some(filter);
        Ok(())
    })
}

/// Sets the mean that a classifier subtracts from red, green and blue on the scale 0 to
/// 1, and the standard deviation by which it then divides, in place of the model's own.
/// Each pointer has three values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_set_normalization(
    options: *mut ResnetOptions,
    mean: *const f32,
    std: *const f32,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes a handle and two pointers to three values.
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
        let preprocess = &mut options.classifier.preprocess;
        preprocess.mean = mean.try_into().ok();
        preprocess.std = std.try_into().ok();
        Ok(())
    })
}

/// Frees options; NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_options_free(options: *mut ResnetOptions) {
    // SAFETY: the caller passes a handle and does not use it again.
    value((), || unsafe { release(options, "options") });
}

impl ResnetOptions {
    /// Returns the options of the caller, or the defaults for NULL.
    ///
    /// # Safety
    /// The requirements of [`handle`].
    pub(crate) unsafe fn or_default<'a>(options: *const Self) -> Result<Cow<'a, Self>, Failure> {
        if options.is_null() {
            Ok(Cow::Owned(Self::default()))
        } else {
            // SAFETY: the caller fulfils this function's requirements.
            Ok(Cow::Borrowed(unsafe { handle(options, "options") }?))
        }
    }

    /// Returns the options for a classifier. Its batch is 1, because a larger batch would be
    /// computed whole for each picture.
    pub(crate) fn classifier(&self) -> ClassifierOptions {
        ClassifierOptions {
            batch: 1,
            in_flight: IN_FLIGHT,
            ..self.classifier.clone()
        }
    }

    /// Returns the options for a session of a model.
    pub(crate) fn session(&self, model: &ResnetModel) -> SessionOptions {
        let own = model.model.input_size();
        let side = self.classifier.preprocess.input_size.unwrap_or(own);
        SessionOptions {
            batch: self.classifier.batch,
            in_flight: IN_FLIGHT,
            precision: self.classifier.precision,
            input_size: Some((side, side)),
            ..SessionOptions::default()
        }
    }
}
