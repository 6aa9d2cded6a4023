//! Documents of headings, lines and tables, for a terminal and as Markdown.

use resnet_wgpu::low_level::printable;

use super::table::{Table, escaped};

/// A sequence of headings, lines and tables.
#[derive(Debug, Clone, Default)]
pub struct Document {
    blocks: Vec<Block>,
}

#[derive(Debug, Clone)]
enum Block {
    Heading(String),
    Lines(Vec<String>),
    Table(Table),
}

impl Document {
    /// Adds a heading.
    pub fn heading(&mut self, text: &str) {
        self.blocks.push(Block::Heading(printable(text)));
    }

    /// Adds a line. Consecutive lines have no blank line between them.
    pub fn line(&mut self, text: &str) {
        let text = printable(text);
        match self.blocks.last_mut() {
            Some(Block::Lines(lines)) => lines.push(text),
            _ => self.blocks.push(Block::Lines(vec![text])),
        }
    }

    /// Adds a table, unless the table has no rows.
    pub fn table(&mut self, table: Table) {
        if !table.is_empty() {
            self.blocks.push(Block::Table(table));
        }
    }

    /// Returns the document as text for a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut after_heading = true;
        for block in &self.blocks {
            if !after_heading {
                text.push('\n');
            }
            // A blank line separates a table from its neighbours, but lines follow their heading
            // directly.
            after_heading = false;
            match block {
                Block::Heading(heading) => {
                    text.extend([heading, "\n"]);
                    after_heading = true;
                }
                Block::Lines(lines) => {
                    for line in lines {
                        text.extend([line, "\n"]);
                    }
                }
                Block::Table(table) => text.push_str(&table.text()),
            }
        }
        text
    }

    /// Returns the document as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for (i, block) in self.blocks.iter().enumerate() {
            if i > 0 {
                text.push('\n');
            }
            match block {
                Block::Heading(heading) => text.extend(["### ", &escaped(heading), "\n"]),
                Block::Lines(lines) => {
                    for line in lines {
                        text.extend(["- ", &escaped(line), "\n"]);
                    }
                }
                Block::Table(table) => text.push_str(&table.markdown()),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Alignment;
    use super::*;

    fn document() -> Document {
        let mut table = Table::new(&[("what", Alignment::Left), ("n", Alignment::Right)]);
        table.row(vec!["a|b".into(), "1".into()]);
        let mut document = Document::default();
        document.heading("Head\n<b>");
        document.line("one");
        document.line("two");
        document.table(table);
        document.table(Table::new(&[("empty", Alignment::Left)]));
        document
    }

    #[test]
    fn documents_for_a_terminal() {
        let expected = "Head <b>\none\ntwo\n\nwhat  n\n----  -\na|b   1\n";
        assert_eq!(document().text(), expected);
    }

    #[test]
    fn documents_as_markdown() {
        let expected = "### Head \\<b>\n\n- one\n- two\n\n\
                        | what | n |\n| :--- | ---: |\n| a\\|b | 1 |\n";
        assert_eq!(document().markdown(), expected);
    }
}
