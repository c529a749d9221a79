//! Kill at every point: SIGKILL of the function's process between any two of its S3 calls, and the event comes again.
//!
//! The layer's `bootstrap` runs as the embedded Lambda runs it, with a proxy between it and S3. For each flow the calls of a clean
//! run are counted. Then the flow is run once for each call with a kill before the store hears of it, and once with a kill
//! when the store has done it and nobody knows yet. Lambda sees a process that is gone, and delivers the event again to a
//! new one; at rest the outputs are those of the clean run.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, ensure};
use async_trait::async_trait;
use rustix::process::{Pid, Signal, kill_process};
use thumbline_local::lambda::Lambda;

use crate::check::{Check, Finding, Length, Terms};
use crate::checks::faults::Flow;
use crate::stage::deployment::Deployment;
use crate::stage::outputs::Outputs;
use crate::stage::proxy::{After, Answer, Ask, Before, Interference, Proxy};

pub(crate) struct Kills;

#[async_trait]
impl Check for Kills {
    fn name(&self) -> &'static str {
        "kills"
    }

    fn promise(&self) -> &'static str {
        "a function killed before or after any of its S3 calls leaves what the next delivery completes"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let stage = Stage::start(terms).await?;
        let mut finding = Finding::default();
        // In the long form each point again and again: writes at the same time come in any order.
        let (mut calls, repeats) = (0, terms.length.of(1, 10));
        for flow in Flow::ALL {
            let clean = stage.clean(flow).await?;
            calls += clean.calls;
            for repeat in 0..repeats {
                for (call, moment) in
                    (0..clean.calls).flat_map(|call| Moment::BOTH.map(|moment| (call, moment)))
                {
                    finding.cases += 1;
                    let key = format!("{flow:?}/{repeat}-{call}-{moment:?}.png");
                    if let Some(wrong) = stage.kill(flow, &key, call, moment, &clean.outputs).await? {
                        finding.violations.push(format!("{flow:?}, {moment:?} call {call}: {wrong}"));
                    }
                }
            }
        }
        finding.figure = format!("{} kills at {calls} calls of {} flows", finding.cases, Flow::ALL.len());
        if terms.length == Length::Long {
            finding.figure += ", ten times each";
        }
        stage.deployment.stack.stop().await;
        Ok(finding)
    }
}

/// When it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Before,
    After,
}

impl Moment {
    const BOTH: [Moment; 2] = [Moment::Before, Moment::After];
}

struct Clean {
    calls: u64,
    outputs: Outputs,
}

struct Stage {
    deployment: Deployment,
    killer: Arc<Killer>,
    _proxy: Proxy,
}

impl Stage {
    async fn start(terms: &Terms) -> anyhow::Result<Stage> {
        let killer = Arc::new(Killer::default());
        let proxy = Proxy::listen(Arc::clone(&killer) as Arc<dyn Interference>).await?;
        let url = proxy.url.clone();
        let deployment = Deployment::start(terms, |options| {
            options.environment.insert("AWS_ENDPOINT_URL".to_owned(), url);
            options.concurrency = 1;
        })
        .await?;
        proxy.lead_to(&deployment.access.url);
        killer.lambda.set(deployment.stack.lambda().clone()).ok().context("a killer has one Lambda")?;
        Ok(Stage { deployment, killer, _proxy: proxy })
    }

    /// Brings a source to where the flow begins, with nobody killed.
    async fn prepare(&self, flow: Flow, key: &str) -> anyhow::Result<()> {
        if let Some(before) = flow.before()? {
            self.deployment.change(key, Some(&before)).await?;
            self.deployment.stack.idle().await;
        }
        Ok(())
    }

    async fn outputs(&self, key: &str) -> anyhow::Result<Outputs> {
        Outputs::of(&self.deployment.client, self.deployment.output(), key).await
    }

    async fn clean(&self, flow: Flow) -> anyhow::Result<Clean> {
        let key = format!("{flow:?}/clean.png");
        self.prepare(flow, &key).await?;
        self.killer.aim(None);
        self.deployment.change(&key, flow.after()?.as_deref()).await?;
        self.deployment.stack.idle().await;
        let (calls, outputs) = (self.killer.seen(), self.outputs(&key).await?);
        ensure!(calls > 2, "{flow:?}: {calls} calls of S3 in a clean run");
        Ok(Clean { calls, outputs })
    }

    /// Kills once. What did not hold, in words.
    async fn kill(
        &self,
        flow: Flow,
        key: &str,
        call: u64,
        moment: Moment,
        expected: &Outputs,
    ) -> anyhow::Result<Option<String>> {
        self.prepare(flow, key).await?;
        let mut records = self.deployment.stack.lambda().subscribe();
        self.killer.aim(Some((call, moment)));
        self.deployment.change(key, flow.after()?.as_deref()).await?;
        self.deployment.stack.idle().await;
        let (mut died, mut last) = (false, None);
        while let Ok(record) = records.try_recv() {
            died |= matches!(&record.outcome, Err(error) if error.kind == "Runtime.ExitError");
            last = Some(record.outcome.clone());
        }
        if !died || !self.killer.has_struck() {
            return Ok(Some("nothing was killed".to_owned()));
        }
        if !matches!(last, Some(Ok(_))) {
            return Ok(Some(format!("the event ended as {last:?}")));
        }
        Ok(self.outputs(key).await?.difference(expected))
    }
}

/// Kills whatever works when a certain call is made.
#[derive(Debug)]
struct Killer {
    lambda: OnceLock<Lambda>,
    seen: AtomicU64,
    /// The call, counted from 1; 0 for none.
    call: AtomicU64,
    is_after: AtomicBool,
    /// The number of the request after which it kills.
    marked: AtomicU64,
    has_struck: AtomicBool,
}

impl Default for Killer {
    fn default() -> Killer {
        Killer {
            lambda: OnceLock::new(),
            seen: AtomicU64::new(0),
            call: AtomicU64::new(0),
            is_after: AtomicBool::new(false),
            marked: AtomicU64::new(u64::MAX),
            has_struck: AtomicBool::new(false),
        }
    }
}

impl Killer {
    /// Counts from here, and kills at this call if one is given.
    fn aim(&self, at: Option<(u64, Moment)>) {
        self.seen.store(0, Ordering::SeqCst);
        self.has_struck.store(false, Ordering::SeqCst);
        self.marked.store(u64::MAX, Ordering::SeqCst);
        self.is_after.store(matches!(at, Some((_, Moment::After))), Ordering::SeqCst);
        self.call.store(at.map_or(0, |(call, _)| call + 1), Ordering::SeqCst);
    }

    fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }

    fn has_struck(&self) -> bool {
        self.has_struck.load(Ordering::SeqCst)
    }

    /// Kills the process that works, at once and for good.
    fn strike(&self) {
        let running = self.lambda.get().map(Lambda::running).unwrap_or_default();
        for busy in running.iter().filter(|environment| environment.request_id.is_some()) {
            let pid = i32::try_from(busy.pid).ok().and_then(Pid::from_raw);
            if pid.is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok()) {
                self.has_struck.store(true, Ordering::SeqCst);
            }
        }
    }
}

#[async_trait]
impl Interference for Killer {
    async fn before(&self, ask: &Ask) -> Before {
        let seen = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        if self.call.load(Ordering::SeqCst) != seen {
            return Before::Pass;
        }
        if self.is_after.load(Ordering::SeqCst) {
            self.marked.store(ask.number, Ordering::SeqCst);
            return Before::Pass;
        }
        self.strike();
        Before::Reset
    }

    async fn after(&self, ask: &Ask, _: Answer) -> After {
        if self.marked.load(Ordering::SeqCst) != ask.number {
            return After::Pass;
        }
        self.strike();
        After::Reset
    }
}
