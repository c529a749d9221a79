//! Every event of samples/events gives the answer that samples/events/expected.toml documents.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::stack::{TestStack, project, sample};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    event: Vec<Event>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    file: String,
    outcomes: Option<BTreeMap<String, String>>,
    reason: Option<String>,
    failures: Option<Vec<String>>,
    results: Option<BTreeMap<String, String>>,
    error: Option<String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The answer in the terms of expected.toml.
fn understood(file: &str, answer: Result<Value, Value>) -> Event {
    let mut event = Event {
        file: file.to_owned(),
        outcomes: None,
        reason: None,
        failures: None,
        results: None,
        error: None,
    };
    let pairs = |list: &Value, key: &str, value: &str| -> BTreeMap<String, String> {
        list.as_array().unwrap().iter().map(|item| (text(&item[key]), text(&item[value]))).collect()
    };
    match answer {
        Err(error) => event.error = Some(text(&error["errorType"])),
        Ok(answer) if answer["batchItemFailures"].is_array() => {
            let failures = answer["batchItemFailures"].as_array().unwrap();
            event.failures = Some(failures.iter().map(|failure| text(&failure["itemIdentifier"])).collect());
        }
        Ok(answer) if answer["results"].is_array() => {
            assert!(["1.0", "2.0"].contains(&text(&answer["invocationSchemaVersion"]).as_str()), "{answer}");
            event.results = Some(pairs(&answer["results"], "taskId", "resultCode"));
        }
        Ok(answer) if answer["outcomes"][0].get("key").is_none() => {
            event.reason = Some(text(&answer["outcomes"][0]["reason"]));
        }
        Ok(answer) => event.outcomes = Some(pairs(&answer["outcomes"], "key", "outcome")),
    }
    event
}

#[tokio::test]
async fn every_sample_event_gives_its_documented_answer() {
    let stack = TestStack::start().await;
    for file in ["photo.jpg", "truncated.jpg", "a b+c ünï 日本.jpg"] {
        stack.upload(file, sample(file)).await;
    }
    stack.stack.idle().await;

    let folder = project().join("samples/events");
    let expected: Expected =
        toml::from_str(&std::fs::read_to_string(folder.join("expected.toml")).unwrap()).unwrap();
    let listed =
        expected.event.iter().map(|event| event.file.as_str()).collect::<std::collections::BTreeSet<_>>();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "expected.toml" || listed.contains(name.as_str()), "{name} is not in expected.toml");
    }
    for event in &expected.event {
        let message: Value =
            serde_json::from_slice(&std::fs::read(folder.join(&event.file)).unwrap()).unwrap();
        let answer = understood(&event.file, stack.invoke(&message).await);
        assert_eq!(format!("{answer:?}"), format!("{event:?}"));
    }
    stack.stack.stop().await;
}

#[tokio::test]
async fn a_payload_that_is_no_json_is_an_error_and_the_environment_lives_on() {
    let stack = TestStack::start().await;
    for payload in ["no JSON at all", "", "{\"Records\":", "\u{0}", "null", "7", "\"text\""] {
        let name = stack.function_name();
        match stack.stack.lambda().invoke(&name, payload.to_owned().into()).await {
            // Lambda itself refuses it, as AWS's does; or the function answers with an error of its own.
            Err(refused) => assert!(!refused.to_string().is_empty()),
            Ok(attempt) => {
                let error = attempt.outcome.expect_err(payload);
                assert_ne!(error.kind, "Runtime.ExitError", "{payload:?} ended the process");
            }
        }
    }
    let ping = serde_json::json!({ "thumbline": "ping" });
    assert_eq!(stack.invoke(&ping).await.unwrap()["outcomes"][0]["reason"], "ping");
    assert!(stack.stack.lambda().running().len() <= 1, "one environment did all of it");
    stack.stack.stop().await;
}

#[tokio::test]
async fn several_hundred_records_in_one_event_are_all_answered_for() {
    let stack = TestStack::start().await;
    let bucket = stack.stack.endpoints().input_bucket.clone();
    let records: Vec<Value> = (0..300)
        .map(|n| serde_json::json!({ "s3": { "bucket": { "name": bucket }, "object": { "key": format!("gone-{n}") } } }))
        .collect();
    let answer = stack.invoke(&serde_json::json!({ "Records": records })).await.unwrap();
    let outcomes = answer["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 300);
    assert!(outcomes.iter().all(|outcome| outcome["outcome"] == "removed"));
    stack.stack.stop().await;
}
