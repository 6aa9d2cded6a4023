//! What engines of one network share that run it on images of several sizes:
//! its weights, and the memory that activations take turns in.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Gpu;
use super::late::Late;
use super::value::Value;
use crate::plan::{Slot, Weight};

/// Weights by how they are packed, and slots as large as any engine so far
/// needed. Nothing is kept before it is known that the device had room for it:
/// what it refused would be in the way of every later engine. Cloning shares.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Both>);

#[derive(Debug, Default)]
struct Both {
    held: Mutex<Held>,
    turn: Mutex<()>,
    late: Late,
}

#[derive(Debug, Default)]
struct Held {
    weights: HashMap<Weight, Value>,
    slots: Vec<Value>,
}

/// Places for the slots of a plan.
pub(super) struct Pool {
    /// One for each slot, in order, all distinct.
    pub taken: Vec<Value>,
    /// What is there besides, for other engines.
    rest: Vec<Value>,
}

impl Shared {
    /// The same weights, and memory of its own for activations: for commands that
    /// are submitted whenever the application likes, between those of others.
    pub fn apart(&self) -> Self {
        let held = Held {
            weights: self.held().weights.clone(),
            slots: vec![],
        };
        Self(Arc::new(Both {
            held: Mutex::new(held),
            turn: Mutex::default(),
            late: Late::default(),
        }))
    }

    /// What the network has yet to hear of its calls.
    pub fn late(&self) -> &Late {
        &self.0.late
    }

    /// Those of these weights that are not on the device yet, each once.
    pub fn missing(&self, wanted: &[Weight]) -> Vec<Weight> {
        let held = self.held();
        let mut seen = HashSet::new();
        let missing = wanted
            .iter()
            .filter(|w| !held.weights.contains_key(*w) && seen.insert(*w));
        missing.cloned().collect()
    }

    /// Keeps those that were missing, and gives all that are wanted.
    pub fn keep_weights(
        &self,
        made: impl Iterator<Item = (Weight, Value)>,
        wanted: &[Weight],
    ) -> Vec<Value> {
        let mut held = self.held();
        held.weights.extend(made);
        let found = wanted.iter().filter_map(|w| held.weights.get(w).cloned());
        found.collect()
    }

    /// A place for each of these slots: what is there where it is large enough,
    /// the largest for the largest, else a new one, in the place of what is too
    /// small.
    pub fn pool(&self, gpu: &Gpu, wanted: &[Slot]) -> Pool {
        let mut rest = self.held().slots.clone();
        rest.sort_by_key(Value::bytes);
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by_key(|&i| wanted[i].bytes);
        let mut taken: Vec<Option<Value>> = vec![None; wanted.len()];
        for i in order.into_iter().rev() {
            let slot = &wanted[i];
            let alike = rest.iter().rposition(|value| value.place() == slot.place);
            let found = alike.map(|at| rest.remove(at));
            let found = found.filter(|value| value.bytes() >= slot.bytes);
            let new = || Value::new(gpu, &format!("slot {i}"), slot.bytes, slot.place);
            taken[i] = Some(found.unwrap_or_else(new));
        }
        let taken = taken.into_iter().flatten().collect();
        Pool { taken, rest }
    }

    /// Keeps them for the next engine. What was too small is freed when the last
    /// engine that uses it is dropped.
    pub fn keep_slots(&self, pool: Pool) {
        let all = pool.taken.into_iter().chain(pool.rest);
        self.held().slots = all.collect();
    }

    /// For as long as it is held, no other engine's run is submitted: a run may
    /// take several submissions, and another's between them would write the
    /// slots that it goes on to read. Whole runs may follow each other as they
    /// like, since a device runs submissions in their order.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.0.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of all that is held: weights, and slots.
    pub fn bytes(&self) -> (u64, u64) {
        let held = self.held();
        let weights = held.weights.values().map(Value::bytes);
        let slots = held.slots.iter().map(Value::bytes);
        (weights.sum(), slots.sum())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
