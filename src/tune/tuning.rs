//! The measured times and the fastest candidate of each shape.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ConvKey, ShapeReport, StaleTuning, TuningProvenance};
use crate::gpu::Gpu;
use crate::kernels::candidate;
use crate::plan::KernelChoice;

/// The measurements of one shape.
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
pub struct TuningEntry {
    /// The shape.
    #[serde(flatten)]
    pub key: ConvKey,
    /// The name of the fastest candidate.
    pub winner: String,
    /// The time in milliseconds of each candidate with correct results.
    pub times_ms: BTreeMap<String, f64>,
}

/// The fastest candidates for measured shapes, on one device.
///
/// ```no_run
/// use resnet_wgpu::{DeviceSelector, Gpu, Model, Session, SessionOptions, Tuning};
/// use resnet_wgpu::low_level::tune::{TuneOptions, tune};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// let model = Model::embedded()?;
/// // Once, on the user's machine or on another machine with the same GPU:
/// let tuning = tune(&gpu, &model, &TuneOptions::default(), |_| {})?;
/// tuning.write("tuning.json")?;
/// // Later, at each start. A program may ignore a stale or damaged file.
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
    provenance: TuningProvenance,
    shapes: BTreeMap<ConvKey, TuningEntry>,
}

impl Tuning {
    /// Creates a tuning without measurements.
    pub fn new(provenance: TuningProvenance) -> Self {
        Self {
            provenance,
            shapes: BTreeMap::new(),
        }
    }

    /// Returns the device and the versions that the tuning was measured with.
    pub fn provenance(&self) -> &TuningProvenance {
        &self.provenance
    }

    /// Iterates over all measured shapes, ordered by key.
    pub fn shapes(&self) -> impl ExactSizeIterator<Item = &TuningEntry> {
        self.shapes.values()
    }

    /// Returns the measurements of a shape.
    pub fn get(&self, key: &ConvKey) -> Option<&TuningEntry> {
        self.shapes.get(key)
    }

    /// Adds the measurements of a shape, replacing existing ones.
    pub fn insert(&mut self, tuned: TuningEntry) {
        self.shapes.insert(tuned.key.clone(), tuned);
    }

    /// Adds the measurements of a report. A shape for which no candidate computed correct results
    /// is skipped, so the built-in rules apply to it.
    pub fn add(&mut self, report: &ShapeReport) {
        let Some(winner) = report.winner else { return };
        let times = report.timings.iter();
        let times_ms: BTreeMap<String, f64> = times
            .filter_map(|t| Some((t.candidate.to_owned(), t.ms()?)))
            .collect();
        let key = ConvKey::new(&report.precision, &report.problem);
        self.insert(TuningEntry {
            key,
            winner: winner.to_owned(),
            times_ms,
        });
    }

    /// Adds all measurements of another tuning of the same provenance. For a shape in both tunings,
    /// the measurements of `other` replace the existing ones.
    ///
    /// # Errors
    /// [`StaleTuning`] if the provenances differ; nothing is added in this case.
    pub fn merge(&mut self, other: &Self) -> Result<(), StaleTuning> {
        other.check(&self.provenance)?;
        self.shapes.extend(other.shapes.clone());
        Ok(())
    }

    /// Checks whether the tuning is valid for the provenance `here`.
    ///
    /// # Errors
    /// [`StaleTuning`] with the differences if the tuning is not valid.
    pub fn check(&self, here: &TuningProvenance) -> Result<(), StaleTuning> {
        let differences = self.provenance.differences(here);
        if differences.is_empty() {
            Ok(())
        } else {
            Err(StaleTuning(differences))
        }
    }

    /// Returns the choice of kernels for a session on this device with this precision. Winners that
    /// this version does not know are skipped.
    ///
    /// # Errors
    /// [`StaleTuning`] if the device, the driver or the version differs.
    pub fn choice(&self, gpu: &Gpu, precision: &str) -> Result<KernelChoice, StaleTuning> {
        self.check(&TuningProvenance::of(gpu))?;
        let of = self.shapes().filter(|t| t.key.precision == precision);
        let winners = of.filter_map(|t| Some((t.key.problem(), candidate(&t.winner)?)));
        Ok(KernelChoice::Tuned(Arc::new(winners.collect())))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::key::tests::problem;
    use super::super::provenance::tests::provenance;
    use super::super::{F32, Timing, TuningOutcome};
    use super::*;
    use crate::gpu::Clock;

    /// Returns the measurements of a shape with the given winner.
    pub fn tuned(batch: usize, winner: &str) -> TuningEntry {
        let mut key = ConvKey::new(F32, &problem());
        key.batch = batch;
        TuningEntry {
            key,
            winner: winner.into(),
            times_ms: BTreeMap::from([(winner.into(), 0.125), ("conv.shuffle8.32".into(), 3.5)]),
        }
    }

    #[test]
    fn later_measurements_win_and_others_stay() {
        let mut tuning = Tuning::new(provenance());
        tuning.insert(tuned(1, "conv.tiled.32x32"));
        tuning.insert(tuned(2, "conv.tiled.32x32"));
        let mut newer = Tuning::new(provenance());
        newer.insert(tuned(2, "conv.tiled.64x64"));
        tuning.merge(&newer).unwrap();
        let winners: Vec<_> = tuning.shapes().map(|t| t.winner.as_str()).collect();
        assert_eq!(winners, ["conv.tiled.32x32", "conv.tiled.64x64"]);

        let mut other = provenance();
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
                    outcome: TuningOutcome::Timed {
                        ms: 2.0,
                        samples: 3,
                    },
                },
                Timing {
                    candidate: "conv.tiled.64x64",
                    outcome: TuningOutcome::Failed("wrong".into()),
                },
            ],
        };
        let mut tuning = Tuning::new(provenance());
        tuning.add(&report);
        assert_eq!(tuning.shapes().len(), 0);
        report.winner = Some("conv.tiled.32x32");
        tuning.add(&report);
        let found = tuning.get(&ConvKey::new(F32, &problem())).unwrap();
        let expected = BTreeMap::from([("conv.tiled.32x32".to_owned(), 2.0)]);
        assert_eq!(found.times_ms, expected);
    }
}
