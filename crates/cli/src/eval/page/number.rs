//! Figures: a formatted text together with the exact number, which the page's tests check.

use serde::Serialize;

use resnet_wgpu_bench::text::number::{rate, thousands};

/// A figure on the page.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figure {
    /// The number formatted for readers.
    text: String,
    /// The number as JSON writes it.
    exact: String,
    /// The JSON pointer to the number in the embedded data.
    at: String,
}

impl Figure {
    pub fn percent(value: f64, at: &str) -> Self {
        Self::new(value, percent(value), at)
    }

    /// Formats a probability without converting its exact value from f32.
    pub fn probability(value: f32, at: &str) -> Self {
        Self::new(value, percent(value.into()), at)
    }

    pub fn count(value: u64, at: &str) -> Self {
        Self::new(value, thousands(value), at)
    }

    pub fn rate(value: f64, at: &str) -> Self {
        Self::new(value, rate(value), at)
    }

    fn new(value: impl Serialize, text: String, at: &str) -> Self {
        // Every number can be written as JSON.
        let exact = serde_json::to_string(&value).unwrap_or_default();
        let at = at.into();
        Self { text, exact, at }
    }
}

/// Formats a share: `91.73 %`.
fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// Formats an interval: `91.17 to 92.25 %`.
pub(super) fn interval([low, high]: [f64; 2]) -> String {
    format!("{:.2} to {}", 100.0 * low, percent(high))
}
