//! Faults at every call: whatever goes wrong with whichever of S3's answers, nothing claims to be done that is not, and the
//! next delivery of the event completes it.
//!
//! For each flow (a picture made, overwritten, removed, rejected, told of twice) the calls of a clean run are written down. Then
//! the flow is run again for each call, each effect and both lengths: once, which the SDK may mend by trying again, and
//! lasting, where that call fails however often it is made. A proxy between the SDK and the embedded S3 does the damage:
//! before the store hears of the request, and after it has done what was asked, so that only the answer is lost.
//!
//! What can't be noticed is left out: S3 sends no checksum with a listing, so a listing with another bit is not among the cases
//! (on AWS, TLS sees to it).

mod flow;
mod strike;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use futures::stream::{self, StreamExt, TryStreamExt};
use thumbline::{Pipeline, S3Store};

pub(crate) use self::flow::Flow;
use self::strike::{Call, Strike, Target};
use crate::check::{Check, Finding, Terms};
use crate::stage::buckets::{Buckets, OUTPUT};
use crate::stage::door::{Claim, deliver, settings};
use crate::stage::effect::Effect;
use crate::stage::outputs::Outputs;
use crate::stage::proxy::Proxy;

/// How long the SDK waits for an answer here, rather than 20 seconds.
const READ_TIMEOUT: Duration = Duration::from_millis(700);

/// How long the function has for one event, rather than a minute: less than a lasting fault lasts.
const DEADLINE: Duration = Duration::from_secs(4);

/// How long a delivery has that nothing disturbs.
const UNDISTURBED: Duration = Duration::from_secs(60);

/// Cases at the same time. Most of them wait.
const CASES_AT_ONCE: usize = 24;

pub(crate) struct Faults;

#[async_trait]
impl Check for Faults {
    fn name(&self) -> &'static str {
        "faults"
    }

    fn promise(&self) -> &'static str {
        "whichever S3 call fails and however, no success is claimed without its outputs, and the next delivery completes"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let stage = Stage::open(terms).await?;
        let mut cases = Vec::new();
        for flow in Flow::ALL {
            let clean = stage.clean(flow).await?;
            cases.extend(clean.cases());
        }
        let total = cases.len();
        let claimed = AtomicU64::new(0);
        let violations: Vec<Option<String>> = stream::iter(cases.into_iter().enumerate())
            .map(|(number, case)| stage.try_case(number, case, &claimed))
            .buffer_unordered(CASES_AT_ONCE)
            .try_collect()
            .await?;
        let claimed = claimed.into_inner();
        Ok(Finding {
            cases: total as u64,
            figure: format!(
                "{} calls × up to {} effects, once and lasting: {claimed} mended on the spot, {} delivered again",
                stage.calls.load(Ordering::Relaxed),
                Effect::ALL.len(),
                total as u64 - claimed
            ),
            violations: violations.into_iter().flatten().collect(),
        })
    }
}

struct Stage {
    buckets: Buckets,
    /// What nothing disturbs.
    direct: Pipeline<S3Store>,
    /// Calls of all clean runs together.
    calls: AtomicU64,
}

/// A flow that nothing disturbed: its calls, and what it has led to.
struct Clean {
    flow: Flow,
    calls: BTreeMap<Target, Call>,
    outputs: Arc<Outputs>,
    outcome: String,
}

/// A fault, and what the flow must lead to all the same.
struct Case {
    flow: Flow,
    target: Target,
    effect: Effect,
    lasts: bool,
    outputs: Arc<Outputs>,
    outcome: String,
}

impl Clean {
    fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for (target, call) in &self.calls {
            let concerned =
                Effect::ALL.into_iter().filter(|effect| effect.concerns(call.operation, call.has_body));
            for effect in concerned {
                cases.extend([false, true].map(|lasts| Case {
                    flow: self.flow,
                    target: target.clone(),
                    effect,
                    lasts,
                    outputs: Arc::clone(&self.outputs),
                    outcome: self.outcome.clone(),
                }));
            }
        }
        cases
    }
}

impl Stage {
    async fn open(terms: &Terms) -> anyhow::Result<Stage> {
        let buckets = Buckets::open(&terms.folder).await?;
        let store = S3Store::new(&buckets.access.config(UNDISTURBED));
        let direct = Pipeline::new(settings()?, store).unlogged();
        Ok(Stage { buckets, direct, calls: AtomicU64::new(0) })
    }

    /// Brings a source to where the flow begins, and changes it as the flow does.
    async fn prepare(&self, flow: Flow, key: &str) -> anyhow::Result<()> {
        if let Some(before) = flow.before()? {
            self.buckets.change(key, Some(&before)).await?;
            let claim = deliver(&self.direct, key, UNDISTURBED).await;
            ensure!(claim == Claim::Done("made".to_owned()), "preparing {flow:?}: {claim:?}");
        }
        self.buckets.change(key, flow.after()?.as_deref()).await
    }

    /// The function with a proxy before its S3.
    async fn disturbed(
        &self,
        strike: Arc<Strike>,
        read_timeout: Duration,
    ) -> anyhow::Result<(Proxy, Pipeline<S3Store>)> {
        let proxy = Proxy::listen(strike).await?;
        proxy.lead_to(&self.buckets.access.url);
        let config = self.buckets.access.through(&proxy.url).config(read_timeout);
        Ok((proxy, Pipeline::new(settings()?, S3Store::new(&config)).unlogged()))
    }

    async fn outputs(&self, key: &str) -> anyhow::Result<Outputs> {
        Outputs::of(&self.buckets.client, OUTPUT, key).await
    }

    async fn clean(&self, flow: Flow) -> anyhow::Result<Clean> {
        let key = format!("{flow:?}/clean.png");
        self.prepare(flow, &key).await?;
        let strike = Arc::new(Strike::none(&key));
        // However slow this machine is, no call is made twice.
        let (_proxy, pipeline) = self.disturbed(Arc::clone(&strike), UNDISTURBED).await?;
        let claim = deliver(&pipeline, &key, UNDISTURBED).await;
        let Claim::Done(outcome) = claim else { anyhow::bail!("{flow:?} undisturbed: {claim:?}") };
        let calls = strike.calls();
        ensure!(outcome == flow.outcome() && calls.len() > 2, "{flow:?} undisturbed: {outcome}, {calls:?}");
        self.calls.fetch_add(calls.len() as u64, Ordering::Relaxed);
        Ok(Clean { flow, calls, outputs: Arc::new(self.outputs(&key).await?), outcome })
    }

    /// Runs one case. What did not hold, in words.
    async fn try_case(
        &self,
        number: usize,
        case: Case,
        claimed: &AtomicU64,
    ) -> anyhow::Result<Option<String>> {
        let Case { flow, target, effect, lasts, outputs, outcome } = case;
        let length = if lasts { "lasting" } else { "once" };
        let title = format!("{flow:?}, {target} {effect:?} {length}");
        let key = format!("{flow:?}/{number}.png");
        self.prepare(flow, &key).await.context(title.clone())?;
        let strike = Arc::new(Strike::at(&key, target, effect, lasts));
        let (_proxy, pipeline) = self.disturbed(Arc::clone(&strike), READ_TIMEOUT).await?;
        let claim = deliver(&pipeline, &key, DEADLINE).await;
        if strike.hits() == 0 && matches!(claim, Claim::Done(_)) {
            return Ok(Some(format!("{title}: the call was never made")));
        }
        match &claim {
            Claim::Done(claimed_outcome) => {
                claimed.fetch_add(1, Ordering::Relaxed);
                if !flow.may_end_as(claimed_outcome) {
                    return Ok(Some(format!("{title}: claimed {claimed_outcome}")));
                }
                if let Some(difference) = self.outputs(&key).await?.difference(&outputs) {
                    return Ok(Some(format!("{title}: claimed {claimed_outcome}, but {difference}")));
                }
            }
            Claim::Again(why) if why.contains("internal") => {
                return Ok(Some(format!("{title}: taken for a mistake of our own: {why}")));
            }
            Claim::Again(_) => {}
        }
        let again = deliver(&self.direct, &key, UNDISTURBED).await;
        let difference = self.outputs(&key).await?.difference(&outputs);
        Ok(match (&again, difference) {
            (Claim::Done(done), None) if flow.may_end_as(done) => None,
            (_, difference) => Some(format!(
                "{title}: {claim:?}, and the next delivery {again:?} instead of {outcome}: {difference:?}"
            )),
        })
    }
}
