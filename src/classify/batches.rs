//! Many pictures through a classifier, a batch at a time.

use std::collections::VecDeque;

use super::{Classifier, Scores, bytes, size_of};
use crate::error::Error;
use crate::gpu::GpuError;
use crate::preprocess::RgbImage;
use crate::session::{Run, Session};

/// Fills batches for a [`Classifier`] crop by crop, and keeps several of them in
/// flight: for a folder of pictures, where throughput counts. Each thread that
/// feeds a device has its own.
///
/// ```no_run
/// use resnet_wgpu::classify::{Batches, Classifier, ClassifierOptions, Scores};
/// use resnet_wgpu::model::Model;
/// use resnet_wgpu::preprocess::{ImageLimits, decode_file};
///
/// let options = ClassifierOptions { batch: 8, ..Default::default() };
/// let classifier = Classifier::new(None, &Model::embedded()?, &options)?;
/// let mut batches = Batches::new(&classifier);
/// let mut scores = Scores::default();
/// for path in ["cat.jpg", "dog.jpg"] {
///     let photo = decode_file(path, &ImageLimits::default())?;
///     let crop = classifier.preprocess().crop_image(&photo)?;
///     if batches.push_crop(&crop)? {
///         batches.start()?;
///         batches.finish(&mut scores)?;
///     }
/// }
/// for i in 0..batches.run()?.images() { /* … */ }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
pub struct Batches {
    classifier: Classifier,
    /// For crops of the size that the next batch has.
    session: Session,
    /// Crops of the next batch: their bytes go to the device, which normalises
    /// them.
    input: Vec<u8>,
    filled: usize,
    /// Height and width of the crops of the next batch.
    size: (usize, usize),
    /// Batches in flight, oldest first.
    started: VecDeque<Run>,
}

impl Batches {
    /// For that classifier, with nothing pushed yet.
    pub fn new(classifier: &Classifier) -> Self {
        let session = classifier.session();
        let input = session.graph().input_shape();
        Self {
            classifier: classifier.clone(),
            input: vec![0; session.batch() * session.input_len()],
            size: (input.h, input.w),
            started: VecDeque::with_capacity(session.max_in_flight()),
            session,
            filled: 0,
        }
    }

    /// The classifier that it is for.
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// Makes sure that crops of this one's size can be run: whether a network
    /// admits a size, and a device has room for it, shows only there.
    ///
    /// # Errors
    /// As [`Session::resized`].
    pub fn admit(&self, crop: &RgbImage) -> Result<(), Error> {
        self.classifier.place().sizes.at(size_of(crop)).map(|_| ())
    }

    /// Whether this crop fits to those that were pushed: they must be of one
    /// size, and no more than a batch.
    pub fn accepts(&self, crop: &RgbImage) -> bool {
        let alike = self.size == size_of(crop);
        let room = self.input.len() / bytes(self.size).max(1);
        self.filled == 0 || alike && self.filled < room
    }

    /// Adds a view of a picture to the next batch; true when the batch is full,
    /// and [`Batches::run`] or [`Batches::start`] is due.
    ///
    /// # Errors
    /// [`Error::InputShape`] for a crop that the batch does not
    /// [accept](Self::accepts), and one of another size than the usual, unless
    /// the views are [`Views::Scales`](crate::preprocess::Views::Scales).
    pub fn push_crop(&mut self, crop: &RgbImage) -> Result<bool, Error> {
        let size = size_of(crop);
        let (h, w) = self.classifier.preprocess().crop;
        if !self.classifier.views().any_size() && crop.dimensions() != (w, h) {
            return Err(Error::InputShape {
                expected: format!("a crop of {h} rows and {w} columns"),
                found: vec![size.0, size.1],
            });
        }
        if !self.accepts(crop) {
            let (h, w) = self.size;
            let (most, n) = (self.input.len() / bytes(self.size).max(1), self.filled);
            return Err(Error::InputShape {
                expected: format!("a batch of at most {most} crops of {h} rows and {w} columns"),
                found: vec![n + 1, size.0, size.1],
            });
        }
        let each = bytes(size);
        if self.filled == 0 {
            // After a change of device, another.
            self.session = self.classifier.place().sizes.at(size)?;
            self.input.resize(self.session.batch() * each, 0);
            self.size = size;
        }
        let at = self.filled * each;
        self.input[at..at + each].copy_from_slice(crop.as_raw());
        self.filled += 1;
        Ok(at + 2 * each > self.input.len())
    }

    /// Images that wait for [`Batches::run`] or [`Batches::start`].
    pub fn pending(&self) -> usize {
        self.filled
    }

    /// Batches that were started and not finished.
    pub fn in_flight(&self) -> usize {
        self.started.len()
    }

    /// Batches that may be started before the first is finished.
    pub fn max_in_flight(&self) -> usize {
        self.session.max_in_flight()
    }

    /// Runs the pictures that were pushed, in their order, and empties the
    /// batch.
    ///
    /// # Errors
    /// [`GpuError::Busy`] where batches are in flight.
    pub fn run(&mut self) -> Result<Scores, Error> {
        if self.in_flight() > 0 {
            return Err(GpuError::Busy(self.in_flight()).into());
        }
        let mut scores = Scores {
            classes: self.classifier.0.classes,
            ..Default::default()
        };
        if self.filled > 0 {
            self.start()?;
            self.finish(&mut scores)?;
        }
        Ok(scores)
    }

    /// Starts the pictures that were pushed and empties the batch, which can
    /// be filled anew while they are computed. Up to
    /// [`ClassifierOptions::in_flight`](super::ClassifierOptions::in_flight)
    /// batches may be started before the first is finished.
    pub fn start(&mut self) -> Result<(), Error> {
        if self.in_flight() == self.max_in_flight() {
            return Err(GpuError::Busy(self.in_flight()).into());
        }
        let input = &self.input[..self.filled * bytes(self.size)];
        // Pictures that a device has refused are no longer waiting for it.
        self.filled = 0;
        // Other threads may share the session.
        self.started.push_back(self.session.start_in_turn(input)?);
        Ok(())
    }

    /// Waits for the oldest batch in flight and puts its scores in the place of
    /// those there.
    ///
    /// # Errors
    /// [`GpuError::Idle`] where none is in flight.
    pub fn finish(&mut self, scores: &mut Scores) -> Result<(), Error> {
        let run = self.started.pop_front().ok_or(GpuError::Idle)?;
        self.classifier.finish(run, scores)
    }
}
