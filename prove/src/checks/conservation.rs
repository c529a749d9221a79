//! Conservation: nothing is lost and nothing counted twice. Events go in, duplicated, out of order, while sources change and
//! requests fail; what comes out, and what lies in the failure queue, is as many.
//!
//! The functions are real processes in two environments, which reach S3 through bad weather and do not try a request again by
//! themselves (`AWS_MAX_ATTEMPTS`), so that every fault is one of the invocation. Lambda then tries twice more, and keeps the
//! event. When the weather has cleared up, `thumbline redrive` puts those through again, and `thumbline verify` must find
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use thumbline::store::{META_RECIPE, META_SOURCE_ETAG};
use thumbline_local::InvocationRecord;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;

use crate::check::{Check, Finding, Terms, progress};
use crate::stage::deployment::Deployment;
use crate::stage::dice::Dice;
use crate::stage::door::{Claim, event};
use crate::stage::pictures::{broken_picture, picture};
use crate::stage::proxy::{Interference, Proxy};
use crate::stage::weather::Weather;

pub(crate) struct Conservation;

/// Requests of a hundred that fail.
const FAULTS: u64 = 5;
/// Events of a hundred that come twice.
const DUPLICATES: u64 = 10;
/// Events that wait while others overtake them.
const HELD_BACK: usize = 400;
/// Changes of sources at the same time.
const CHANGES_AT_ONCE: usize = 16;

#[async_trait]
impl Check for Conservation {
    fn name(&self) -> &'static str {
        "conservation"
    }

    fn promise(&self) -> &'static str {
        "every event ends in exactly one outcome or in the failure queue, and verify finds nothing afterwards"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let events = terms.length.of(2_000, 10_000);
        let weather = Arc::new(Weather::new(FAULTS, terms.seed));
        let proxy = Proxy::listen(Arc::clone(&weather) as Arc<dyn Interference>).await?;
        let url = proxy.url.clone();
        let deployment = Deployment::start(terms, |options| {
            // No upload calls a function: every event is one that is counted here.
            options.parameters.insert("KeyPrefix".to_owned(), "never/".to_owned());
            options.environment.insert("AWS_ENDPOINT_URL".to_owned(), url);
            options.environment.insert("AWS_MAX_ATTEMPTS".to_owned(), "1".to_owned());
        })
        .await?;
        proxy.lead_to(&deployment.access.url);

        let (all_are_sent, total) = oneshot::channel();
        let ledger = tokio::spawn(keep(deployment.stack.lambda().subscribe(), total));
        let sent = send(&deployment, events, &mut Dice::new(terms.seed)).await?;
        let _ = all_are_sent.send(sent.len());
        let ledger = ledger.await.context("keeping the ledger")??;
        deployment.stack.idle().await;
        weather.clear_up();

        let mut finding = Finding { cases: sent.len() as u64, ..Finding::default() };
        let queue = deployment.stack.endpoints().failure_queue.clone();
        let kept = deployment.stack.sqs().counts(&queue)?.total();
        finding.figure =
            format!("{} + {kept} in the failure queue = {}; {} faults", ledger, sent.len(), weather.struck());
        finding.violations.extend(ledger.unexplained(&sent, kept));

        let redriven = deployment.run(terms, &["redrive", "--queue", &queue, "--json"]).await?;
        let left = deployment.stack.sqs().counts(&queue)?.total();
        if !redriven.status.success() || left > 0 {
            let told = String::from_utf8_lossy(&redriven.stderr);
            finding.violations.push(format!("redrive left {left} events: {told}"));
        }
        let verified = deployment.run(terms, &["verify", "--json"]).await?;
        let told = String::from_utf8_lossy(&verified.stdout);
        if verified.status.success() {
            progress(&format!("verify: {}", told.lines().last().unwrap_or_default()));
        } else {
            finding.violations.push(format!("verify: {told}{}", String::from_utf8_lossy(&verified.stderr)));
        }
        deployment.stack.stop().await;
        Ok(finding)
    }
}

/// What is done to a source.
#[derive(Clone, Copy, Debug)]
enum Change {
    Picture(u32),
    Broken(u32),
    Removal,
    FolderMarker,
    OwnOutput,
    /// Nothing: S3 tests the notification.
    Test,
}

/// Changes sources until there are so many events, and lets the functions hear of it late, twice and in another order. The ids of
/// the events: every change has had its own, so there may be a few more.
async fn send(deployment: &Deployment, events: usize, dice: &mut Dice) -> anyhow::Result<BTreeSet<String>> {
    let function = deployment.function()?;
    // Each picture has about two events about two changes.
    let keys = (events / 3).max(1);
    let (mut sent, mut waiting) = (BTreeSet::new(), Vec::new());
    while sent.len() + waiting.len() < events {
        let changes: Vec<(String, Change)> = (0..CHANGES_AT_ONCE).map(|_| draw(dice, keys)).collect();
        stream::iter(changes.clone())
            .map(|(key, change)| async move { apply(deployment, &key, change).await })
            .buffer_unordered(CHANGES_AT_ONCE)
            .try_collect::<()>()
            .await?;
        for (key, change) in changes {
            let copies = if dice.percent(DUPLICATES) { 2 } else { 1 };
            let payload = match change {
                Change::Test => {
                    json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": deployment.input() })
                }
                _ => event(deployment.input(), &key),
            };
            waiting.extend(std::iter::repeat_n(payload, copies));
        }
        while waiting.len() > HELD_BACK {
            let next = waiting.swap_remove(dice.index(waiting.len()));
            sent.insert(deployment.stack.lambda().enqueue(&function, &next.to_string()).await?);
        }
    }
    while !waiting.is_empty() {
        let next = waiting.swap_remove(dice.index(waiting.len()));
        sent.insert(deployment.stack.lambda().enqueue(&function, &next.to_string()).await?);
    }
    ensure!(sent.len() >= events, "{} ids for {events} events", sent.len());
    Ok(sent)
}

fn draw(dice: &mut Dice, keys: usize) -> (String, Change) {
    let number = u32::try_from(dice.below(1 << 24)).unwrap_or_default();
    let key = dice.index(keys);
    match dice.below(100) {
        0..60 => (format!("{key}.png"), Change::Picture(number)),
        60..75 => (format!("{key}.png"), Change::Broken(number)),
        75..93 => (format!("{key}.png"), Change::Removal),
        93..96 => (format!("folder-{key}/"), Change::FolderMarker),
        96..99 => (format!("own-{key}.png"), Change::OwnOutput),
        _ => (String::new(), Change::Test),
    }
}

async fn apply(deployment: &Deployment, key: &str, change: Change) -> anyhow::Result<()> {
    match change {
        Change::Picture(number) => deployment.change(key, Some(&picture(number)?)).await,
        Change::Broken(number) => deployment.change(key, Some(&broken_picture(number)?)).await,
        Change::Removal => deployment.change(key, None).await,
        Change::FolderMarker => deployment.change(key, Some(&[])).await,
        Change::OwnOutput => {
            let put = deployment.client.put_object().bucket(deployment.input()).key(key);
            let put = put.metadata(META_SOURCE_ETAG, "of another").metadata(META_RECIPE, "another");
            put.body(picture(0)?.into()).send().await.context("putting a thumbnail among the sources")?;
            Ok(())
        }
        Change::Test => Ok(()),
    }
}

/// What became of events.
#[derive(Debug, Default)]
struct Ledger {
    /// The outcome of each event that ended in a success.
    done: BTreeMap<String, String>,
    /// The events that were given up.
    given_up: BTreeSet<String>,
    /// Ends of events that had ended.
    twice: Vec<String>,
}

/// Writes down every end of an event, until there are as many as were sent.
async fn keep(
    mut records: Receiver<Arc<InvocationRecord>>,
    mut total: oneshot::Receiver<usize>,
) -> anyhow::Result<Ledger> {
    let (mut ledger, mut sent) = (Ledger::default(), None);
    while sent.is_none_or(|sent| ledger.done.len() + ledger.given_up.len() < sent) {
        tokio::select! {
            told = &mut total, if sent.is_none() => sent = Some(told.context("sending events")?),
            record = records.recv() => match record {
                Ok(record) => ledger.enter(&record),
                Err(RecvError::Lagged(lost)) => anyhow::bail!("{lost} invocations were not seen"),
                Err(RecvError::Closed) => anyhow::bail!("the stack has ended"),
            },
        }
    }
    Ok(ledger)
}

impl Ledger {
    fn enter(&mut self, record: &InvocationRecord) {
        let id = record.request_id.clone();
        let is_new = match &record.outcome {
            Ok(answer) => {
                let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
                let Claim::Done(outcome) = Claim::of(Ok(&answer)) else { return };
                self.done.insert(id.clone(), outcome).is_none() && !self.given_up.contains(&id)
            }
            Err(_) if record.will_retry => return,
            Err(_) => self.given_up.insert(id.clone()) && !self.done.contains_key(&id),
        };
        if !is_new {
            self.twice.push(id);
        }
    }

    fn tally(&self) -> BTreeMap<&str, usize> {
        let mut tally = BTreeMap::new();
        for outcome in self.done.values() {
            *tally.entry(outcome.as_str()).or_default() += 1;
        }
        tally
    }

    /// What does not add up.
    fn unexplained(&self, sent: &BTreeSet<String>, kept: u64) -> Vec<String> {
        let mut wrong = Vec::new();
        let known = ["made", "up_to_date", "removed", "rejected", "ignored"];
        for (outcome, count) in self.tally().iter().filter(|(outcome, _)| !known.contains(outcome)) {
            wrong.push(format!("{count} events ended as {outcome}"));
        }
        let ended: BTreeSet<String> = self.done.keys().chain(&self.given_up).cloned().collect();
        for id in sent.symmetric_difference(&ended) {
            wrong.push(format!("event {id} was sent or ended, and not both"));
        }
        for id in &self.twice {
            wrong.push(format!("event {id} ended twice"));
        }
        if self.given_up.len() as u64 != kept {
            wrong.push(format!(
                "{} events were given up, and {kept} are in the failure queue",
                self.given_up.len()
            ));
        }
        wrong
    }
}

impl std::fmt::Display for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tally: Vec<String> =
            self.tally().iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        f.write_str(&tally.join(" + "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn what_adds_up_is_explained_and_what_does_not_is_named() {
        let mut ledger = Ledger { given_up: ids(&["c"]), ..Ledger::default() };
        for (id, outcome) in [("a", "made"), ("b", "ignored")] {
            ledger.done.insert(id.to_owned(), outcome.to_owned());
        }
        assert_eq!(ledger.unexplained(&ids(&["a", "b", "c"]), 1), Vec::<String>::new());
        assert_eq!(ledger.to_string(), "1 ignored + 1 made");

        let lost = ledger.unexplained(&ids(&["a", "b", "c", "d"]), 1);
        assert!(lost.len() == 1 && lost[0].contains("event d "), "{lost:?}");
        let dropped = ledger.unexplained(&ids(&["a", "b", "c"]), 0);
        assert!(dropped.len() == 1 && dropped[0].contains("0 are in the failure queue"), "{dropped:?}");
        ledger.done.insert("a".to_owned(), "maybe".to_owned());
        ledger.twice.push("b".to_owned());
        let told = ledger.unexplained(&ids(&["a", "b", "c"]), 1);
        assert!(
            told.len() == 2 && told[0].contains("maybe") && told[1].contains("b ended twice"),
            "{told:?}"
        );
    }
}
