//! JSON objects from outside, read key by key with typed errors.

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

    /// The value under `key`; `null` is none.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|v| !v.is_null())
    }

    /// An error about what stands under `key`.
    pub fn error(&self, key: &str, expected: &str) -> ConfigError {
        ConfigError {
            file: self.file.to_owned(),
            key: key.to_owned(),
            expected: expected.to_owned(),
            remedy: ConfigError::CORRECT,
            found: self.map.get(key).map_or("nothing".into(), shortened),
        }
    }

    /// An error about a sound value that asks for what is not computed here.
    pub fn refusal(&self, key: &str, expected: &str) -> ConfigError {
        ConfigError {
            remedy: ConfigError::OTHER_NETWORK,
            ..self.error(key, expected)
        }
    }

    /// As [`read`](Self::read), of a key whose other values ask for what is not
    /// computed here: to take such an entry out would change the answer.
    pub fn choice<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let found = self.read(key, expected, read);
        found.map_err(|_| self.refusal(key, expected))
    }

    /// Whether the key stands there with `null`.
    pub fn is_null(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(Value::is_null)
    }

    /// The keys that have a value.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        let given = self.map.iter().filter(|(_, value)| !value.is_null());
        given.map(|(key, _)| key.as_str())
    }

    /// The provenance of a value that the file leaves out.
    pub fn source(&self, what: &str) -> String {
        format!("{what}, since {} names none", self.file)
    }

    /// The value under `key` as `read` understands it.
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

    /// A number for which `admitted` holds.
    pub fn number(
        &self,
        key: &str,
        expected: &str,
        admitted: impl Fn(f64) -> bool,
    ) -> Result<Option<f64>, ConfigError> {
        self.read(key, expected, |v| v.as_f64().filter(|n| admitted(*n)))
    }

    /// One number a channel, for each of which `admitted` holds.
    pub fn channels(
        &self,
        key: &str,
        expected: &str,
        admitted: impl Fn(f64) -> bool,
    ) -> Result<Option<[f32; 3]>, ConfigError> {
        self.read(key, expected, |v| {
            let numbers = v.as_array()?.iter().map(|n| {
                let n = n.as_f64().filter(|n| admitted(*n))? as f32;
                // What f32 cannot hold is as absurd as what is not admitted.
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

/// A value as an error quotes it.
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
