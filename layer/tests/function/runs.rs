//! Runs of the backfill function that go wrong: a loop that somebody has built, somebody who stops it, a function that dies.
//! The function's code is run in this process, so that what it calls can be anything.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thumbline::aws::AwsError;
use thumbline::layout::Layout;
use thumbline::{Call, Hint, Pipeline, S3Store};
use thumbline_backfill::ask::Kind;
use thumbline_backfill::functions::Functions;
use thumbline_backfill::ledger;
use tokio::sync::Notify;

use crate::stack::{TestStack, sample};

/// What takes the place of Lambda.
struct Fake<'a> {
    stack: &'a TestStack,
    /// Whether a picture that is announced leaves outputs in the input bucket, which look like pictures.
    loops: bool,
    announced: Mutex<Vec<String>>,
    /// Told after each announcement.
    told: Notify,
}

impl Functions for Fake<'_> {
    async fn announce(&self, hints: &[Hint]) -> Result<(), AwsError> {
        if self.loops {
            for hint in hints {
                for name in ["small.webp", "medium.webp", "large.webp", "manifest.json"] {
                    self.stack.upload(&format!("{}/{name}", hint.key), vec![1]).await;
                }
            }
        }
        self.announced.lock().unwrap().extend(hints.iter().map(|hint| hint.key.clone()));
        self.told.notify_one();
        Ok(())
    }

    async fn go_on(&self, _: &Value) -> Result<(), AwsError> {
        Ok(())
    }
}

impl Fake<'_> {
    fn new(stack: &TestStack) -> Fake<'_> {
        Fake { stack, loops: false, announced: Mutex::default(), told: Notify::new() }
    }

    fn announced(&self) -> usize {
        self.announced.lock().unwrap().len()
    }
}

/// A stack in which no upload calls a function.
async fn quiet() -> TestStack {
    TestStack::with(|options| {
        options.parameters.insert("KeyPrefix".to_owned(), "never/".to_owned());
    })
    .await
}

async fn handle(pipeline: &Pipeline<S3Store>, functions: &Fake<'_>, event: Value, request_id: &str) -> Value {
    let call = Call { request_id: request_id.to_owned(), deadline: Instant::now() + Duration::from_secs(60) };
    thumbline_backfill::handle(pipeline, functions, event, &call).await.unwrap()
}

/// As somebody's thousands of dollars were lost: what is made is taken for something to be made of. The settings refuse it;
/// here they are changed behind their own back, and the resize function has lost its guards too.
#[tokio::test]
async fn a_loop_from_the_input_bucket_into_itself_ends_at_the_ceiling() {
    let stack = quiet().await;
    stack.upload("one.jpg", sample("dot.png")).await;
    let pipeline = stack.pipeline();
    let mut settings = pipeline.settings().clone();
    settings.output_bucket.clone_from(&settings.input_bucket);
    let pipeline = Pipeline::new(settings, pipeline.store().clone());
    let lambda = Fake { loops: true, ..Fake::new(&stack) };
    let event = json!({
        "prefix": "", "max_invocations": 30, "pictures_per_invocation": 1, "invocations_per_second": 100,
    });
    let mut growth = Vec::new();
    for run in 0.. {
        let before = lambda.announced();
        let told = handle(&pipeline, &lambda, event.clone(), &format!("run-{run}")).await;
        growth.push(lambda.announced() - before);
        if told["status"] == "ceiling" {
            assert!(told["message"].as_str().unwrap().contains("30 invocations"), "{told}");
            break;
        }
        assert_eq!(told["status"], "done", "{told}");
        assert!(run < 5, "it does not grow: {growth:?}");
    }
    assert!(growth.len() > 2 && growth.windows(2).all(|pair| pair[0] < pair[1]), "it grows: {growth:?}");
    assert_eq!(growth.last(), Some(&30), "and not one invocation more than it may make");
    stack.stack.stop().await;
}

#[tokio::test]
async fn a_run_that_somebody_stops_ends_and_a_new_one_begins() {
    let stack = quiet().await;
    for n in 0..40 {
        stack.upload(&format!("{n:02}.png"), sample("dot.png")).await;
    }
    let (pipeline, lambda) = (stack.pipeline(), Fake::new(&stack));
    let event = json!({ "prefix": "", "pictures_per_invocation": 1, "invocations_per_second": 4 });
    let run = handle(&pipeline, &lambda, event.clone(), "first");
    let stop = async {
        lambda.told.notified().await;
        let held = handle(&pipeline, &lambda, event.clone(), "second").await;
        assert_eq!(held["not_needed"], "it is on already");
        handle(&pipeline, &lambda, json!({ "prefix": "", "stop": true }), "third").await
    };
    let (run, stopped) = tokio::join!(run, stop);
    assert_eq!((&run["status"], &stopped["status"]), (&"stopped".into(), &"stopped".into()));
    assert!(lambda.announced() < 40, "{}", lambda.announced());
    let status = handle(&pipeline, &lambda, json!({ "prefix": "", "status": true }), "fourth").await;
    assert_eq!((&status["status"], &status["run"]), (&"stopped".into(), &"first".into()));

    let event = json!({ "prefix": "", "invocations_per_second": 100 });
    let before = lambda.announced();
    let run = handle(&pipeline, &lambda, event, "fifth").await;
    assert_eq!(
        (&run["status"], lambda.announced() - before),
        (&"done".into(), 40),
        "nothing was made of any"
    );
    stack.stack.stop().await;
}

#[tokio::test]
async fn a_run_whose_function_died_is_taken_over_and_leaves_no_picture_out() {
    let stack = quiet().await;
    for n in 0..40 {
        stack.upload(&format!("{n:02}.png"), sample("dot.png")).await;
    }
    let (pipeline, lambda) = (stack.pipeline(), Fake::new(&stack));
    let event = json!({ "prefix": "", "pictures_per_invocation": 1, "invocations_per_second": 20 });
    // It dies when it has announced some.
    tokio::select! {
        _ = handle(&pipeline, &lambda, event.clone(), "first") => panic!("it has not died"),
        () = async { while lambda.announced() < 5 { lambda.told.notified().await } } => {}
    }
    let held = handle(&pipeline, &lambda, event.clone(), "second").await;
    assert_eq!(held["not_needed"], "it is on already", "as far as anybody knows");

    // A lease later.
    let key = ledger::key(Kind::Backfill, "");
    let mut record: Value = serde_json::from_slice(&stack.output(&key).await).unwrap();
    let granted = record["invocations"].as_u64().unwrap();
    assert!(granted >= 5, "what it may have made counts: {granted}");
    record["holder"]["until_ms"] = 1.into();
    let bucket = &stack.stack.endpoints().output_bucket;
    let body = serde_json::to_vec(&record).unwrap().into();
    stack.s3.put_object().bucket(bucket).key(&key).body(body).send().await.unwrap();

    let run = handle(&pipeline, &lambda, event, "third").await;
    assert_eq!((&run["status"], &run["run"], &run["turn"]), (&"done".into(), &"first".into(), &1.into()));
    let mut announced = lambda.announced.lock().unwrap().clone();
    announced.sort();
    announced.dedup();
    assert_eq!(announced.len(), 40);
    assert!(run["invocations"].as_u64().unwrap() >= granted + 35, "{run}");
    let prefix = Layout::of("00.png", &pipeline.settings().presets).prefix().to_owned();
    assert!(!key.starts_with(&prefix) && stack.outputs().await == [key], "nothing else was written");
    stack.stack.stop().await;
}
