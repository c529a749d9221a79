//! The backfill function as a real process that calls itself and the resize function, over the embedded stack.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use thumbline_local::{InvocationRecord, LogSink};

use crate::stack::{TestStack, sample};

pub const BACKFILL: &str = "thumbline-backfill";

/// A stack whose backfill function has as much time as the template allows at least, and its log.
async fn start() -> (TestStack, Arc<Mutex<String>>) {
    let log = Arc::new(Mutex::new(String::new()));
    let lines = Arc::clone(&log);
    let stack = TestStack::with(|options| {
        options.parameters.insert("BackfillTimeout".to_owned(), "10".to_owned());
        options.logs = LogSink::new(move |line| {
            println!("{}", line.text);
            lines.lock().unwrap().extend([line.text.as_str(), "\n"]);
        });
    })
    .await;
    (stack, log)
}

impl TestStack {
    /// So many pictures without thumbnails, as if they had been there before the stack.
    pub async fn old_pictures(&self, many: usize) {
        for n in 0..many {
            self.upload(&format!("old/{n:03}.png"), sample("dot.png")).await;
        }
        self.stack.idle().await;
        let bucket = &self.stack.endpoints().output_bucket;
        for key in self.outputs().await {
            self.s3.delete_object().bucket(bucket).key(key).send().await.unwrap();
        }
        assert_eq!(self.outputs().await, [""; 0]);
    }

    /// Sends the backfill function an event, and gives what came of each of its invocations until the run is over.
    pub async fn run(&self, event: Value) -> Vec<Value> {
        let mut records = self.stack.lambda().subscribe();
        self.stack.lambda().enqueue(BACKFILL, &event.to_string()).await.unwrap();
        let mut answers = Vec::new();
        loop {
            let record = records.recv().await.unwrap();
            if record.function == BACKFILL {
                let answer = answer(&record);
                let is_over = answer["status"].as_str().is_some_and(|status| status != "running");
                answers.push(answer);
                if is_over {
                    return answers;
                }
            }
        }
    }
}

fn answer(record: &InvocationRecord) -> Value {
    match &record.outcome {
        Ok(answer) => serde_json::from_slice(answer).unwrap(),
        Err(error) => panic!("{}", error.document),
    }
}

/// The number that the function has published of a metric under a state.
fn published(log: &str, state: Option<&str>, metric: &str) -> Option<u64> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut found = lines.filter(|line| line.get("_aws").is_some() && line["Function"] == BACKFILL);
    found.find(|line| line.get("State").and_then(Value::as_str) == state)?[metric].as_u64()
}

#[tokio::test]
async fn a_run_goes_on_by_itself_until_every_picture_is_announced_and_is_never_on_twice() {
    let (stack, log) = start().await;
    let pictures = 100;
    stack.old_pictures(pictures).await;
    let mut records = stack.stack.lambda().subscribe();
    let event = json!({ "prefix": "", "pictures_per_invocation": 1, "invocations_per_second": 5 });
    stack.stack.lambda().enqueue(BACKFILL, &event.to_string()).await.unwrap();

    let (mut turns, mut announced, mut disturbed) = (Vec::new(), 0, Vec::new());
    loop {
        let record = tokio::time::timeout(Duration::from_secs(120), records.recv()).await.unwrap().unwrap();
        if record.function != BACKFILL {
            announced += 1;
            continue;
        }
        let answer = answer(&record);
        if let Some(why) = answer["not_needed"].as_str() {
            disturbed.push(why.to_owned());
            continue;
        }
        let run = answer["run"].as_str().unwrap().to_owned();
        turns.push(answer["turn"].as_u64().unwrap());
        if answer["status"] == "done" {
            assert_eq!((&answer["announced"], &answer["invocations"]), (&pictures.into(), &pictures.into()));
            break;
        }
        if turns.len() == 2 {
            // The event of the first continuation once more, and somebody else who wants the same.
            let again = json!({ "prefix": "", "verify": false, "go_on": { "run": run, "turn": 1 } });
            for event in [&again, &event] {
                stack.stack.lambda().enqueue(BACKFILL, &event.to_string()).await.unwrap();
            }
        }
    }
    stack.stack.idle().await;
    while let Ok(record) = records.try_recv() {
        match answer_of_backfill(&record) {
            Some(answer) => disturbed.push(answer["not_needed"].as_str().unwrap().to_owned()),
            None => announced += 1,
        }
    }
    disturbed.sort();
    assert_eq!(disturbed, ["it is on already", "this turn has been had"]);
    assert!(turns.len() >= 4, "it has continued itself at least three times: {turns:?}");
    // Each answer names the turn that comes next; the last one's own is the one before.
    let expected: Vec<u64> = (1..turns.len() as u64).chain([turns.len() as u64 - 1]).collect();
    assert_eq!(turns, expected);
    assert_eq!(announced, pictures, "each picture is announced once");

    let verified = stack.run(json!({ "verify": true })).await;
    assert_eq!(verified[0]["tally"]["states"], json!({ "current": pictures }));
    let log = log.lock().unwrap().clone();
    assert_eq!(published(&log, Some("current"), "Sources"), Some(pictures as u64));
    assert_eq!(published(&log, Some("missing"), "Sources"), Some(0));
    assert_eq!(published(&log, None, "UnsettledSources"), Some(0));
    assert_eq!(published(&log, None, "OrphanedOutputs"), Some(0));
    stack.stack.stop().await;
}

fn answer_of_backfill(record: &InvocationRecord) -> Option<Value> {
    (record.function == BACKFILL).then(|| answer(record))
}

#[tokio::test]
async fn what_is_current_is_announced_to_nobody_and_what_is_not_is_found() {
    let (stack, _) = start().await;
    stack.old_pictures(3).await;
    stack.upload("broken.jpg", sample("truncated.jpg")).await;
    stack.upload("new.png", sample("dot.png")).await;
    stack.stack.idle().await;
    let last = stack.run(json!({ "prefix": "" })).await.pop().unwrap();
    assert_eq!((&last["announced"], &last["invocations"]), (&3.into(), &1.into()), "{last}");
    assert_eq!(last["tally"]["states"], json!({ "current": 1, "missing": 3, "rejected": 1 }));
    stack.stack.idle().await;
    let last = stack.run(json!({ "prefix": "old/" })).await.pop().unwrap();
    assert_eq!((&last["announced"], &last["tally"]["states"]), (&0.into(), &json!({ "current": 3 })));

    let bucket = &stack.stack.endpoints().output_bucket;
    let gone = "old/001.png/small.webp";
    stack.s3.delete_object().bucket(bucket).key(gone).send().await.unwrap();
    let stray = stack.s3.put_object().bucket(bucket).key("nobody.jpg/small.webp").body(vec![1].into());
    stray.send().await.unwrap();
    let last = stack.run(json!({ "verify": true })).await.pop().unwrap();
    let tally = &last["tally"];
    let expected: BTreeMap<&str, u64> = [("current", 3), ("missing", 1), ("rejected", 1)].into();
    assert_eq!((&tally["states"], &tally["orphaned"]), (&json!(expected), &1.into()), "{last}");
    stack.stack.stop().await;
}
