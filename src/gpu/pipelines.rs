//! Compute pipelines, one per kernel variant, shared by all sessions of a device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::PipelineOptions;
use super::cache::DiskCache;
use crate::kernels::{KernelOutputs, KernelVariant, ScalarTypes};

/// The key of a variant: the kernel's name, its scalar types, and its outputs.
type Key = (&'static str, ScalarTypes, KernelOutputs);

fn key(variant: KernelVariant) -> Key {
    (variant.kernel.name, variant.types, variant.outputs)
}

/// A kernel's pipeline and the layout of its bindings.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// The pipelines created so far, and the options for creating more.
#[derive(Debug)]
pub(super) struct Pipelines {
    made: Mutex<HashMap<Key, Arc<Pipeline>>>,
    checked: bool,
    pub(super) disk: Option<DiskCache>,
}

impl Pipelines {
    /// Creates an empty collection. `disk` may hold pipelines that another process compiled.
    pub fn new(options: &PipelineOptions, disk: Option<DiskCache>) -> Self {
        Self {
            made: Mutex::default(),
            checked: options.checked,
            disk,
        }
    }

    /// Returns whether kernels check their memory accesses.
    pub fn checked(&self) -> bool {
        self.checked
    }

    pub fn find(&self, variant: KernelVariant) -> Option<Arc<Pipeline>> {
        // A panic in another thread leaves the map valid: entries are only added, and each is
        // complete.
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.get(&key(variant)).cloned()
    }

    /// Returns the number of pipelines.
    pub fn count(&self) -> usize {
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Adds a pipeline, unless another thread has already added it. Returns the stored pipeline.
    pub fn add(&self, variant: KernelVariant, pipeline: Pipeline) -> Arc<Pipeline> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = made.entry(key(variant));
        Arc::clone(kept.or_insert_with(|| Arc::new(pipeline)))
    }
}
