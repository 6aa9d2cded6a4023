//! Parses the JSON of a safetensors header without any check of its contents.

use std::collections::BTreeMap;
use std::fmt;

use safetensors::tensor::TensorInfo;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

/// Returns a name from the file, cut after 120 characters, for error messages.
pub(super) fn shortened(name: &str) -> String {
    match name.char_indices().nth(120) {
        Some((cut, _)) => format!("{}…", &name[..cut]),
        None => name.to_owned(),
    }
}

/// The unchecked entries of a header. Duplicate names are kept, so that a later check can refuse
/// them.
pub(super) struct RawHeader {
    pub metadata: BTreeMap<String, String>,
    pub tensors: Vec<(String, TensorInfo)>,
}

impl<'de> serde::Deserialize<'de> for RawHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = RawHeader;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with an entry for each tensor")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawHeader, A::Error> {
                let mut raw = RawHeader {
                    metadata: BTreeMap::new(),
                    tensors: Vec::new(),
                };
                while let Some(name) = map.next_key::<String>()? {
                    // serde's message describes the problem but does not name the entry.
                    let at = |e| A::Error::custom(format!("`{}`: {e}", shortened(&name)));
                    if name == "__metadata__" {
                        raw.metadata = map.next_value().map_err(at)?;
                    } else {
                        let info = map.next_value().map_err(at)?;
                        raw.tensors.push((name, info));
                    }
                }
                Ok(raw)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}
