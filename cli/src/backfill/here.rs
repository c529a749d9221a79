//! The work on this machine: as many pictures at once as its cores and the network can be kept busy with.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use futures::stream::{StreamExt, TryStreamExt};
use thumbline::store::ErrorKind;
use thumbline::{Outcome, S3Store};

use super::named::Named;
use super::plan::Plan;
use super::report::Reporter;
use super::work::{Done, UNDER_WAY_PER_PICTURE, Work};
use super::{Arguments, Via};
use crate::Ending;
use crate::buckets::{cores, pipeline};
use crate::interrupt::Interrupt;

/// Pictures in memory for each core: while one is decoded, the next is fetched.
const PICTURES_PER_CORE: usize = 2;

/// What Ctrl-C is answered.
const STOPPING: &str = "\nfinishing what is in flight; Ctrl-C again stops at once, and nothing is lost by it";

/// Work that may be begun.
pub(super) struct Begun {
    pub(super) work: Arc<Work>,
    /// How many pictures there are, if that is known.
    known: Option<u64>,
    /// Pictures in memory at once.
    jobs: usize,
}

/// Looks at what there is to do as far as that is wanted: `None` where it is all that is.
pub(super) async fn begin(arguments: &Arguments) -> Result<Option<Begun>> {
    let jobs = arguments.jobs.map_or_else(|| PICTURES_PER_CORE * cores(), usize::from);
    let pipeline = pipeline(&arguments.engine, jobs).await?;
    let named = match &arguments.keys {
        Some(file) => Some(Named::keys(file).await?),
        None if arguments.inventory.is_empty() => None,
        None => {
            let bucket = &pipeline.settings().input_bucket;
            Some(Named::inventory(&arguments.inventory, bucket, S3Store::from_environment().await).await?)
        }
    };
    let work = Arc::new(Work { pipeline, selection: arguments.selection(), named });
    if arguments.dry_run {
        let plan = Plan::of(&work, work.items().await?, jobs).await?;
        plan.print(arguments.json)?;
        return Ok(None);
    }
    let known = ask(arguments, &work, jobs).await?;
    Ok(Some(Begun { work, known, jobs }))
}

pub(super) async fn run(arguments: Arguments) -> Result<Ending> {
    let interrupt = Interrupt::listen(STOPPING)?;
    let Some(Begun { work, known, jobs }) = begin(&arguments).await? else { return Ok(Ending::Well) };
    let mut reporter = Reporter::new(arguments.json, known);
    let listed = work.items().await?;
    let done = listed
        .take_until(Box::pin(interrupt.clone().asked()))
        .map(|item| {
            let work = Arc::clone(&work);
            // A task of its own: what is done for many pictures does not wait for one core.
            async move { tokio::spawn(async move { work.on(item?).await }).await.context("a task ended")? }
        })
        .buffer_unordered(jobs * UNDER_WAY_PER_PICTURE);
    let (mut done, mut refusals) = (std::pin::pin!(done), Refusals::default());
    while let Some(done) = done.try_next().await? {
        reporter.report(&done)?;
        refusals = refusals.after(&done)?;
    }
    reporter.finish(work.pipeline.store().requests(), interrupt.is_asked())
}

/// Pictures in a row that S3 refused to have anything to do with.
#[derive(Clone, Copy, Default)]
struct Refusals(u32);

/// So many in a row are no accident.
const MANY_REFUSALS: u32 = 32;

impl Refusals {
    /// One more picture. Where S3 refuses them all, reading the rest costs money and changes nothing.
    fn after(self, done: &Done) -> Result<Refusals> {
        let Done::Processed(processed) = done else { return Ok(self) };
        let codes = [ErrorKind::AccessDenied.code(), ErrorKind::NoSuchBucket.code()];
        match &processed.outcome {
            Outcome::Retry(retry) if codes.contains(&retry.code) => {
                ensure!(
                    self.0 < MANY_REFUSALS,
                    "{} pictures in a row were refused: {}",
                    self.0,
                    retry.message
                );
                Ok(Refusals(self.0 + 1))
            }
            _ => Ok(Refusals::default()),
        }
    }
}

/// Where functions do the work, they cost no more than so many times what S3's requests do, and mostly less.
const FUNCTIONS_SHARE: u64 = 10;

/// Asks whoever is there, if it may cost more than what needs no asking. How many pictures there are, if that is known then.
async fn ask(arguments: &Arguments, work: &Arc<Work>, jobs: usize) -> Result<Option<u64>> {
    let presets = work.pipeline.settings().presets.iter().count() as u64;
    let Some(free) = arguments.consent.pictures_without_asking(presets)? else { return Ok(None) };
    let free = if arguments.via == Via::Here { free } else { free / FUNCTIONS_SHARE };
    let count = work.count(free).await?;
    if count.is_none() {
        eprintln!("there are more than {free} pictures: looking at what there is to do");
        let plan = Plan::of(work, work.items().await?, jobs).await?;
        plan.print(arguments.json)?;
        let cost = plan.bill.cost()?;
        let by_functions = if arguments.via == Via::Here { 0.0 } else { cost.lambda_dollars };
        arguments.consent.ask(cost.s3_dollars + by_functions)?;
    }
    Ok(count)
}
