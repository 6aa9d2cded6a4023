//! Formats an evaluation as text.

use std::fmt::Write;

use crate::eval::Evaluation;

use resnet_wgpu_bench::text::number::{rate, thousands};
use resnet_wgpu_bench::text::table::{Alignment, Table};

/// The largest number of classes that are listed completely. Of more classes, only the worst are
/// listed.
const ALL: usize = 20;

/// The number of classes, and of confused pairs, that are listed if there are many.
const SOME: usize = 10;

/// Formats the accuracy, the confused pairs and the classes.
pub fn text(found: &Evaluation) -> String {
    let provenance = &found.provenance;
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<8}{value}");
    };
    let share = |value: f64, [low, high]: [f64; 2]| {
        let [value, low, high] = [value, low, high].map(|share| 100.0 * share);
        format!("{value:.2} % ({low:.2} to {high:.2})")
    };
    line("model", provenance.model.clone());
    line("data", provenance.data.clone());
    line("device", provenance.device.clone());
    line("views", provenance.views.clone());
    line("top-1", share(found.top1, found.top1_interval));
    line("top-5", share(found.top5, found.top5_interval));
    let error = 100.0 * found.calibration.expected_error;
    line("ECE", format!("{error:.2} % (expected calibration error)"));
    line("images", images(found));
    if found.failed > 0 {
        line("failed", thousands(found.failed));
    }
    if found.images > provenance.resumed {
        let speed = rate(provenance.images_per_second);
        line(
            "speed",
            format!("{speed} images/s, limited by {}", provenance.limited_by),
        );
    }
    text + &classes(found) + &confused(found)
}

fn images(found: &Evaluation) -> String {
    let provenance = &found.provenance;
    let mut text = thousands(found.images);
    if found.images + found.failed < provenance.of {
        let _ = write!(text, " of {}", thousands(provenance.of));
    }
    if provenance.resumed > 0 {
        let _ = write!(
            text,
            ", {} from an earlier run",
            thousands(provenance.resumed)
        );
    }
    if provenance.interrupted {
        text += ", interrupted";
    }
    text
}

/// Formats all classes, or the worst of many, in ascending order of accuracy.
fn classes(found: &Evaluation) -> String {
    let mut classes: Vec<_> = found.classes.iter().collect();
    let heading = match classes.len() {
        ..2 => return String::new(),
        n if n <= ALL => "class".into(),
        n => {
            classes.sort_by(|a, b| a.top1.value.total_cmp(&b.top1.value));
            classes.truncate(SOME);
            format!("worst of {n} classes")
        }
    };
    let mut table = Table::new(&[
        (heading.as_str(), Alignment::Left),
        ("images", Alignment::Right),
        ("accuracy", Alignment::Right),
        ("95 %", Alignment::Left),
    ]);
    for class in classes {
        let [low, high] = class.top1.interval.map(|share| 100.0 * share);
        table.row(vec![
            class.label.clone(),
            thousands(class.top1.of),
            format!("{:.1} %", 100.0 * class.top1.value),
            format!("{low:.1} to {high:.1}"),
        ]);
    }
    format!("\n{}", table.text())
}

/// Formats the most frequently confused pairs.
fn confused(found: &Evaluation) -> String {
    if found.confused.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        ("correct class", Alignment::Left),
        ("predicted class", Alignment::Left),
        ("images", Alignment::Right),
        ("of", Alignment::Right),
    ]);
    for pair in found.confused.iter().take(SOME) {
        table.row(vec![
            pair.label_name.clone(),
            pair.predicted_name.clone(),
            thousands(pair.images),
            thousands(pair.of),
        ]);
    }
    format!("\n{}", table.text())
}
