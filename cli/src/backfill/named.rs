//! Sources that somebody has named, rather than having them listed: keys in a file, or an S3 Inventory.

mod inventory;
mod keys;

use anyhow::Result;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use thumbline::S3Store;

use self::inventory::Inventory;
use self::keys::Keys;

/// Where names come from.
pub(super) enum Named {
    /// A file with a key on each line.
    Keys(Keys),
    /// What S3 writes about a bucket once a day.
    Inventory(Inventory),
}

impl Named {
    /// The keys in a file.
    pub(super) async fn keys(file: &std::path::Path) -> Result<Named> {
        Ok(Named::Keys(Keys::of(file).await?))
    }

    /// The keys of a bucket's inventory: of its manifest in S3, or of data files here.
    pub(super) async fn inventory(parts: &[String], bucket: &str, store: S3Store) -> Result<Named> {
        Ok(Named::Inventory(Inventory::of(parts, bucket, store).await?))
    }

    /// The keys. They are read as they are needed: there may be millions.
    pub(super) async fn read(&self) -> Result<BoxStream<'static, Result<String>>> {
        match self {
            Named::Keys(keys) => keys.read().await,
            Named::Inventory(inventory) => Ok(inventory.read()),
        }
    }

    /// How many keys there are; `None` where there are more than `limit`.
    pub(super) async fn count(&self, limit: u64) -> Result<Option<u64>> {
        let (mut keys, mut count) = (self.read().await?, 0);
        while keys.try_next().await?.is_some() {
            count += 1;
            if count > limit {
                return Ok(None);
            }
        }
        Ok(Some(count))
    }
}
