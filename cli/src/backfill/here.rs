//! The work on this machine: as many pictures at once as its cores and the network can be kept busy with.

use std::sync::Arc;

use anyhow::{Context, Result};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use thumbline::store::{Listing, MAX_PAGE_ENTRIES, StoreError};
use thumbline::{Pipeline, Processed, Store as _};
use thumbline_audit::{Accountant, Group, Look, Position, Selection, State, Walk, process};

use super::Arguments;
use super::keys;
use super::report::{Reporter, Total};
use crate::Ending;
use crate::buckets::{Store, buckets, call, cores, pipeline};
use crate::interrupt::Interrupt;

/// Pictures in memory for each core: while one is decoded, the next is fetched.
const PICTURES_PER_CORE: usize = 2;

/// Pictures on their way for each in memory: most of a small picture's time is waiting for S3.
const UNDER_WAY_PER_PICTURE: usize = 6;

/// What Ctrl-C is answered.
const STOPPING: &str = "\nfinishing what is in flight; Ctrl-C again stops at once, and nothing is lost by it";

/// Something to look at.
enum Item {
    /// A source with what the walk has seen of its outputs.
    Listed(Box<Group>),
    /// A source that somebody has named.
    Named(String),
}

/// What came of it.
pub(super) enum Done {
    /// There was nothing to do.
    Left(State),
    /// It was worked on.
    Processed(Box<Processed>),
}

/// What all pictures share.
struct Work {
    pipeline: Pipeline<Store>,
    selection: Selection,
}

pub(super) async fn run(arguments: Arguments) -> Result<Ending> {
    let interrupt = Interrupt::listen(STOPPING)?;
    let jobs = arguments.jobs.map_or_else(|| PICTURES_PER_CORE * cores(), usize::from);
    let pipeline = pipeline(&arguments.engine, jobs).await?;
    let work = Arc::new(Work { pipeline, selection: arguments.selection() });
    let mut reporter = Reporter::new(arguments.json);
    let listed = items(&arguments, &work).await?;
    let counting = reporter.total().map(|total| tokio::spawn(count(Arc::clone(&work), total)));
    let done = listed
        .take_until(Box::pin(interrupt.clone().asked()))
        .map(|item| {
            let work = Arc::clone(&work);
            // A task of its own: what is done for many pictures does not wait for one core.
            async move { tokio::spawn(async move { work.on(item?).await }).await.context("a task ended")? }
        })
        .buffer_unordered(jobs * UNDER_WAY_PER_PICTURE);
    let mut done = std::pin::pin!(done);
    while let Some(done) = done.try_next().await? {
        reporter.report(&done)?;
    }
    if let Some(counting) = counting {
        counting.abort();
    }
    reporter.finish(work.pipeline.store().requests(), interrupt.is_asked())
}

/// What there is to look at, one after the other and never all at once.
async fn items(arguments: &Arguments, work: &Work) -> Result<BoxStream<'static, Result<Item>>> {
    if let Some(file) = &arguments.keys {
        let selection = work.selection.clone();
        let keys = keys::read(file).await?;
        let named = keys.try_filter(move |key| std::future::ready(selection.admits_key(key)));
        return Ok(named.map_ok(Item::Named).boxed());
    }
    let position = Position::start(&work.selection.prefix);
    let walk = Walk::new(work.pipeline.store(), &buckets(&work.pipeline), position);
    let groups =
        stream::try_unfold(walk, |mut walk| async move { Ok(walk.next().await?.map(|group| (group, walk))) });
    // Outputs without a source are for `verify` to tell of.
    let sources = groups.try_filter(|group| std::future::ready(group.source.is_some()));
    Ok(sources.map_ok(|group| Item::Listed(Box::new(group))).boxed())
}

impl Work {
    async fn on(&self, item: Item) -> Result<Done> {
        let (key, listing) = match item {
            Item::Named(key) => (key, None),
            Item::Listed(group) => match self.need(*group).await? {
                Need::Nothing(state) => return Ok(Done::Left(state)),
                Need::Work(key, listing) => (key, listing),
            },
        };
        Ok(Done::Processed(Box::new(process(&self.pipeline, &key, listing, call).await)))
    }

    /// What a source needs, by what the walk has seen and its manifest says.
    async fn need(&self, group: Group) -> Result<Need> {
        let Look { account, listing } = Accountant::new(&self.pipeline, &self.selection).look(&group).await?;
        let key = group.source.map(|source| source.key).unwrap_or_default();
        match account.source {
            Some(source) if source.state.is_settled() => Ok(Need::Nothing(source.state)),
            _ => Ok(Need::Work(key, listing)),
        }
    }
}

/// What a source needs.
enum Need {
    Nothing(State),
    Work(String, Option<Listing>),
}

/// Counts what will be listed, for whoever waits for it to be done: that is a thousandth of the work.
async fn count(work: Arc<Work>, total: Total) -> Result<(), StoreError> {
    let (store, bucket) = (work.pipeline.store(), &work.pipeline.settings().input_bucket);
    let mut after: Option<String> = None;
    loop {
        let page = store.page(bucket, &work.selection.prefix, after.as_deref(), MAX_PAGE_ENTRIES).await?;
        total.add(page.entries.len() as u64);
        after = page.entries.last().map(|last| last.key.clone());
        if !page.has_more || after.is_none() {
            total.is_known();
            return Ok(());
        }
    }
}
