//! `thumbline redrive` as people run it, over an embedded SQS and S3: interrupted, and with events that can't be mended.
//!
//! `EVENTS=1000 cargo test -p thumbline-cli --test redrive` is the same with as many events.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use thumbline_local::lambda::NewMessage;
use thumbline_local::s3::{Effect, Fault, KeyPattern};
use thumbline_local::{Stack, StackOptions};

struct Stage {
    stack: Stack,
    _data: TempDir,
}

impl Stage {
    /// A stack in which no upload calls a function: whatever is made, the command has made.
    async fn start() -> Stage {
        let data = tempfile::tempdir().unwrap();
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
        let mut options = StackOptions::new(template, data.path(), env!("CARGO_BIN_EXE_thumbline"));
        options.parameters.insert("KeySuffix".to_owned(), ".never".to_owned());
        Stage { stack: Stack::start(options).await.unwrap(), _data: data }
    }

    async fn upload(&self, key: &str, file: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/pictures").join(file);
        let (s3, bucket) = (self.client(), &self.stack.endpoints().input_bucket);
        let body = std::fs::read(path).unwrap().into();
        s3.put_object().bucket(bucket).key(key).body(body).send().await.unwrap();
    }

    async fn fail(&self, body: String) {
        let queue = &self.stack.endpoints().failure_queue;
        self.stack.sqs().send(queue, NewMessage { body, ..NewMessage::default() }).await.unwrap();
    }

    /// The record that Lambda keeps of an event about a picture.
    async fn fail_picture(&self, bucket: &str, key: &str) {
        let record: Value =
            serde_json::from_str(include_str!("../../samples/events/failure-record.json")).unwrap();
        let mut record = record;
        record["requestPayload"]["Records"][0]["s3"]["bucket"]["name"] = bucket.into();
        record["requestPayload"]["Records"][0]["s3"]["object"]["key"] = key.into();
        self.fail(record.to_string()).await;
    }

    fn fault(&self, operation: &str, prefix: &str, effect: Effect) {
        let (operation, key) = (Some(operation.to_owned()), KeyPattern::Prefix(prefix.to_owned()));
        self.stack.s3().faults().inject(Fault { operation, bucket: None, key, times: None, effect });
    }

    /// The keys with a manifest.
    async fn made(&self) -> BTreeSet<String> {
        let bucket = &self.stack.endpoints().output_bucket;
        let mut pages = self.client().list_objects_v2().bucket(bucket).into_paginator().send();
        let mut made = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let keys = page.unwrap().contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
            made.extend(keys.filter_map(|key| key.strip_suffix("/manifest.json").map(str::to_owned)));
        }
        made
    }

    /// The bodies of all messages, which are taken for as long as the test may last.
    async fn bodies(&self) -> Vec<String> {
        let queue = &self.stack.endpoints().failure_queue;
        let mut bodies = Vec::new();
        loop {
            let hour = Some(Duration::from_secs(3600));
            let some = self.stack.sqs().receive(queue, 10, Duration::ZERO, hour).await.unwrap();
            if some.is_empty() {
                return bodies;
            }
            bodies.extend(some.into_iter().map(|message| message.body));
        }
    }

    async fn until_all_are_visible(&self) {
        let counts = || self.stack.sqs().counts(&self.stack.endpoints().failure_queue).unwrap();
        while counts().visible < counts().total() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn client(&self) -> aws_sdk_s3::Client {
        use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
        let endpoints = self.stack.endpoints();
        let (key, secret) = (&endpoints.access_key_id, &endpoints.secret_access_key);
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&endpoints.s3)
            .region(Region::new(endpoints.region.clone()))
            .credentials_provider(Credentials::new(key, secret, None, None, "test"))
            .force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    fn redrive(&self, options: &[&str]) -> Child {
        let endpoints = self.stack.endpoints();
        let mut command = Command::new(env!("CARGO_BIN_EXE_thumbline"));
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("THUMBLINE_"))
        {
            command.env_remove(name);
        }
        command
            .args([
                "redrive",
                "--queue",
                &endpoints.failure_queue,
                "--json",
                "--presets",
                "tiny=8x8:cover:png",
            ])
            .args(["--input", &endpoints.input_bucket, "--output", &endpoints.output_bucket])
            .args(options)
            .env("AWS_ENDPOINT_URL", &endpoints.s3)
            .env("AWS_REGION", &endpoints.region)
            .env("AWS_ACCESS_KEY_ID", &endpoints.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &endpoints.secret_access_key)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap()
    }
}

/// Reads the lines that a process prints, and sends it the signal after as many of them. Its lines and exit code.
async fn told(mut child: Child, signal: Option<(&'static str, usize)>) -> (Vec<Value>, Option<i32>) {
    tokio::task::spawn_blocking(move || {
        let pid = child.id().to_string();
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            lines.push(serde_json::from_str(&line.unwrap()).unwrap());
            if let Some((name, after)) = signal
                && lines.len() == after
            {
                assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
            }
        }
        (lines, child.wait().unwrap().code())
    })
    .await
    .unwrap()
}

/// For each reason for which events stay, how many do.
fn reasons(lines: &[Value]) -> BTreeMap<String, usize> {
    let mut reasons = BTreeMap::new();
    for line in lines.iter().filter(|line| line["stays"] == true) {
        assert!(!line["message"].as_str().unwrap().is_empty(), "{line}");
        *reasons.entry(line["reason"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    reasons
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_redriven_through_two_interruptions_and_only_those_that_can_not_be_mended_stay() {
    let events: usize = std::env::var("EVENTS").map_or(120, |n| n.parse().unwrap());
    let stage = Stage::start().await;
    let input = stage.stack.endpoints().input_bucket.clone();
    let (mut good, mut bad) = (BTreeSet::new(), Vec::new());
    for n in 0..events {
        let key = format!("photos/{n}.png");
        match n % 9 {
            0 => bad.push(format!("this is no event: {n}")),
            3 => bad.push(json!({ "detail-type": "Something Else", "id": n }).to_string()),
            // Nobody may read it, whoever asks.
            6 => {
                let key = format!("locked/{n}.png");
                stage.upload(&key, "dot.png").await;
                stage.fail_picture(&input, &key).await;
            }
            8 if n % 2 == 0 => stage.fail_picture("somebody-elses", &key).await,
            _ => {
                stage.upload(&key, "dot.png").await;
                stage.fail_picture(&input, &key).await;
                good.insert(key);
            }
        }
    }
    for body in &bad {
        stage.fail(body.clone()).await;
    }
    let in_queue =
        |stage: &Stage| stage.stack.sqs().counts(&stage.stack.endpoints().failure_queue).unwrap().total();
    let stay = events - good.len();
    assert!(stay * 3 >= events, "a third can't be mended: {stay} of {events}");
    stage.fault("GetObject", "locked/", Effect::AccessDenied);
    // So slow that there is a middle in which to stop it.
    stage.fault("PutObject", "photos/", Effect::Delay(Duration::from_millis(20)));

    let after = events / 6;
    let (killed, code) =
        told(stage.redrive(&["--at-once", "4", "--hide", "3s"]), Some(("-KILL", after))).await;
    assert_eq!((code, killed.len() < events), (None, true), "it was killed on the way");
    assert!(in_queue(&stage) > stay as u64, "there is something left to do");
    stage.until_all_are_visible().await;

    let (stopped, code) = told(stage.redrive(&["--at-once", "4"]), Some(("-INT", after))).await;
    assert_eq!(code, Some(1));
    let sum = stopped.last().unwrap();
    assert_eq!(sum["interrupted"], true, "{sum}");
    let counts = stage.stack.sqs().counts(&stage.stack.endpoints().failure_queue).unwrap();
    assert_eq!(counts.in_flight, 0, "what it did not get to is there at once");
    assert_eq!(sum["left"], counts.visible, "{sum}");

    let (lines, code) = told(stage.redrive(&[]), None).await;
    assert_eq!(code, Some(1), "some stay");
    let sum = lines.last().unwrap();
    assert_eq!(
        (&sum["stay"], &sum["left"], &sum["interrupted"]),
        (&stay.into(), &stay.into(), &false.into())
    );
    let reasons = reasons(&lines);
    assert_eq!(reasons.keys().collect::<Vec<_>>(), ["access_denied", "unexpected_bucket", "unreadable"]);
    assert_eq!(reasons.values().sum::<usize>(), stay);
    assert_eq!(stage.made().await, good, "the rest are made");
    let bodies = stage.bodies().await;
    assert_eq!(bodies.len(), stay);
    assert!(bad.iter().all(|body| bodies.contains(body)), "what nobody can read is there as it was");
    stage.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_is_left_to_be_done_for_leaves_the_queue_with_its_outcome() {
    let stage = Stage::start().await;
    let input = stage.stack.endpoints().input_bucket.clone();
    stage.upload("dot.png", "dot.png").await;
    stage.upload("broken.jpg", "truncated.jpg").await;
    for key in ["dot.png", "broken.jpg", "gone.jpg"] {
        stage.fail_picture(&input, key).await;
    }
    stage.fail(json!({ "Service": "Amazon S3", "Event": "s3:TestEvent" }).to_string()).await;
    let (lines, code) = told(stage.redrive(&[]), None).await;
    assert_eq!(code, Some(0));
    let outcomes: BTreeSet<(&str, Option<&str>)> = lines
        .iter()
        .filter_map(|line| line["pictures"].as_array())
        .flatten()
        .map(|picture| (picture["outcome"].as_str().unwrap(), picture["reason"].as_str()))
        .collect();
    assert_eq!(outcomes, [("made", None), ("rejected", Some("truncated")), ("removed", None)].into());
    let sum = lines.last().unwrap();
    assert_eq!((&sum["events"], &sum["gone"], &sum["left"]), (&4.into(), &4.into(), &0.into()), "{sum}");
    assert_eq!(
        stage.made().await,
        ["broken.jpg".to_owned(), "dot.png".to_owned()].into(),
        "one is a rejection's"
    );

    let (lines, code) = told(stage.redrive(&[]), None).await;
    assert_eq!((lines.len(), code), (1, Some(0)), "an empty queue is nothing to do");
    stage.stack.stop().await;
}
