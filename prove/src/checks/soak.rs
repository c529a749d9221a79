//! Soak: a stack under load and faults for a long time, and what its processes hold on to meanwhile.
//!
//! People upload, overwrite and remove pictures, others read them through the API, and a part of all S3 requests fails. Every
//! second the memory, the file descriptors and the temporary files of each function's process are written down. The first
//! two fifths of the time are for warming up. The median of the last fifth must then be no more than a tenth and 4 MiB above
//! that of the fifth after the warm-up (memory), or than 4 above it (descriptors); of temporary files there may be none at
//! the end. At rest, what had failed is put through again, and `verify` must find nothing.
//!
//! `SOAK_SECONDS` makes it as long as one likes.

mod latency;
mod load;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use tokio::time::Instant;

use self::latency::Latencies;
use self::load::Load;
use self::watch::Watch;
use crate::check::{Check, Finding, Terms, progress};
use crate::stage::deployment::Deployment;
use crate::stage::proxy::{Interference, Proxy};
use crate::stage::weather::Weather;

pub(crate) struct Soak;

/// Requests of a hundred that fail.
const FAULTS: u64 = 2;

#[async_trait]
impl Check for Soak {
    fn name(&self) -> &'static str {
        "soak"
    }

    fn promise(&self) -> &'static str {
        "under load and faults for long, functions hold on to no memory, descriptors or temporary files"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let time = Duration::from_secs(seconds(terms)?);
        let temporary = terms.subfolder(Path::new("temporary"))?;
        let weather = Arc::new(Weather::new(FAULTS, terms.seed));
        let proxy = Proxy::listen(Arc::clone(&weather) as Arc<dyn Interference>).await?;
        let url = proxy.url.clone();
        let deployment = Deployment::start(terms, |options| {
            options.environment.insert("AWS_ENDPOINT_URL".to_owned(), url);
            options.parameters.insert("Api".to_owned(), "enabled".to_owned());
            options.environment.insert("TMPDIR".to_owned(), temporary.display().to_string());
        })
        .await?;
        proxy.lead_to(&deployment.access.url);
        let deployment = Arc::new(deployment);
        let latencies = Arc::new(Latencies::default());
        let listening = tokio::spawn(latency::listen(
            deployment.stack.lambda().subscribe(),
            deployment.function()?,
            Arc::clone(&latencies),
        ));
        let load = Load::begin(&deployment, &latencies, terms.seed)?;
        let mut watch = Watch::new(temporary);
        let until = Instant::now() + time;
        while Instant::now() < until {
            tokio::time::sleep_until(until.min(Instant::now() + Duration::from_secs(1))).await;
            watch.look(&deployment.stack.lambda().running());
        }
        let mut finding = Finding { violations: load.end().await?, ..Finding::default() };
        deployment.stack.idle().await;
        watch.look(&deployment.stack.lambda().running());
        listening.abort();

        weather.clear_up();
        let queue = deployment.stack.endpoints().failure_queue.clone();
        let given_up = deployment.stack.sqs().counts(&queue)?.total();
        let redriven = deployment.run(terms, &["redrive", "--queue", &queue, "--json"]).await?;
        let verified = deployment.run(terms, &["verify", "--json"]).await?;
        for (what, output) in [("redrive", redriven), ("verify", verified)] {
            if !output.status.success() {
                let told =
                    [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
                finding.violations.push(format!("{what}: {}", told.concat()));
            }
        }
        for line in latencies.table() {
            progress(&line);
        }
        let judged = watch.judge();
        for line in &judged.lines {
            progress(line);
        }
        finding.violations.extend(judged.violations);
        finding.cases = latencies.count();
        finding.figure = format!(
            "{} s, {} faults, {given_up} events redriven; {}",
            time.as_secs(),
            weather.struck(),
            judged.figure
        );
        if let Some(deployment) = Arc::into_inner(deployment) {
            deployment.stack.stop().await;
        }
        Ok(finding)
    }
}

fn seconds(terms: &Terms) -> anyhow::Result<u64> {
    match std::env::var("SOAK_SECONDS") {
        Ok(text) => text.parse().with_context(|| format!("SOAK_SECONDS={text:?} is no number of seconds")),
        Err(_) => Ok(terms.length.of(300, 3600)),
    }
}
