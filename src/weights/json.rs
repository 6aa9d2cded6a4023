//! Reads JSON objects from outside key by key and returns typed errors.

use serde_json::{Map, Value};

use super::ConfigError;

/// An object of a configuration file.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    file: &'a str,
    map: &'a Map<String, Value>,
}

/// Parses a file's whole text as an object.
pub(super) fn parse(file: &str, key: &str, text: &str) -> Result<Map<String, Value>, ConfigError> {
    let error = |found: String| ConfigError {
        file: file.to_owned(),
        key: key.to_owned(),
        expected: "a JSON object (NaN and Infinity are not JSON)".into(),
        remedy: ConfigError::CORRECT,
        found,
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(other) => Err(error(shortened(&other))),
        Err(e) => Err(error(e.to_string())),
    }
}

impl<'a> Fields<'a> {
    pub fn new(file: &'a str, map: &'a Map<String, Value>) -> Self {
        Self { file, map }
    }

    /// Returns the value under `key`, or `None` if the key is absent or has the value `null`.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|v| !v.is_null())
    }

    /// Returns an error about the value under `key`. The remedy is to correct or delete the entry.
    pub fn error(&self, key: &str, expected: &str) -> ConfigError {
        ConfigError {
            file: self.file.to_owned(),
            key: key.to_owned(),
            expected: expected.to_owned(),
            remedy: ConfigError::CORRECT,
            found: self.map.get(key).map_or("nothing".into(), shortened),
        }
    }

    /// Returns an error about a valid value that requests a computation this library does not
    /// support.
    pub fn refusal(&self, key: &str, expected: &str) -> ConfigError {
        ConfigError {
            remedy: ConfigError::OTHER_NETWORK,
            ..self.error(key, expected)
        }
    }

    /// Reads the value under `key` as [`read`](Self::read) does, but treats every wrong value as a
    /// request for another computation. The error must not suggest deleting the entry, because
    /// without the entry the network's results would be wrong.
    pub fn choice<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let found = self.read(key, expected, read);
        found.map_err(|_| self.refusal(key, expected))
    }

    /// Returns whether `key` is present with the value `null`.
    pub fn is_null(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(Value::is_null)
    }

    /// Returns the keys whose values are not `null`.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        let given = self.map.iter().filter(|(_, value)| !value.is_null());
        given.map(|(key, _)| key.as_str())
    }

    /// Returns the provenance of a default value: `what`, with the name of the file that lacks the
    /// value.
    pub fn source(&self, what: &str) -> String {
        format!("{what}, since {} names none", self.file)
    }

    /// Converts the value under `key` with `read`. Returns `None` for an absent key.
    ///
    /// # Errors
    /// [`ConfigError`] if `read` returns `None` for the value.
    pub fn read<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match read(value) {
                None => Err(self.error(key, expected)),
                some => Ok(some),
            },
        }
    }

    pub fn text(&self, key: &str) -> Result<Option<&'a str>, ConfigError> {
        self.read(key, "text", Value::as_str)
    }

    pub fn flag(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        self.read(key, "true or false", Value::as_bool)
    }

    pub fn object(&self, key: &str) -> Result<Option<Self>, ConfigError> {
        let map = self.read(key, "an object", Value::as_object)?;
        Ok(map.map(|map| Self::new(self.file, map)))
    }

    /// Reads a number for which `admitted` returns true.
    pub fn number(
        &self,
        key: &str,
        expected: &str,
        admitted: impl Fn(f64) -> bool,
    ) -> Result<Option<f64>, ConfigError> {
        self.read(key, expected, |v| v.as_f64().filter(|n| admitted(*n)))
    }

    /// Reads one number for each channel. `admitted` must return true for each number.
    pub fn channels(
        &self,
        key: &str,
        expected: &str,
        admitted: impl Fn(f64) -> bool,
    ) -> Result<Option<[f32; 3]>, ConfigError> {
        self.read(key, expected, |v| {
            let numbers = v.as_array()?.iter().map(|n| {
                let n = n.as_f64().filter(|n| admitted(*n))? as f32;
                // A number may be valid as f64 only: 1e-60, for example, becomes 0 in f32.
                admitted(f64::from(n)).then_some(n)
            });
            numbers.collect::<Option<Vec<f32>>>()?.try_into().ok()
        })
    }

    pub fn texts(&self, key: &str) -> Result<Option<Vec<String>>, ConfigError> {
        self.read(key, "a list of texts", |v| {
            let texts = v.as_array()?.iter();
            texts.map(|t| Some(t.as_str()?.to_owned())).collect()
        })
    }
}

/// Returns a value's text for an error message, cut after 80 characters.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_values_are_quoted() {
        let map = parse(
            "f",
            "config",
            r#"{"mean": [1, "x", 2], "a": null, "eps": -1}"#,
        )
        .unwrap();
        let fields = Fields::new("f", &map);
        assert_eq!(fields.text("a"), Ok(None));
        assert_eq!(
            fields
                .channels("mean", "three numbers", f64::is_finite)
                .unwrap_err()
                .to_string(),
            "f: `mean`: expected three numbers, found [1,\"x\",2]; correct the entry or take it out"
        );
        assert!(
            fields
                .number("eps", "a positive number", |n| n > 0.0)
                .is_err()
        );
        assert!(parse("f", "config", "[]").is_err());
        let err = parse("f", "config", "{\"std\": NaN}")
            .unwrap_err()
            .to_string();
        assert!(
            err.starts_with("f: `config`: expected a JSON object"),
            "{err}"
        );
    }

    #[test]
    fn what_f32_cannot_hold_is_refused() {
        let map = parse("f", "c", r#"{"std": [1e-60, 1, 1]}"#).unwrap();
        let fields = Fields::new("f", &map);
        assert!(
            fields
                .channels("std", "positive numbers", |n| n > 0.0)
                .is_err()
        );
    }
}
