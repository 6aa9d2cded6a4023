use super::*;
use crate::fixture::{broken, device, failed, full, report, row, work};

fn compare(a: &Report, b: &Report) -> Result<Comparison, CompareError> {
    Comparison::of(&[("a.json".into(), a), ("b.json".into(), b)])
}

fn single_row(samples: &[f64]) -> Report {
    report(vec![row(work("resnet50", 1), samples)])
}

#[track_caller]
fn refused(a: &Report, b: &Report) -> String {
    compare(a, b).unwrap_err().to_string()
}

#[test]
fn ratios_are_of_medians() {
    let found = compare(
        &single_row(&[10.0, 9.0, 11.0]),
        &single_row(&[25.0, 24.0, 26.0]),
    )
    .unwrap();
    assert_eq!(found.environment, []);
    let [first, second] = &found.rows[0].measures[..] else {
        panic!()
    };
    assert_eq!((first.median_ms, first.time_ratio), (Some(10.0), None));
    assert_eq!((first.stddev_ms, first.samples), (Some(1.0), Some(3)));
    assert_eq!(
        (second.time_ratio, second.gpu_ratio),
        (Some(2.5), Some(2.5))
    );
    assert_eq!(second.within_noise, Some(false));
    assert_eq!(second.images_per_second, Some(40.0));
}

#[test]
fn noise_is_where_intervals_meet() {
    let stats = |median: f64, stddev: f64| Stats {
        median,
        stddev,
        ..Stats::of(vec![median]).unwrap()
    };
    let first = stats(10.0, 0.5);
    for (median, stddev, noise) in [
        (10.0, 0.0, true),
        (11.0, 0.5, true),
        (11.0, 0.25, false),
        (9.0, 0.5, true),
        (9.0, 0.25, false),
        (10.5, 0.0, true),
    ] {
        let second = stats(median, stddev);
        assert_eq!(within_noise(&first, &second), noise, "{median} {stddev}");
        assert_eq!(within_noise(&second, &first), noise, "{median} {stddev}");
    }
}

#[test]
fn slower_rows_beyond_the_limit_are_listed() {
    let slow = single_row(&[12.5]);
    let fast = single_row(&[10.0]);
    let slower = |a, b, percent| compare(a, b).unwrap().slower_than(percent);
    assert_eq!(
        slower(&fast, &slow, 20.0),
        ["resnet50, batch 1: 25.0 % slower in b.json"]
    );
    assert_eq!(slower(&fast, &slow, 25.0), [""; 0]);
    assert_eq!(slower(&slow, &fast, 0.0), [""; 0]);
    assert_eq!(slower(&fast, &fast, 0.0), [""; 0]);
    // The gate ignores the GPU's own time.
    let mut gpu_slow = fast.clone();
    gpu_slow.rows[0].gpu = Stats::of(vec![9.9]);
    assert_eq!(slower(&fast, &gpu_slow, 0.0), [""; 0]);
}

#[test]
fn failed_rows_have_no_speed_and_no_ratio() {
    let good = single_row(&[10.0]);
    for bad in [
        report(vec![failed(work("resnet50", 1))]),
        report(vec![broken(work("resnet50", 1), "out of memory")]),
    ] {
        for (a, b, name) in [(&good, &bad, "b.json"), (&bad, &good, "a.json")] {
            let found = compare(a, b).unwrap();
            assert!(!found.rows[0].comparable);
            for measure in &found.rows[0].measures {
                assert_eq!((measure.time_ratio, measure.gpu_ratio), (None, None));
            }
            let lines = found.slower_than(1e9);
            assert_eq!(lines.len(), 1);
            let start = format!("resnet50, batch 1: failed in {name}: ");
            assert!(lines[0].starts_with(&start), "{lines:?}");
        }
    }
    // A failed row has no speed even if an edited file still has its times.
    let mut edited = good.clone();
    edited.rows[0].status = Status::FailedVerification;
    let found = compare(&good, &edited).unwrap();
    assert_eq!(found.rows[0].measures[1].median_ms, None);
    assert_eq!(found.rows[0].measures[1].images_per_second, None);
    assert_eq!(found.rows[0].measures[1].gpu_median_ms, None);
}

#[test]
fn errors_for_other_work_name_the_differences() {
    let a = single_row(&[10.0]);
    let change = |edit: fn(&mut Work)| {
        let mut b = a.clone();
        edit(&mut b.rows[0].work);
        b
    };
    for (b, says) in [
        (
            change(|w| w.weights = "1f2e".into()),
            "weights seed 0 in a.json, 1f2e in b.json",
        ),
        (
            change(|w| w.macs = 7),
            "MACs 4089184256 in a.json, 7 in b.json",
        ),
        (
            change(|w| w.parameters = 7),
            "parameters 25557032 in a.json, 7 in b.json",
        ),
        (
            change(|w| w.batch_size = 8),
            "batch size 1 in a.json, 8 in b.json",
        ),
        (
            change(|w| w.input_size = 64),
            "input size 224 in a.json, 64 in b.json",
        ),
        (
            change(|w| w.precision = "f16".into()),
            "precision f32 in a.json, f16 in b.json",
        ),
        (
            change(|w| w.scenario = crate::Scenario::Throughput),
            "scenario latency in a.json, throughput in b.json",
        ),
        (
            change(|w| w.model = "resnet18".into()),
            "resnet18, batch 1, input 224×224, f32",
        ),
    ] {
        let error = refused(&a, &b);
        assert!(
            error.starts_with("b.json: ") && error.contains(says),
            "{error}"
        );
    }
    let more = report(vec![
        row(work("resnet50", 1), &[1.0]),
        row(work("resnet50", 8), &[1.0]),
    ]);
    for (a, b, name) in [(&a, &more, "b.json"), (&more, &a, "a.json")] {
        let error = refused(a, b);
        let says = format!(
            "resnet50, batch 8, input 224×224, f32, latency, weights seed 0 is in {name} only"
        );
        assert!(
            error.contains(&says) && !error.contains("batch 1"),
            "{error}"
        );
    }
}

#[test]
fn results_that_cannot_be_matched_are_refused() {
    let a = single_row(&[10.0]);
    assert!(refused(&a, &report(vec![])).starts_with("b.json: expected rows"));
    let twice = report([a.rows.clone(), a.rows.clone()].concat());
    assert!(refused(&a, &twice).contains("found two rows of resnet50, batch 1"));
    let mut two = twice;
    two.devices.push(device("Another"));
    two.rows[1].device = Some(1);
    let error = refused(&a, &two);
    assert!(
        error.contains("expected 1 device (Some GPU 9000 (Vulkan))"),
        "{error}"
    );
    assert!(
        error.contains("found 2 devices (Some GPU 9000 (Vulkan), Another (Vulkan))"),
        "{error}"
    );
    assert_eq!(
        Comparison::of(&[("a".into(), &a)]),
        Err(CompareError::TooFew(1))
    );
    // The message does not list a very large number of differences in full.
    let many = (2..2000).map(|batch| row(work("resnet50", batch), &[1.0]));
    let error = refused(&a, &report(many.collect()));
    assert!(
        error.contains("and 1986 more") && error.len() < 3000,
        "{error}"
    );
}

#[test]
fn devices_are_matched_in_order() {
    let mut a = full();
    // The order of rows and devices in the file must not matter.
    a.rows.reverse();
    let mut b = a.clone();
    b.devices[1].driver_info = "2.0".into();
    let found = compare(&a, &b).unwrap();
    assert_eq!(found.rows.len(), a.rows.len());
    let names = [
        "imaginary",
        "llvmpipe (LLVM 19.1.7, 256 bits) (Vulkan)",
        "Some GPU 9000 (Vulkan)",
    ];
    assert_eq!(found.files[0].devices, names);
    assert_eq!(
        found.environment,
        [EnvironmentDifference {
            what: "driver version 2".into(),
            values: vec!["1.2.3".into(), "2.0".into()]
        }]
    );
    let lines = found.slower_than(0.0);
    assert!(
        lines[0].starts_with("device 1, resnet50, batch 1, latency: failed"),
        "{lines:?}"
    );
}

#[test]
fn a_table() {
    let a = full();
    let mut b = full();
    b.crate_version = "0.2.0".into();
    b.devices[0].driver_info = "1.3.0".into();
    for (row, factor) in b.rows.iter_mut().zip([1.25, 1.01, 0.5]) {
        for stats in [&mut row.end_to_end, &mut row.gpu].into_iter().flatten() {
            *stats = Stats::of(stats.samples.iter().map(|s| s * factor).collect()).unwrap();
        }
    }
    for row in &mut b.rows[..3] {
        let median = row.end_to_end.as_ref().map(|s| s.median);
        row.images_per_second = median.map(|ms| 1000.0 * row.work.batch_size as f64 / ms);
    }
    b.rows[4] = failed(work("resnet50", 1));
    b.rows[4].device = Some(1);
    let found = compare(&a, &b).unwrap();
    insta::assert_snapshot!(found.table());
    let markdown = found.markdown();
    assert!(
        markdown.contains("| resnet50 | 1 | latency | 10.25 ± 0.40 |"),
        "{markdown}"
    );
}

/// With several batches in flight, the rate is compared and not the time of a batch.
#[test]
fn throughput_is_compared_by_its_rate() {
    let result = |rate: f64, samples: &[f64]| {
        let mut row = row(work("resnet50", 8), samples);
        row.work.scenario = Scenario::Throughput;
        row.images_per_second = Some(rate);
        report(vec![row])
    };
    let first = result(100.0, &[10.0, 11.0]);
    let deeper = result(100.0, &[20.0, 21.0]);
    let slower = result(80.0, &[10.0, 11.0]);
    let found = compare(&first, &deeper).unwrap();
    assert_eq!(found.slower_than(5.0), [""; 0]);
    let found = compare(&first, &slower).unwrap();
    assert_eq!(found.rows[0].measures[1].time_ratio, Some(1.25));
    assert!(found.slower_than(5.0)[0].contains("25.0 % slower"));
}

/// Times by the host's clock are not compared with times by the GPU's clock.
#[test]
fn gpu_times_of_different_clocks_are_not_compared() {
    let first = single_row(&[10.0]);
    let mut other = single_row(&[10.0]);
    other.rows[0].gpu_clock = Some(resnet_wgpu::low_level::gpu::Clock::Wall);
    let ratio = |other: &Report| {
        let found = compare(&first, other).unwrap();
        found.rows[0].measures[1].gpu_ratio
    };
    assert_eq!((ratio(&first), ratio(&other)), (Some(1.0), None));
}
