//! Statistics of frame times, with inference and without.

use std::collections::VecDeque;
use std::time::Duration;

/// The number of frames of each kind that are kept: ten seconds at 60 frames a second.
const HISTORY_FRAMES: usize = 600;

/// The number of frames that are ignored after a change. Work in flight then still belongs to the
/// time before.
const SETTLING_FRAMES: usize = 5;

/// The kinds of frames, with or without a part of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
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
    recent: VecDeque<(FrameKind, Duration)>,
    last: Option<FrameKind>,
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
    pub fn push(&mut self, kind: FrameKind, time: Duration) {
        if self.last != Some(kind) {
            self.last = Some(kind);
            self.settling = SETTLING_FRAMES;
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
    pub fn forget(&mut self, kind: FrameKind) {
        self.of(kind).clear();
        self.recent.retain(|(of, _)| *of != kind);
        self.last = None;
    }

    /// Returns the median and the 99th percentile of a kind, or `None` without frames of that kind.
    pub fn summary(&self, kind: FrameKind) -> Option<Summary> {
        let times = match kind {
            FrameKind::Without => &self.without,
            FrameKind::With => &self.with,
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
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = (FrameKind, Duration)> + '_ {
        self.recent.iter().copied()
    }

    fn of(&mut self, kind: FrameKind) -> &mut VecDeque<Duration> {
        match kind {
            FrameKind::Without => &mut self.without,
            FrameKind::With => &mut self.with,
        }
    }
}

fn keep<T>(list: &mut VecDeque<T>, value: T) {
    if list.len() == HISTORY_FRAMES {
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
    fn kinds_are_counted_separately_and_changes_settle() {
        let mut frames = Frames::default();
        assert_eq!(frames.summary(FrameKind::With), None);
        for kind in [FrameKind::Without, FrameKind::With, FrameKind::Without] {
            // The first frames after a change are ignored.
            (0..SETTLING_FRAMES).for_each(|_| frames.push(kind, ms(500)));
            let time = if kind == FrameKind::With { 20 } else { 10 };
            (0..10).for_each(|_| frames.push(kind, ms(time)));
        }
        let without = frames.summary(FrameKind::Without).unwrap();
        let with = frames.summary(FrameKind::With).unwrap();
        assert_eq!((without.frames, without.p99), (20, ms(10)));
        assert_eq!((with.frames, with.median), (10, ms(20)));
        assert_eq!(frames.recent().count(), 30);
        frames.forget(FrameKind::With);
        assert_eq!(frames.summary(FrameKind::With), None);
        assert_eq!(frames.recent().count(), 20);
    }

    #[test]
    fn the_oldest_frames_are_dropped_and_a_pause_is_no_frame() {
        let mut frames = Frames::default();
        (0..2 * HISTORY_FRAMES as u64).for_each(|i| frames.push(FrameKind::Without, ms(i)));
        let summary = frames.summary(FrameKind::Without).unwrap();
        assert_eq!(summary.frames, HISTORY_FRAMES);
        assert!(summary.median > ms(HISTORY_FRAMES as u64));
        frames.interrupt();
        frames.push(FrameKind::Without, ms(1_000_000));
        assert!(frames.summary(FrameKind::Without).unwrap().p99 < ms(1_000_000));
    }
}
