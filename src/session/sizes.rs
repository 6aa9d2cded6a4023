//! One network for images of several sizes.

use std::collections::VecDeque;

use super::{Session, SessionOptions};
use crate::error::Error;
use crate::gpu::{Gpu, GpuError, Images};
use crate::model::Model;

/// Height and width of an image, in pixels.
type Size = (usize, usize);

/// Sessions that are kept for sizes that may come again, at most: each holds its
/// plan, and room for its images on their way, but no weights and no
/// activations.
const KEPT: usize = 64;

/// Bytes of that room for all of them, about.
const KEPT_BYTES: u64 = 256 << 20;

/// One model on one device for images of any size that the network admits, as a
/// fully convolutional network is tested on (He 2015, section 3.4). A session
/// is made at the first image of a size; all share weights, kernels and the
/// memory of the activations ([`Session::resized`]), of which there is as much as
/// the largest size needs.
///
/// ```no_run
/// use resnet_wgpu::gpu::{DeviceSelector, Gpu};
/// use resnet_wgpu::model::Model;
/// use resnet_wgpu::session::{SessionOptions, Sizes};
///
/// let gpu = Gpu::new(&DeviceSelector::Auto)?;
/// let model = Model::embedded()?;
/// let mut sizes = Sizes::new(Some(&gpu), &model, &SessionOptions::default())?;
/// for (h, w) in [(32, 32), (40, 53)] {
///     let image = vec![0.0; h * w * 4];
///     sizes.start((h, w), &image[..])?;
///     sizes.finish(|output, logits| println!("{output}: {logits:?}"))?;
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
pub struct Sizes {
    model: Model,
    /// The first is never dropped; of the others, the least recently used comes
    /// first.
    sessions: Vec<(Size, Session)>,
    /// The sizes of the batches in flight, oldest first.
    started: VecDeque<Size>,
    made: usize,
}

impl Sizes {
    /// Sets up `model` on `gpu`, or on the CPU twin where that is `None`, for
    /// images of the size in `options`, and of others when they come.
    pub fn new(gpu: Option<&Gpu>, model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let session = match gpu {
            Some(gpu) => Session::new(gpu, model, options)?,
            None => Session::cpu(model, options)?,
        };
        let input = session.graph().input_shape();
        Ok(Self {
            model: model.clone(),
            started: VecDeque::with_capacity(session.max_in_flight()),
            sessions: vec![((input.h, input.w), session)],
            made: 1,
        })
    }

    /// The session for the size that was asked for first.
    pub fn first(&self) -> &Session {
        // `new` made it, and it is never dropped.
        &self.sessions[0].1
    }

    /// The session for images of that height and width.
    ///
    /// # Errors
    /// As [`Session::resized`], where it has to be made.
    pub fn at(&mut self, size: Size) -> Result<&Session, Error> {
        let at = self.find(size)?;
        Ok(&self.sessions[at].1)
    }

    /// How many sessions have been made so far; a size that comes again after
    /// many others have is made again.
    pub fn made(&self) -> usize {
        self.made
    }

    /// Batches that were started and not finished.
    pub fn in_flight(&self) -> usize {
        self.started.len()
    }

    /// Batches that may be in flight, of whatever sizes.
    pub fn max_in_flight(&self) -> usize {
        self.first().max_in_flight()
    }

    /// Starts a batch of images of one size, as [`Session::start`] takes it.
    ///
    /// # Errors
    /// [`GpuError::Busy`] where as many are in flight as may be; as
    /// [`Sizes::at`] and [`Session::start`].
    pub fn start<'a>(&mut self, size: Size, input: impl Into<Images<'a>>) -> Result<(), Error> {
        if self.started.len() == self.max_in_flight() {
            return Err(GpuError::Busy(self.started.len()).into());
        }
        let at = self.find(size)?;
        self.sessions[at].1.start(input)?;
        self.started.push_back(size);
        Ok(())
    }

    /// Waits for the oldest batch in flight and hands its outputs to `read`, as
    /// [`Session::finish`] does.
    ///
    /// # Errors
    /// [`GpuError::Idle`] where none is in flight; as [`Session::finish`].
    pub fn finish(&mut self, read: impl FnMut(usize, &[f32])) -> Result<(), Error> {
        let size = self.started.pop_front().ok_or(GpuError::Idle)?;
        let at = self.sessions.iter().position(|(s, _)| *s == size);
        // A session with a batch in flight is not dropped.
        let at = at.ok_or(GpuError::Idle)?;
        self.sessions[at].1.finish(read)
    }

    /// The place of the session for that size, made where there is none.
    fn find(&mut self, size: Size) -> Result<usize, Error> {
        if let Some(at) = self.sessions.iter().position(|(s, _)| *s == size) {
            if at > 0 {
                self.sessions[at..].rotate_left(1);
            }
            return Ok(match at {
                0 => 0,
                _ => self.sessions.len() - 1,
            });
        }
        let before = self.first().shared_bytes();
        let made = self.first().resized(&self.model, size)?;
        self.made += 1;
        let idle = |session: &Session| session.in_flight() == 0;
        if made.shared_bytes().1 > before.1 {
            // These hold on to the smaller memory that has been replaced.
            let mut at = 0;
            self.sessions.retain(|(_, session)| {
                at += 1;
                at == 1 || !idle(session)
            });
        }
        let bytes = |(_, session): &(Size, Session)| session.other_bytes();
        let mut held: u64 = self.sessions.iter().map(bytes).sum();
        while self.sessions.len() > KEPT || held > KEPT_BYTES {
            let least = (1..self.sessions.len()).find(|&i| idle(&self.sessions[i].1));
            let Some(least) = least else { break };
            held -= bytes(&self.sessions.remove(least));
        }
        self.sessions.push((size, made));
        Ok(self.sessions.len() - 1)
    }
}
