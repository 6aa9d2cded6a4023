//! Statistics of frame times, with inference and without.

use std::collections::VecDeque;
use std::time::Duration;

/// The number of frames of each kind that are kept: ten seconds at 60 frames a second.
const KEPT: usize = 600;

/// The number of frames that are ignored after a change. Work in flight then still belongs to the
/// time before.
const SETTLING: usize = 5;

/// The kinds of frames, with or without a part of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The application alone.
    Without,
    /// With inference.
    With,
}

/// The times of the last frames.
#[derive(Debug, Default)]
pub struct Frames {
    without: VecDeque<Duration>,
    with: VecDeque<Duration>,
    /// The frames of both kinds in their order, for the plot.
    recent: VecDeque<(Kind, Duration)>,
    last: Option<Kind>,
    settling: usize,
}

/// Statistics of frames of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub frames: usize,
    pub median: Duration,
    pub p99: Duration,
}

impl Frames {
    /// Adds the time of a frame, measured from its beginning to the next frame's.
    pub fn push(&mut self, kind: Kind, time: Duration) {
        if self.last != Some(kind) {
            self.last = Some(kind);
            self.settling = SETTLING;
        }
        if self.settling > 0 {
            self.settling -= 1;
            return;
        }
        keep(&mut self.recent, (kind, time));
        keep(self.of(kind), time);
    }

    /// Starts settling again. Frames after a pause or other work are not representative.
    pub fn interrupt(&mut self) {
        self.last = None;
    }

    /// Forgets the frames of a kind, because new ones would not be comparable.
    pub fn forget(&mut self, kind: Kind) {
        self.of(kind).clear();
        self.recent.retain(|(of, _)| *of != kind);
        self.last = None;
    }

    /// Returns the median and the 99th percentile of a kind, or `None` without frames of that kind.
    pub fn summary(&self, kind: Kind) -> Option<Summary> {
        let times = match kind {
            Kind::Without => &self.without,
            Kind::With => &self.with,
        };
        let mut sorted: Vec<Duration> = times.iter().copied().collect();
        sorted.sort();
        Some(Summary {
            frames: sorted.len(),
            median: percentile(&sorted, 50)?,
            p99: percentile(&sorted, 99)?,
        })
    }

    /// Returns the last frames of both kinds, the oldest first.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = (Kind, Duration)> + '_ {
        self.recent.iter().copied()
    }

    fn of(&mut self, kind: Kind) -> &mut VecDeque<Duration> {
        match kind {
            Kind::Without => &mut self.without,
            Kind::With => &mut self.with,
        }
    }
}

fn keep<T>(list: &mut VecDeque<T>, value: T) {
    if list.len() == KEPT {
        list.pop_front();
    }
    list.push_back(value);
}

/// Returns the smallest of the sorted values that at least `percent` % of the values do not exceed
/// (the nearest rank).
fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let hundred: Vec<Duration> = (1..=100).map(ms).collect();
        assert_eq!(percentile(&hundred, 50), Some(ms(50)));
        assert_eq!(percentile(&hundred, 99), Some(ms(99)));
        assert_eq!(percentile(&hundred[..3], 50), Some(ms(2)));
        assert_eq!(percentile(&hundred[..3], 99), Some(ms(3)));
        assert_eq!(percentile(&hundred[..1], 50), Some(ms(1)));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn kinds_are_kept_apart_and_changes_settle() {
        let mut frames = Frames::default();
        assert_eq!(frames.summary(Kind::With), None);
        for kind in [Kind::Without, Kind::With, Kind::Without] {
            // The first frames after a change are ignored.
            (0..SETTLING).for_each(|_| frames.push(kind, ms(500)));
            let time = if kind == Kind::With { 20 } else { 10 };
            (0..10).for_each(|_| frames.push(kind, ms(time)));
        }
        let (without, with) = (frames.summary(Kind::Without), frames.summary(Kind::With));
        let (without, with) = (without.unwrap(), with.unwrap());
        assert_eq!((without.frames, without.p99), (20, ms(10)));
        assert_eq!((with.frames, with.median), (10, ms(20)));
        assert_eq!(frames.recent().count(), 30);
        frames.forget(Kind::With);
        assert_eq!(frames.summary(Kind::With), None);
        assert_eq!(frames.recent().count(), 20);
    }

    #[test]
    fn the_oldest_go_and_a_pause_is_no_frame() {
        let mut frames = Frames::default();
        (0..2 * KEPT as u64).for_each(|i| frames.push(Kind::Without, ms(i)));
        let summary = frames.summary(Kind::Without).unwrap();
        assert_eq!(summary.frames, KEPT);
        assert!(summary.median > ms(KEPT as u64));
        frames.interrupt();
        frames.push(Kind::Without, ms(1_000_000));
        assert!(frames.summary(Kind::Without).unwrap().p99 < ms(1_000_000));
    }
}
