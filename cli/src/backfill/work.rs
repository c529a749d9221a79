//! What there is to do: pictures that are listed or named, what each needs, and the doing of it. Whoever does it, here or by
//! functions or jobs, and whoever only counts it, asks here.

use anyhow::Result;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use thumbline::store::{Listing, MAX_PAGE_ENTRIES};
use thumbline::{Pipeline, Processed, Store as _};
use thumbline_audit::{Accountant, Group, Look, Position, Selection, State, Walk, process};

use super::named::Named;
use crate::buckets::{Store, buckets, call, walked};

/// Pictures on their way for each in memory: most of a small picture's time is waiting for S3.
pub(super) const UNDER_WAY_PER_PICTURE: usize = 6;

/// What is said of a source that somebody has named and that is not there.
pub(super) const GONE: &str = "gone";

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
    pub(super) named: Option<Named>,
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
    pub(super) async fn count(&self, limit: u64) -> Result<Option<u64>> {
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

    pub(super) async fn on(&self, item: Item) -> Result<Done> {
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
