//! A function that does what its event says, on the real runtime: the tests' means to see every way in which a function
//! can end.
//!
//! The event is `{"steps": [...], "answer": ...}`; without an answer it is echoed. The variable `OBEDIENT_INIT` names a
//! step to take before asking for work. In a batch of a queue, each message whose text is `fail` is reported as failed,
//! and the text `fail all` fails the batch.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Print(String),
    PrintWithoutEnd(String),
    SleepMs(u64),
    /// Waits until somebody makes the file.
    WaitFor(PathBuf),
    Exit(i32),
    Panic(String),
    Fail(String),
    /// Fails as often as this, counting in the file.
    FailFirst {
        times: usize,
        counter: PathBuf,
    },
    /// Starts a process that would outlive its parent, and prints its number.
    SpawnSleep,
    /// Uses this much memory for a moment.
    UseMb(usize),
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    steps: Vec<Step>,
    answer: Option<Value>,
    /// An answer of this size instead.
    answer_mb: Option<usize>,
}

#[expect(clippy::panic, reason = "a test asks for it")]
async fn take(step: Step) -> Result<(), Error> {
    match step {
        Step::Print(text) => println!("{text}"),
        Step::PrintWithoutEnd(text) => {
            print!("{text}");
            std::io::stdout().flush()?;
        }
        Step::SleepMs(time) => tokio::time::sleep(Duration::from_millis(time)).await,
        Step::WaitFor(file) => {
            while !file.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Step::Exit(code) => std::process::exit(code),
        Step::Panic(message) => panic!("{message}"),
        Step::Fail(message) => return Err(message.into()),
        Step::FailFirst { times, counter } => {
            let before = std::fs::read(&counter).map_or(0, |marks| marks.len());
            if before < times {
                std::fs::OpenOptions::new().create(true).append(true).open(counter)?.write_all(b"x")?;
                return Err(format!("failure {}", before + 1).into());
            }
        }
        Step::SpawnSleep => {
            let child = std::process::Command::new("sleep").arg("600").spawn()?;
            println!("spawned {}", child.id());
        }
        Step::UseMb(size) => drop(std::hint::black_box(vec![1_u8; size << 20])),
    }
    Ok(())
}

/// The answer to a batch of messages, `None` if the event is none.
fn answer_batch(event: &Value) -> Option<Result<Value, Error>> {
    let records = event.get("Records")?.as_array()?;
    if records.iter().any(|record| record["body"] == "fail all") {
        return Some(Err("asked to fail the batch".into()));
    }
    let failures: Vec<_> = records
        .iter()
        .filter(|record| record["body"] == "fail")
        .map(|record| json!({ "itemIdentifier": record["messageId"] }))
        .collect();
    Some(Ok(json!({ "batchItemFailures": failures })))
}

async fn obey(event: LambdaEvent<Value>) -> Result<Value, Error> {
    if let Some(answer) = answer_batch(&event.payload) {
        return answer;
    }
    let asked: Event = serde_json::from_value(event.payload.clone())?;
    for step in asked.steps {
        take(step).await?;
    }
    if let Some(size) = asked.answer_mb {
        return Ok("x".repeat(size << 20).into());
    }
    Ok(match asked.answer {
        Some(Value::String(question)) if question == "context" => json!({
            "request_id": event.context.request_id,
            "deadline": event.context.deadline,
            "arn": event.context.invoked_function_arn,
            "trace": event.context.xray_trace_id,
            "process": std::process::id(),
            "folder": std::env::current_dir()?,
            "variables": std::env::vars().collect::<std::collections::BTreeMap<_, _>>(),
        }),
        Some(answer) => answer,
        None => event.payload,
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if let Ok(step) = std::env::var("OBEDIENT_INIT") {
        eprintln!("taking a step before asking for work");
        take(serde_json::from_str(&step)?).await?;
    }
    lambda_runtime::run(service_fn(obey)).await
}
