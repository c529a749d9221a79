//! What people do meanwhile: some change pictures, others look at them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::latency::Latencies;
use crate::stage::deployment::Deployment;
use crate::stage::dice::Dice;
use crate::stage::pictures::{broken_picture, picture};
use crate::stage::wire::exchange;

/// People who change pictures, and people who look at some.
const WRITERS: u64 = 2;
const READERS: u64 = 2;

/// How often each of them does something, where there is time for it.
const EVERY: Duration = Duration::from_millis(150);

/// Pictures that there are at most.
const PICTURES: u64 = 60;

/// The statuses that readers may get: a picture, none, one that is rejected, and what passes by itself.
const EXPECTED: [u16; 6] = [200, 404, 415, 422, 429, 503];

/// People at work.
pub(super) struct Load {
    people: JoinSet<anyhow::Result<Vec<String>>>,
    is_over: Arc<AtomicBool>,
}

impl Load {
    pub(super) fn begin(
        deployment: &Arc<Deployment>,
        latencies: &Arc<Latencies>,
        seed: u64,
    ) -> anyhow::Result<Load> {
        let api = deployment.stack.endpoints().api.clone().context("the stack has no API")?;
        let is_over = Arc::new(AtomicBool::new(false));
        let mut people = JoinSet::new();
        for person in 0..WRITERS + READERS {
            let person = Person {
                deployment: Arc::clone(deployment),
                latencies: Arc::clone(latencies),
                api: api.clone(),
                is_over: Arc::clone(&is_over),
                dice: Dice::new(seed.wrapping_mul(1_000).wrapping_add(person)),
                writes: person < WRITERS,
            };
            people.spawn(person.work());
        }
        Ok(Load { people, is_over })
    }

    /// Sends everybody home. What they have seen that should not be.
    pub(super) async fn end(mut self) -> anyhow::Result<Vec<String>> {
        self.is_over.store(true, Ordering::SeqCst);
        let mut seen = Vec::new();
        while let Some(person) = self.people.join_next().await {
            seen.extend(person??);
        }
        Ok(seen)
    }
}

struct Person {
    deployment: Arc<Deployment>,
    latencies: Arc<Latencies>,
    api: String,
    is_over: Arc<AtomicBool>,
    dice: Dice,
    writes: bool,
}

impl Person {
    async fn work(mut self) -> anyhow::Result<Vec<String>> {
        let mut seen = Vec::new();
        let mut clock = tokio::time::interval(EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_over.load(Ordering::SeqCst) {
            clock.tick().await;
            if self.writes {
                self.change().await?;
            } else if let Some(wrong) = self.look().await? {
                seen.push(wrong);
            }
        }
        Ok(seen)
    }

    fn key(&mut self) -> String {
        format!("album/{}.png", self.dice.below(PICTURES))
    }

    async fn change(&mut self) -> anyhow::Result<()> {
        let (key, number) = (self.key(), u32::try_from(self.dice.below(1 << 20))?);
        let source = match self.dice.below(100) {
            0..70 => Some(picture(number)?),
            70..80 => Some(broken_picture(number)?),
            _ => None,
        };
        let operation = if source.is_some() { "S3: upload" } else { "S3: removal" };
        let began = Instant::now();
        self.deployment.change(&key, source.as_deref()).await?;
        self.latencies.add(operation, began.elapsed());
        Ok(())
    }

    /// Asks the API for something. What its status should not be.
    async fn look(&mut self) -> anyhow::Result<Option<String>> {
        let key = self.key();
        let (operation, path) = match self.dice.below(100) {
            0..50 => ("API: preset", format!("/thumbnails/{key}?preset=small")),
            50..75 => ("API: size", format!("/thumbnails/{key}?w=160")),
            75..95 => ("API: manifest", format!("/manifests/{key}")),
            _ => ("API: list", "/images?prefix=album/".to_owned()),
        };
        let url = self.api.trim_start_matches("http://");
        let (host, stage) = url.split_once('/').unwrap_or((url, ""));
        let api_key = self.deployment.stack.endpoints().api_key.clone().unwrap_or_default();
        let request = Request::get(format!("/{stage}{path}"))
            .header("host", host)
            .header("x-api-key", api_key)
            .body(Full::new(Bytes::new()))?;
        let began = Instant::now();
        let answer = exchange(host, request).await.with_context(|| format!("asking the API for {path}"))?;
        self.latencies.add(operation, began.elapsed());
        let status = answer.status().as_u16();
        Ok((!EXPECTED.contains(&status))
            .then(|| format!("{path}: {status} {}", String::from_utf8_lossy(answer.body()))))
    }
}
