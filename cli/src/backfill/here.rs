//! The work on this machine: as many pictures at once as its cores and the network can be kept busy with.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use thumbline::store::{ErrorKind, Listing, MAX_PAGE_ENTRIES};
use thumbline::{Outcome, Pipeline, Processed, S3Store, Store as _};
use thumbline_audit::{Accountant, Group, Look, Position, Selection, State, Walk, process};

use super::named::Named;
use super::plan::Plan;
use super::report::Reporter;
use super::{Arguments, Via};
use crate::Ending;
use crate::buckets::{Store, buckets, call, cores, pipeline, walked};
use crate::interrupt::Interrupt;

/// Pictures in memory for each core: while one is decoded, the next is fetched.
const PICTURES_PER_CORE: usize = 2;

/// Pictures on their way for each in memory: most of a small picture's time is waiting for S3.
pub(super) const UNDER_WAY_PER_PICTURE: usize = 6;

/// What Ctrl-C is answered.
const STOPPING: &str = "\nfinishing what is in flight; Ctrl-C again stops at once, and nothing is lost by it";

/// Something to look at.
pub(super) enum Item {
    /// A source with what the walk has seen of its outputs.
    Listed(Box<Group>),
    /// A source that somebody has named.
    Named(String),
}

/// What a source needs.
pub(super) enum Need {
    /// Nothing.
    Nothing(State),
    /// Its outputs made, or removed.
    Work {
        key: String,
        bytes: u64,
        /// The state's name.
        state: &'static str,
        /// What the walk has seen of its outputs.
        listing: Option<Listing>,
    },
}

/// What came of it.
pub(super) enum Done {
    /// There was nothing to do.
    Left(State),
    /// It was worked on.
    Processed(Box<Processed>),
}

/// What all pictures share.
pub(super) struct Work {
    pub(super) pipeline: Pipeline<Store>,
    pub(super) selection: Selection,
    named: Option<Named>,
}

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

impl Work {
    /// What there is to look at, one after the other and never all at once.
    pub(super) async fn items(&self) -> Result<BoxStream<'static, Result<Item>>> {
        if let Some(named) = &self.named {
            let selection = self.selection.clone();
            let named =
                named.read().await?.try_filter(move |key| std::future::ready(selection.admits_key(key)));
            return Ok(named.map_ok(Item::Named).boxed());
        }
        let position = Position::start(&self.selection.prefix);
        let walk = Walk::new(&walked(&self.pipeline).await, &buckets(&self.pipeline), position);
        let groups =
            stream::try_unfold(
                walk,
                |mut walk| async move { Ok(walk.next().await?.map(|group| (group, walk))) },
            );
        // Outputs without a source are for `verify` to tell of.
        let sources = groups.try_filter(|group| std::future::ready(group.source.is_some()));
        Ok(sources.map_ok(|group| Item::Listed(Box::new(group))).boxed())
    }

    /// Whether somebody has named the sources, rather than having them listed.
    pub(super) fn is_named(&self) -> bool {
        self.named.is_some()
    }

    /// How many sources there are; `None` where there are more than `limit`.
    async fn count(&self, limit: u64) -> Result<Option<u64>> {
        if let Some(named) = &self.named {
            return named.count(limit).await;
        }
        let (store, bucket) = (self.pipeline.store(), &self.pipeline.settings().input_bucket);
        let (mut after, mut count): (Option<String>, u64) = (None, 0);
        while count <= limit {
            let page = store.page(bucket, &self.selection.prefix, after.as_deref(), MAX_PAGE_ENTRIES).await?;
            count += page.entries.len() as u64;
            after = page.entries.last().map(|last| last.key.clone());
            if !page.has_more || after.is_none() {
                return Ok(Some(count).filter(|count| *count <= limit));
            }
        }
        Ok(None)
    }

    async fn on(&self, item: Item) -> Result<Done> {
        let (key, listing) = match item {
            // The protocol finds out by itself what it needs, and asks for no more than looking would.
            Item::Named(key) => (key, None),
            listed @ Item::Listed(_) => match self.need(listed).await? {
                Need::Nothing(state) => return Ok(Done::Left(state)),
                Need::Work { key, listing, .. } => (key, listing),
            },
        };
        Ok(Done::Processed(Box::new(process(&self.pipeline, &key, listing, call).await)))
    }

    /// What a source needs, by what the walk has seen and its manifest says; one that somebody has named is asked about.
    pub(super) async fn need(&self, item: Item) -> Result<Need> {
        let accountant = Accountant::new(&self.pipeline, &self.selection);
        let (key, bytes, account, listing) = match item {
            Item::Named(key) => {
                let account = accountant.examine(&key).await?;
                let found =
                    self.pipeline.store().attributes(&self.pipeline.settings().input_bucket, &key).await?;
                (key, found.map_or(0, |found| found.bytes), account, None)
            }
            Item::Listed(group) => {
                let Look { account, listing } = accountant.look(&group).await?;
                let (key, bytes) =
                    group.source.map_or_else(Default::default, |source| (source.key, source.bytes));
                (key, bytes, account, listing)
            }
        };
        Ok(match account.source {
            Some(source) if source.state.is_settled() => Need::Nothing(source.state),
            Some(source) => Need::Work { key, bytes, state: source.state.name(), listing },
            None => Need::Work { key, bytes, state: GONE, listing },
        })
    }
}

/// What is said of a source that somebody has named and that is not there.
pub(super) const GONE: &str = "gone";
