//! Tests of tuning a small network on the default adapter, and of running the tuned network.

use std::time::Duration;

use resnet_wgpu::low_level::gpu::Clock;
use resnet_wgpu::low_level::kernels::{Scalar, candidate};
use resnet_wgpu::low_level::passes;
use resnet_wgpu::low_level::plan::{candidates, conv_shapes};
use resnet_wgpu::low_level::tune::{
    ConvKey, F32, TuneOptions, TuningEntry, TuningError, TuningOutcome, TuningProvenance, measure,
    shapes, tune,
};
use resnet_wgpu::low_level::verify::{Difference, TOLERANCE_F32};
use resnet_wgpu::{
    Device, DeviceSelector, Error, Gpu, KernelChoice, Model, Session, SessionOptions, Tensor,
    Tuning,
};

/// The input side for the embedded ResNet-20, small enough that tuning takes seconds.
const SIDE: usize = 16;

fn quick(batch: usize) -> TuneOptions {
    TuneOptions {
        batch,
        precision: Scalar::F32,
        input_size: Some((SIDE, SIDE)),
        time: Duration::from_millis(5),
        thorough: false,
    }
}

fn session(gpu: &Gpu, model: &Model, batch: usize, choice: KernelChoice) -> Session {
    let options = SessionOptions {
        batch,
        input_size: Some((SIDE, SIDE)),
        choice,
        ..SessionOptions::default()
    };
    Session::new(gpu, model, &options).unwrap()
}

/// Compares the session's logits with those of the CPU path.
fn assert_right(session: &mut Session, model: &Model, batch: usize) {
    let image = Tensor::from_fn([batch, SIDE, SIDE, 3], |i| (i * 37 % 255) as f32 / 99.0);
    let options = SessionOptions {
        batch,
        input_size: Some((SIDE, SIDE)),
        ..SessionOptions::default()
    };
    let reference = Session::new(Device::Cpu, model, &options).unwrap();
    let found = session.run(&image).unwrap().logits;
    let expected = reference.run(&image).unwrap().logits;
    let d = Difference::between(found.data(), expected.data());
    assert!(d.within(TOLERANCE_F32), "{:.2e}", d.relative());
}

#[test]
fn a_network_is_tuned_and_runs_by_the_winners() {
    let gpu = Gpu::new(DeviceSelector::Auto).unwrap();
    let model = Model::embedded().unwrap();
    let mut reports = vec![];
    let tuning = tune(&gpu, &model, &quick(2), |r| reports.push(r.clone())).unwrap();
    assert_eq!(tuning.shapes().len(), reports.len());
    for report in &reports {
        let fits = candidates(&report.problem, gpu.profile(), Scalar::F32);
        assert_eq!(report.timings.len(), fits.len(), "{}", report.key());
        let best = report.timings[0].ms().unwrap();
        assert!(report.timings.iter().all(|t| t.ms().unwrap() >= best));
        let winner = report.ms(report.winner.unwrap()).unwrap();
        // The rules' own choice may win within the noise of the measurement.
        assert!(winner <= 1.05 * best, "{report:?}");
        assert!(!report.layers.is_empty());
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tuning.json");
    tuning.write(&path).unwrap();
    let read = Tuning::for_device(&path, &gpu).unwrap();
    assert_eq!(read, tuning);
    let choice = read.choice(&gpu, F32).unwrap();
    let mut session = session(&gpu, &model, 2, choice.clone());
    let plan = session.plan().unwrap();
    let (all, wanted) = plan.convolutions;
    assert_eq!((all, wanted), (19, 19));
    let graph = model.graph(SIDE, SIDE).unwrap();
    let lowered = passes::lower(&graph, model.params(), &[]).unwrap();
    for shape in conv_shapes(&lowered, 2) {
        let winner = &read.get(&ConvKey::new(F32, &shape.problem)).unwrap().winner;
        for layer in &shape.layers {
            let steps = plan.steps.iter().filter(|s| s.name == *layer);
            assert!(steps.clone().count() > 0, "{layer}");
            assert!(steps.clone().all(|s| s.candidate == winner), "{layer}");
        }
    }
    assert_right(&mut session, &model, 2);

    // Measurements for two images do not apply to three.
    let other = self::session(&gpu, &model, 3, choice);
    assert_eq!(other.plan().unwrap().convolutions, (19, 0));
}

/// A tuning overrides the rules. The tuned winner here is the last candidate that fits.
#[test]
fn a_tuning_goes_before_the_rules() {
    let gpu = Gpu::new(DeviceSelector::Auto).unwrap();
    let model = Model::embedded().unwrap();
    let mut tuning = Tuning::new(TuningProvenance::of(&gpu));
    for shape in shapes(&model, &quick(1)).unwrap() {
        let fits = candidates(&shape.problem, gpu.profile(), Scalar::F32);
        let last = fits.last().unwrap().name.to_owned();
        tuning.insert(TuningEntry {
            key: ConvKey::new(F32, &shape.problem),
            times_ms: [(last.clone(), 1.0)].into(),
            winner: last,
        });
    }
    let rules = session(&gpu, &model, 1, KernelChoice::Auto);
    let mut tuned = session(&gpu, &model, 1, tuning.choice(&gpu, F32).unwrap());
    let names = |session: &Session| -> Vec<&str> {
        let steps = session.plan().unwrap().steps.iter();
        steps.map(|step| step.candidate).collect()
    };
    assert_ne!(names(&rules), names(&tuned));
    assert_right(&mut tuned, &model, 1);
    // Winners for another precision do not apply to this precision.
    let half = tuning.choice(&gpu, "f16").unwrap();
    assert_eq!(names(&session(&gpu, &model, 1, half)), names(&rules));
}

#[test]
fn winners_that_cannot_be_used_leave_it_to_the_rules() {
    let gpu = Gpu::new(DeviceSelector::Auto).unwrap();
    let model = Model::embedded().unwrap();
    let mut tuning = Tuning::new(TuningProvenance::of(&gpu));
    let names = ["conv.of.tomorrow", "linear", "conv.grouped.quads"];
    let shapes = shapes(&model, &quick(1)).unwrap();
    for (shape, winner) in shapes.iter().zip(names.iter().cycle()) {
        assert!(candidate("linear").is_some());
        tuning.insert(TuningEntry {
            key: ConvKey::new(F32, &shape.problem),
            winner: (*winner).into(),
            times_ms: [((*winner).into(), 1.0)].into(),
        });
    }
    let choice = tuning.choice(&gpu, F32).unwrap();
    let mut session = session(&gpu, &model, 1, choice);
    assert_eq!(session.plan().unwrap().convolutions, (19, 0));
    assert_right(&mut session, &model, 1);
}

#[test]
fn a_tuning_of_another_driver_is_refused() {
    let gpu = Gpu::new(DeviceSelector::Auto).unwrap();
    let tuning = Tuning::new(TuningProvenance {
        driver_info: "of yesteryear".into(),
        ..TuningProvenance::of(&gpu)
    });
    let stale = tuning.choice(&gpu, F32).unwrap_err();
    assert!(stale.to_string().contains("of yesteryear"), "{stale}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tuning.json");
    tuning.write(&path).unwrap();
    let error = Tuning::for_device(&path, &gpu).unwrap_err();
    assert!(matches!(error, TuningError::Stale { .. }), "{error}");
    let error = Error::from(error).to_string();
    assert!(
        error.contains("tuning.json") && error.contains("resnet tune"),
        "{error}"
    );
}

/// Checks that the host's clock measures a device without timestamps.
#[test]
fn without_timestamps_the_host_measures() {
    let selector = DeviceSelector::Auto;
    let gpu = Gpu::with_limits(&selector, resnet_wgpu::wgpu::Limits::defaults()).unwrap();
    let model = Model::embedded().unwrap();
    let shape = &shapes(&model, &quick(1)).unwrap()[0];
    let report = measure(&gpu, shape, &quick(1)).unwrap();
    assert_eq!(report.clock, Clock::Wall);
    assert!(report.winner.is_some());
    let timed = |o: &TuningOutcome| matches!(o, TuningOutcome::Timed { ms, .. } if *ms > 0.0);
    assert!(
        report.timings.iter().all(|t| timed(&t.outcome)),
        "{report:?}"
    );
}
