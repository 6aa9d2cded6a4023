//! Conversion of text from a file or a driver to text that is safe to print.

/// Replaces the control characters in `text` by spaces. File names and labels may contain such
/// characters. The replacement keeps a message on one line and protects the terminal.
pub fn printable(text: impl std::fmt::Display) -> String {
    let spaced = |c: char| if c.is_control() { ' ' } else { c };
    text.to_string().chars().map(spaced).collect()
}
