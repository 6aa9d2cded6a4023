//! Complete reports with invented rows.

use resnet_wgpu_bench::{Check, Clock, Power, Report, Row, Scenario, Stats, Status, Verification};

use crate::fixture::{device, peaks, report, row};

/// Returns the row as a failed row.
pub fn failed(row: Row) -> Row {
    Row {
        status: Status::FailedVerification,
        error: Some("the logits differ from the CPU reference's by 3.1e-1 of the largest".into()),
        verification: row.verification.as_ref().map(|v| Verification {
            passed: false,
            deterministic: None,
            before: Check {
                relative_error: Some(0.31),
                top1_equal: 0,
            },
            after: None,
            ..v.clone()
        }),
        ..row
    }
}

/// Returns the row with four batches in flight. Each batch waits for three others, and the rate is
/// a little better.
pub fn in_flight(mut row: Row) -> Row {
    row.work.scenario = Scenario::Throughput;
    row.in_flight = 4;
    row.images_per_second = row.images_per_second.map(|images| 1.2 * images);
    let samples = row.end_to_end.map(|times| times.samples);
    let waiting = samples.map(|samples| samples.iter().map(|ms| 4.0 * ms / 1.2).collect());
    row.end_to_end = waiting.and_then(Stats::of);
    row
}

/// Returns a report with two devices, two networks, two batch sizes, and throughput.
pub fn realistic() -> Report {
    let (fast, slow) = (peaks(41_300.0, 3_870.0), peaks(4_210.0, 168.0));
    let mut rows = vec![];
    for (device, peaks) in [&fast, &slow].into_iter().enumerate() {
        for model in ["resnet18", "resnet50"] {
            for batch in [1, 8] {
                rows.push(row(device, peaks, model, batch, [1200, 300][device]));
            }
        }
    }
    rows.push(in_flight(row(0, &fast, "resnet50", 8, 600)));
    rows.push(in_flight(row(1, &slow, "resnet50", 8, 200)));
    let mut second = device("Intel(R) Arc(tm) A380 Graphics (DG2)", Some(slow));
    second.vendor = "Intel".into();
    second.driver = "Intel open-source Mesa driver".into();
    second.driver_info = "Mesa 24.2.8".into();
    report(vec![device("NVIDIA H200", Some(fast)), second], rows)
}

/// Returns a later report of the first device of [`realistic`] and of a laptop on battery: a failed
/// row, three samples, no peaks.
pub fn worse() -> Report {
    let peaks = peaks(9_870.0, 390.0);
    let mut rows: Vec<Row> = [
        ("resnet18", 1),
        ("resnet18", 8),
        ("resnet50", 1),
        ("resnet50", 8),
    ]
    .map(|(model, batch)| row(0, &peaks, model, batch, 3))
    .into();
    for row in &mut rows {
        row.startup.cold = None;
        row.roofline = None;
        for step in row
            .profile
            .iter_mut()
            .flat_map(|profile| &mut profile.steps)
        {
            (step.ceiling_ms, step.roofline_percent) = (None, None);
        }
    }
    rows[0].gpu_clock = Some(Clock::Wall);
    rows[0].verification.as_mut().unwrap().deterministic = Some(false);
    rows[1].warnings = vec!["times scatter (standard deviation 14 % of the mean)".into()];
    let last = rows.remove(3);
    rows.push(failed(last));
    let mut m2 = device("Apple M2", None);
    m2.backend = "Metal".into();
    m2.kind = "integrated".into();
    m2.warnings = vec!["running on battery, so clocks may be held down".into()];
    let mut report = report(vec![m2], rows);
    report.host.power = Power::Battery;
    report
}

/// Returns a report with anything that a file may hold: markup in every string, numbers out of
/// range, one sample, and the index of a device that does not exist.
pub fn hostile() -> Report {
    let evil = "</script><script>window.hacked=1</script><img src=x onerror=hacked=1>'\"&<!--";
    let mut row = row(0, &peaks(100.0, 10.0), "resnet18", 1, 1);
    row.work.model = evil.into();
    row.work.precision = evil.into();
    row.warnings = vec![evil.into()];
    row.roofline.as_mut().unwrap().percent = f64::MAX;
    let profile = row.profile.as_mut().unwrap();
    profile.steps[0].layer = evil.into();
    profile.steps[0].kernel = evil.into();
    profile.steps[1].ms = 0.0;
    profile.steps[1].gflops = f64::MAX;
    profile.steps[2].ceiling_ms = Some(-1e300);
    profile.steps[3].bytes = 0;
    let mut lost = failed(row.clone());
    lost.device = Some(7);
    lost.device_asked = evil.into();
    lost.error = Some(evil.into());
    let mut device = device(evil, Some(peaks(100.0, 10.0)));
    device.driver = evil.into();
    device.features = vec![evil.into()];
    device.warnings = vec![evil.into()];
    let mut report = report(vec![device], vec![row, lost]);
    report.command = evil.into();
    report.host.cpu = evil.into();
    report
}
