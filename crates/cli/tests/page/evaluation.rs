//! Tests of the page of an evaluation, in headless Chromium.

use image::RgbImage;
use resnet_wgpu::Labels;
use resnet_wgpu_cli::eval::{
    Evaluation, EvaluationProvenance, LabelledPrediction, Tally, UnreadableImage, page,
};
use serde_json::Value;

use crate::browser::{assert_sound, complaints, inspect, open, write};

/// Returns a few hundred predictions, with some mistakes and too much confidence.
fn tally(classes: usize, images: usize, name: &str) -> Tally {
    let mut tally = Tally::new(classes);
    for index in 0..images {
        let label = index * 7 % classes;
        let wrong = index % 5 == 0 || index % 7 == 3;
        let first = if wrong {
            (label + 1 + index % 3) % classes
        } else {
            label
        };
        let second = (first + 1) % classes;
        tally.add(&LabelledPrediction {
            index,
            image: format!("{name}/{index}.png"),
            label,
            top: vec![first, second],
            confidence: 0.6 + 0.4 * ((index * 37 % 100) as f32 / 100.0),
        });
    }
    tally
}

fn provenance() -> EvaluationProvenance {
    EvaluationProvenance {
        model: "resnet20".into(),
        data: "photos".into(),
        device: "a device".into(),
        views: "the centre crop".into(),
        of: 400,
        images_per_second: 123.4,
        limited_by: "decoding".into(),
        ..Default::default()
    }
}

fn pictures(n: usize) -> Vec<Option<RgbImage>> {
    let picture =
        |i: u32| RgbImage::from_fn(40 + 50 * i, 60, |x, y| image::Rgb([x as u8, y as u8, 9]));
    (0..n)
        .map(|i| (i % 5 != 4).then(|| picture(i as u32)))
        .collect()
}

fn rendered_page(
    tally: &Tally,
    labels: &Labels,
    provenance: EvaluationProvenance,
    failures: Vec<UnreadableImage>,
) -> String {
    let found = Evaluation::new(tally, labels, provenance, failures);
    let pictures = pictures(found.mistakes.len());
    page(&found, tally, labels, &pictures).unwrap()
}

const EVIL: &str = "</script><script>hacked = 1</script><img src=x onerror=hacked=1>\"'&";

#[test]
fn pages_are_right_in_a_browser() {
    let cifar = Labels::cifar10();
    let usual = rendered_page(&tally(10, 400, "val"), &cifar, provenance(), vec![]);
    let many = Labels::from_list((0..1000).map(|i| format!("class number {i}")).collect());
    let imagenet = rendered_page(&tally(1000, 3000, "val"), &many, provenance(), vec![]);
    let broken = UnreadableImage {
        image: EVIL.into(),
        error: EVIL.into(),
    };
    let evil = EvaluationProvenance {
        model: EVIL.into(),
        data: EVIL.into(),
        device: EVIL.into(),
        interrupted: true,
        resumed: 5,
        ..provenance()
    };
    let labels = Labels::from_list(vec![EVIL.into(), "b".into(), "c".repeat(200)]);
    let hostile = rendered_page(&tally(3, 50, EVIL), &labels, evil, vec![broken]);
    let right = {
        let mut tally = Tally::new(10);
        tally.add(&LabelledPrediction {
            index: 0,
            image: "only.png".into(),
            label: 3,
            top: vec![3],
            confidence: 1.0,
        });
        rendered_page(&tally, &cifar, provenance(), vec![])
    };
    let pages = [
        ("eval", usual.as_str()),
        ("eval-1000", &imagenet),
        ("eval-hostile", &hostile),
        ("eval-one", &right),
    ];
    for (name, page) in &pages {
        write(&format!("{name}.html"), page);
    }
    assert!(imagenet.len() < 3 << 20, "{} bytes", imagenet.len());
    let (found, log) = inspect(&pages);
    assert_eq!(complaints(&log), Vec::<&str>::new());
    assert_eq!(found.len(), 8);
    for page in found {
        check(&page);
    }
}

fn check(page: &Value) {
    assert_sound(page);
    let (bars, images) = (
        page["bars"].as_u64().unwrap(),
        page["images"].as_u64().unwrap(),
    );
    let (most_bars, expected_images) = match page["name"].as_str().unwrap() {
        // The numbers of bars (bins, then classes), and of pictures: four of five mistakes have
        // one.
        "eval" => (16, 20),
        "eval-1000" => (1000, 21),
        "eval-hostile" => (9, 8),
        _ => (2, 0),
    };
    assert!(bars >= most_bars, "{page}");
    assert_eq!(images, expected_images, "{page}");
}

#[test]
fn a_page_opens_from_a_file() {
    let page = rendered_page(
        &tally(10, 400, "val"),
        &Labels::cifar10(),
        provenance(),
        vec![],
    );
    let (dom, log) = open(&write("eval-opened.html", &page));
    assert_eq!(complaints(&log), Vec::<&str>::new());
    for tag in ["<tr", "<svg", "<rect", "<img", "<section", "<li"] {
        assert_eq!(dom.matches(tag).count(), page.matches(tag).count(), "{tag}");
    }
    for says in [
        "correct on",
        "Overconfident",
        "Most confident mistakes",
        "Accuracy by class",
    ] {
        assert!(dom.contains(says), "{says}");
    }
}
