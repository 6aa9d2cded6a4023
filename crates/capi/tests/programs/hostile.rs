//! Tests that every wrong call returns an error and breaks nothing.

use crate::answers::weights;
use crate::compile::{Link, compile, output, program, valgrind, without_drivers};

#[test]
fn errors_are_errors() {
    let hostile = compile("tests/c/hostile.c", Link::Shared);
    assert_eq!(output(program(&hostile).arg(weights())), "0 failures\n");
}

#[test]
fn under_sanitizers() {
    let hostile = compile("tests/c/hostile.c", Link::Sanitized);
    let found = output(without_drivers(program(&hostile).arg(weights())));
    assert_eq!(found, "0 failures\n");
}

#[test]
fn under_valgrind() {
    let hostile = compile("tests/c/hostile.c", Link::Shared);
    let found = output(without_drivers(valgrind(&hostile).arg(weights())));
    assert_eq!(found, "0 failures\n");
}
