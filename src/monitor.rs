//! Progress of loading, and its cancellation. The loading thread updates a few counters, and other
//! threads read them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Observes and cancels the loading and the setup of a model. Clones share their counters. Loading
/// without an application's monitor cannot be observed or cancelled.
///
/// ```
/// use resnet_wgpu::{Device, Model, Monitor, Session, SessionOptions};
///
/// let monitor = Monitor::default();
/// let options = SessionOptions {
///     monitor: monitor.clone(),
///     ..Default::default()
/// };
/// // Usually on another thread, while this thread shows the progress.
/// let session = Session::new(Device::Cpu, &Model::embedded()?, &options)?;
/// assert_eq!(monitor.progress().fraction(), 1.0);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Monitor(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    cancelled: AtomicBool,
    stages: [Counter; 3],
}

#[derive(Debug, Default)]
struct Counter {
    done: AtomicU64,
    total: AtomicU64,
}

/// Progress of one stage of loading.
///
/// ```
/// use resnet_wgpu::Monitor;
/// use resnet_wgpu::low_level::monitor::Count;
///
/// let monitor = Monitor::default();
/// let Count { done, total } = monitor.progress().weights;
/// match total {
///     0 => println!("weights: not yet"),
///     _ => println!("weights: {} %", 100 * done / total),
/// }
/// assert_eq!((done, total), (0, 0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Amount of work that is done.
    pub done: u64,
    /// Total amount of work; 0 before the amount is known.
    pub total: u64,
}

/// Progress of loading. Kernels are compiled while weights are uploaded.
///
/// ```
/// use resnet_wgpu::{Checkpoint, Hints, Model, Monitor};
///
/// let monitor = Monitor::default();
/// let checkpoint = Checkpoint::from_file("weights/resnet20-cifar10.safetensors")?;
/// let model = Model::load_watched(&checkpoint, &Hints::default(), &monitor)?;
/// let progress = monitor.progress();
/// assert_eq!(progress.checked.done, progress.checked.total);
/// // No session has been set up yet.
/// assert!(progress.fraction() < 1.0);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes of the checkpoint that have been checked.
    pub checked: Count,
    /// Kernels that have been compiled.
    pub kernels: Count,
    /// Bytes of weights that are on the device.
    pub weights: Count,
}

impl Progress {
    /// Returns the overall progress from 0 to 1, for a progress bar. Each of the three stages
    /// counts one third. If a stage has no work (for example, because another model's kernels are
    /// reused), its third is added at the end of loading.
    pub fn fraction(&self) -> f32 {
        let part = |count: &Count| match count.total {
            0 => 0.0,
            total => count.done as f32 / total as f32,
        };
        [self.checked, self.kernels, self.weights]
            .iter()
            .map(part)
            .sum::<f32>()
            / 3.0
    }
}

/// A stage of loading, with a counter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stage {
    Checked,
    Kernels,
    Weights,
}

/// The error of loading that [`Monitor::cancel`] cancelled.
///
/// ```
/// use resnet_wgpu::{Device, ErrorKind, Model, Monitor, Session, SessionOptions};
///
/// let monitor = Monitor::default();
/// monitor.cancel();
/// let options = SessionOptions {
///     monitor,
///     ..Default::default()
/// };
/// let ended = Session::new(Device::Cpu, &Model::embedded()?, &options);
/// assert_eq!(ended.unwrap_err().kind(), ErrorKind::Cancelled);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("loading was cancelled")]
pub struct CancelledError;

impl Monitor {
    /// Returns the current progress.
    pub fn progress(&self) -> Progress {
        let [checked, kernels, weights] = &self.0.stages;
        let count = |counter: &Counter| Count {
            done: counter.done.load(Ordering::Relaxed),
            total: counter.total.load(Ordering::Relaxed),
        };
        Progress {
            checked: count(checked),
            kernels: count(kernels),
            weights: count(weights),
        }
    }

    /// Cancels loading, which soon ends with an error. Loading checks for cancellation between two
    /// kernels and between two pieces of a tensor.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }

    /// Returns whether loading was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Relaxed)
    }

    /// Begins a stage and sets its total amount of work.
    pub(crate) fn expect(&self, stage: Stage, total: u64) {
        let counter = self.counter(stage);
        counter.done.store(0, Ordering::Relaxed);
        counter.total.store(total, Ordering::Relaxed);
    }

    /// Marks all stages as done, including stages that had no work.
    pub(crate) fn complete(&self) {
        for counter in &self.0.stages {
            let total = counter.total.load(Ordering::Relaxed).max(1);
            counter.total.store(total, Ordering::Relaxed);
            counter.done.store(total, Ordering::Relaxed);
        }
    }

    /// Returns an error if loading was cancelled.
    pub(crate) fn check(&self) -> Result<(), CancelledError> {
        if self.is_cancelled() {
            Err(CancelledError)
        } else {
            Ok(())
        }
    }

    /// Adds `by` to the work done in a stage. Returns an error if loading was cancelled.
    pub(crate) fn advance(&self, stage: Stage, by: u64) -> Result<(), CancelledError> {
        self.counter(stage).done.fetch_add(by, Ordering::Relaxed);
        self.check()
    }

    fn counter(&self, stage: Stage) -> &Counter {
        let [checked, kernels, weights] = &self.0.stages;
        match stage {
            Stage::Checked => checked,
            Stage::Kernels => kernels,
            Stage::Weights => weights,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_thirds() -> Result<(), CancelledError> {
        let monitor = Monitor::default();
        assert_eq!(monitor.progress().fraction(), 0.0);
        monitor.expect(Stage::Checked, 10);
        monitor.advance(Stage::Checked, 10)?;
        monitor.expect(Stage::Weights, 4);
        monitor.advance(Stage::Weights, 2)?;
        let progress = monitor.clone().progress();
        assert_eq!(progress.weights, Count { done: 2, total: 4 });
        assert_eq!(progress.fraction(), 0.5);
        monitor.complete();
        assert_eq!(monitor.progress().fraction(), 1.0);
        monitor.cancel();
        assert_eq!(monitor.advance(Stage::Kernels, 1), Err(CancelledError));
        Ok(())
    }
}
