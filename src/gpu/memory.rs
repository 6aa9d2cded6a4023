//! The memory that executables of one network share: weights, and the slots that
//! activations take turns in.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Handles;
use super::value::Value;
use crate::plan::{Slot, Weight};

/// Weights on the device, by how they are packed.
#[derive(Debug, Default)]
pub(super) struct Weights(Mutex<HashMap<Weight, Value>>);

impl Weights {
    /// The weights of `wanted` that are not on the device yet, each once.
    pub fn missing(&self, wanted: &[Weight]) -> Vec<Weight> {
        let held = self.lock();
        let mut seen = HashSet::new();
        let missing = wanted
            .iter()
            .filter(|w| !held.contains_key(*w) && seen.insert(*w));
        missing.cloned().collect()
    }

    /// The weights of `wanted`, in order: those that are held, and those in `made`.
    pub fn find(&self, wanted: &[Weight], made: &[(Weight, Value)]) -> Vec<Value> {
        let held = self.lock();
        let new = |weight| (made.iter().find(|(w, _)| w == weight)).map(|(_, value)| value);
        let find = |weight| held.get(weight).or_else(|| new(weight)).cloned();
        wanted.iter().filter_map(find).collect()
    }

    /// Holds new weights. Nothing is held before it is known that the device had
    /// room for it: it would be in the way of every later executable.
    pub fn hold(&self, made: Vec<(Weight, Value)>) {
        self.lock().extend(made);
    }

    /// Bytes of all weights.
    pub fn bytes(&self) -> u64 {
        self.lock().values().map(Value::bytes).sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Weight, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Slots as large as any executable needed so far.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    slots: Mutex<Vec<Value>>,
    turn: Mutex<()>,
}

/// Values for the slots of a plan.
pub(super) struct Allotment {
    /// One for each slot, in order, all distinct.
    pub taken: Vec<Value>,
    /// The rest of the workspace, for other executables.
    rest: Vec<Value>,
}

impl Workspace {
    /// Finds a value for each slot of `wanted`: the largest slot takes the largest
    /// value. A value that is too small is replaced.
    pub fn allot(&self, handles: &Handles, wanted: &[Slot]) -> Allotment {
        let mut rest = self.slots().clone();
        rest.sort_by_key(Value::bytes);
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by_key(|&i| wanted[i].bytes);
        let mut taken: Vec<Option<Value>> = vec![None; wanted.len()];
        for i in order.into_iter().rev() {
            let slot = &wanted[i];
            let alike = rest
                .iter()
                .rposition(|value| value.memory_kind() == slot.memory_kind);
            let found = alike.map(|at| rest.remove(at));
            let found = found.filter(|value| value.bytes() >= slot.bytes);
            let new = || Value::new(handles, &format!("slot {i}"), slot.bytes, slot.memory_kind);
            taken[i] = Some(found.unwrap_or_else(new));
        }
        let taken = taken.into_iter().flatten().collect();
        Allotment { taken, rest }
    }

    /// Holds the values of an allotment for the next executable. A value that was
    /// too small is freed with the last executable that uses it.
    pub fn hold(&self, allotment: Allotment) {
        let all = allotment.taken.into_iter().chain(allotment.rest);
        *self.slots() = all.collect();
    }

    /// Keeps the runs of other executables from being submitted while the result is
    /// held. A run may take several submissions, and another run between them would
    /// overwrite the slots that it goes on to read. Whole runs may follow each other,
    /// since a device runs submissions in their order.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of all slots.
    pub fn bytes(&self) -> u64 {
        self.slots().iter().map(Value::bytes).sum()
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Value>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
