//! What engines of one network share that run it on images of several sizes:
//! its weights, and the memory that activations take turns in.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::upload::upload_all;
use super::value::Value;
use super::{Gpu, GpuError};
use crate::plan::{Slot, Weight};
use crate::tensor::Params;

/// Weights by how they are packed, and slots as large as any engine so far
/// needed. A device runs submissions one after the other, so engines may write
/// the same slots with runs of several in flight. Cloning shares.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    weights: HashMap<Weight, Value>,
    slots: Vec<Value>,
}

impl Shared {
    /// These weights on the device; those that are not there yet are read,
    /// packed and uploaded.
    pub fn weights(
        &self,
        gpu: &Gpu,
        wanted: &[Weight],
        params: &Params,
    ) -> Result<Vec<Value>, GpuError> {
        let mut held = self.held();
        let mut seen = HashSet::new();
        let missing = (wanted.iter()).filter(|w| !held.weights.contains_key(*w) && seen.insert(*w));
        let missing: Vec<Weight> = missing.cloned().collect();
        if !missing.is_empty() {
            let made = upload_all(gpu, &missing, params)?;
            held.weights.extend(missing.into_iter().zip(made));
        }
        // Each is there, or an error has been returned above.
        Ok(wanted
            .iter()
            .filter_map(|w| held.weights.get(w).cloned())
            .collect())
    }

    /// A place for each of these slots, all distinct: what is there where it is
    /// large enough, the largest for the largest. What is too small is replaced,
    /// and freed when the last engine that uses it is dropped.
    pub fn slots(&self, gpu: &Gpu, wanted: &[Slot]) -> Vec<Value> {
        let mut held = self.held();
        held.slots.sort_by_key(|value| value.bytes());
        let mut free = std::mem::take(&mut held.slots);
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by_key(|&i| wanted[i].bytes);
        let mut found: Vec<Option<Value>> = vec![None; wanted.len()];
        for i in order.into_iter().rev() {
            let slot = &wanted[i];
            let alike = free.iter().rposition(|value| value.place() == slot.place);
            let kept = alike.map(|at| free.remove(at));
            let value = match kept.filter(|value| value.bytes() >= slot.bytes) {
                Some(value) => value,
                None => Value::new(gpu, &format!("slot {i}"), slot.bytes, slot.place),
            };
            held.slots.push(value.clone());
            found[i] = Some(value);
        }
        // What this engine has no use for, another may.
        held.slots.append(&mut free);
        found.into_iter().flatten().collect()
    }

    /// Bytes of all that is held: weights, and slots.
    pub fn bytes(&self) -> (u64, u64) {
        let held = self.held();
        let weights = held.weights.values().map(Value::bytes);
        let slots = held.slots.iter().map(Value::bytes);
        (weights.sum(), slots.sum())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
