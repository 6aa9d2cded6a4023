//! A list of recently used ids with a limited length.

use std::collections::VecDeque;

/// The ids of the last few items that were used.
pub struct RecentIds {
    /// The ids, the oldest first.
    order: VecDeque<u64>,
    capacity: usize,
}

impl RecentIds {
    pub fn new(capacity: usize) -> Self {
        let order = VecDeque::new();
        Self { order, capacity }
    }

    /// Marks an id as used. Returns the id that no longer fits, if any.
    pub fn mark_used(&mut self, id: u64) -> Option<u64> {
        self.forget(id);
        self.order.push_back(id);
        if self.order.len() > self.capacity {
            self.order.pop_front()
        } else {
            None
        }
    }

    pub fn forget(&mut self, id: u64) {
        self.order.retain(|other| *other != id);
    }

    pub fn clear(&mut self) {
        self.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_id_is_removed() {
        let mut recent = RecentIds::new(2);
        assert_eq!([1, 2, 1].map(|id| recent.mark_used(id)), [None; 3]);
        assert_eq!(recent.mark_used(3), Some(2));
        assert_eq!(recent.mark_used(3), None);
        assert_eq!(recent.mark_used(4), Some(1));
        recent.forget(3);
        assert_eq!(recent.mark_used(5), None);
        recent.clear();
        assert_eq!([6, 7].map(|id| recent.mark_used(id)), [None; 2]);
    }
}
