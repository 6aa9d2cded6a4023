//! Tests that every wrong call returns an error and breaks nothing.

use crate::answers::weights;
use crate::compile::{Linkage, compile, output, program, valgrind, without_drivers};

#[test]
fn errors_are_errors() {
    let hostile = compile("tests/c/hostile.c", Linkage::Shared);
    assert_eq!(output(program(&hostile).arg(weights())), "0 failures\n");
}

#[test]
fn under_sanitizers() {
    let hostile = compile("tests/c/hostile.c", Linkage::Sanitized);
    let found = output(without_drivers(program(&hostile).arg(weights())));
    assert_eq!(found, "0 failures\n");
}

#[test]
fn under_valgrind() {
    let hostile = compile("tests/c/hostile.c", Linkage::Shared);
    let found = output(without_drivers(valgrind(&hostile).arg(weights())));
    assert_eq!(found, "0 failures\n");
}
