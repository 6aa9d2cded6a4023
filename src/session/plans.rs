//! The cache of compiled networks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::compiled_network::{CompiledNetwork, NetworkKey};

/// Compiled networks to keep, at most. Each holds its plan, and buffers for images
/// and outputs, but no weights and no activations.
const MOST: usize = 64;

/// Bytes of these buffers, at most. A single network above it is kept until
/// another takes its place, so that a steady run never plans twice.
const MOST_BYTES: u64 = 256 << 20;

/// Compiled networks, of which the least recently used goes first.
#[derive(Debug, Default)]
pub(super) struct Plans {
    /// The least recently used first.
    kept: Mutex<Vec<Arc<CompiledNetwork>>>,
    /// Held while a network is compiled, so that none is compiled twice.
    pub compiling: async_lock::Mutex<()>,
    made: AtomicUsize,
}

impl Plans {
    /// The network for `key`, if it is kept.
    pub fn find(&self, key: &NetworkKey) -> Option<Arc<CompiledNetwork>> {
        let mut kept = self.lock();
        let at = kept.iter().position(|compiled| compiled.key == *key)?;
        kept[at..].rotate_left(1);
        kept.last().cloned()
    }

    /// Keeps a network, and drops others that are too many.
    pub fn keep(&self, compiled: &Arc<CompiledNetwork>) {
        self.made.fetch_add(1, Ordering::Relaxed);
        let mut kept = self.lock();
        let mut bytes = own_bytes(compiled) + kept.iter().map(own_bytes).sum::<u64>();
        while !kept.is_empty() && (kept.len() + 1 > MOST || bytes > MOST_BYTES) {
            bytes -= own_bytes(&kept.remove(0));
        }
        kept.push(Arc::clone(compiled));
    }

    /// Drops all networks: they hold on to memory that was replaced by more.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The number of networks compiled so far.
    pub fn count(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<CompiledNetwork>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Device memory that a compiled network does not share.
fn own_bytes(compiled: &Arc<CompiledNetwork>) -> u64 {
    let executable = compiled.runner.executable();
    executable.map_or(0, |executable| executable.other_bytes())
}
