//! Tests of the HTML page of results: its contents and its layout in a browser.

#[path = "page/browser.rs"]
mod browser;
#[path = "page/evaluation.rs"]
mod evaluation;
#[path = "page/figures.rs"]
mod figures;
#[path = "page/fixture.rs"]
mod fixture;
#[path = "page/reports.rs"]
mod reports;
#[path = "page/text.rs"]
mod text;
