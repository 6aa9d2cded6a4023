//! GPU times from timestamps at the borders of passes. Every backend with timestamp queries can
//! write timestamps there.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::readback::Readback;
use super::{GpuError, Handles};

/// The clock that measured GPU time.
///
/// ```no_run
/// use resnet_wgpu::low_level::gpu::{Clock, Timeline};
///
/// # fn example(timeline: &Timeline) {
/// let clock = match timeline.clock {
///     Clock::Timestamps => "the GPU's own clock",
///     Clock::Wall => "the host's clock",
/// };
/// println!("{:?} by {clock}", timeline.gpu_time());
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Timestamps that the GPU wrote.
    Timestamps,
    /// The host's clock around a submission and the wait for its end, used if the adapter has no
    /// timestamps. The time includes the round trip to the device.
    Wall,
}

/// The granularity of a timed run ([`Session::timed_run`](crate::session::Session::timed_run)).
///
/// ```no_run
/// use resnet_wgpu::low_level::gpu::SpanKind;
/// use resnet_wgpu::{DeviceSelector, Gpu, Model, Session, SessionOptions};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// let session = Session::new(&gpu, &Model::embedded()?, &SessionOptions::default())?;
/// let image = vec![0.0_f32; session.input_len()];
/// if let Some(timeline) = session.timed_run(&image, SpanKind::Submissions)? {
///     println!("{:?} on the GPU", timeline.gpu_time());
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// One span for each step of the plan, each in a pass of its own.
    Steps,
    /// One span for each submission of the plan, as one pass, like an untimed run.
    Submissions,
}

/// A span of time, measured from the start of its timeline.
///
/// ```
/// use std::time::Duration;
/// use resnet_wgpu::low_level::gpu::Span;
///
/// let (begin, end) = (Duration::from_micros(3), Duration::from_micros(10));
/// assert_eq!(Span { begin, end }.duration(), Duration::from_micros(7));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The begin of the span.
    pub begin: Duration,
    /// The end of the span.
    pub end: Duration,
}

impl Span {
    /// Returns the length of the span.
    pub fn duration(&self) -> Duration {
        self.end.saturating_sub(self.begin)
    }
}

/// One run on two clocks: the host's clock, and the GPU's clock shifted so that its first span
/// starts at the first submission on the host's clock. [`Session::timed_run`] returns a timeline.
///
/// [`Session::timed_run`]: crate::session::Session::timed_run
///
/// ```no_run
/// use resnet_wgpu::low_level::gpu::SpanKind;
/// use resnet_wgpu::{DeviceSelector, Gpu, Model, Session, SessionOptions};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// let session = Session::new(&gpu, &Model::embedded()?, &SessionOptions::default())?;
/// let image = vec![0.0_f32; session.input_len()];
/// if let (Some(plan), Some(timeline)) =
///     (session.plan(), session.timed_run(&image, SpanKind::Steps)?)
/// {
///     for (step, span) in plan.steps.iter().zip(&timeline.gpu) {
///         println!("{:24} {:?}", step.label(), span.duration());
///     }
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// The clock that measured the GPU's spans.
    pub clock: Clock,
    /// Time in which the host uploads the input.
    pub upload: Span,
    /// Time in which the host records commands.
    pub record: Span,
    /// Time in which the host submits the commands.
    pub submit: Span,
    /// Time in which the host waits.
    pub wait: Span,
    /// The GPU's spans: one for each step or submission.
    pub gpu: Vec<Span>,
}

impl Timeline {
    /// Creates a timeline from the times at which the host had uploaded, recorded, submitted and
    /// waited.
    pub(super) fn new(
        clock: Clock,
        [uploaded, recorded, submitted]: [Duration; 3],
        waited: Duration,
        gpu: Vec<Span>,
    ) -> Self {
        let span = |begin, end| Span { begin, end };
        Self {
            clock,
            upload: span(Duration::ZERO, uploaded),
            record: span(uploaded, recorded),
            submit: span(recorded, submitted),
            wait: span(submitted, waited),
            gpu,
        }
    }

    /// Returns the sum of the GPU's spans.
    pub fn gpu_time(&self) -> Duration {
        self.gpu.iter().map(Span::duration).sum()
    }
}

/// The largest number of spans in a query set. A span needs two queries, so the number is half of
/// WebGPU's limit for a query set.
const SPANS_OF_A_SET: usize = wgpu::QUERY_SET_MAX_QUERIES as usize / 2;

/// Bytes of a span's two timestamps.
const SPAN_BYTES: u64 = 2 * wgpu::QUERY_SIZE as u64;

/// Query sets for a number of spans, and the buffers that bring their timestamps to the host.
#[derive(Debug)]
pub(super) struct Timestamps {
    sets: Vec<wgpu::QuerySet>,
    resolved: wgpu::Buffer,
    readback: Readback,
    spans: usize,
    /// Nanoseconds per tick.
    period: f64,
}

impl Timestamps {
    /// Creates query sets for `spans` spans, or returns `None` if the device has no timestamps.
    pub fn new(handles: &Handles, spans: usize) -> Result<Option<Self>, GpuError> {
        let device = handles.device();
        if !device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Ok(None);
        }
        let bytes = spans as u64 * SPAN_BYTES;
        handles.watch(2 * bytes, || {
            let set = |first: usize| {
                device.create_query_set(&wgpu::QuerySetDescriptor {
                    label: Some("timestamps"),
                    ty: wgpu::QueryType::Timestamp,
                    count: 2 * (spans - first).min(SPANS_OF_A_SET) as u32,
                })
            };
            Some(Self {
                sets: (0..spans).step_by(SPANS_OF_A_SET).map(set).collect(),
                resolved: device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some("timestamps"),
                    size: bytes,
                    usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                    mapped_at_creation: false,
                }),
                readback: Readback::new(handles, bytes),
                spans,
                period: f64::from(handles.queue().get_timestamp_period()),
            })
        })
    }

    /// Returns the number of spans.
    pub fn spans(&self) -> usize {
        self.spans
    }

    /// Returns the timestamp writes of the pass that is span `i`.
    pub fn writes(&self, i: usize) -> wgpu::ComputePassTimestampWrites<'_> {
        let at = 2 * (i % SPANS_OF_A_SET) as u32;
        wgpu::ComputePassTimestampWrites {
            query_set: &self.sets[i / SPANS_OF_A_SET],
            beginning_of_pass_write_index: Some(at),
            end_of_pass_write_index: Some(at + 1),
        }
    }

    /// Records the copies of all timestamps to a buffer that the host can read.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        for (i, set) in self.sets.iter().enumerate() {
            let first = i * SPANS_OF_A_SET;
            let queries = 2 * (self.spans - first).min(SPANS_OF_A_SET) as u32;
            encoder.resolve_query_set(set, 0..queries, &self.resolved, first as u64 * SPAN_BYTES);
        }
        let bytes = self.spans as u64 * SPAN_BYTES;
        encoder.copy_buffer_to_buffer(&self.resolved, 0, self.readback.buffer(), 0, bytes);
        self.readback.map(encoder, bytes, None);
    }

    /// Waits for the submission and returns the spans, measured from the begin of the first span.
    ///
    /// # Errors
    /// [`GpuError::Clock`] if the timestamps run backwards.
    pub fn read(
        &self,
        handles: &Handles,
        submitted: wgpu::SubmissionIndex,
    ) -> Result<Vec<Span>, GpuError> {
        let mut spans = None;
        let bytes = self.spans as u64 * SPAN_BYTES;
        self.readback.read(handles, submitted, bytes, |bytes| {
            let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(bytes);
            spans = since_first(&ticks, self.period);
        })?;
        spans.ok_or_else(|| GpuError::Clock {
            device: handles.describe(),
        })
    }
}

/// Converts pairs of ticks to spans measured from the first tick. Returns `None` if time runs
/// backwards.
fn since_first(ticks: &[u64], period: f64) -> Option<Vec<Span>> {
    let origin = *ticks.first()?;
    let at = |tick: u64| {
        let since = tick.checked_sub(origin)?;
        Some(Duration::from_nanos((since as f64 * period) as u64))
    };
    let spans = ticks.chunks_exact(2).map(|pair| {
        let (begin, end) = (at(pair[0])?, at(pair[1])?);
        (begin <= end).then_some(Span { begin, end })
    });
    spans.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_become_spans() {
        let ns = Duration::from_nanos;
        let span = |begin, end| Span {
            begin: ns(begin),
            end: ns(end),
        };
        let found = since_first(&[100, 110, 112, 120], 2.5);
        assert_eq!(found, Some(vec![span(0, 25), span(30, 50)]));
        assert_eq!(since_first(&[100, 90], 1.0), None);
        assert_eq!(since_first(&[100, 110, 50, 60], 1.0), None);
    }

    #[test]
    fn a_timeline_follows_the_host() {
        let us = Duration::from_micros;
        let gpu = vec![Span {
            begin: us(3),
            end: us(10),
        }];
        let t = Timeline::new(Clock::Timestamps, [us(1), us(3), us(4)], us(12), gpu);
        assert_eq!((t.submit.begin, t.submit.end), (us(3), us(4)));
        assert_eq!((t.gpu_time(), t.wait.duration()), (us(7), us(8)));
    }
}
