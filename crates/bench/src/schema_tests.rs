//! Tests of the published schema, which is derived from the types.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::fixture;
use crate::Report;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/bench.schema.json");

/// The environment variable that makes the test write the schema file again.
const UPDATE: &str = "UPDATE_SCHEMA";

/// The clock of a measurement.
#[derive(JsonSchema)]
#[schemars(rename = "Clock", rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema of the library's `Clock`")]
pub enum ClockSchema {
    /// Timestamps that the GPU wrote.
    Timestamps,
    /// The host's clock around a submission and the wait for it, if the adapter has no
    /// timestamps. The time includes the round trip.
    Wall,
}

/// Adds the condition that exactly the rows with status `ok` have speeds.
pub fn only_right_rows_have_speeds(schema: &mut Schema) {
    schema.insert(
        "if".into(),
        json!({"properties": {"status": {"const": "ok"}}}),
    );
    let right = json!({"properties": {
        "device": {"type": "integer"},
        "verification": {"type": "object", "properties": {"passed": {"const": true}}},
        "end_to_end": {"type": "object"},
        "images_per_second": {"type": "number"},
    }});
    let other = json!({"properties": {
        "end_to_end": {"type": "null"},
        "images_per_second": {"type": "null"},
    }});
    schema.insert("then".into(), right);
    schema.insert("else".into(), other);
}

/// Applies the rules for every schema node. Objects have no additional fields, and no number is
/// negative. `format` is removed because JSON has no number widths. Descriptions take one line.
fn apply_rules(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    schema.remove("format");
    if schema.get("required").is_some() {
        schema.insert("additionalProperties".into(), false.into());
    }
    let kind = schema.get("type").map(Value::to_string).unwrap_or_default();
    if kind.contains("number") && schema.get("exclusiveMinimum").is_none() {
        schema.insert("minimum".into(), 0.into());
    }
}

fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings = settings.with_transform(RecursiveTransform(apply_rules));
    settings
        .into_generator()
        .into_root_schema_for::<Report>()
        .into()
}

fn value() -> Value {
    serde_json::to_value(fixture::full()).unwrap()
}

#[test]
fn the_committed_schema_is_derived_from_the_types() {
    let derived = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(FILE, &derived).unwrap();
    }
    let committed = std::fs::read_to_string(FILE).unwrap().replace("\r\n", "\n");
    assert!(
        committed == derived,
        "{FILE} differs from the types; `{UPDATE}=1 cargo test -p resnet-wgpu-bench schema` writes it"
    );
}

#[test]
fn the_schema_admits_written_results() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for report in [fixture::full(), fixture::report(vec![])] {
        let value = serde_json::to_value(report).unwrap();
        let errors: Vec<String> = (validator.iter_errors(&value))
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0]);
    }
}

#[test]
fn the_schema_refuses_broken_results() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (pointer, value) in [
        ("/schema_version", json!(2)),
        ("/rows/0/end_to_end", Value::Null),
        ("/rows/0/end_to_end/median", json!(-1)),
        ("/rows/0/end_to_end/samples", json!([])),
        ("/rows/0/end_to_end/samples/0", json!(-1)),
        ("/rows/0/gflops", json!(-1)),
        ("/rows/0/work/batch_size", json!(0)),
        ("/rows/0/status", json!("fine")),
        ("/rows/0/status", json!("error")),
        ("/rows/0/verification/passed", json!(false)),
        ("/rows/0/device", Value::Null),
        ("/rows/0/kernels/linear", json!("one")),
        ("/devices/0/peaks/clock", json!("sundial")),
        ("/devices/0/peaks/fma_f32_gflops", json!(0)),
        ("/devices/0/subgroup_sizes", json!([32])),
        ("/host", json!({})),
        ("/host/power", json!("wind")),
    ] {
        let mut broken = self::value();
        *broken.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&broken), "{pointer}");
    }
    for pointer in ["", "/rows/0", "/rows/0/work", "/devices/0/limits"] {
        let mut more = value();
        more.pointer_mut(pointer).unwrap()["speed"] = json!(1);
        assert!(!validator.is_valid(&more), "{pointer}");
    }
    let mut less = value();
    less["rows"][0].as_object_mut().unwrap().remove("error");
    assert!(!validator.is_valid(&less), "every field is written");
}
