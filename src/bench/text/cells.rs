//! What several tables say in the same way.

use crate::bench::{Row, Status, Verification};
use crate::text::number::tiny;

/// In place of a number that there is not.
pub const NONE: &str = "-";

/// A number, or what stands for none.
pub fn or_none<T>(value: Option<T>, shown: impl Fn(T) -> String) -> String {
    value.map_or_else(|| NONE.into(), shown)
}

/// How a row ended, in a word or two.
pub fn verdict(row: &Row) -> String {
    match (row.status, &row.verification) {
        (Status::Error, _) => "ERROR".into(),
        (Status::FailedVerification, Some(v)) if !v.deterministic && v.passed => {
            "FAILED: not deterministic".into()
        }
        (Status::FailedVerification, _) => "FAILED".into(),
        (Status::Ok, None) => "ok".into(),
        (Status::Ok, Some(v)) => {
            let error = or_none(error(v), tiny);
            match v.deterministic {
                true => format!("ok {error}"),
                false => format!("ok {error}, not deterministic"),
            }
        }
    }
}

/// Why a row has no speed; none of one that has.
pub fn failure(row: &Row) -> Option<String> {
    let told = row.error.as_deref();
    match (row.status, &row.verification) {
        (Status::Ok, _) => None,
        (Status::Error, _) => Some(told.unwrap_or("no reason was given").into()),
        (Status::FailedVerification, None) => Some(told.unwrap_or("the outputs were wrong").into()),
        (Status::FailedVerification, Some(v)) => {
            let [before, after] = v.top1_equal;
            let error = error(v).map_or_else(
                || "an output is not a number".into(),
                |e| format!("error {} of the largest logit", tiny(e)),
            );
            let random = match v.deterministic {
                true => "",
                false => "; two runs on one input differed",
            };
            let told = told.map_or_else(String::new, |told| format!("; {told}"));
            Some(format!(
                "{error} (up to {} is right); first class right in {before} of {n} images before \
                 the timed loop, {after} of {n} after it{random}{told}",
                tiny(v.tolerance),
                n = v.images,
            ))
        }
    }
}

/// The larger of both errors; none where an output is not a number.
fn error(v: &Verification) -> Option<f64> {
    Some(v.relative_error?.max(v.relative_error_after?))
}

/// A, B, C …, and numbers after Z.
pub fn letter(index: usize) -> String {
    match u8::try_from(index) {
        Ok(i) if i < 26 => char::from(b'A' + i).to_string(),
        _ => format!("#{}", index + 1),
    }
}
