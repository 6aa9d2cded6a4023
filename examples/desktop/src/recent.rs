//! A list of recently used ids with a limited length.

use std::collections::VecDeque;

/// The ids of the last few items that were used.
pub struct Recent {
    /// The ids, the oldest first.
    order: VecDeque<u64>,
    most: usize,
}

impl Recent {
    pub fn new(most: usize) -> Self {
        let order = VecDeque::new();
        Self { order, most }
    }

    /// Marks an id as used. Returns the id that no longer fits, if any.
    pub fn used(&mut self, id: u64) -> Option<u64> {
        self.forget(id);
        self.order.push_back(id);
        if self.order.len() > self.most {
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
    fn what_was_not_used_for_longest_goes() {
        let mut recent = Recent::new(2);
        assert_eq!([1, 2, 1].map(|id| recent.used(id)), [None; 3]);
        assert_eq!(recent.used(3), Some(2));
        assert_eq!(recent.used(3), None);
        assert_eq!(recent.used(4), Some(1));
        recent.forget(3);
        assert_eq!(recent.used(5), None);
        recent.clear();
        assert_eq!([6, 7].map(|id| recent.used(id)), [None; 2]);
    }
}
