//! Compute pipelines, one a kernel, shared by all sessions of a device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::PipelineOptions;
use super::cache::DiskCache;
use crate::kernels::{Outputs, Types, Variant};

/// What tells variants apart: the kernel's name, and what it reads, writes and
/// leaves.
type Key = (&'static str, Types, Outputs);

fn key(variant: Variant) -> Key {
    (variant.kernel.name, variant.types, variant.outputs)
}

/// A kernel's pipeline and the layout of what it binds.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// Pipelines made so far, and how they are made.
#[derive(Debug)]
pub(super) struct Pipelines {
    made: Mutex<HashMap<Key, Arc<Pipeline>>>,
    checked: bool,
    pub(super) disk: Option<DiskCache>,
}

impl Pipelines {
    /// None yet; `disk` may have some that another process compiled.
    pub fn new(options: &PipelineOptions, disk: Option<DiskCache>) -> Self {
        Self {
            made: Mutex::default(),
            checked: options.checked,
            disk,
        }
    }

    /// Whether kernels check what they access.
    pub fn checked(&self) -> bool {
        self.checked
    }

    pub fn find(&self, variant: Variant) -> Option<Arc<Pipeline>> {
        // A panic in another thread leaves the map whole: it only ever grows
        // by complete entries.
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.get(&key(variant)).cloned()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Keeps a pipeline, unless another thread was first.
    pub fn add(&self, variant: Variant, pipeline: Pipeline) -> Arc<Pipeline> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = made.entry(key(variant));
        Arc::clone(kept.or_insert_with(|| Arc::new(pipeline)))
    }
}
