//! A progress bar on stderr for work that takes longer than a second. Only shown if stderr is a
//! terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The time before a bar appears; shorter work shows no bar.
const APPEARANCE_DELAY: Duration = Duration::from_secs(1);

/// A bar that appears after a second, or a spinner that appears at once.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    hidden_since: Option<Instant>,
}

impl Progress {
    /// Creates a bar of `total` steps. `unit` names the steps in the text.
    pub fn bar(total: usize, unit: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
        let template =
            format!("{{wide_bar}} {{human_pos}}/{{human_len}} {unit}, {{eta}} left {{msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        Self {
            bar,
            hidden_since: Some(Instant::now()),
        }
    }

    /// Creates a spinner for work without steps.
    pub fn spinner(what: &str) -> Self {
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(None, target).with_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bar,
            hidden_since: None,
        }
    }

    /// Advances the bar by `steps` completed steps.
    pub fn advance(&mut self, steps: usize) {
        if self
            .hidden_since
            .is_some_and(|since| since.elapsed() > APPEARANCE_DELAY)
        {
            self.hidden_since = None;
            // indicatif draws nothing if stderr is not a terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(steps as u64);
    }

    /// Shows a text after the bar.
    pub fn message(&self, text: String) {
        self.bar.set_message(text);
    }

    /// Hides the bar while `print` runs.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
