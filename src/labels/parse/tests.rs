use std::io::Write;

use super::*;
use crate::labels::Labels;

fn read_bytes(bytes: &[u8]) -> Result<Labels, LabelsError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    Labels::from_file(file.path())
}

fn names(text: &str) -> Vec<String> {
    let labels = read_bytes(text.as_bytes()).unwrap();
    (0..labels.len())
        .map(|i| labels.get(i).into_owned())
        .collect()
}

fn refusal(text: &str) -> String {
    read_bytes(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn text_is_one_label_a_line() {
    assert_eq!(names("cat\r\ndog, wild\n\n"), ["cat", "dog, wild"]);
    assert_eq!(names("\u{feff}cat"), ["cat"]);
    let found = refusal("cat\n\ndog\n");
    assert!(
        found.contains("line 2: expected a label, found an empty line"),
        "{found}"
    );
    assert!(refusal("\n \n").contains("found none"));
    assert!(refusal("").contains("found none"));
}

#[test]
fn csv_has_a_header_and_may_quote() {
    let text = "Class,Synset,Name\n1,n2,\"crane, \"\"bird\"\"\"\n0,,tench\n";
    assert_eq!(names(text), ["tench", "crane, \"bird\""]);
    let labels = read_bytes(text.as_bytes()).unwrap();
    assert_eq!((labels.synset(0), labels.synset(1)), (None, Some("n2")));
    for line in [
        "x,n1,a",
        "0,n1",
        "0,n1,a,b",
        "0,n1,",
        "0,n1,\"a",
        "0,n1,\"a\"b",
        "-1,,a",
    ] {
        let found = refusal(&format!("class,synset,name\n{line}\n"));
        assert!(
            found.contains("line 2: expected class,synset,name"),
            "{found}"
        );
    }
    let header = "class,synset,name\n";
    assert!(refusal(header).contains("found none"));
    let found = refusal(&format!("{header}0,,a\n2,,b\n"));
    assert!(
        found.contains("class from 0 to 2, found none for class 1"),
        "{found}"
    );
    let found = refusal(&format!("{header}0,,a\n1,,b\n1,,c\n"));
    assert!(found.contains("found two for class 1"), "{found}");
    let found = refusal(&format!("{header}{},,a\n", usize::MAX));
    assert!(found.contains("found none for class 0"), "{found}");
}

#[test]
fn the_builtin_csv_reads_as_a_file_too() {
    let text = include_str!("../../../data/imagenet_classes.csv");
    assert_eq!(read_bytes(text.as_bytes()).unwrap(), Labels::imagenet());
}

#[test]
fn json_is_an_array_or_an_object() {
    assert_eq!(names(r#" ["cat", "dog"]"#), ["cat", "dog"]);
    assert_eq!(names(r#"{"1": "dog", "0": "cat"}"#), ["cat", "dog"]);
    assert_eq!(names(r#"{"id2label": {"0": "cat\n"}, "x": 1}"#), ["cat"]);
    let keras = read_bytes(br#"{"0": ["n01440764", "tench"]}"#).unwrap();
    assert_eq!(
        (keras.get(0), keras.synset(0)),
        ("tench".into(), Some("n01440764"))
    );
    for (text, what) in [
        ("[\"cat\"", "EOF"),
        ("[1]", "a number for class 0"),
        ("{\"a\": \"b\"}", "the key \"a\""),
        ("{\"0\": null}", "null for class 0"),
        ("{\"1\": \"b\"}", "none for class 0"),
        ("{\"id2label\": 3}", "a number"),
        ("[]", "found none"),
    ] {
        let found = refusal(text);
        assert!(found.contains(what) && !found.contains('\n'), "{found}");
    }
    // Deep nesting must not overflow the stack.
    assert!(refusal(&"[".repeat(1 << 20)).contains("recursion limit"));
}

#[test]
fn what_is_no_text_is_refused() {
    assert!(matches!(
        read_bytes(&[0xff, 0xd8]),
        Err(LabelsError::NotText { .. })
    ));
    let long = vec![b'a'; MAX_BYTES as usize + 1];
    assert!(matches!(
        read_bytes(&long),
        Err(LabelsError::TooLarge { .. })
    ));
    let none = Labels::from_file("/no/such/file").unwrap_err().to_string();
    assert!(none.starts_with("/no/such/file: cannot read"), "{none}");
    assert!(Labels::from_file(std::env::temp_dir()).is_err());
}
