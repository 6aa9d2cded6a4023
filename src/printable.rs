//! Text from a file or a driver, made safe to print.

/// `text` with spaces for the control characters that a file name or label
/// may carry, so that a message stays one line and a terminal unharmed.
pub fn printable(text: impl std::fmt::Display) -> String {
    let spaced = |c: char| if c.is_control() { ' ' } else { c };
    text.to_string().chars().map(spaced).collect()
}
