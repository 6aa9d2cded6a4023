//! What a session is made of, and what the CPU twin takes.

use std::time::{Duration, Instant};

use super::SessionOptions;
use crate::error::Error;
use crate::gpu::{Engine, Gpu, Images};
use crate::graph::NodeId;
use crate::kernels::{InputForm, Scalar};
use crate::passes::Lowered;
use crate::plan::{Plan, PlanOptions};
use crate::preprocess::rgb8;
use crate::tensor::unpad_channels;

/// Plans for a precision and makes the engine; how long planning took.
pub(super) fn engine(
    gpu: &Gpu,
    lowered: &Lowered,
    keep: &[NodeId],
    options: &SessionOptions,
    precision: Scalar,
) -> Result<(Engine, Duration), Error> {
    let began = Instant::now();
    let wanted = PlanOptions {
        choice: options.choice.clone(),
        precision,
        input: options.input,
    };
    let batch = match options.exact_batch {
        true => options.batch,
        // Where not even one image fits, the plan for one says why.
        false => Plan::max_batch(lowered, options.batch, gpu.profile(), keep, &wanted).max(1),
    };
    let plan = Plan::new(lowered, batch, gpu.profile(), keep, &wanted)?;
    let planned = began.elapsed();
    let in_flight = options.in_flight.max(1);
    let engine = Engine::with_in_flight(gpu, plan, &lowered.params, in_flight)?;
    Ok((engine, planned))
}

/// Images as the CPU twin takes them, `[n, H, W, channels]`.
pub(super) fn unpadded(images: Images<'_>, form: &InputForm, channels: usize) -> Vec<f32> {
    let mut values = vec![];
    match (images, form) {
        (Images::Rgb8(bytes), InputForm::Rgb8 { mean, std }) => {
            values.reserve(bytes.len());
            rgb8(bytes, mean, std, &mut values);
        }
        (Images::F32(padded), _) => values = unpad_channels(padded, channels),
        // `Session::images` has refused these.
        (Images::Rgb8(_), InputForm::F32) => {}
    }
    values
}
