//! One network for images of several sizes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Session, SessionOptions};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::kernels::InputForm;
use crate::model::Model;

/// Height and width of an image, in pixels.
type Size = (usize, usize);

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    size: Size,
    /// Images are given as normalised floats, whatever the others take.
    floats: bool,
    /// One image at a time, whatever the others take.
    one: bool,
}

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
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// let model = Model::embedded()?;
/// let sizes = Sizes::new(Some(&gpu), &model, &SessionOptions::default())?;
/// for (h, w) in [(32, 32), (40, 53)] {
///     let image = vec![0.0; h * w * 4];
///     let run = sizes.at((h, w))?.start(&image[..])?;
///     run.finish(|output, logits| println!("{output}: {logits:?}"))?;
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
pub struct Sizes {
    model: Model,
    first: (Size, Session),
    others: Mutex<Others>,
}

/// Sessions for other sizes than the first.
#[derive(Debug, Default)]
struct Others {
    /// The least recently used comes first.
    sessions: Vec<(Kind, Session)>,
    made: usize,
}

impl Sizes {
    /// Sets up `model` on `gpu`, or on the CPU twin where that is `None`, for
    /// images of the size in `options`, and of others when they come.
    ///
    /// # Errors
    /// As [`Session::new`] or [`Session::cpu`].
    pub fn new(gpu: Option<&Gpu>, model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let session = match gpu {
            Some(gpu) => Session::new(gpu, model, options)?,
            None => Session::cpu(model, options)?,
        };
        Ok(Self::around(model, session))
    }

    /// The same model on the same device for other options that weights do not
    /// depend on: what can be shared is.
    pub(crate) fn beside(&self, change: impl FnOnce(&mut SessionOptions)) -> Result<Self, Error> {
        let session = self.first().beside(&self.model, change)?;
        Ok(Self::around(&self.model, session))
    }

    fn around(model: &Model, session: Session) -> Self {
        let input = session.graph().input_shape();
        Self {
            model: model.clone(),
            first: ((input.h, input.w), session),
            others: Mutex::default(),
        }
    }

    /// The session for the size that was asked for first.
    pub fn first(&self) -> &Session {
        &self.first.1
    }

    /// How many sessions have been made so far; a size that comes again after
    /// many others have is made again.
    pub fn made(&self) -> usize {
        1 + self.others().made
    }

    /// The session for images of that height and width. Others wait while one is
    /// made.
    ///
    /// # Errors
    /// As [`Session::resized`], where it has to be made.
    pub fn at(&self, size: Size) -> Result<Session, Error> {
        self.of(Kind {
            size,
            floats: false,
            one: false,
        })
    }

    /// The same for one image, which is not to take as long as a batch.
    pub(crate) fn one(&self, size: Size) -> Result<Session, Error> {
        self.of(Kind {
            size,
            floats: false,
            one: self.first().batch() > 1,
        })
    }

    /// The same for one image of normalised floats.
    pub(crate) fn floats(&self, size: Size) -> Result<Session, Error> {
        self.of(Kind {
            size,
            floats: self.first().input() != InputForm::F32,
            one: self.first().batch() > 1,
        })
    }

    fn of(&self, kind: Kind) -> Result<Session, Error> {
        let usual = Kind {
            size: self.first.0,
            floats: false,
            one: false,
        };
        if kind == usual {
            return Ok(self.first.1.clone());
        }
        let mut others = self.others();
        let sessions = &mut others.sessions;
        if let Some(at) = sessions.iter().position(|(k, _)| *k == kind) {
            sessions[at..].rotate_left(1);
            let (_, session) = &sessions[sessions.len() - 1];
            return Ok(session.clone());
        }
        let before = self.first().shared_bytes();
        let first = self.first();
        let made = first.beside(&self.model, |options| {
            options.input_size = Some(kind.size);
            if kind.floats {
                options.input = InputForm::F32;
            }
            if kind.one {
                options.batch = 1;
            }
        })?;
        if made.shared_bytes().1 > before.1 {
            // These hold on to the smaller memory that has been replaced.
            sessions.clear();
        }
        let mut held = made.other_bytes();
        held += (sessions.iter()).map(|(_, s)| s.other_bytes()).sum::<u64>();
        while !sessions.is_empty() && (sessions.len() + 2 > KEPT || held > KEPT_BYTES) {
            held -= sessions.remove(0).1.other_bytes();
        }
        sessions.push((kind, made.clone()));
        others.made += 1;
        Ok(made)
    }

    fn others(&self) -> MutexGuard<'_, Others> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
