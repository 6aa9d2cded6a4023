//! Activation slots: a few buffers that values occupy one after another.
//!
//! wgpu tracks whole buffers, and a dispatch cannot write a buffer that it also reads. Values
//! therefore share a buffer only one after the other, never at the same time.
//!
//! Assigning values to slots is interval colouring with sizes. The problem is hard in general but
//! easy for networks: a few greedy orders usually find an assignment at or near the live peak.

use super::Slot;
use crate::kernels::MemoryKind;
use crate::mix::mix;

/// Size and lifetime of a value. Time is counted in dispatches of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetime {
    /// The first dispatch that writes the value.
    pub first: usize,
    /// The last dispatch that uses the value.
    pub last: usize,
    /// Size of the value in bytes.
    pub bytes: u64,
    /// Memory kind of the value. Values share a slot only with values of the same kind.
    pub memory_kind: MemoryKind,
}

/// An assignment of values to slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    /// For each value, its slot.
    pub slot_of: Vec<usize>,
    /// The slots.
    pub slots: Vec<Slot>,
    /// Maximum number of bytes that are live at the same time.
    pub live_peak: u64,
}

impl Assignment {
    /// Returns the size of all slots together in bytes.
    pub fn total(&self) -> u64 {
        self.slots.iter().map(|slot| slot.bytes).sum()
    }
}

/// Number of orders to try before accepting the best assignment found.
const ATTEMPTS: u64 = 64;

/// Assigns slots to values. The result depends only on `values`.
pub(super) fn assign(values: &[Lifetime]) -> Assignment {
    let live_peak = live_peak(values);
    let mut by_time: Vec<usize> = (0..values.len()).collect();
    by_time.sort_by_key(|&i| (values[i].first, i));
    let mut by_size = by_time.clone();
    by_size.sort_by_key(|&i| std::cmp::Reverse(values[i].bytes));

    let mut best = greedy(values, &by_size, live_peak);
    for attempt in 0..ATTEMPTS {
        if best.total() <= live_peak {
            break;
        }
        // Large values first; values of equal size in a shuffled order.
        let mut order = by_size.clone();
        order.sort_by_key(|&i| {
            // The shuffle has fixed seeds, because plans must not change between runs.
            let key = mix(attempt << 32 | i as u64);
            (std::cmp::Reverse(values[i].bytes), key)
        });
        let found = greedy(values, &order, live_peak);
        if found.total() < best.total() {
            best = found;
        }
    }
    best
}

fn live_peak(values: &[Lifetime]) -> u64 {
    let end = values.iter().map(|v| v.last + 1).max().unwrap_or(0);
    let mut change = vec![0i128; end + 1];
    for v in values {
        change[v.first] += i128::from(v.bytes);
        change[v.last + 1] -= i128::from(v.bytes);
    }
    let mut live = 0;
    let peaks = change.iter().map(|c| {
        live += c;
        live
    });
    u64::try_from(peaks.max().unwrap_or(0)).unwrap_or(0)
}

/// Assigns slots to values in the given order.
///
/// Each value goes to the free slot that has to grow least, and among equal slots to the one that
/// was idle for the shortest time. A value for which no slot is free gets a new slot.
fn greedy(values: &[Lifetime], order: &[usize], live_peak: u64) -> Assignment {
    struct Occupancy {
        slot: Slot,
        /// Lifetimes of the slot's values, sorted. They do not overlap.
        busy: Vec<(usize, usize)>,
    }
    let mut slots: Vec<Occupancy> = Vec::new();
    let mut slot_of = vec![0; values.len()];
    for &i in order {
        let v = values[i];
        let mut best: Option<(u64, usize, usize, usize)> = None;
        for (s, slot) in slots.iter().enumerate() {
            if slot.slot.memory_kind != v.memory_kind {
                continue;
            }
            let at = slot.busy.partition_point(|b| b.0 < v.first);
            let before = at.checked_sub(1).map(|p| slot.busy[p].1);
            let after = slot.busy.get(at).map(|b| b.0);
            if before.is_some_and(|end| end >= v.first) || after.is_some_and(|next| next <= v.last)
            {
                continue;
            }
            let grow = v.bytes.saturating_sub(slot.slot.bytes);
            let idle = v.first - before.map_or(0, |end| end + 1);
            let key = (grow, idle, s, at);
            if best.is_none_or(|b| key < b) {
                best = Some(key);
            }
        }
        let span = (v.first, v.last);
        match best {
            Some((grow, _, s, at)) if grow < v.bytes => {
                slots[s].slot.bytes += grow;
                slots[s].busy.insert(at, span);
                slot_of[i] = s;
            }
            _ => {
                slot_of[i] = slots.len();
                slots.push(Occupancy {
                    slot: Slot {
                        bytes: v.bytes,
                        memory_kind: v.memory_kind,
                    },
                    busy: vec![span],
                });
            }
        }
    }
    Assignment {
        slot_of,
        slots: slots.into_iter().map(|occupancy| occupancy.slot).collect(),
        live_peak,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Scalar;
    use crate::mix::STEP;

    fn check(values: &[Lifetime]) -> Assignment {
        let a = assign(values);
        for (i, v) in values.iter().enumerate() {
            let slot = a.slots[a.slot_of[i]];
            assert!(slot.bytes >= v.bytes && slot.memory_kind == v.memory_kind);
            for (j, w) in values.iter().enumerate().skip(i + 1) {
                let overlap = v.first <= w.last && w.first <= v.last;
                assert!(!overlap || a.slot_of[i] != a.slot_of[j], "{i} and {j}");
            }
        }
        a
    }

    #[test]
    fn values_that_meet_never_share() {
        let mut state = 1u64;
        let mut next = |n: u64| {
            state = mix(state.wrapping_add(STEP));
            state % n
        };
        for _ in 0..200 {
            let values: Vec<_> = (0..1 + next(40) as usize)
                .map(|first| Lifetime {
                    first,
                    last: first + next(6) as usize,
                    bytes: 16 << next(5),
                    memory_kind: match next(2) {
                        0 => MemoryKind::Buffer,
                        _ => MemoryKind::Texture(Scalar::F16),
                    },
                })
                .collect();
            let a = check(&values);
            assert!(a.total() >= a.live_peak);
        }
    }

    #[test]
    fn a_chain_ping_pongs() {
        let chain: Vec<_> = (0..10)
            .map(|i| Lifetime {
                first: i,
                last: i + 1,
                bytes: 64,
                memory_kind: MemoryKind::Buffer,
            })
            .collect();
        let a = check(&chain);
        assert_eq!((a.slots.len(), a.live_peak), (2, 128));
    }
}
