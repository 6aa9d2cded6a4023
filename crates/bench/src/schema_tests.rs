//! The published schema against the types.

use serde_json::{Value, json};

use super::fixture;

fn value() -> Value {
    serde_json::to_value(fixture::full()).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(include_str!("../data/bench.schema.json")).unwrap()
}

#[test]
fn the_schema_admits_what_is_written() {
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
fn the_schema_refuses_what_is_broken() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (pointer, value) in [
        ("/schema_version", json!(2)),
        ("/rows/0/end_to_end", Value::Null),
        ("/rows/0/end_to_end/median", json!(-1)),
        ("/rows/0/end_to_end/samples", json!([])),
        ("/rows/0/status", json!("fine")),
        ("/rows/0/status", json!("error")),
        ("/rows/0/verification/passed", json!(false)),
        ("/rows/0/device", Value::Null),
        ("/rows/0/kernels/linear", json!("one")),
        ("/devices/0/peaks/clock", json!("sundial")),
        ("/devices/0/subgroup_sizes", json!([32])),
        ("/host", json!({})),
        ("/host/power", json!("wind")),
    ] {
        let mut broken = self::value();
        *broken.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&broken), "{pointer}");
    }
    let mut more = value();
    more["rows"][0]["speed"] = json!(1);
    assert!(!validator.is_valid(&more));
}

/// The fixture has every field, so what it lacks is no field any more, and
/// what the schema lacks it would have refused.
#[test]
fn the_schema_describes_each_field_and_no_other() {
    let schema = schema();
    let mut seen = vec![];
    fields(&schema, &schema, &value(), "", &mut seen);
    seen.sort_unstable();
    seen.dedup();
    let objects = (schema["$defs"].as_object().unwrap().values())
        .chain([&schema])
        .filter_map(|def| def["properties"].as_object().map(|fields| (def, fields)));
    let mut described = 0;
    for (def, fields) in objects {
        let names: Vec<&String> = fields.keys().collect();
        assert_eq!(json!(names), def["required"], "every field is written");
        for (name, field) in fields {
            let text = field["description"].as_str();
            assert!(text.is_some_and(|text| !text.is_empty()), "{name}");
        }
        described += fields.len();
    }
    // As many as the structs have.
    assert_eq!(seen.len(), described, "{seen:?}");
}

/// The fields of `value`, as object of the schema and name.
fn fields(root: &Value, schema: &Value, value: &Value, object: &str, seen: &mut Vec<String>) {
    let refers = schema["$ref"]
        .as_str()
        .or_else(|| schema["anyOf"][0]["$ref"].as_str());
    if let Some(target) = refers {
        let name = target.strip_prefix("#/$defs/").unwrap();
        return fields(root, &root["$defs"][name], value, name, seen);
    }
    match value {
        Value::Object(map) => {
            for (name, field) in map.iter().filter(|_| schema["properties"].is_object()) {
                let known = &schema["properties"][name];
                assert!(known.is_object(), "{object}.{name} is not in the schema");
                seen.push(format!("{object}.{name}"));
                fields(root, known, field, object, seen);
            }
        }
        Value::Array(items) => {
            for item in items {
                fields(root, &schema["items"], item, object, seen);
            }
        }
        _ => {}
    }
}
