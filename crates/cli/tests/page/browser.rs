//! Tests of pages in headless Chromium: no console messages, bars as long as their figures, and no
//! sideways scrolling on a phone.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use resnet_wgpu_bench::Report;
use resnet_wgpu_bench::report::page;
use serde_json::{Value, json};

use crate::fixture::report;
use crate::reports::{hostile, realistic, worse};

const NAMES: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// The time limit for Chromium, which starts slowly on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(180);

/// Returns the DOM of a file after loading, and the browser's log.
pub fn open(file: &Path) -> (String, String) {
    let configured = std::env::var("CHROMIUM").ok();
    let names = configured.iter().map(String::as_str).chain(NAMES);
    let folder = tempfile::tempdir().unwrap();
    let dom = folder.path().join("dom");
    let log = folder.path().join("log");
    for name in names {
        let mut command = Command::new(name);
        command
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
            ])
            .args(["--no-first-run", "--disable-background-networking"])
            .args([
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
            ])
            .args([
                "--enable-logging=stderr",
                "--v=0",
                "--window-size=1400,1000",
            ])
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .arg("--dump-dom")
            .arg(format!("file://{}", file.display()))
            .stdin(Stdio::null())
            .stdout(File::create(&dom).unwrap())
            .stderr(File::create(&log).unwrap());
        let Ok(mut child) = command.spawn() else {
            continue;
        };
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if start.elapsed() > TIME_LIMIT {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("{name} did not end: {}", fs::read_to_string(&log).unwrap());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        return (read(&dom), read(&log));
    }
    panic!(
        "no Chromium: run ./scripts/test, which installs it on Debian and Ubuntu, or install \
         Chromium or Chrome, or set CHROMIUM to its path"
    );
}

/// Writes a page to a folder in which it stays for inspection.
pub fn write(name: &str, text: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, text).unwrap();
    file
}

/// The script that inspects each page in a frame from outside, so that the page is unchanged.
const INSPECT: &str = include_str!("inspect.js");

pub fn inspect(pages: &[(&str, &str)]) -> (Vec<Value>, String) {
    let mut text = String::from("<!DOCTYPE html><meta charset=utf-8><title>pages</title><body>");
    for (name, page) in pages {
        let page = page.replace('&', "&amp;").replace('"', "&quot;");
        for width in [360, 1280] {
            text += &format!(
                "<iframe title=\"{name}\" width={width} height=800 srcdoc=\"{page}\"></iframe>"
            );
        }
    }
    text += &format!("<script>{INSPECT}</script>");
    // Tests run at the same time, so each has a file of its own.
    let file = format!("frames-{}.html", pages[0].0);
    let (dom, log) = open(&write(&file, &text));
    let found = dom
        .split_once("<pre id=\"found\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"));
    let Some((found, _)) = found else {
        panic!("the frames were not looked at: {log}");
    };
    (serde_json::from_str(&decoded(found)).unwrap(), log)
}

/// Decodes the output of `encodeURIComponent`.
fn decoded(text: &str) -> String {
    let mut bytes = vec![];
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || (rest.next().unwrap() as char).to_digit(16).unwrap();
                (16 * digit() + digit()) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

pub fn complaints(log: &str) -> Vec<&str> {
    log.lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect()
}

fn one(report: &Report) -> String {
    page(&[(String::new(), report)]).unwrap()
}

/// Asserts that figures equal the data, bars match their figures, and no content overflows. No
/// injected script may run, and nothing may be fetched.
#[track_caller]
pub fn assert_sound(page: &Value) {
    assert!(
        page["scroll"].as_u64() <= page["width"].as_u64(),
        "scrolls sideways: {page}"
    );
    for (what, expected) in [
        ("wrong", json!([])),
        ("uneven", json!([])),
        ("miscounted", json!([])),
        ("misread", json!([])),
        ("clipped", json!([])),
        ("outside", json!(0)),
        ("unlabelled", json!(0)),
        ("scripts", json!(1)),
        ("broken", json!(0)),
        ("hacked", json!(null)),
        ("fetched", json!([])),
    ] {
        assert_eq!(page[what], expected, "{what}: {page}");
    }
}

#[test]
fn pages_are_right_in_a_browser() {
    let (good, bad, evil) = (realistic(), worse(), hostile());
    let both = page(&[("h200.json".into(), &good), ("m2.json".into(), &bad)]).unwrap();
    let pages = [
        ("one", one(&good)),
        ("worse", one(&bad)),
        ("compared", both),
        ("hostile", one(&evil)),
        ("empty", one(&report(vec![], vec![]))),
    ];
    for (name, page) in &pages {
        write(&format!("{name}.html"), page);
    }
    let pages: Vec<_> = pages
        .iter()
        .map(|(name, page)| (*name, page.as_str()))
        .collect();
    let (found, log) = inspect(&pages);
    assert_eq!(complaints(&log), Vec::<&str>::new());
    assert_eq!(found.len(), 10);
    for page in found {
        assert_eq!(page["inner"], page["width"], "{page}");
        assert_sound(&page);
        assert_eq!(page["images"], 0);
        let bars = page["bars"].as_u64().unwrap();
        match page["name"].as_str().unwrap() {
            "empty" => assert_eq!(bars, 0),
            _ => assert!(bars > 30, "{page}"),
        }
    }
}

#[test]
fn a_page_opens_from_a_file() {
    let page = one(&realistic());
    let (dom, log) = open(&write("opened.html", &page));
    assert_eq!(complaints(&log), Vec::<&str>::new());
    assert!(dom.trim_end().ends_with("</html>"));
    // The parser keeps the elements as written. No element is moved or left open.
    for tag in ["<tr", "<svg", "<rect", "<circle", "<section", "<details"] {
        assert_eq!(dom.matches(tag).count(), page.matches(tag).count(), "{tag}");
    }
}
