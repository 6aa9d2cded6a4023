//! Text in aligned columns.

use resnet_wgpu::low_level::printable;
use unicode_width::UnicodeWidthStr;

/// On which side a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table with a head, whose columns are as wide as they must be, or as was
/// said beforehand where rows are printed one by one.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<(String, Align, usize)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of those columns.
    pub fn new(columns: &[(impl AsRef<str>, Align)]) -> Self {
        let columns = columns.iter().map(|(name, align)| {
            let name = printable(name.as_ref());
            let wide = width(&name);
            (name, *align, wide)
        });
        Self {
            columns: columns.collect(),
            rows: vec![],
        }
    }

    /// Makes a column at least that wide.
    pub fn reserve(&mut self, column: usize, at_least: usize) {
        if let Some((_, _, width)) = self.columns.get_mut(column) {
            *width = at_least.max(*width);
        }
    }

    /// Adds a row; a shorter one leaves its last columns empty.
    pub fn row(&mut self, cells: Vec<String>) {
        let cells: Vec<String> = cells.iter().map(printable).collect();
        for (i, cell) in cells.iter().enumerate() {
            self.reserve(i, width(cell));
        }
        self.rows.push(cells);
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The head and its rule.
    pub fn head(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|c| c.0.clone()).collect();
        let rule: Vec<String> = self.columns.iter().map(|c| "-".repeat(c.2)).collect();
        self.line(&names) + &self.line(&rule)
    }

    /// One row, ended by a new line.
    pub fn line(&self, cells: &[String]) -> String {
        let mut line = String::new();
        for (i, (cell, (_, align, wide))) in cells.iter().zip(&self.columns).enumerate() {
            let gap = " ".repeat(wide.saturating_sub(width(cell)));
            if i > 0 {
                line.push_str("  ");
            }
            match align {
                Align::Left => line.extend([cell.as_str(), &gap]),
                Align::Right => line.extend([gap.as_str(), cell]),
            }
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    }

    /// All of it.
    pub fn text(&self) -> String {
        let mut text = self.head();
        for row in &self.rows {
            text.push_str(&self.line(row));
        }
        text
    }

    /// All of it as Markdown.
    pub fn markdown(&self) -> String {
        let names = self.columns.iter().map(|c| escaped(&c.0));
        let rules = self.columns.iter().map(|c| match c.1 {
            Align::Left => ":---".to_owned(),
            Align::Right => "---:".to_owned(),
        });
        let mut text = piped(names) + &piped(rules);
        for row in &self.rows {
            let cells = (0..self.columns.len()).map(|i| row.get(i).map_or("", String::as_str));
            text.push_str(&piped(cells.map(escaped)));
        }
        text
    }
}

fn piped(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Text whose characters mean themselves in Markdown.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '<' | '[' | '|') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Columns of a terminal; some characters take two or none.
fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&[("layer", Align::Left), ("n", Align::Right)]);
        table.row(vec!["conv1".into(), "9,408".into()]);
        table.row(vec!["1×1".into(), "1".into()]);
        let expected = "layer      n\n-----  -----\nconv1  9,408\n1×1        1\n";
        assert_eq!(table.text(), expected);
    }

    #[test]
    fn wide_and_combining_characters_are_aligned() {
        let mut table = Table::new(&[("class", Align::Left), ("n", Align::Right)]);
        table.row(vec!["柴犬".into(), "1".into()]);
        table.row(vec!["cafe\u{301}".into(), "22".into()]);
        let expected = "class   n\n-----  --\n柴犬    1\ncafe\u{301}   22\n";
        assert_eq!(table.text(), expected);
    }
}
