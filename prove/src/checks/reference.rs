//! Random sequences of everything that can happen, against the real pipeline over the embedded S3 through the real SDK, beside
//! a reference that is too simple to be wrong.
//!
//! People put, overwrite and remove sources and ask for sizes; events come late, twice and in another order; functions die before
//! and after any request, stand still while others work, and have requests that fail. Whoever claims to be done must have
//! left the outputs of the source as it is at that moment, and at rest so must everything. (Who has stood still while
//! others worked is held to it at rest alone where an event of the source still waits; and so are they, where it is the same
//! source: a write that was on its way may come after their listing.)
//!
//! A case that does not hold is made as short as it can be, and told as a line of JSON. `prove/regressions/reference.jsonl` keeps such
//! lines, each after a line that tells its story: they are played before anything else, for ever.

mod case;
mod play;
mod staged;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use async_trait::async_trait;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::Handle;

use self::case::{Case, cases};
use self::play::Stage;
use crate::check::{Check, Finding, Terms};
use crate::stage::buckets::INPUT;

pub(crate) struct Reference;

/// Runners that play at the same time, each with cases of its own.
const LANES: u64 = 4;

/// The most attempts at making a case shorter.
const SHRINKS: u32 = 400;

#[async_trait]
impl Check for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn promise(&self) -> &'static str {
        "after any sequence of changes, deliveries, deaths and faults, outputs are those of a trivial model"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let stage = Arc::new(Stage::open(&terms.folder).await?);
        let mut finding = Finding::default();
        let kept = kept(terms)?;
        for (number, case) in kept.iter().enumerate() {
            if let Err(error) = stage.play(&format!("kept-{number}"), case).await {
                finding.violations.push(format!("kept case {}: {error:#}", number + 1));
            }
        }
        let drawn: u32 = terms.length.of(300, 10_000);
        let played = Arc::new(AtomicU64::new(0));
        let mut lanes = Vec::new();
        for lane in 0..LANES {
            let (stage, played, seed) = (Arc::clone(&stage), Arc::clone(&played), terms.seed * LANES + lane);
            let cases = drawn.div_ceil(u32::try_from(LANES)?);
            // Proptest knows nothing of futures, so each lane has a thread of its own.
            lanes.push(tokio::task::spawn_blocking(move || run_lane(&stage, &played, lane, seed, cases)));
        }
        for lane in lanes {
            finding.violations.extend(lane.await.context("a lane")?);
        }
        finding.cases = played.load(Ordering::Relaxed) + kept.len() as u64;
        finding.figure = format!("{drawn} drawn and {} kept cases", kept.len());
        Ok(finding)
    }
}

/// The cases that have shown something once.
fn kept(terms: &Terms) -> anyhow::Result<Vec<Case>> {
    let path = terms.project.join("prove/regressions/reference.jsonl");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with("//") && !line.is_empty());
    let parsed = lines.map(|(number, line)| {
        serde_json::from_str(line).with_context(|| format!("{}:{}", path.display(), number + 1))
    });
    parsed.collect()
}

/// Plays cases until one does not hold, which is told as short as it can be made.
fn run_lane(stage: &Stage, played: &AtomicU64, lane: u64, seed: u64, cases_to_play: u32) -> Option<String> {
    let config = Config {
        cases: cases_to_play,
        failure_persistence: None,
        max_shrink_iters: SHRINKS,
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(seed.to_be_bytes()).for_each(|(to, from)| *to = from);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let runtime = Handle::current();
    let result = TestRunner::new_with_rng(config, rng).run(&cases(), |case| {
        let number = played.fetch_add(1, Ordering::Relaxed);
        let ended = runtime.block_on(stage.play(&format!("{lane}-{number}"), &case));
        ended.map_err(|error| TestCaseError::fail(format!("{error:#}")))
    });
    match result {
        Ok(()) => None,
        Err(TestError::Fail(reason, case)) => {
            let line = serde_json::to_string(&case).unwrap_or_else(|_| format!("{case:?}"));
            Some(format!("{reason}; keep this case: {line}"))
        }
        Err(TestError::Abort(reason)) => Some(format!("the lane was given up: {reason}")),
    }
}
