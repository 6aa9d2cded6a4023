//! Winners and their times, by shape.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ConvKey, Origin, ShapeReport, Stale};
use crate::gpu::Gpu;
use crate::kernels::candidate;
use crate::plan::Choice;

/// What was measured for a shape.
///
/// ```no_run
/// use resnet_wgpu::Tuning;
///
/// let tuning = Tuning::read("tuning.json")?;
/// for tuned in tuning.shapes() {
///     println!("{}: {} in {} ms", tuned.key, tuned.winner, tuned.times_ms[&tuned.winner]);
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tuned {
    /// The shape.
    #[serde(flatten)]
    pub key: ConvKey,
    /// The candidate that won.
    pub winner: String,
    /// Milliseconds of each candidate that computed it rightly.
    pub times_ms: BTreeMap<String, f64>,
}

/// The fastest candidates for shapes that were measured, on one device.
///
/// ```no_run
/// use resnet_wgpu::{DeviceSelector, Gpu, Model, Session, SessionOptions, Tuning};
/// use resnet_wgpu::low_level::tune::{TuneOptions, tune};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// let model = Model::embedded()?;
/// // Once, on the machine of the user or of a colleague with the same GPU:
/// let tuning = tune(&gpu, &model, &TuneOptions::default(), |_| {})?;
/// tuning.write("tuning.json")?;
/// // Ever after; a file that is stale or damaged is no reason to stop.
/// let tuning = Tuning::for_device("tuning.json", &gpu)?;
/// let options = SessionOptions {
///     choice: tuning.choice(&gpu, "f32")?,
///     ..SessionOptions::default()
/// };
/// let session = Session::new(&gpu, &model, &options)?;
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    origin: Origin,
    shapes: BTreeMap<ConvKey, Tuned>,
}

impl Tuning {
    /// One in which nothing is measured yet.
    pub fn new(origin: Origin) -> Self {
        Self {
            origin,
            shapes: BTreeMap::new(),
        }
    }

    /// What it was measured on.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// All that was measured, in the order of the keys.
    pub fn shapes(&self) -> impl ExactSizeIterator<Item = &Tuned> {
        self.shapes.values()
    }

    /// What was measured for a shape.
    pub fn get(&self, key: &ConvKey) -> Option<&Tuned> {
        self.shapes.get(key)
    }

    /// Takes in what was measured for a shape, in place of what was there.
    pub fn insert(&mut self, tuned: Tuned) {
        self.shapes.insert(tuned.key.clone(), tuned);
    }

    /// Takes in what a measurement found; a shape that no candidate computed
    /// rightly is left to the rules.
    pub fn add(&mut self, report: &ShapeReport) {
        let Some(winner) = report.winner else { return };
        let times = report.timings.iter();
        let times_ms: BTreeMap<String, f64> = times
            .filter_map(|t| Some((t.candidate.to_owned(), t.ms()?)))
            .collect();
        let key = ConvKey::new(&report.precision, &report.problem);
        self.insert(Tuned {
            key,
            winner: winner.to_owned(),
            times_ms,
        });
    }

    /// Takes in all of another, which wins where both have a shape. It must be
    /// of the same origin.
    ///
    /// # Errors
    /// [`Stale`] for another origin; nothing is taken in then.
    pub fn merge(&mut self, other: &Self) -> Result<(), Stale> {
        other.check(&self.origin)?;
        self.shapes.extend(other.shapes.clone());
        Ok(())
    }

    /// Whether it holds where `here` is the origin.
    ///
    /// # Errors
    /// [`Stale`] where it does not, with what differs.
    pub fn check(&self, here: &Origin) -> Result<(), Stale> {
        let differences = self.origin.differences(here);
        match differences.is_empty() {
            true => Ok(()),
            false => Err(Stale(differences)),
        }
    }

    /// The choice that a session on that device takes, computing in that
    /// precision. A winner that this version does not have is passed over.
    ///
    /// # Errors
    /// [`Stale`] for another device, driver or version.
    pub fn choice(&self, gpu: &Gpu, precision: &str) -> Result<Choice, Stale> {
        self.check(&Origin::of(gpu))?;
        let of = self.shapes().filter(|t| t.key.precision == precision);
        let winners = of.filter_map(|t| Some((t.key.problem(), candidate(&t.winner)?)));
        Ok(Choice::Tuned(Arc::new(winners.collect())))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::key::tests::problem;
    use super::super::origin::tests::origin;
    use super::super::{F32, Outcome, Timing};
    use super::*;
    use crate::gpu::Clock;

    /// A shape for which that candidate won.
    pub fn tuned(batch: usize, winner: &str) -> Tuned {
        let mut key = ConvKey::new(F32, &problem());
        key.batch = batch;
        Tuned {
            key,
            winner: winner.into(),
            times_ms: BTreeMap::from([(winner.into(), 0.125), ("conv.shuffle8.32".into(), 3.5)]),
        }
    }

    #[test]
    fn later_measurements_win_and_others_stay() {
        let mut tuning = Tuning::new(origin());
        tuning.insert(tuned(1, "conv.tiled.32x32"));
        tuning.insert(tuned(2, "conv.tiled.32x32"));
        let mut newer = Tuning::new(origin());
        newer.insert(tuned(2, "conv.tiled.64x64"));
        tuning.merge(&newer).unwrap();
        let winners: Vec<_> = tuning.shapes().map(|t| t.winner.as_str()).collect();
        assert_eq!(winners, ["conv.tiled.32x32", "conv.tiled.64x64"]);

        let mut other = origin();
        other.driver_info = "2".into();
        let error = tuning.merge(&Tuning::new(other)).unwrap_err();
        assert!(error.to_string().contains("driver version `2`"), "{error}");
    }

    #[test]
    fn only_what_was_right_is_kept() {
        let mut report = ShapeReport {
            problem: problem(),
            precision: F32.into(),
            layers: vec![],
            clock: Clock::Wall,
            rules: Some("conv.tiled.32x32"),
            winner: None,
            timings: vec![
                Timing {
                    candidate: "conv.tiled.32x32",
                    outcome: Outcome::Timed {
                        ms: 2.0,
                        samples: 3,
                    },
                },
                Timing {
                    candidate: "conv.tiled.64x64",
                    outcome: Outcome::Failed("wrong".into()),
                },
            ],
        };
        let mut tuning = Tuning::new(origin());
        tuning.add(&report);
        assert_eq!(tuning.shapes().len(), 0);
        report.winner = Some("conv.tiled.32x32");
        tuning.add(&report);
        let found = tuning.get(&ConvKey::new(F32, &problem())).unwrap();
        let expected = BTreeMap::from([("conv.tiled.32x32".to_owned(), 2.0)]);
        assert_eq!(found.times_ms, expected);
    }
}
