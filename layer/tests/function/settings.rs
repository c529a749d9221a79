//! A function that would do harm, or not what was meant, does not start, and says why.

use std::process::{Command, Output};

use crate::stack::project;

/// Starts the function with these variables; without a runtime API it can only fail.
fn start(variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bootstrap"))
        .env_clear()
        .env("LAMBDA_TASK_ROOT", project().join("functions/resize/package"))
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
        .env("_HANDLER", "resize")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn three_mistakes_are_named_together_with_the_variable_and_the_form() {
    let output = start(&[
        ("THUMBLINE_INPUT_BUCKET", "Not A Bucket"),
        ("THUMBLINE_OUTPUT_BUCKET", "thumbs"),
        ("THUMBLINE_PRESETS", "small=200x200:round"),
        ("THUMBLINE_MAX_PIXELS", "many"),
    ]);
    assert!(!output.status.success());
    let said = said(&output);
    for expected in [
        "3 mistakes",
        "THUMBLINE_INPUT_BUCKET",
        "3 to 63 lower-case letters",
        "THUMBLINE_PRESETS",
        "name=WIDTHxHEIGHT",
        "THUMBLINE_MAX_PIXELS",
        "a whole number above 0",
    ] {
        assert!(said.contains(expected), "{expected:?} is not in: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn the_input_bucket_as_output_bucket_is_refused() {
    let output = start(&[("THUMBLINE_INPUT_BUCKET", "pictures"), ("THUMBLINE_OUTPUT_BUCKET", "pictures")]);
    assert!(!output.status.success());
    assert!(said(&output).contains("name two buckets"), "{}", said(&output));
}

#[test]
fn a_misspelt_setting_is_an_error_and_not_a_shrug() {
    let output = start(&[
        ("THUMBLINE_INPUT_BUCKET", "pictures"),
        ("THUMBLINE_OUTPUT_BUCKET", "thumbs"),
        ("THUMBLINE_MAX_PIXLES", "1000"),
    ]);
    assert!(!output.status.success());
    assert!(said(&output).contains("THUMBLINE_MAX_PIXLES"), "{}", said(&output));
}

#[test]
fn a_handler_that_is_no_door_is_named() {
    let output = start(&[("_HANDLER", "front-door")]);
    assert!(!output.status.success());
    assert!(said(&output).contains("front-door"), "{}", said(&output));
}
