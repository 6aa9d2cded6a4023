//! From pictures to labels: preprocessing, a session, and the names of the
//! classes.

mod decode_ahead;

pub use decode_ahead::decode_ahead;

use crate::error::Error;
use crate::gpu::Gpu;
use crate::labels::Labels;
use crate::model::{Model, PreprocessOverrides};
use crate::plan::Choice;
use crate::preprocess::{Preprocess, RgbImage};
use crate::session::{Session, SessionOptions};

/// One class and how much a picture is like it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Class index.
    pub class: usize,
    /// The class's name.
    pub label: String,
    /// Softmax of the logits, from 0 to 1.
    pub probability: f32,
    /// The logit itself.
    pub logit: f32,
}

/// How a classifier is set up.
#[derive(Debug, Clone)]
pub struct ClassifierOptions {
    /// Images of a run.
    pub batch: usize,
    /// How images are prepared, where the checkpoint is not to be believed.
    pub preprocess: PreprocessOverrides,
    /// Class names, where the checkpoint's or the built-in ones are not
    /// wanted.
    pub labels: Option<Labels>,
    /// How kernels are chosen.
    pub choice: Choice,
}

impl Default for ClassifierOptions {
    fn default() -> Self {
        Self {
            batch: 1,
            preprocess: PreprocessOverrides::default(),
            labels: None,
            choice: Choice::Auto,
        }
    }
}

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
    session: Session,
    preprocess: Preprocess,
    labels: Labels,
    input: Vec<f32>,
    filled: usize,
    classes: usize,
}

/// Logits and probabilities of a batch, `[n, classes]` each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scores {
    /// The last layer's outputs.
    pub logits: Vec<f32>,
    /// Their softmax.
    pub probabilities: Vec<f32>,
    /// Classes of each image.
    pub classes: usize,
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
        let (h, w) = preprocess.crop;
        let options = SessionOptions {
            batch: options.batch,
            input_size: Some((h as usize, w as usize)),
            probabilities: true,
            choice: options.choice.clone(),
            ..Default::default()
        };
        let session = match gpu {
            Some(gpu) => Session::new(gpu, model, &options)?,
            None => Session::cpu(model, &options)?,
        };
        Ok(Self {
            input: vec![0.0; session.batch() * session.input_len()],
            session,
            preprocess,
            labels,
            filled: 0,
            classes,
        })
    }

    /// Images of a run; the device may take fewer than were asked for.
    pub fn batch(&self) -> usize {
        self.session.batch()
    }

    /// How images are prepared. Decoding threads crop with it, and hand the
    /// crop to [`Classifier::push_crop`].
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// The names of the classes.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The `k` likeliest classes of one picture, best first. Pictures that were
    /// pushed must have been run.
    pub fn classify(&mut self, image: &RgbImage, k: usize) -> Result<Vec<Prediction>, Error> {
        if self.filled > 0 {
            return Err(Error::Pending(self.filled));
        }
        let crop = self.preprocess.crop_image(image)?;
        self.push_crop(&crop)?;
        let scores = self.run()?;
        Ok(self.top(&scores, 0, k))
    }

    /// Adds a picture that has been cropped to the next batch; true when the
    /// batch is full, and [`Classifier::run`] is due.
    pub fn push_crop(&mut self, crop: &RgbImage) -> Result<bool, Error> {
        let (h, w) = self.preprocess.crop;
        if crop.dimensions() != (w, h) {
            return Err(Error::InputShape {
                expected: format!("a crop of {h} rows and {w} columns"),
                found: vec![crop.height() as usize, crop.width() as usize],
            });
        }
        let each = self.session.input_len();
        let at = self.filled * each;
        let Some(out) = self.input.get_mut(at..at + each) else {
            return Err(Error::InputShape {
                expected: format!("at most {} images", self.session.batch()),
                found: vec![self.filled + 1],
            });
        };
        self.preprocess.normalize_into(crop, out)?;
        self.filled += 1;
        Ok(self.filled == self.session.batch())
    }

    /// Images that wait for [`Classifier::run`].
    pub fn pending(&self) -> usize {
        self.filled
    }

    /// Runs the pictures that were pushed, in their order, and empties the
    /// batch.
    pub fn run(&mut self) -> Result<Scores, Error> {
        let mut scores = Scores {
            classes: self.classes,
            ..Default::default()
        };
        let n = std::mem::take(&mut self.filled);
        if n == 0 {
            return Ok(scores);
        }
        let input = &self.input[..n * self.session.input_len()];
        self.session.run_batch(input, |output, data| match output {
            0 => scores.logits = data.to_vec(),
            _ => scores.probabilities = data.to_vec(),
        })?;
        Ok(scores)
    }

    /// The `k` likeliest classes of image `index` of a batch, best first;
    /// among equals the lower class first.
    pub fn top(&self, scores: &Scores, index: usize, k: usize) -> Vec<Prediction> {
        scores
            .top(index, k)
            .into_iter()
            .map(|class| Prediction {
                class,
                label: self.labels.get(class).into_owned(),
                probability: scores.probabilities[index * scores.classes + class],
                logit: scores.logits[index * scores.classes + class],
            })
            .collect()
    }
}

impl Scores {
    /// Images of the batch.
    pub fn images(&self) -> usize {
        self.logits.len() / self.classes.max(1)
    }

    /// The `k` classes of largest logit of image `index`, best first; among
    /// equals the lower class first, as PyTorch's `argmax` has it.
    pub fn top(&self, index: usize, k: usize) -> Vec<usize> {
        let from = index * self.classes;
        let logits = self.logits.get(from..from + self.classes);
        let logits = logits.unwrap_or_default();
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
        order.truncate(k);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_lower_class() {
        let scores = Scores {
            logits: vec![1.0, 3.0, 3.0, 2.0, 9.0, 8.0, 7.0, 6.0],
            probabilities: vec![0.0; 8],
            classes: 4,
        };
        assert_eq!(scores.images(), 2);
        assert_eq!(scores.top(0, 3), [1, 2, 3]);
        assert_eq!(scores.top(1, 9), [0, 1, 2, 3]);
    }
}
