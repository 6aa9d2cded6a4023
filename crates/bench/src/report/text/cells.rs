//! Cell texts that several tables share.

use crate::text::number::tiny;
use crate::{Row, Status};

/// The text of a cell without a number.
pub const NONE: &str = "-";

/// Returns the text of a number, or [`NONE`] without a number.
pub fn or_none<T>(value: Option<T>, format: impl Fn(T) -> String) -> String {
    value.map_or_else(|| NONE.into(), format)
}

/// Returns the outcome of a row in a few words.
pub fn verdict(row: &Row) -> String {
    match (row.status, &row.verification) {
        (Status::Error, _) => "ERROR".into(),
        (Status::FailedVerification, _) => "FAILED".into(),
        (Status::Ok, None) => "ok".into(),
        (Status::Ok, Some(v)) => {
            let error = or_none(v.worst_error(), tiny);
            match v.deterministic {
                Some(false) => format!("ok {error}, not deterministic"),
                _ => format!("ok {error}"),
            }
        }
    }
}

/// Returns the reason why a row has no speed, or `None` if the row has one.
pub fn failure(row: &Row) -> Option<String> {
    let error = row.error.as_deref();
    match (row.status, &row.verification) {
        (Status::Ok, _) => None,
        (Status::Error, _) => Some(error.unwrap_or("no reason was given").into()),
        (Status::FailedVerification, None) => {
            Some(error.unwrap_or("the outputs were wrong").into())
        }
        (Status::FailedVerification, Some(v)) => {
            let n = v.images;
            let error = v.worst_error().map_or_else(
                || "an output is not a number".into(),
                |e| format!("error {} of the largest logit", tiny(e)),
            );
            let random = match v.deterministic {
                Some(false) => "; two runs on one input differed",
                _ => "",
            };
            let after = v.after.as_ref().map_or_else(String::new, |check| {
                format!(
                    " before the timed loop, {} of {n} after it",
                    check.top1_equal
                )
            });
            Some(format!(
                "{error} (up to {} is right); first class right in {} of {n} images{after}{random}; \
                 run `resnet verify` to find the layer",
                tiny(v.tolerance),
                v.before.top1_equal,
            ))
        }
    }
}

/// Returns the letter for an index: A, B, C and so on, and `#27` and so on after Z.
pub fn letter(index: usize) -> String {
    match u8::try_from(index) {
        Ok(i) if i < 26 => char::from(b'A' + i).to_string(),
        _ => format!("#{}", index + 1),
    }
}
