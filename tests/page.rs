//! The HTML page of results: what it says, and how it looks in a browser.

#[path = "page/browser.rs"]
mod browser;
#[path = "page/fixture.rs"]
mod fixture;
#[path = "page/text.rs"]
mod text;
