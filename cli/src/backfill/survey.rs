//! How the pictures stand, before others are asked to make some and after they have.

use std::sync::Arc;

use anyhow::{Context, Result};
use futures::stream::{BoxStream, StreamExt};
use thumbline_audit::{Accountant, SourceAccount};

use super::work::{Item, Work};

/// Pictures that are looked at once: each is a request or two.
const AT_ONCE: usize = 48;

/// How surely it must be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surely {
    /// By the listing: what it finds wrong may have been put right since.
    Listed,
    /// Whatever is wrong is so by requests made for it.
    Asked,
}

/// How each picture stands that is selected. One that was named and is not there has no account.
pub(super) async fn survey(
    work: &Arc<Work>,
    surely: Surely,
) -> Result<BoxStream<'static, Result<SourceAccount>>> {
    let work = Arc::clone(work);
    let accounts = work.items().await?.map(move |item| {
        let work = Arc::clone(&work);
        async move {
            tokio::spawn(async move { account(&work, item?, surely).await }).await.context("a task ended")?
        }
    });
    let found = accounts.buffered(AT_ONCE).filter_map(|account| async move { account.transpose() });
    Ok(found.boxed())
}

async fn account(work: &Work, item: Item, surely: Surely) -> Result<Option<SourceAccount>> {
    let accountant = Accountant::new(&work.pipeline, &work.selection);
    let account = match (item, surely) {
        (Item::Named(key), _) => accountant.examine(&key).await?,
        (Item::Listed(group), Surely::Listed) => accountant.look(&group).await?.account,
        (Item::Listed(group), Surely::Asked) => accountant.account(*group).await?,
    };
    Ok(account.source)
}
