//! From pictures to labels: preprocessing, a session, and the names of the
//! classes.

mod decode_ahead;
mod mean;
mod options;
mod scores;

pub use decode_ahead::decode_ahead;
pub use mean::Mean;
pub use options::{ClassifierOptions, Prediction};
pub use scores::Scores;

use crate::error::Error;
use crate::gpu::{Gpu, GpuError};
use crate::kernels::InputForm;
use crate::labels::Labels;
use crate::model::Model;
use crate::preprocess::{Preprocess, PreprocessError, RgbImage, Views};
use crate::session::{Session, SessionOptions, Sizes};

/// Classifies pictures with one model on one device.
///
/// ```no_run
/// use resnet_wgpu::classify::{Classifier, ClassifierOptions};
/// use resnet_wgpu::gpu::{DeviceSelector, Gpu};
/// use resnet_wgpu::model::Model;
/// use resnet_wgpu::preprocess::{ImageLimits, decode_file};
///
/// let gpu = Gpu::new(&DeviceSelector::Auto)?;
/// let model = Model::embedded()?;
/// let mut classifier = Classifier::new(Some(&gpu), &model, &ClassifierOptions::default())?;
/// let photo = decode_file("photos/chelsea.png".as_ref(), &ImageLimits::default())?;
/// for best in &classifier.classify(&photo, 5)? {
///     println!("{:5.1} % {}", 100.0 * best.probability, best.label);
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
pub struct Classifier {
    sessions: Sizes,
    preprocess: Preprocess,
    views: Views,
    labels: Labels,
    /// Crops of the next batch: their bytes go to the device, which normalises
    /// them.
    input: Vec<u8>,
    filled: usize,
    /// Height and width of the crops of the next batch.
    size: (usize, usize),
    classes: usize,
}

impl Classifier {
    /// Sets up `model` on `gpu`, or on the CPU twin where that is `None`.
    pub fn new(
        gpu: Option<&Gpu>,
        model: &Model,
        options: &ClassifierOptions,
    ) -> Result<Self, Error> {
        let preprocess = model.preprocess(&options.preprocess)?;
        let classes = model.network().classes;
        let labels = match &options.labels {
            Some(labels) => {
                labels.check(classes)?;
                labels.clone()
            }
            None => model.labels()?,
        };
        let size = (preprocess.crop.0 as usize, preprocess.crop.1 as usize);
        let views = options.views.clone();
        if views.count() == 0 {
            let found = PreprocessError::Field {
                field: "scales",
                expected: "at least one length in pixels".into(),
                found: "none".into(),
            };
            return Err(found.into());
        }
        let options = SessionOptions {
            batch: options.batch,
            input_size: Some(size),
            layers: options.layers.clone(),
            probabilities: true,
            precision: options.precision,
            in_flight: options.in_flight,
            input: InputForm::Rgb8 {
                mean: preprocess.mean,
                std: preprocess.std,
            },
            choice: options.choice.clone(),
            ..Default::default()
        };
        let sessions = Sizes::new(gpu, model, &options)?;
        let session = sessions.first();
        Ok(Self {
            input: vec![0; session.batch() * session.input_len()],
            sessions,
            preprocess,
            views,
            labels,
            filled: 0,
            size,
            classes,
        })
    }

    /// Images of a run; the device may take fewer than were asked for, and fewer
    /// of larger ones.
    pub fn batch(&self) -> usize {
        self.session().batch()
    }

    /// How images are prepared. Decoding threads make [`Preprocess::views`] with
    /// it, and hand them to [`Classifier::push_crop`].
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// Which views of a picture the network sees.
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// The names of the classes.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The session for crops of the usual size.
    pub fn session(&self) -> &Session {
        self.sessions.first()
    }

    /// The sessions for all sizes.
    pub fn sessions(&self) -> &Sizes {
        &self.sessions
    }

    /// The `k` likeliest classes of one picture, best first; by the mean of its
    /// views, where there are several. Pictures that were pushed must have been
    /// run, and batches that were started, finished.
    pub fn classify(&mut self, image: &RgbImage, k: usize) -> Result<Vec<Prediction>, Error> {
        let scores = self.score(image)?;
        Ok(self.top(&scores, 0, k))
    }

    /// The scores of one picture alone, likewise; its layers are the last
    /// view's.
    pub fn score(&mut self, image: &RgbImage) -> Result<Scores, Error> {
        if self.filled > 0 {
            return Err(Error::Pending(self.filled));
        }
        self.idle()?;
        let views = self.preprocess.views(image, &self.views)?;
        let (mut mean, mut scores) = (Mean::new(views.len()), Scores::default());
        let mut due = views.iter().peekable();
        while let Some(view) = due.next() {
            let full = self.push_crop(view)?;
            if full || due.peek().is_none_or(|next| !self.accepts(next)) {
                self.start()?;
                self.finish(&mut scores)?;
                (0..scores.images()).for_each(|at| mean.add(&scores, at));
            }
        }
        mean.take_into(&mut scores);
        Ok(scores)
    }

    /// Makes sure that crops of this one's size can be run: whether a network
    /// admits a size, and a device has room for it, shows only there.
    ///
    /// # Errors
    /// As [`Session::resized`](crate::session::Session::resized).
    pub fn admit(&mut self, crop: &RgbImage) -> Result<(), Error> {
        self.sessions.at(size_of(crop)).map(|_| ())
    }

    /// Whether this crop fits to those that were pushed: they must be of one
    /// size, and no more than a batch.
    pub fn accepts(&self, crop: &RgbImage) -> bool {
        let alike = self.size == size_of(crop);
        let room = self.input.len() / bytes(self.size).max(1);
        self.filled == 0 || alike && self.filled < room
    }

    /// Adds a view of a picture to the next batch; true when the batch is full,
    /// and [`Classifier::run`] or [`Classifier::start`] is due.
    ///
    /// # Errors
    /// [`Error::InputShape`] for a crop that the batch does not
    /// [accept](Self::accepts), and one of another size than the usual, unless
    /// the views are [`Views::Scales`].
    pub fn push_crop(&mut self, crop: &RgbImage) -> Result<bool, Error> {
        let size = size_of(crop);
        let (h, w) = self.preprocess.crop;
        if !self.views.any_size() && crop.dimensions() != (w, h) {
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
        if self.filled == 0 && self.size != size {
            let batch = self.sessions.at(size)?.batch();
            self.input.resize(batch * each, 0);
            self.size = size;
        }
        let at = self.filled * each;
        self.input[at..at + each].copy_from_slice(crop.as_raw());
        self.filled += 1;
        Ok(at + 2 * each > self.input.len())
    }

    /// Images that wait for [`Classifier::run`] or [`Classifier::start`].
    pub fn pending(&self) -> usize {
        self.filled
    }

    /// Batches that were started and not finished.
    pub fn in_flight(&self) -> usize {
        self.sessions.in_flight()
    }

    /// Batches that may be started before the first is finished.
    pub fn max_in_flight(&self) -> usize {
        self.sessions.max_in_flight()
    }

    /// Runs the pictures that were pushed, in their order, and empties the
    /// batch.
    pub fn run(&mut self) -> Result<Scores, Error> {
        let mut scores = Scores {
            classes: self.classes,
            ..Default::default()
        };
        self.idle()?;
        if self.filled > 0 {
            self.start()?;
            self.finish(&mut scores)?;
        }
        Ok(scores)
    }

    /// Starts the pictures that were pushed and empties the batch, which can
    /// be filled anew while they are computed. Up to
    /// [`ClassifierOptions::in_flight`] batches may be started before the first
    /// is finished.
    pub fn start(&mut self) -> Result<(), Error> {
        let input = &self.input[..self.filled * bytes(self.size)];
        // Pictures that a device has refused are no longer waiting for it.
        self.filled = 0;
        self.sessions.start(self.size, input)
    }

    /// Waits for the oldest batch in flight and puts its scores in the place of
    /// those there.
    pub fn finish(&mut self, scores: &mut Scores) -> Result<(), Error> {
        let layers = self.session().layers() - 1;
        scores.classes = self.classes;
        scores.layers.resize_with(layers, Vec::new);
        self.sessions.finish(|output, data| {
            let into = match output {
                0 => &mut scores.logits,
                // The probabilities come behind the layers asked for.
                last if last > layers => &mut scores.probabilities,
                layer => &mut scores.layers[layer - 1],
            };
            into.clear();
            into.extend_from_slice(data);
        })
    }

    fn idle(&self) -> Result<(), Error> {
        match self.in_flight() {
            0 => Ok(()),
            n => Err(GpuError::Busy(n).into()),
        }
    }

    /// The `k` likeliest classes of image `index` of a batch, best first;
    /// among equals the lower class first.
    pub fn top(&self, scores: &Scores, index: usize, k: usize) -> Vec<Prediction> {
        let classes = scores.top(index, k).into_iter();
        classes
            .map(|class| self.prediction(scores, index, class))
            .collect()
    }

    /// What image `index` of a batch scores for one of the network's classes.
    pub(crate) fn prediction(&self, scores: &Scores, index: usize, class: usize) -> Prediction {
        Prediction {
            class,
            label: self.labels.get(class).into_owned(),
            probability: scores.probabilities_of(index)[class],
            logit: scores.logits_of(index)[class],
        }
    }
}

/// Bytes of a crop of that height and width.
fn bytes((h, w): (usize, usize)) -> usize {
    h * w * 3
}

/// Height and width.
fn size_of(crop: &RgbImage) -> (usize, usize) {
    (crop.height() as usize, crop.width() as usize)
}
