//! The verdict on the device's errors.

use resnet_wgpu::low_level::verify::Difference;
use serde::Serialize;

use crate::failure::Failure;

/// The size of an error, and whether the error is within the tolerance.
#[derive(Debug, Serialize)]
pub struct Verdict {
    pub(super) max_abs: f64,
    pub(super) relative: f64,
    pub(super) passed: bool,
}

impl Verdict {
    /// Compares a difference with the tolerance.
    pub fn new(difference: &Difference, tolerance: f64) -> Self {
        Self {
            max_abs: difference.max_abs,
            relative: difference.relative(),
            passed: difference.within(tolerance),
        }
    }

    /// Returns whether the error is within the tolerance.
    pub fn passed(&self) -> bool {
        self.passed
    }

    /// Formats the last cells of a table row.
    pub fn cells(&self) -> [String; 3] {
        let error = |e: f64| {
            if e == 0.0 {
                "0".to_owned()
            } else {
                format!("{e:.2e}")
            }
        };
        [
            error(self.max_abs),
            error(self.relative),
            if self.passed {
                "ok".into()
            } else {
                "FAILED".into()
            },
        ]
    }
}

/// Returns the failure of a device with wrong results. `found` describes the results.
pub fn wrong_results(found: &str) -> Failure {
    Failure::new(format!(
        "{found}; please report this with the output of `resnet devices --json`, and use another \
         --device meanwhile"
    ))
}
