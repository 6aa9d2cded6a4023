//! SVG elements. All text and every attribute value is escaped.

use std::fmt::{self, Display, Write};

use minijinja::Value;

/// An element and its content.
#[derive(Debug, Clone)]
pub struct Element {
    name: &'static str,
    attributes: String,
    content: String,
}

/// Makes an element without attributes.
pub fn el(name: &'static str) -> Element {
    Element {
        name,
        attributes: String::new(),
        content: String::new(),
    }
}

impl Element {
    /// Adds an attribute.
    pub fn set(mut self, name: &str, value: impl Display) -> Self {
        let value = escape(&value.to_string());
        // Writing to a string does not fail.
        let _ = write!(self.attributes, " {name}=\"{value}\"");
        self
    }

    /// Adds the attribute `class`.
    pub fn class(self, class: &str) -> Self {
        self.set("class", class)
    }

    /// Adds text.
    pub fn text(mut self, text: &str) -> Self {
        self.content.push_str(&escape(text));
        self
    }

    /// Adds a child element, and returns the element itself.
    pub fn with(mut self, child: Element) -> Self {
        self.push(child);
        self
    }

    /// Adds a child element.
    pub fn push(&mut self, child: Element) {
        let _ = write!(self.content, "{child}");
    }

    /// Adds the text that appears when the pointer rests on the element.
    pub fn title(self, text: &str) -> Self {
        self.with(el("title").text(text))
    }

    /// Converts the element to a value that templates do not escape again.
    pub fn into_value(self) -> Value {
        Value::from_safe_string(self.to_string())
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self {
            name,
            attributes,
            content,
        } = self;
        write!(f, "<{name}{attributes}>{content}</{name}>")
    }
}

/// Makes a picture as wide as its container. The picture's content is positioned by percent
/// horizontally and by pixels vertically, so that text keeps its size on a phone.
pub fn picture(height: f64, label: &str) -> Element {
    el("svg")
        .set("role", "img")
        .set("aria-label", label)
        .set("width", "100%")
        .set("height", px(height))
}

/// Returns a fraction of the width as a percentage.
pub fn percent(part: f64) -> String {
    // Files may hold any number, but a picture needs positions inside it or close to it.
    let part = if part.is_nan() { 0.0 } else { part };
    without_trailing_zeros(format!("{:.3}", 100.0 * part.clamp(-1.0, 2.0))) + "%"
}

/// Returns a length in pixels.
pub fn px(pixels: f64) -> String {
    let pixels = if pixels.is_nan() { 0.0 } else { pixels };
    without_trailing_zeros(format!("{:.2}", pixels.clamp(-1e5, 1e5)))
}

fn without_trailing_zeros(number: String) -> String {
    number.trim_end_matches('0').trim_end_matches('.').into()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let element = el("text").set("x", "\"><script>").text("a < b & 'c'");
        assert_eq!(
            element.to_string(),
            "<text x=\"&quot;&gt;&lt;script&gt;\">a &lt; b &amp; &#39;c&#39;</text>"
        );
    }

    #[test]
    fn positions_are_finite() {
        assert_eq!(percent(0.125), "12.5%");
        assert_eq!(percent(1.0), "100%");
        assert_eq!(percent(f64::NAN), "0%");
        assert_eq!(percent(f64::INFINITY), "200%");
        assert_eq!(px(20.0), "20");
        assert_eq!(px(f64::NAN), "0");
    }
}
