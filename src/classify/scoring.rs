//! A picture's scores: which session runs it, and how its outputs are read.

use super::input::Prepared;
use super::scores::Flaw;
use super::{Answer, Classifier, Input, InputError, Mean, Place, Prediction, Scores, size_of};
use crate::error::Error;
use crate::gpu::{Images, Intake};
use crate::preprocess::RgbImage;
use crate::session::{Patience, Run, Session};

impl Classifier {
    /// The `k` likeliest classes of one picture, best first; by the mean of its
    /// views, where there are several. The thread waits: for the answer, and before
    /// for a place among the [`in_flight`](super::ClassifierOptions::in_flight) runs on the device. A
    /// thread that holds all of these places itself, as [`Answer`]s, waits in vain,
    /// ten minutes.
    ///
    /// # Errors
    /// [`Error::Input`], [`Error::Source`] and [`Error::Preprocess`] for what is
    /// no picture; [`Error::NoNumbers`] and [`Error::NoProbabilities`] where
    /// the scores are no probabilities; [`Error::Gpu`] where the device failed, and in a browser, where nothing can wait
    /// ([`GpuError::Blocking`](crate::gpu::GpuError::Blocking)).
    pub fn classify<'a>(
        &self,
        picture: impl Into<Input<'a>>,
        k: usize,
    ) -> Result<Vec<Prediction>, Error> {
        let scores = self.score(picture)?;
        Ok(self.top(&scores, 0, k))
    }

    /// The same for a task to await, on any executor: the device is polled for
    /// it. Pictures in the host's memory are resized before the first await, and the
    /// first picture of a size or form that is not the usual has a session made for
    /// it.
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

    /// Checks that the scores of image `index` of a batch are probabilities. Scores
    /// of one picture are checked already; those of a [`Batches`](super::Batches) are
    /// not.
    ///
    /// # Errors
    /// [`Error::NoNumbers`] where they are NaN: of an input or weights that are no
    /// numbers, or in f16 of values beyond it. [`Error::NoProbabilities`] where they
    /// are not between 0 and 1, or their sum is not 1 within 1e-3: the device or its
    /// driver computes wrongly.
    pub fn check(&self, scores: &Scores, index: usize) -> Result<(), Error> {
        let network = || self.model().network().name.clone();
        match scores.flaw(index) {
            None => Ok(()),
            Some(Flaw::NotFinite) => Err(Error::NoNumbers { network: network() }),
            Some(Flaw::Impossible(found)) => Err(Error::NoProbabilities {
                network: network(),
                found,
            }),
        }
    }

    /// The scores of one picture, likewise; its layers are the last view's.
    ///
    /// # Errors
    /// As [`Classifier::classify`].
    pub fn score<'a>(&self, picture: impl Into<Input<'a>>) -> Result<Scores, Error> {
        // It never sleeps.
        pollster::block_on(self.score_with(picture.into(), Patience::Block))
    }

    /// The same for a task to await.
    ///
    /// # Errors
    /// As [`Classifier::classify`].
    pub async fn score_async<'a>(&self, picture: impl Into<Input<'a>>) -> Result<Scores, Error> {
        self.score_with(picture.into(), Patience::Await).await
    }

    /// Starts on one picture and returns before it is classified. The first picture of
    /// a size or form that is not the usual has a session made for it, by one thread
    /// at a time. Up to [`in_flight`](super::ClassifierOptions::in_flight) may be in
    /// flight; answers come in the order in which they were started.
    ///
    /// # Errors
    /// [`GpuError::Busy`](crate::gpu::GpuError::Busy) where as many are; [`InputError::Views`] where the
    /// network is to see several views of a picture; as [`Classifier::classify`].
    pub fn start<'a>(&self, picture: impl Into<Input<'a>>) -> Result<Answer, Error> {
        let place = self.place();
        let prepared = self.prepared(&place, picture.into())?;
        let (session, intake) = match &prepared {
            Prepared::Crops(crops) if crops.len() != 1 => {
                return Err(InputError::Views(crops.len()).into());
            }
            one => self.run_of(&place, one)?,
        };
        // It never sleeps.
        let run = pollster::block_on(session.start_with(intake, Patience::None));
        Ok(Answer::new(self, run.map_err(|e| prepared.blamed(e))?))
    }

    async fn score_with(&self, picture: Input<'_>, patience: Patience) -> Result<Scores, Error> {
        let place = self.place();
        let mut scores = Scores::default();
        let prepared = self.prepared(&place, picture)?;
        match &prepared {
            Prepared::Crops(crops) if crops.len() != 1 => {
                self.score_views(&place, crops, patience, &mut scores)
                    .await?;
            }
            one => {
                let (session, intake) = self.run_of(&place, one)?;
                let run = session.start_with(intake, patience).await;
                let run = run.map_err(|e| prepared.blamed(e))?;
                self.finish_with(run, patience, &mut scores).await?;
            }
        }
        self.check(&scores, 0)?;
        Ok(scores)
    }

    /// Which session takes a picture of one view, and what it takes in.
    fn run_of<'a>(
        &self,
        place: &Place,
        prepared: &'a Prepared<'_>,
    ) -> Result<(Session, Intake<'a>), Error> {
        Ok(match prepared {
            Prepared::Crops(crops) => {
                let crop = crops.first().ok_or(InputError::Views(0))?;
                let images = Images::Rgb8(crop.as_raw());
                (place.sizes.one(size_of(crop))?, Intake::Host(images))
            }
            Prepared::Floats(floats, size) => {
                let images = Images::F32(floats);
                (place.sizes.floats(*size)?, Intake::Host(images))
            }
            Prepared::Device(ready) => (place.one(self.preprocess())?, Intake::Device(ready)),
        })
    }

    /// The mean of several views, in as few runs as their sizes allow.
    async fn score_views(
        &self,
        place: &Place,
        crops: &[RgbImage],
        patience: Patience,
        scores: &mut Scores,
    ) -> Result<(), Error> {
        let mut mean = Mean::new(crops.len());
        let mut rest = crops;
        while let Some(first) = rest.first() {
            let session = match rest.len() {
                1 => place.sizes.one(size_of(first))?,
                _ => place.sizes.at(size_of(first))?,
            };
            let same = |crop: &&RgbImage| size_of(crop) == size_of(first);
            let alike = rest.iter().take(session.batch()).take_while(same);
            let bytes: Vec<u8> = alike.flat_map(|crop| crop.as_raw()).copied().collect();
            rest = &rest[bytes.len() / first.as_raw().len()..];
            let images = Intake::Host(Images::Rgb8(&bytes));
            let run = session.start_with(images, patience).await?;
            self.finish_with(run, patience, scores).await?;
            (0..scores.images()).for_each(|at| mean.add(scores, at));
        }
        mean.take_into(scores);
        Ok(())
    }

    async fn finish_with(
        &self,
        mut run: Run,
        patience: Patience,
        scores: &mut Scores,
    ) -> Result<(), Error> {
        if patience == Patience::Await {
            run.ready().await?;
        }
        self.finish(run, scores)
    }

    /// Waits for a run and puts its scores in the place of those there.
    pub(super) fn finish(&self, run: Run, scores: &mut Scores) -> Result<(), Error> {
        let layers = self.0.options.layers.len();
        scores.classes = self.0.classes;
        scores.layers.resize_with(layers, Vec::new);
        run.finish(|output, data| {
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

    /// The `k` likeliest classes of image `index` of a batch, best first;
    /// among equals the lower class first. Whether they say anything,
    /// [`check`](Self::check) tells.
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
            label: self.0.labels.get(class).into_owned(),
            probability: number(scores.probabilities_of(index), class),
            logit: number(scores.logits_of(index), class),
        }
    }
}

/// That number, if it is there.
fn number(numbers: &[f32], at: usize) -> f32 {
    numbers.get(at).copied().unwrap_or(f32::NAN)
}
