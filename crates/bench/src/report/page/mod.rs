//! An HTML page for one result or for several results in comparison. The page is self-contained: it
//! has no scripts and no fonts, fetches nothing, and carries its data as JSON.
//!
//! Every string of a result comes from a driver or a file, and is therefore escaped: by minijinja
//! in templates, by [`svg`](crate::page::svg) in charts and by [`embed`] in the data. A content
//! security policy also forbids scripts.
//!
//! The attribute `data-value` of each figure on the page holds the exact number from the JSON. The
//! attribute `data-at` holds the number's JSON pointer. Tests follow these pointers.

mod chart;
mod environment;
mod headline;
mod latency;
mod layers;
mod medians;
mod memory;
mod names;
mod number;
mod peaks;
mod rooflines;
mod rows;
mod start_ups;
mod table;

use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;

use crate::Report;
use crate::page::{PageError, STYLE, embedded, environment, templates};
use rows::Rows;

const TEMPLATES: &[(&str, &str)] = templates![
    "environment.html",
    "glossary.html",
    "headline.html",
    "latency.html",
    "layers.html",
    "macros.html",
    "medians.html",
    "memory.html",
    "page.html",
    "peaks.html",
    "rooflines.html",
    "start_ups.html",
    "table.html",
];

/// Returns the page for these results. Each result has a name that distinguishes it, such as its
/// file's path.
pub fn page(reports: &[(String, &Report)]) -> Result<String, PageError> {
    let env = environment(TEMPLATES)?;
    let paths: Vec<&str> = reports.iter().map(|(path, _)| path.as_str()).collect();
    let named: Vec<(String, &Report)> = (names::short_names(&paths).into_iter())
        .zip(reports.iter().map(|(_, report)| *report))
        .collect();
    let rows = Rows::of(&named);
    let page = Page {
        style: Value::from_safe_string(STYLE.into()),
        data: Value::from_safe_string(embed(reports)?),
        several: reports.len() > 1,
        headline: headline::headline(&rows),
        table: table::table(&rows),
        medians: medians::medians(&rows),
        memory: memory::memory(&rows),
        layers: layers::layers(&rows),
        rooflines: rooflines::rooflines(&rows),
        latency: latency::latency(&rows),
        start_ups: start_ups::start_ups(&rows),
        peaks: peaks::peaks(&rows),
        environment: environment::environment(&rows, &paths),
    };
    let template = env.get_template("page.html")?;
    Ok(template.render(Value::from(Serde(&page)))?)
}

/// The data that the templates show.
#[derive(Serialize)]
struct Page {
    style: Value,
    data: Value,
    several: bool,
    headline: headline::Headline,
    table: table::RowTable,
    medians: medians::Medians,
    memory: Vec<memory::MemoryRow>,
    layers: Vec<layers::Layers>,
    rooflines: rooflines::Rooflines,
    latency: Vec<latency::Latency>,
    start_ups: start_ups::StartUps,
    peaks: peaks::PeakTable,
    environment: Vec<environment::EnvironmentView>,
}

/// Returns the results as JSON that no HTML parser interprets as markup.
fn embed(reports: &[(String, &Report)]) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct EmbeddedReport<'a> {
        name: &'a str,
        report: &'a Report,
    }
    let reports: Vec<EmbeddedReport> = reports
        .iter()
        .map(|(name, report)| EmbeddedReport { name, report })
        .collect();
    embedded(&reports)
}
