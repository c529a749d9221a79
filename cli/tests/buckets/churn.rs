//! Backfill and verify while people upload, overwrite and remove the same keys, and functions hear of it late, twice and in
//! the wrong order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use serde_json::Value;
use thumbline::{Call, Hint, Pipeline, S3Store};

use crate::stage::{INPUT, Stage, picture};

const KEYS: u32 = 60;
const SETTLED: u32 = 20;
const CHANGES: u32 = 240;
/// Events that wait while later ones are handled.
const HELD_BACK: u32 = 12;
/// One event in so many comes twice.
const TWICE: u32 = 5;
const FUNCTIONS: usize = 3;

/// Numbers that look random and are the same every time.
fn dice(number: u32) -> u32 {
    let mixed = number.wrapping_mul(0x9E37_79B9).rotate_left(13) ^ number;
    mixed.wrapping_mul(0x85EB_CA6B) >> 7
}

fn key(number: u32) -> String {
    ["busy/a", "busy/a!", "busy/a/b", "busy/c.png"][number as usize % 4].to_owned()
        + &(number / 4).to_string()
}

async fn handle(pipeline: &Pipeline<S3Store>, key: String) {
    let hint = Hint { bucket: INPUT.to_owned(), key };
    loop {
        let deadline = Instant::now() + Duration::from_secs(60);
        let call = Call { request_id: "test".to_owned(), deadline };
        // As Lambda does: what must be retried is delivered again.
        if !pipeline.process(&hint, &call).await.outcome.must_retry() {
            return;
        }
    }
}

/// Changes one source after the other, and lets functions hear of it.
async fn change(stage: &Stage, pipeline: &Pipeline<S3Store>) {
    let mut told = Vec::new();
    for number in 0..CHANGES {
        let key = key(dice(number) % KEYS);
        if dice(number + 10_000).is_multiple_of(3) {
            stage.remove(INPUT, &key).await;
        } else {
            stage.put(&key, picture(dice(number + 20_000))).await;
        }
        told.push(key.clone());
        if number.is_multiple_of(TWICE) {
            told.push(key);
        }
        if number % HELD_BACK == HELD_BACK - 1 {
            told.reverse();
            let events = std::mem::take(&mut told);
            stream::iter(events).for_each_concurrent(FUNCTIONS, |key| handle(pipeline, key)).await;
        }
    }
    assert!(told.is_empty(), "every event was delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_rest_nothing_is_found_whatever_went_on_and_what_was_settled_never_is() {
    let stage = Stage::start().await;
    for number in 0..SETTLED {
        stage.put(&format!("settled/{number}.png"), picture(number)).await;
    }
    assert_eq!(stage.run(&["backfill"]).await.code(), Some(0));
    for number in 0..KEYS {
        stage.put(&key(number), picture(number)).await;
    }
    let pipeline = stage.pipeline();
    let is_done = Arc::new(AtomicBool::new(false));
    let changing = async {
        change(&stage, &pipeline).await;
        is_done.store(true, Ordering::SeqCst);
    };
    let working = async {
        let mut rounds = 0;
        while !is_done.load(Ordering::SeqCst) || rounds == 0 {
            let backfill = stage.run(&["backfill", "--json"]).await;
            assert_ne!(backfill.code(), Some(2), "{}", backfill.stderr);
            let verify = stage.run(&["verify", "--json", "--findings", "findings"]).await;
            assert_ne!(verify.code(), Some(2), "{}", verify.stderr);
            for line in std::fs::read_to_string(stage.file("findings")).unwrap().lines() {
                let source = &serde_json::from_str::<Value>(line).unwrap()["source"];
                assert!(source.as_str().unwrap().starts_with("busy/"), "{line}");
            }
            rounds += 1;
        }
        rounds
    };
    let ((), rounds) = tokio::join!(changing, working);
    assert!(rounds > 0);
    let at_rest = stage.run(&["verify", "--json", "--findings", "findings"]).await;
    assert_eq!(at_rest.code(), Some(0), "{}", std::fs::read_to_string(stage.file("findings")).unwrap());
    let sources = stage.listed(INPUT).await.len();
    assert_eq!(at_rest.json()["states"]["current"], sources);
}
