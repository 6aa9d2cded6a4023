//! Verification of outputs: compares batches of logits with those of the CPU reference.

use super::result::{Check, Row, Status, Verification};
use super::start_up::{Case, StartedSession};
use resnet_wgpu::low_level::seeded_images;
use resnet_wgpu::low_level::tensor::padded;
use resnet_wgpu::low_level::verify::Difference;
use resnet_wgpu::{Device, Error, Session};

/// The batches that the timed loop uses in turns, with their reference logits. With several batches
/// in flight two different batches are used, so that swapped outputs are detected.
pub(super) struct Batches {
    pub inputs: Vec<Vec<f32>>,
    references: Vec<Vec<f32>>,
    images: usize,
}

impl Case {
    /// Returns the number of images whose logits the reference has to compute.
    pub fn images(&self) -> usize {
        match self.in_flight() {
            1 => self.batch_size,
            _ => self.batch_size.max(2),
        }
    }
}

impl Batches {
    /// Makes the batches. `input` is the first batch. `reference` holds the reference logits of at
    /// least [`images`](Case::images) images.
    pub fn new(input: &[f32], reference: &[f32], case: &Case, session: &Session) -> Self {
        let n = case.batch_size;
        let classes = session.graph().output_shape().len();
        let of = |image: usize| {
            let end = (image + 1) * classes;
            reference.get(image * classes..end).unwrap_or_default()
        };
        let logits = |images: &[usize]| images.iter().flat_map(|&i| of(i)).copied().collect();
        let first: Vec<usize> = (0..n).collect();
        let mut batches = Self {
            inputs: vec![input.to_vec()],
            references: vec![logits(&first)],
            images: n,
        };
        if case.in_flight() > 1 {
            // The second batch is another image, or the first batch's images in reverse order.
            let second: Vec<usize> = (0..case.images()).rev().take(n).collect();
            let all = padded(&seeded_images(case.images(), session.graph().input_shape()));
            let each = session.input_len();
            let input = second.iter().flat_map(|i| &all[i * each..(i + 1) * each]);
            batches.inputs.push(input.copied().collect());
            batches.references.push(logits(&second));
        }
        batches
    }

    /// Compares the logits of each batch and returns the worst result. Empty logits stand for a
    /// batch that did not run, and are skipped.
    pub fn check(&self, found: &[Vec<f32>]) -> Check {
        let mut check = Check {
            relative_error: Some(0.0),
            top1_equal: self.images,
        };
        let ran = found.iter().zip(&self.references);
        for (found, expected) in ran.filter(|(found, _)| !found.is_empty()) {
            let one = compare_logits(found, expected, self.images);
            check.relative_error = (check.relative_error.zip(one.relative_error))
                .map(|(worst, error)| worst.max(error));
            check.top1_equal = check.top1_equal.min(one.top1_equal);
        }
        check
    }
}

impl StartedSession {
    /// Compares the first logits with those of the reference.
    pub fn check(&self, reference: &[f32], case: &Case) -> Check {
        let expected = reference.get(..self.logits.len()).unwrap_or_default();
        compare_logits(&self.logits, expected, case.batch_size)
    }
}

/// Compares the logits of `images` images with the expected ones.
pub(super) fn compare_logits(found: &[f32], expected: &[f32], images: usize) -> Check {
    let error = Difference::between(found, expected).relative();
    let classes = (expected.len() / images.max(1)).max(1);
    let pairs = found.chunks(classes).zip(expected.chunks(classes));
    Check {
        relative_error: error.is_finite().then_some(error),
        top1_equal: pairs.filter(|(f, e)| argmax(f) == argmax(e)).count(),
    }
}

impl Check {
    /// Returns whether rounding explains the error.
    pub fn passed(&self, tolerance: f64) -> bool {
        self.relative_error.is_some_and(|e| e <= tolerance)
    }

    /// Returns the reason for the failure, as an error message.
    pub fn failure(&self, tolerance: f64) -> String {
        let error = match self.relative_error {
            Some(error) => format!("off by {error:.1e} of the largest logit"),
            None => "not a number".into(),
        };
        format!(
            "the logits are wrong: {error} (up to {tolerance:.0e} is right); run \
             `resnet verify` to find the layer"
        )
    }
}

impl Verification {
    /// Makes the verification from the check of the first logits.
    pub(super) fn of(before: Check, case: &Case) -> Self {
        let tolerance = case.tolerance();
        Self {
            passed: before.passed(tolerance),
            deterministic: None,
            tolerance,
            images: case.batch_size,
            before,
            after: None,
        }
    }
}

impl Row {
    /// Marks the row as failed because its logits are wrong. A failed row has no speed.
    pub(super) fn fail(&mut self, verification: Verification) {
        let check = verification.after.as_ref().unwrap_or(&verification.before);
        self.status = Status::FailedVerification;
        self.error = Some(check.failure(verification.tolerance));
        self.verification = Some(verification);
    }
}

/// Computes the reference logits for the images of a case, `[n, classes]`. Rows of one network
/// share these logits.
pub fn reference(model: &resnet_wgpu::Model, case: &Case) -> Result<Vec<f32>, Error> {
    let side = case.side(model);
    let options = resnet_wgpu::SessionOptions {
        batch: case.images(),
        input_size: Some((side, side)),
        ..Default::default()
    };
    let session = Session::new(Device::Cpu, model, &options)?;
    let images = seeded_images(case.images(), session.graph().input_shape());
    Ok(session.run(&images)?.logits.into_data())
}

/// Returns whether two runs gave bitwise equal logits.
pub(super) fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// Returns the index of the largest logit, the first one if several are equal.
fn argmax(logits: &[f32]) -> Option<usize> {
    let entries = logits.iter().enumerate();
    let largest = entries.rev().max_by(|a, b| a.1.total_cmp(b.1));
    largest.map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_are_compared() {
        let right = [1.0, 2.0, 4.0, 3.0];
        let check = compare_logits(&right, &right, 2);
        assert!(check.passed(1e-4) && check.top1_equal == 2, "{check:?}");
        let check = compare_logits(&[1.0, 2.0, 3.0, 4.0], &right, 2);
        assert!(!check.passed(1e-4));
        assert_eq!((check.relative_error, check.top1_equal), (Some(0.25), 1));
        for wrong in [&[1.0, f32::NAN, 4.0, 3.0][..], &right[..2], &[]] {
            let check = compare_logits(wrong, &right, 2);
            assert!(
                !check.passed(1e-4) && check.relative_error.is_none(),
                "{check:?}"
            );
        }
        assert_eq!(argmax(&[1.0, 3.0, 3.0]), Some(1));
        assert!(same_bits(&[0.0], &[0.0]) && !same_bits(&[0.0], &[-0.0]));
    }
}
