//! Progress of loading, and its cancellation: a few counters that the loading
//! thread moves and others look at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Watches a model being loaded and set up. Clones watch the same; whoever loads
/// without one is watched by nobody.
///
/// ```
/// use resnet_wgpu::{Device, Model, Monitor, Session, SessionOptions};
///
/// let monitor = Monitor::default();
/// let options = SessionOptions {
///     monitor: monitor.clone(),
///     ..Default::default()
/// };
/// // On another thread, as a rule, while this one shows the progress.
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

/// How far a part of loading is.
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
    /// What is done.
    pub done: u64,
    /// What there is to do; 0 before that is known.
    pub total: u64,
}

/// How far loading is. Kernels and weights go on at once.
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
    /// All of it as a part of 1, for a bar: a third each, of which what was there
    /// already (kernels of another model, say) counts at the end.
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

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stage {
    Checked,
    Kernels,
    Weights,
}

/// Loading was cancelled by [`Monitor::cancel`].
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
pub struct Cancelled;

impl Monitor {
    /// How far it is.
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

    /// Has loading end with an error, soon: between two kernels, or two pieces of
    /// a tensor.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Relaxed)
    }

    /// There is so much to do of a stage, which begins.
    pub(crate) fn expect(&self, stage: Stage, total: u64) {
        let counter = self.counter(stage);
        counter.done.store(0, Ordering::Relaxed);
        counter.total.store(total, Ordering::Relaxed);
    }

    /// All is done, also where there was nothing to do.
    pub(crate) fn complete(&self) {
        for counter in &self.0.stages {
            let total = counter.total.load(Ordering::Relaxed).max(1);
            counter.total.store(total, Ordering::Relaxed);
            counter.done.store(total, Ordering::Relaxed);
        }
    }

    /// An error where the rest is not wanted any more.
    pub(crate) fn check(&self) -> Result<(), Cancelled> {
        match self.is_cancelled() {
            true => Err(Cancelled),
            false => Ok(()),
        }
    }

    /// So much more is done; an error where the rest is not wanted any more.
    pub(crate) fn advance(&self, stage: Stage, by: u64) -> Result<(), Cancelled> {
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
    fn stages_are_thirds() -> Result<(), Cancelled> {
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
        assert_eq!(monitor.advance(Stage::Kernels, 1), Err(Cancelled));
        Ok(())
    }
}
