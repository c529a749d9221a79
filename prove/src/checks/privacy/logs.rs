//! What a whole stack writes while it does everything that it does: with keys in logs, and without.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use thumbline::naming::Naming;
use thumbline_local::LogSink;
use thumbline_local::s3::{Effect, Fault, KeyPattern};

use crate::check::{Finding, Terms};
use crate::stage::deployment::Deployment;
use crate::stage::pictures;

/// In every key, so that a key that gets anywhere is found by it, however it is written there.
const WORD: &str = "Planted4711";

/// The fields that a line of metrics has besides the metrics themselves.
const FIELDS: [&str; 6] = ["_aws", "Function", "Outcome", "Reason", "State", "Timestamp"];

type Lines = Arc<Mutex<Vec<String>>>;

/// Runs a stack with each way to name keys. How many lines it wrote without keys.
pub(super) async fn check(terms: &Terms, finding: &mut Finding) -> anyhow::Result<usize> {
    let plain = lines_of(terms, "plain", finding).await?;
    // The word must be seen where it may be, or that it is not seen elsewhere would mean nothing.
    if !plain.iter().any(|line| line.contains(WORD)) {
        finding.violations.push("no line of a plain log names a key".to_owned());
    }
    hold_metrics(&plain, finding);
    let hashed = lines_of(terms, "hashed", finding).await?;
    hold_metrics(&hashed, finding);
    for line in hashed.iter().filter(|line| line.contains(WORD)) {
        finding.violations.push(format!("a line of a hashed log names a key: {line}"));
    }
    let name = Naming::Hashed.name(&key("fine.png")).to_string();
    if !hashed.iter().any(|line| line.contains(&name)) {
        finding.violations.push(format!("nothing in the log can be found by {name}"));
    }
    finding.cases += (plain.len() + hashed.len()) as u64;
    Ok(hashed.len())
}

fn key(name: &str) -> String {
    format!("people/{WORD} Ünal/{name}")
}

/// All that the functions write.
async fn lines_of(terms: &Terms, naming: &str, finding: &mut Finding) -> anyhow::Result<Vec<String>> {
    let lines = Lines::default();
    let sink = Arc::clone(&lines);
    let deployment = Deployment::start(terms, |options| {
        options.parameters.insert("LogKeys".to_owned(), naming.to_owned());
        options.parameters.insert("Api".to_owned(), "enabled".to_owned());
        // Everything that libraries have to say, too.
        options.environment.insert("THUMBLINE_LOG".to_owned(), "trace".to_owned());
        options.logs =
            LogSink::new(move |line| sink.lock().unwrap_or_else(PoisonError::into_inner).push(line.text));
    })
    .await?;
    let mut records = deployment.stack.lambda().subscribe();
    everything(&deployment).await?;
    deployment.stack.idle().await;
    let mut failed = 0;
    while let Ok(record) = records.try_recv() {
        if let Err(error) = &record.outcome {
            failed += 1;
            if naming == "hashed" && error.document.contains(WORD) {
                finding.violations.push(format!("an error names a key: {}", error.document));
            }
        }
    }
    anyhow::ensure!(failed > 3, "only {failed} invocations failed, and more should have");
    deployment.stack.stop().await;
    let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(lines)
}

/// Every outcome, every door, every kind of event that can't be read, and an S3 that fails in several ways.
async fn everything(deployment: &Deployment) -> anyhow::Result<()> {
    let stack = &deployment.stack;
    deployment.change(&key("fine.png"), Some(&pictures::picture(1)?)).await?;
    deployment.change(&key("broken.png"), Some(&pictures::broken_picture(2)?)).await?;
    deployment.change(&key("text.jpg"), Some(WORD.as_bytes())).await?;
    deployment.change(&key("gone.png"), Some(&pictures::picture(3)?)).await?;
    stack.idle().await;
    deployment.change(&key("gone.png"), None).await?;
    stack.idle().await;
    for (operation, effect) in [
        ("GetObject", Effect::AccessDenied),
        ("PutObject", Effect::Conflict),
        ("ListObjectsV2", Effect::SlowDown),
        ("HeadObject", Effect::InternalError),
        ("GetObject", Effect::DropConnection),
    ] {
        let name = key(&format!("failing-{operation}.png"));
        deployment.change(&name, Some(&pictures::picture(4)?)).await?;
        let fault = Fault {
            operation: Some(operation.to_owned()),
            bucket: None,
            key: KeyPattern::Any,
            times: None,
            effect,
        };
        stack.idle().await;
        let id = stack.s3().faults().inject(fault);
        let _ = invoke(deployment, "resize", &notification(deployment.input(), &name)).await?;
        ask(deployment, &format!("/thumbnails/{}", path(&name)), "small").await?;
        let _ = invoke(deployment, "backfill", &json!({ "prefix": key("") })).await?;
        stack.s3().faults().lift(id);
    }
    for event in unreadable(deployment.input()) {
        let _ = invoke(deployment, "resize", &event).await?;
    }
    for event in [json!({ "prefix": key("") }), json!({ "prefix": [key("")] }), json!({ "verify": key("") })]
    {
        let _ = invoke(deployment, "backfill", &event).await?;
    }
    for name in ["fine.png", "absent.png", "broken.png"] {
        for folder in ["thumbnails", "manifests", "images", "nowhere"] {
            ask(deployment, &format!("/{folder}/{}", path(&key(name))), "small").await?;
        }
    }
    ask(deployment, &format!("/thumbnails/{}%FF", path(&key("fine.png"))), "small").await?;
    ask(deployment, &format!("/thumbnails/{}", path(&key("fine.png"))), WORD).await?;
    // The backfill's invocations of the resize function come by themselves.
    tokio::time::timeout(Duration::from_secs(60), stack.idle())
        .await
        .context("the stack does not come to rest")
}

fn path(key: &str) -> String {
    percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn notification(bucket: &str, key: &str) -> Value {
    thumbline::invoke::announcement([&thumbline::Hint { bucket: bucket.to_owned(), key: key.to_owned() }])
}

/// Events with keys in them that nobody can read, each in another place.
fn unreadable(bucket: &str) -> Vec<Value> {
    let record = |bucket: Value, key: Value| json!({ "Records": [{ "eventSource": "aws:s3", "s3": { "bucket": { "name": bucket }, "object": { "key": key } } }] });
    let in_queue =
        |body: String| json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "1", "body": body }] });
    vec![
        record(json!(""), json!(key("a"))),
        record(json!(bucket), json!(format!("%FF{WORD}"))),
        record(json!("another-bucket"), json!(path(&key("a")))),
        json!({ "Records": [{ "eventSource": "aws:s3", "s3": key("a") }] }),
        json!({ "source": "aws.s3", "detail": key("a") }),
        json!({ "source": "aws.s3", "detail": { "bucket": { "name": bucket }, "object": key("a") } }),
        json!({ "invocationSchemaVersion": "1.0", "invocationId": "i", "tasks": key("a") }),
        json!({ "invocationSchemaVersion": "1.0", "invocationId": "i", "tasks": [{ "taskId": "t", "s3Key": format!("%FF{WORD}"), "s3Bucket": bucket }] }),
        in_queue(record(json!(bucket), json!(format!("%FF{WORD}"))).to_string()),
        in_queue(format!("\"{}\"", key("a"))),
    ]
}

/// Invokes a function by its door. What it answers matters to others.
async fn invoke(deployment: &Deployment, door: &str, event: &Value) -> anyhow::Result<Option<Value>> {
    let lambda = deployment.stack.lambda();
    let mut functions = lambda.functions();
    let name = functions.find(|function| function.handler == door).context("no such function")?.name.clone();
    let attempt = lambda.invoke_when_free(&name, event.to_string().into()).await?;
    Ok(attempt.outcome.ok().and_then(|answer| serde_json::from_slice(&answer).ok()))
}

async fn ask(deployment: &Deployment, path: &str, preset: &str) -> anyhow::Result<()> {
    let event = json!({ "resource": "/{proxy+}", "path": path, "httpMethod": "GET", "headers": {},
        "multiValueQueryStringParameters": { "preset": [preset] },
        "pathParameters": { "proxy": path.trim_start_matches('/') },
        "requestContext": { "path": format!("/v1{path}"), "stage": "v1", "identity": { "apiKey": "checked" } } });
    invoke(deployment, "api", &event).await.map(|_| ())
}

/// Every line of metrics has the fields that CloudWatch is to have, and neither a key nor its hash.
fn hold_metrics(lines: &[String], finding: &mut Finding) {
    let mut seen = 0;
    for line in lines.iter().filter(|line| line.contains("\"_aws\"")) {
        seen += 1;
        finding.cases += 1;
        let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(line) else {
            finding.violations.push(format!("a line of metrics is no JSON: {line}"));
            continue;
        };
        let declared = |list: &str| -> BTreeSet<String> {
            let named = fields["_aws"]["CloudWatchMetrics"][0][list].as_array().into_iter().flatten();
            named.filter_map(|metric| metric["Name"].as_str().map(str::to_owned)).collect()
        };
        let metrics = declared("Metrics");
        let strange = fields.keys().find(|name| !metrics.contains(*name) && !FIELDS.contains(&name.as_str()));
        if line.contains(WORD) || line.contains("sha256:") || strange.is_some() {
            finding.violations.push(format!("a line of metrics has more than metrics in it: {line}"));
        }
    }
    if seen < 10 {
        finding.violations.push(format!("only {seen} lines of metrics were seen"));
    }
}
