//! Text tables with aligned columns.

use resnet_wgpu::low_level::printable;
use unicode_width::UnicodeWidthStr;

/// The alignment of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alignment {
    /// Left, for words.
    Left,
    /// Right, for numbers.
    Right,
}

/// A table with a head, whose columns are as wide as their widest cell. Rows that are printed one
/// by one need widths that are reserved in advance.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<(String, Alignment, usize)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Makes an empty table with these columns.
    pub fn new(columns: &[(impl AsRef<str>, Alignment)]) -> Self {
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

    /// Makes a column at least `at_least` terminal columns wide.
    pub fn reserve(&mut self, column: usize, at_least: usize) {
        if let Some((_, _, width)) = self.columns.get_mut(column) {
            *width = at_least.max(*width);
        }
    }

    /// Adds a row. Columns without a cell stay empty.
    pub fn row(&mut self, cells: Vec<String>) {
        let cells: Vec<String> = cells.iter().map(printable).collect();
        for (i, cell) in cells.iter().enumerate() {
            self.reserve(i, width(cell));
        }
        self.rows.push(cells);
    }

    /// Returns whether the table has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the head and the rule below it.
    pub fn head(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|c| c.0.clone()).collect();
        let rule: Vec<String> = self.columns.iter().map(|c| "-".repeat(c.2)).collect();
        self.line(&names) + &self.line(&rule)
    }

    /// Returns one row, with a line break at its end.
    pub fn line(&self, cells: &[String]) -> String {
        let mut line = String::new();
        for (i, (cell, (_, align, wide))) in cells.iter().zip(&self.columns).enumerate() {
            let gap = " ".repeat(wide.saturating_sub(width(cell)));
            if i > 0 {
                line.push_str("  ");
            }
            match align {
                Alignment::Left => line.extend([cell.as_str(), &gap]),
                Alignment::Right => line.extend([gap.as_str(), cell]),
            }
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    }

    /// Returns the whole table as text.
    pub fn text(&self) -> String {
        let mut text = self.head();
        for row in &self.rows {
            text.push_str(&self.line(row));
        }
        text
    }

    /// Returns the whole table as Markdown.
    pub fn markdown(&self) -> String {
        let names = self.columns.iter().map(|c| escaped(&c.0));
        let rules = self.columns.iter().map(|c| match c.1 {
            Alignment::Left => ":---".to_owned(),
            Alignment::Right => "---:".to_owned(),
        });
        let mut text = markdown_row(names) + &markdown_row(rules);
        for row in &self.rows {
            let cells = (0..self.columns.len()).map(|i| row.get(i).map_or("", String::as_str));
            text.push_str(&markdown_row(cells.map(escaped)));
        }
        text
    }
}

fn markdown_row(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Escapes the characters that Markdown would interpret.
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

/// Returns the number of terminal columns that a text occupies. Some characters occupy two columns
/// or none.
fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&[("layer", Alignment::Left), ("n", Alignment::Right)]);
        table.row(vec!["conv1".into(), "9,408".into()]);
        table.row(vec!["1×1".into(), "1".into()]);
        let expected = "layer      n\n-----  -----\nconv1  9,408\n1×1        1\n";
        assert_eq!(table.text(), expected);
    }

    #[test]
    fn wide_and_combining_characters_are_aligned() {
        let mut table = Table::new(&[("class", Alignment::Left), ("n", Alignment::Right)]);
        table.row(vec!["柴犬".into(), "1".into()]);
        table.row(vec!["cafe\u{301}".into(), "22".into()]);
        let expected = "class   n\n-----  --\n柴犬    1\ncafe\u{301}   22\n";
        assert_eq!(table.text(), expected);
    }
}
