//! Puts right what an account says is wrong: makes, refreshes, removes, and nothing else.
//!
//! All that concerns a source goes through the convergence protocol, under its conditions. So an account that has become
//! untrue since does no harm: what is true is found out on the way.

use std::time::Duration;

use thumbline::naming::named;
use thumbline::outcome::Retry;
use thumbline::store::{Condition, ErrorKind, Listing, StoreError, Written};
use thumbline::{Call, Hint, Outcome, Pipeline, Store};

use crate::account::{Account, Orphans, Owner};
use crate::accountant::Accountant;
use crate::selection::Selection;
use crate::walk::Output;

/// How often a source that must be retried is, besides the first time.
pub const RETRIES: u32 = 3;

/// Before the first retry; four times as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Brings one source up to date, and tries again for a while where that may help. What is listed already is not listed
/// again. `call` is made anew for each attempt.
pub async fn process<S: Store>(
    pipeline: &Pipeline<S>,
    key: &str,
    mut listing: Option<Listing>,
    call: impl Fn() -> Call,
) -> thumbline::Processed {
    let hint = Hint { bucket: pipeline.settings().input_bucket.clone(), key: key.to_owned() };
    let (mut pause, mut retries) = (FIRST_PAUSE, 0);
    loop {
        let processed = match listing.take() {
            Some(listing) => pipeline.process_listed(&hint, listing, &call()).await,
            None => pipeline.process(&hint, &call()).await,
        };
        let may_pass = matches!(&processed.outcome, Outcome::Retry(retry) if retry.code != ErrorKind::AccessDenied.code()
            && retry.code != ErrorKind::NoSuchBucket.code());
        if !may_pass || retries == RETRIES {
            return processed;
        }
        retries += 1;
        tokio::time::sleep(pause).await;
        pause *= 4;
    }
}

/// Puts right what an account says is wrong. The outcomes of its source, and of the removal of its orphans.
pub async fn repair<S: Store>(
    pipeline: &Pipeline<S>,
    account: &Account,
    call: impl Fn() -> Call,
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let unsettled = account.source.as_ref().filter(|source| !source.state.is_settled());
    if let Some(source) = unsettled {
        outcomes.push(process(pipeline, &source.key, None, &call).await.outcome);
    }
    for Orphans { outputs, of } in &account.orphans {
        outcomes.push(match of {
            Owner::Gone(key) => process(pipeline, key, None, &call).await.outcome,
            Owner::Beside(key) => {
                let removed = remove_beside(pipeline, key, outputs).await;
                removed.unwrap_or_else(|error| Outcome::Retry(Retry::from(error)))
            }
            Owner::Nobody => {
                let removed = remove(pipeline, outputs).await;
                removed.unwrap_or_else(|error| Outcome::Retry(Retry::from(error)))
            }
        });
    }
    outcomes
}

/// Removes what lies beside a source's outputs, if it still is beside them and they are current.
async fn remove_beside<S: Store>(
    pipeline: &Pipeline<S>,
    key: &str,
    strays: &[Output],
) -> Result<Outcome, StoreError> {
    let selection = Selection::default();
    // In the order of the protocol: the outputs, and only then the source, so that no newer writer's output is taken.
    let account = Accountant::new(pipeline, &selection).examine(key).await?;
    let still = account.orphans.into_iter().flat_map(|orphans| orphans.outputs);
    let still: Vec<Output> = still.filter(|output| strays.contains(output)).collect();
    remove(pipeline, &still).await
}

/// Removes outputs as they were listed; one that has been written since stays.
async fn remove<S: Store>(pipeline: &Pipeline<S>, outputs: &[Output]) -> Result<Outcome, StoreError> {
    let (store, bucket) = (pipeline.store(), &pipeline.settings().output_bucket);
    for Output { key, etag } in outputs {
        match store.delete(bucket, key, &Condition::Is(etag.clone())).await? {
            Written::Done(_) => {}
            Written::Moved | Written::Conflict => {
                let message = format!("{}: somebody else is writing it", named(key));
                return Ok(Outcome::Retry(Retry { code: "conflict", message }));
            }
        }
    }
    Ok(Outcome::Removed)
}
