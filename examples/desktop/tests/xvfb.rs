//! Tests of the application in a real window under Xvfb. The application's tour opens a
//! picture, waits for the answer, shows its heat map, and runs live, all by simulated keys
//! and clicks. The tests compare the tour's report with the library, and check pixels of
//! its screenshots.
#![cfg(target_os = "linux")]

mod display;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use display::Display;
use image::{Rgb, RgbImage};
use resnet_wgpu::{Classifier, Device, ImageLimits, Model, decode_file};
use serde_json::Value;

/// The time limit of a tour, which gives up by itself after five minutes.
const PATIENCE: Duration = Duration::from_secs(330);

/// The lock that allows one window at a time, because windows would share the cores.
static WINDOW: Mutex<()> = Mutex::new(());

/// The accent colour and the colour of the track behind it, as in `view/theme.rs`.
const DARK: [[u8; 3]; 2] = [[88, 166, 255], [46, 52, 62]];
const LIGHT: [[u8; 3]; 2] = [[28, 107, 222], [222, 228, 237]];

/// The colour of the frame of errors in the dark theme.
const ERROR: [u8; 3] = [255, 133, 121];

fn photo(name: &str) -> PathBuf {
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../photos");
    photos.join(name)
}

/// The output of a tour.
struct TourOutput {
    folder: tempfile::TempDir,
    report: Value,
}

impl TourOutput {
    /// Runs a tour and checks that it succeeds.
    fn run(theme: &str, arguments: &[PathBuf]) -> Self {
        let tour = Self::run_to_any_end(theme, arguments);
        assert_eq!(tour.report.get("error"), None, "{:#}", tour.report);
        tour
    }

    fn run_to_any_end(theme: &str, arguments: &[PathBuf]) -> Self {
        // A failure of another test poisons the lock, which is no reason to fail.
        let _window = WINDOW.lock().unwrap_or_else(PoisonError::into_inner);
        let display = Display::start();
        let folder = tempfile::tempdir().unwrap();
        let mut running = Command::new(env!("CARGO_BIN_EXE_resnet-desktop"))
            .args(["--theme", theme, "--tour"])
            .arg(folder.path())
            .args(arguments)
            .env("DISPLAY", display.name())
            .env("NODEVICE_SELECT", "1")
            // Mesa prints a warning without this variable.
            .env("XDG_RUNTIME_DIR", folder.path())
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        let status = loop {
            if let Some(status) = running.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > PATIENCE {
                running.kill().unwrap();
                running.wait().unwrap();
                panic!("the tour did not end");
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert!(status.success(), "{status}");
        let report = std::fs::read(folder.path().join("report.json")).unwrap();
        let report: Value = serde_json::from_slice(&report).unwrap();
        Self { folder, report }
    }

    fn screenshot(&self, name: &str) -> RgbImage {
        let path = self.folder.path().join(format!("{name}.png"));
        let shot = decode_file(&path, &ImageLimits::default()).unwrap();
        assert_eq!(shot.dimensions(), (1280, 800), "{name}");
        let first = shot.get_pixel(0, 0);
        let others = shot.pixels().filter(|pixel| *pixel != first).count();
        assert!(others > 100_000, "{name} is blank");
        shot
    }

    /// Returns the bars of a screenshot: left, top, right, bottom.
    fn bars(&self, name: &str) -> Vec<[u32; 4]> {
        let bars = self.report[format!("{name}_bars")].as_array().unwrap();
        let corner = |bar: &Value, i: usize| bar[i].as_f64().unwrap() as u32;
        let corners = |bar| std::array::from_fn(|i| corner(bar, i));
        bars.iter().map(corners).collect()
    }
}

/// Checks that the filled part of each bar equals the probability of its class.
fn check_bars(shot: &RgbImage, bars: &[[u32; 4]], shares: &[f64], [accent, track]: [[u8; 3]; 2]) {
    assert_eq!((bars.len(), shares.len()), (5, 5));
    for (&[left, top, right, bottom], share) in bars.iter().zip(shares) {
        let middle = (top + bottom) / 2;
        // Leave out the round ends.
        let inside = left + 4..right - 4;
        let filled = inside
            .clone()
            .filter(|&x| *shot.get_pixel(x, middle) == Rgb(accent))
            .count();
        let empty = inside
            .clone()
            .filter(|&x| *shot.get_pixel(x, middle) == Rgb(track))
            .count();
        let part = filled as f64 / inside.len() as f64;
        assert!((part - share).abs() < 0.04, "{part} is filled of {share}");
        assert!(
            filled + empty + 8 >= inside.len(),
            "{filled} and {empty} of {}",
            inside.len()
        );
    }
}

/// Returns the mean difference of the channels of two screenshots in a rectangle.
fn difference(a: &RgbImage, b: &RgbImage, [left, top, right, bottom]: [u32; 4]) -> f64 {
    let mut sum = 0;
    for (x, y) in (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))) {
        let pair = a.get_pixel(x, y).0.into_iter().zip(b.get_pixel(x, y).0);
        sum += pair.map(|(a, b)| u64::from(a.abs_diff(b))).sum::<u64>();
    }
    sum as f64 / f64::from(3 * (right - left) * (bottom - top))
}

/// The middle of the window, where the picture is.
const MIDDLE: [u32; 4] = [420, 220, 780, 600];

#[test]
fn a_picture_is_classified_and_frames_go_on() {
    let pictures = ["astronaut.png", "chelsea.png", "coffee.png"].map(photo);
    let tour = TourOutput::run("dark", &pictures);
    let report = &tour.report;
    println!("{report:#}");

    // The answer equals that of the library.
    let model = Model::embedded().unwrap();
    let classifier = Classifier::new(Device::Cpu, &model, &Default::default()).unwrap();
    let picture = decode_file(&pictures[0], &ImageLimits::default()).unwrap();
    let expected = classifier.classify(&picture, 5).unwrap();
    let top = report["top"].as_array().unwrap();
    assert_eq!(top[0]["label"].as_str(), Some(&expected[0].label[..]));
    let shares: Vec<f64> = top
        .iter()
        .map(|best| best["probability"].as_f64().unwrap())
        .collect();
    for (share, expected) in shares.iter().zip(&expected) {
        assert!((share - f64::from(expected.probability)).abs() < 1e-4);
    }
    let shown = tour.screenshot("pictures");
    check_bars(&shown, &tour.bars("pictures"), &shares, DARK);

    // The heat map covers the picture, and each shown class has a map.
    let classes: Vec<&Value> = top.iter().map(|best| &best["class"]).collect();
    let maps: Vec<&Value> = report["maps"].as_array().unwrap().iter().collect();
    assert_eq!(maps, classes);
    let heat = tour.screenshot("heat");
    assert!(difference(&shown, &heat, MIDDLE) > 10.0);
    assert_eq!(&report["clicked"], classes[1]);
    assert_eq!(&report["dropped"], classes[0]);

    // Live mode ran the predicted number of slices, without waiting or uploading.
    let number = |name: &str| report[name].as_f64().unwrap();
    assert!(number("gpu_ms") > 0.0);
    assert!(number("answers") >= 3.0);
    assert_eq!(report["slices"], report["slices_said"]);
    // The first slice reads the picture; the others follow in consecutive frames.
    assert!(number("slices") >= 3.0);
    assert_eq!(report["miscounted"], 0);
    assert_eq!(report["waits"], 0);
    assert_eq!(report["uploaded_bytes"], 0);

    // For the scene that stands still, the library gives the same answer.
    let scene = tour.folder.path().join("scene.png");
    let scene = decode_file(&scene, &ImageLimits::default()).unwrap();
    let expected = &classifier.classify(&scene, 1).unwrap()[0];
    let answer = &report["live_top"];
    assert_eq!(answer["label"].as_str(), Some(&expected.label[..]));
    let probability = answer["probability"].as_f64().unwrap();
    // The device resizes as the library does, within a rounding of a pixel.
    let off = (probability - f64::from(expected.probability)).abs();
    println!("live: {} {probability:.4}, {off:.4} off", expected.label);
    assert!(off < 0.02, "{probability}, not {}", expected.probability);

    let shot = tour.screenshot("live");
    assert!(difference(&shown, &shot, MIDDLE) > 10.0);
    let [without, with] = ["without", "with"].map(|kind| {
        let figures = ["frames", "median_ms", "p99_ms"].map(|f| report[kind][f].as_f64().unwrap());
        let [frames, median, p99] = figures;
        assert!(frames >= 20.0 && median > 0.0 && p99 >= median);
        println!("{kind} inference: {frames} frames, median {median:.1} ms, p99 {p99:.1} ms");
        p99
    });
    // A software adapter draws and computes on the same cores, so its figures are only
    // printed. Hardware must meet the bound in the README.
    if report["software"].as_bool().unwrap() {
        let device = report["device"].as_str().unwrap();
        println!("the bound for hardware was not asserted: {device} is software");
    } else {
        let most = without + number("gpu_ms") + 2.0;
        assert!(with <= most, "{with} ms > {most} ms");
    }
}

#[test]
fn an_empty_window_says_what_to_do() {
    let weights = photo("../weights/resnet20-cifar10.safetensors");
    let tour = TourOutput::run("light", &["--model".into(), weights]);
    let shot = tour.screenshot("empty");
    assert_eq!(tour.bars("empty").len(), 0);
    // The screenshot has the colours of selected and of other buttons.
    let count = |colour: [u8; 3]| shot.pixels().filter(|pixel| pixel.0 == colour).count();
    assert!(LIGHT.into_iter().all(|colour| count(colour) > 500));
}

#[test]
fn failures_are_reported_in_words() {
    let tour = TourOutput::run_to_any_end("dark", &[photo("README.md"), photo("no such file.png")]);
    // One notice contains both failures.
    let error = tour.report["error"].as_str().unwrap();
    for part in ["2 could not be opened", "README.md", "no such file.png"] {
        assert!(error.contains(part), "{error}");
    }
    let shot = tour.screenshot("notice");
    // The notice has a frame in the colour of errors, below the middle of the window.
    let framed = shot
        .enumerate_pixels()
        .filter(|(_, y, pixel)| *y > 600 && pixel.0 == ERROR);
    assert!(framed.count() > 500);
}
