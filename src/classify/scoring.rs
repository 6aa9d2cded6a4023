//! The scores of one picture.

use std::sync::Arc;

use super::input::PreparedInput;
use super::scores::Flaw;
use super::{
    Classifier, ClassifyError, Input, InputError, PendingScores, Prediction, RunForm, Scores,
    size_of,
};
use crate::classify::averaged_views::AveragedViews;
use crate::error::Error;
use crate::gpu::{Images, Intake};
use crate::preprocess::RgbImage;
use crate::session::{CompiledNetwork, PROBABILITIES, Run, Session};

impl Classifier {
    /// The `k` likeliest classes of one picture, best first; if it has several views,
    /// by the mean of their probabilities. The thread waits for the device, and before
    /// that until fewer than [`in_flight`](super::ClassifierOptions::in_flight) runs are
    /// in flight. A thread that holds all of these itself, as [`PendingScores`] scores, waits
    /// ten minutes.
    ///
    /// ```
    /// use resnet_wgpu::{Classifier, Device, Model};
    ///
    /// let classifier = Classifier::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
    /// let best = classifier.classify("photos/chelsea.png", 5)?;
    /// assert_eq!(best[0].label, "cat");
    /// # Ok::<(), resnet_wgpu::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Image`](crate::ErrorKind::Image) for a file that cannot be read;
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for an input that is no
    /// picture; [`ClassifyError::NoNumbers`] and [`ClassifyError::NoProbabilities`] if the scores
    /// are no probabilities; [`ErrorKind::DeviceLost`](crate::ErrorKind::DeviceLost) if the device
    /// failed, and in a browser, where nothing can wait
    /// ([`GpuError::Blocking`](crate::gpu::GpuError::Blocking)).
    pub fn classify<'a>(
        &self,
        picture: impl Into<Input<'a>>,
        k: usize,
    ) -> Result<Vec<Prediction>, Error> {
        let scores = self.score(picture)?;
        Ok(self.top(&scores, 0, k))
    }

    /// Awaits the `k` likeliest classes of one picture on any executor: the device is
    /// polled meanwhile. A picture in the host's memory is resized before the first
    /// await.
    ///
    /// # Errors
    /// As [`Classifier::classify`].
    pub async fn classify_async<'a>(
        &self,
        picture: impl Into<Input<'a>>,
        k: usize,
    ) -> Result<Vec<Prediction>, Error> {
        let scores = self.score_async(picture).await?;
        Ok(self.top(&scores, 0, k))
    }

    /// Checks that the scores of image `index` of a batch are probabilities. All
    /// methods of a classifier return checked scores.
    ///
    /// # Errors
    /// [`ClassifyError::NoNumbers`] if they are NaN: the input or a weight is no number, or a
    /// value is beyond f16. [`ClassifyError::NoProbabilities`] if one is not between 0 and 1, or
    /// their sum is not 1 within 1e-3: the device or its driver computes wrongly.
    pub fn check(&self, scores: &Scores, index: usize) -> Result<(), Error> {
        let network = || self.model().network().name.clone();
        match scores.flaw(index) {
            None => Ok(()),
            Some(Flaw::NotFinite) => Err(ClassifyError::NoNumbers { network: network() }.into()),
            Some(Flaw::Impossible(found)) => Err(ClassifyError::NoProbabilities {
                network: network(),
                found,
            }
            .into()),
        }
    }

    /// The scores of one picture; the thread waits as in [`Classifier::classify`].
    ///
    /// # Errors
    /// As [`Classifier::classify`].
    pub fn score<'a>(&self, picture: impl Into<Input<'a>>) -> Result<Scores, Error> {
        self.device().block_on(self.score_async(picture))?
    }

    /// Awaits the scores of one picture, as [`Classifier::classify_async`].
    ///
    /// # Errors
    /// As [`Classifier::classify`].
    pub async fn score_async<'a>(&self, picture: impl Into<Input<'a>>) -> Result<Scores, Error> {
        let session = self.session();
        let prepared = self.prepare(&session, picture.into()).await?;
        let mut scores = Scores::default();
        match &prepared {
            PreparedInput::Crops(crops) if crops.len() != 1 => {
                self.score_views(&session, crops, &mut scores).await?;
            }
            one => {
                let (compiled, intake) = self.intake(&session, one).await?;
                let run = session.start_with(&compiled, intake).await;
                let mut run = run.map_err(|error| prepared.attribute_error(error))?;
                run.ready().await?;
                self.read(run, &mut scores)?;
            }
        }
        self.check(&scores, 0)?;
        Ok(scores)
    }

    /// Starts on one picture and returns before it is classified. Scores come in the
    /// order in which pictures were started. The first picture of an unusual size is
    /// planned for first.
    ///
    /// # Errors
    /// [`GpuError::Busy`](crate::gpu::GpuError::Busy) if as many runs are in flight as
    /// [may be](super::ClassifierOptions::in_flight); [`InputError::Views`] if the
    /// network is to see several views of a picture; as [`Classifier::classify`].
    pub fn start<'a>(&self, picture: impl Into<Input<'a>>) -> Result<PendingScores, Error> {
        let session = self.session();
        let prepared = session
            .device()
            .block_on(self.prepare(&session, picture.into()))??;
        if let PreparedInput::Crops(crops) = &prepared
            && crops.len() != 1
        {
            return Err(InputError::Views(crops.len()).into());
        }
        let (compiled, intake) = session
            .device()
            .block_on(self.intake(&session, &prepared))??;
        let run = session.start_now(&compiled, intake);
        Ok(PendingScores::new(
            self,
            run.map_err(|e| prepared.attribute_error(e))?,
        ))
    }

    /// The network for a picture of one view, and the picture as its input.
    async fn intake<'a>(
        &self,
        session: &Session,
        prepared: &'a PreparedInput<'_>,
    ) -> Result<(Arc<CompiledNetwork>, Intake<'a>), Error> {
        let (size, form, intake) = match prepared {
            PreparedInput::Crops(crops) => {
                let crop = crops.first().ok_or(InputError::Views(0))?;
                let images = Images::Rgb8(crop.as_raw());
                (size_of(crop), RunForm::One, Intake::Host(images))
            }
            PreparedInput::Floats(floats, size) => {
                (*size, RunForm::Floats, Intake::Host(Images::F32(floats)))
            }
            PreparedInput::Device(ready) => {
                let crop = super::crop_of(self.preprocess());
                (crop, RunForm::One, Intake::Device(ready))
            }
        };
        Ok((self.compiled(session, size, form).await?, intake))
    }

    /// Averages several views, in as few runs as their sizes allow.
    async fn score_views(
        &self,
        session: &Session,
        crops: &[RgbImage],
        scores: &mut Scores,
    ) -> Result<(), Error> {
        let mut averaged = AveragedViews::new(crops.len());
        let mut rest = crops;
        while let Some(first) = rest.first() {
            let form = if rest.len() == 1 {
                RunForm::One
            } else {
                RunForm::Batch
            };
            let compiled = self.compiled(session, size_of(first), form).await?;
            let same = |crop: &&RgbImage| size_of(crop) == size_of(first);
            let alike = rest.iter().take(compiled.batch).take_while(same);
            let bytes: Vec<u8> = alike.flat_map(|crop| crop.as_raw()).copied().collect();
            rest = &rest[bytes.len() / first.as_raw().len()..];
            let images = Intake::Host(Images::Rgb8(&bytes));
            let mut run = session.start_with(&compiled, images).await?;
            run.ready().await?;
            self.read(run, scores)?;
            (0..scores.images()).for_each(|at| averaged.add(scores, at));
        }
        averaged.take_into(scores);
        Ok(())
    }

    /// Waits for a run and replaces `scores` by its outputs.
    pub(super) fn read(&self, run: Run, scores: &mut Scores) -> Result<(), Error> {
        run.finish(|outputs| {
            scores.classes = self.0.classes;
            replace(&mut scores.logits, outputs.logits());
            let probabilities = outputs.probabilities();
            replace(&mut scores.probabilities, probabilities.unwrap_or_default());
            let layers = outputs.layers().filter(|(name, ..)| *name != PROBABILITIES);
            let mut count = 0;
            for (name, shape, values) in layers {
                if count == scores.layers.len() {
                    scores.layers.push(Default::default());
                }
                let layer = &mut scores.layers[count];
                if layer.name != name {
                    name.clone_into(&mut layer.name);
                }
                layer.shape = [shape.h, shape.w, shape.c];
                replace(&mut layer.values, values);
                count += 1;
            }
            scores.layers.truncate(count);
        })
    }

    /// The `k` likeliest classes of image `index` of a batch, best first; the lower
    /// class first among equals. [`check`](Self::check) says whether they are
    /// meaningful.
    pub fn top(&self, scores: &Scores, index: usize, k: usize) -> Vec<Prediction> {
        let classes = scores.top(index, k).into_iter();
        classes
            .map(|class| self.prediction(scores, index, class))
            .collect()
    }

    /// The prediction for one of the network's classes and image `index` of a batch.
    pub(crate) fn prediction(&self, scores: &Scores, index: usize, class: usize) -> Prediction {
        Prediction {
            class,
            label: self.0.labels.get(class).into_owned(),
            probability: number(scores.probabilities_of(index), class),
            logit: number(scores.logits_of(index), class),
        }
    }
}

/// Number `at`, or NaN.
fn number(numbers: &[f32], at: usize) -> f32 {
    numbers.get(at).copied().unwrap_or(f32::NAN)
}

/// Replaces the content of `old`.
fn replace(old: &mut Vec<f32>, new: &[f32]) {
    old.clear();
    old.extend_from_slice(new);
}
