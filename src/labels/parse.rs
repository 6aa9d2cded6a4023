//! Parser of labels in JSON, CSV or plain text.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::{Label, LabelsError};
use crate::printable::printable;

/// Largest size of a label file in bytes; ImageNet's file has 25,000 bytes.
const MAX_BYTES: u64 = 16 << 20;

/// Returns the labels in a file, by class.
pub(super) fn file(path: &Path) -> Result<Vec<Label>, LabelsError> {
    let name = printable(path.display());
    let text = read(path, &name)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let labels = match text.trim_start().chars().next() {
        Some('[' | '{') => json(text, &name)?,
        _ if is_header(text.lines().next().unwrap_or_default()) => csv(text, &name)?,
        _ => lines(text, &name)?,
    };
    if labels.is_empty() {
        return Err(LabelsError::Empty { path: name });
    }
    Ok(labels)
}

fn read(path: &Path, name: &str) -> Result<String, LabelsError> {
    let failed = |source| LabelsError::Read {
        path: name.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    // One byte more than the limit distinguishes a file that is too long from a file of exactly
    // this size.
    let mut limited = file.take(MAX_BYTES + 1);
    limited.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(LabelsError::TooLarge {
            path: name.to_owned(),
            limit: MAX_BYTES,
        });
    }
    String::from_utf8(bytes).map_err(|_| LabelsError::NotText {
        path: name.to_owned(),
    })
}

/// Reads one label from each line. An empty line is an error, because it would shift every class
/// after it. Only empty lines at the end are ignored.
fn lines(text: &str, path: &str) -> Result<Vec<Label>, LabelsError> {
    let lines = text.trim_end().lines().enumerate();
    lines
        .map(|(i, line)| match line.trim() {
            "" => Err(LabelsError::Line {
                path: path.to_owned(),
                line: i + 1,
                expected: "a label",
                found: "an empty line".into(),
            }),
            name => Ok(Label::new(name, None)),
        })
        .collect()
}

fn is_header(line: &str) -> bool {
    let fields = fields(line).unwrap_or_default();
    fields
        .iter()
        .map(|f| f.to_lowercase())
        .eq(["class", "synset", "name"])
}

/// Reads the lines of `class,synset,name` after their header.
fn csv(text: &str, path: &str) -> Result<Vec<Label>, LabelsError> {
    let mut entries = Vec::new();
    for (i, line) in text.lines().enumerate().skip(1) {
        if line.trim().is_empty() {
            continue;
        }
        let entry = || {
            let [class, synset, name]: [String; 3] = fields(line)?.try_into().ok()?;
            let synset = Some(synset).filter(|s| !s.is_empty());
            let label = Label::new(&name, synset.as_deref());
            Some((class.parse().ok()?, label)).filter(|_| !name.is_empty())
        };
        entries.push(entry().ok_or_else(|| LabelsError::Line {
            path: path.to_owned(),
            line: i + 1,
            expected: "class,synset,name with a whole number as class",
            found: format!("\"{}\"", start(line)),
        })?);
    }
    by_class(entries, path)
}

/// Returns the fields of a CSV line, including quoted fields, or `None` if a quote is not closed.
fn fields(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line.trim();
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => closing_quote(quoted)?,
            None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
        };
        // Within quotes, a doubled quote stands for one quote.
        fields.push(field.replace("\"\"", "\"").trim().to_owned());
        match after.trim_start().strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return after.trim().is_empty().then_some(fields),
        }
    }
}

/// Splits a text at the quote that closes a field: returns the text before and after the quote.
fn closing_quote(quoted: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let at = from + quoted[from..].find('"')?;
        if !quoted[at + 1..].starts_with('"') {
            return Some((&quoted[..at], &quoted[at + 1..]));
        }
        from = at + 2;
    }
}

fn json(text: &str, path: &str) -> Result<Vec<Label>, LabelsError> {
    let wrong = |found: String| LabelsError::Json {
        path: path.to_owned(),
        found,
    };
    let value: Value = serde_json::from_str(text).map_err(|e| wrong(printable(e)))?;
    let entry = |class: &str, value: &Value| {
        let label = match value {
            Value::String(name) => Some(Label::new(name, None)),
            Value::Array(pair) => match pair.as_slice() {
                [Value::String(synset), Value::String(name)] => {
                    Some(Label::new(name, Some(synset)))
                }
                _ => None,
            },
            _ => None,
        };
        let found = || wrong(format!("{} for class {}", kind(value), start(class)));
        label.ok_or_else(found)
    };
    match value.get("id2label").unwrap_or(&value) {
        Value::Array(names) => {
            let names = names.iter().enumerate();
            names.map(|(i, name)| entry(&i.to_string(), name)).collect()
        }
        Value::Object(names) => {
            let mut entries = Vec::new();
            for (class, name) in names {
                let index = class.parse().map_err(|_| {
                    wrong(format!(
                        "the key \"{}\", which is no class index",
                        start(class)
                    ))
                })?;
                entries.push((index, entry(class, name)?));
            }
            by_class(entries, path)
        }
        other => Err(wrong(kind(other).into())),
    }
}

/// Sorts labels by class and checks that each class has exactly one label.
fn by_class(mut entries: Vec<(usize, Label)>, path: &str) -> Result<Vec<Label>, LabelsError> {
    entries.sort_by_key(|(class, _)| *class);
    let last = entries.last().map_or(0, |(class, _)| *class);
    for (i, (class, _)) in entries.iter().enumerate() {
        if *class != i {
            let (class, found) = if *class < i {
                (*class, "two")
            } else {
                (i, "none")
            };
            return Err(LabelsError::Classes {
                path: path.to_owned(),
                last,
                class,
                found,
            });
        }
    }
    Ok(entries.into_iter().map(|(_, label)| label).collect())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Returns the first characters of a text, for a message.
fn start(text: &str) -> String {
    printable(text.chars().take(40).collect::<String>())
}

#[cfg(test)]
mod tests;
