//! The convergence protocol: outputs come to be those of the newest source, with S3 alone.
//!
//! Notifications come at least once, late and out of order; Lambda retries; people overwrite and delete. No database, no
//! lock, no lease: conditions on S3's own requests.
//!
//! 1. LIST the outputs: their true ETags. Absence counts as a state.
//! 2. Only then GET the source, and take the ETag that it answers with. If the manifest names that ETag and this recipe,
//!    *and* the outputs listed have the ETags that it names, all is up to date (S3 then answers 304, without bytes).
//! 3. Write each thumbnail, and remove what should not be there, each on the condition that it is still as listed.
//!    If somebody else moved on, begin again.
//! 4. Write the manifest (or remove it), under the same kind of condition, last: it is the commit record.
//! 5. HEAD the source. If it is no longer the one that was read, begin again.
//!
//! The final check makes outputs converge once every event is finished. The conditions keep a stale writer from replacing
//! something newer even for a moment, and even if it then dies for good.

mod wanted;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use bytes::Bytes;
use futures::future::join_all;
use thumbline_imaging::Thumbnail;
use tokio::sync::Semaphore;

use self::wanted::Wanted;

use crate::event::Hint;
use crate::layout::Layout;
use crate::manifest::{MANIFEST_VERSION, Manifest, SourceFacts, Status, ThumbnailFacts};
use crate::naming::named;
use crate::outcome::{Effort, Ignored, Outcome, Retry};
use crate::recipe::Recipe;
use crate::rejection::Bounds;
use crate::settings::Settings;
use crate::store::{
    Condition, ETag, Listing, META_RECIPE, META_SOURCE_ETAG, NewObject, Read, Store, Written,
};

/// A manifest is a few kilobytes; one that is larger is none of ours.
pub const MAX_MANIFEST_BYTES: u64 = 1 << 20;

/// How often a write that S3 answers with 409 is made again before the invocation is left to be retried.
pub(crate) const MAX_CONFLICTS: u32 = 5;

/// One source on its way to its outcome.
pub(crate) struct Convergence<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) settings: &'a Settings,
    pub(crate) recipe: &'a Recipe,
    /// Permits to hold a source in memory and decode it.
    pub(crate) decoders: &'a Arc<Semaphore>,
    pub(crate) hint: &'a Hint,
    pub(crate) layout: Layout,
    pub(crate) effort: Effort,
}

/// How a round of the protocol ended.
enum Round {
    Settled(Outcome),
    /// Somebody else wrote at the same time: begin again.
    Again(&'static str),
}

/// The source as it was when it was read: absent, or with this ETag.
type Version = Option<ETag>;

impl<S: Store> Convergence<'_, S> {
    /// Runs rounds until one settles. Who calls this bounds its time.
    ///
    /// `listed` stands for the first round's listing: whoever walks over the bucket has seen these outputs already. That it
    /// was some time ago makes no difference to the protocol, which takes any listing from before the source is read.
    pub(crate) async fn run(&mut self, mut listed: Option<Listing>) -> Outcome {
        // What the last round made, for the next one if the source is still the same.
        let mut made: Option<(ETag, Arc<Wanted>)> = None;
        loop {
            self.effort.rounds += 1;
            match self.round(&mut made, listed.take()).await {
                Ok(Round::Settled(outcome)) => return outcome,
                Ok(Round::Again(why)) => {
                    tracing::debug!(
                        round = self.effort.rounds,
                        why,
                        "somebody else moved on; beginning again"
                    );
                    tokio::time::sleep(pause(self.effort.rounds, &self.hint.key)).await;
                }
                Err(retry) => return Outcome::Retry(retry),
            }
        }
    }

    async fn round(
        &mut self,
        made: &mut Option<(ETag, Arc<Wanted>)>,
        listed: Option<Listing>,
    ) -> Result<Round, Retry> {
        let listing = match listed {
            Some(listing) => listing,
            None => self.store.list(&self.settings.output_bucket, self.layout.prefix()).await?,
        };
        let manifest = match self.listed_manifest(&listing).await? {
            Ok(manifest) => manifest.filter(|manifest| {
                manifest.matches(self.recipe, &self.layout, &listing)
                    && !manifest.is_outgrown(&self.settings.limits)
            }),
            Err(why) => return Ok(Round::Again(why)),
        };
        let unless = manifest.as_ref().map_or(Condition::Always, |m| Condition::IsNot(m.source.etag.clone()));

        let permit = Arc::clone(self.decoders).acquire_owned().await;
        let permit = Arc::new(permit.map_err(|closed| Retry::internal(closed.to_string()))?);
        let max_bytes = self.settings.limits.max_source_bytes;
        let read = self.store.open(&self.settings.input_bucket, &self.hint.key, &unless, max_bytes).await?;
        let (version, wanted) = match read {
            Read::NotModified => return Ok(Round::Settled(up_to_date(manifest))),
            Read::Moved => return Ok(Round::Again("the source, while it was read")),
            Read::Archived => return Ok(Round::Settled(Outcome::Ignored(Ignored::Archived))),
            Read::Absent => (None, Arc::new(Wanted::Nothing(Outcome::Removed))),
            Read::Found(object) => {
                let etag = object.etag.clone();
                let wanted = match made.take() {
                    Some((made_of, wanted)) if made_of == etag => wanted,
                    _ => Arc::new(self.wanted(object, &permit).await?),
                };
                *made = Some((etag.clone(), Arc::clone(&wanted)));
                (Some(etag), wanted)
            }
        };
        drop(permit);
        self.apply(&wanted, &version, &listing).await
    }

    /// The manifest whose ETag was listed. `Err` where it has changed since.
    async fn listed_manifest(
        &self,
        listing: &Listing,
    ) -> Result<Result<Option<Manifest>, &'static str>, Retry> {
        let key = self.layout.manifest();
        let Some(etag) = listing.etag(&key) else {
            return Ok(Ok(None));
        };
        let as_listed = Condition::Is(etag.clone());
        match self.store.get(&self.settings.output_bucket, &key, &as_listed, MAX_MANIFEST_BYTES).await? {
            Read::Found(object) => {
                let manifest = object.body.and_then(|body| Manifest::parse(&body));
                Ok(Ok(manifest.filter(|manifest| manifest.source.key == self.hint.key)))
            }
            Read::Moved | Read::Absent => Ok(Err("the manifest, after it was listed")),
            Read::NotModified | Read::Archived => Ok(Ok(None)),
        }
    }

    /// Steps 3 to 5: brings the output bucket from what was listed to what is wanted.
    async fn apply(&mut self, wanted: &Wanted, version: &Version, listing: &Listing) -> Result<Round, Retry> {
        let manifest = match wanted {
            Wanted::Thumbnails { facts, thumbhash, thumbnails } => {
                let Some(thumbnails) = self.put_thumbnails(&facts.etag, thumbnails, listing).await? else {
                    return Ok(Round::Again("a thumbnail"));
                };
                self.effort.thumbnail_bytes += thumbnails.iter().map(|t| t.bytes).sum::<u64>();
                let thumbhash = Some(BASE64.encode(thumbhash));
                Some(Manifest { thumbhash, thumbnails, ..self.manifest(Status::Ready, facts) })
            }
            Wanted::Rejection { facts, rejection } => {
                let limits = rejection.is_for_a_limit().then(|| Bounds::from(&self.settings.limits));
                let rejection = Some(rejection.clone());
                Some(Manifest { rejection, limits, ..self.manifest(Status::Rejected, facts) })
            }
            Wanted::Nothing(_) => None,
        };
        let kept = manifest.as_ref().map_or(&[][..], |manifest| &manifest.thumbnails);
        if !self.remove_strays(kept, listing).await? {
            return Ok(Round::Again("a thumbnail that should go"));
        }
        if !self.commit(manifest.as_ref(), listing).await? {
            return Ok(Round::Again("the manifest"));
        }
        if self.store.head(&self.settings.input_bucket, &self.hint.key).await? != *version {
            return Ok(Round::Again("the source, after it was read"));
        }
        Ok(Round::Settled(match (wanted, manifest) {
            (Wanted::Nothing(outcome), _) => outcome.clone(),
            (Wanted::Rejection { rejection, .. }, _) => Outcome::Rejected(rejection.clone()),
            (Wanted::Thumbnails { .. }, Some(manifest)) => Outcome::Made(Box::new(manifest)),
            (Wanted::Thumbnails { .. }, None) => {
                Outcome::Retry(Retry::internal("thumbnails without a manifest"))
            }
        }))
    }

    /// Writes all thumbnails at once. `None` where one of them is no longer as listed.
    async fn put_thumbnails(
        &self,
        source_etag: &ETag,
        thumbnails: &[Thumbnail],
        listing: &Listing,
    ) -> Result<Option<Vec<ThumbnailFacts>>, Retry> {
        let puts = self.settings.presets.iter().zip(thumbnails).map(|(preset, thumbnail)| {
            let key = self.layout.thumbnail(&preset.name, thumbnail.format);
            let object = NewObject {
                body: Bytes::copy_from_slice(&thumbnail.bytes),
                content_type: thumbnail.format.content_type(),
                cache_control: Some(self.settings.cache_control.clone()),
                metadata: self.metadata(source_etag),
            };
            async move {
                let written = self.put(&key, object, listing).await?;
                Ok(written.map(|etag| ThumbnailFacts {
                    preset: preset.name.clone(),
                    key,
                    width: thumbnail.width,
                    height: thumbnail.height,
                    bytes: thumbnail.bytes.len() as u64,
                    content_type: thumbnail.format.content_type().to_owned(),
                    etag,
                }))
            }
        });
        // All are waited for, whatever became of the first: nothing is left in flight behind a decision.
        let facts: Result<Vec<_>, Retry> = join_all(puts).await.into_iter().collect();
        Ok(facts?.into_iter().collect())
    }

    /// Removes what was listed and is not kept, the manifest excepted. `false` where one is no longer as listed.
    async fn remove_strays(&self, kept: &[ThumbnailFacts], listing: &Listing) -> Result<bool, Retry> {
        let manifest = self.layout.manifest();
        for (key, etag) in listing.iter() {
            let stays = key == manifest || kept.iter().any(|thumbnail| thumbnail.key == key);
            if !stays && !self.delete(key, etag).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes or removes the manifest. `false` where it is no longer as listed.
    async fn commit(&self, manifest: Option<&Manifest>, listing: &Listing) -> Result<bool, Retry> {
        let key = self.layout.manifest();
        match (manifest, listing.etag(&key)) {
            (Some(manifest), _) => {
                let body = manifest.to_bytes().map_err(|error| Retry::internal(error.to_string()))?;
                let object = NewObject {
                    body: Bytes::from(body),
                    content_type: "application/json",
                    // It changes under its key, so caches must ask.
                    cache_control: Some("no-cache".to_owned()),
                    metadata: self.metadata(&manifest.source.etag),
                };
                Ok(self.put(&key, object, listing).await?.is_some())
            }
            (None, Some(etag)) => self.delete(&key, etag).await,
            (None, None) => Ok(true),
        }
    }

    /// Writes an output on the condition that it still is as listed. `None` where it is not.
    async fn put(&self, key: &str, object: NewObject, listing: &Listing) -> Result<Option<ETag>, Retry> {
        let as_listed = listing.etag(key).map_or(Condition::Absent, |etag| Condition::Is(etag.clone()));
        let bucket = &self.settings.output_bucket;
        for conflicts in 1..=MAX_CONFLICTS {
            match self.store.put(bucket, key, object.clone(), &as_listed).await? {
                Written::Done(etag) => return Ok(etag),
                Written::Moved => return Ok(None),
                Written::Conflict => tokio::time::sleep(pause(conflicts, key)).await,
            }
        }
        Err(conflict(key))
    }

    /// Removes an output on the condition that it still is as listed. `false` where it is not.
    async fn delete(&self, key: &str, etag: &ETag) -> Result<bool, Retry> {
        let as_listed = Condition::Is(etag.clone());
        for conflicts in 1..=MAX_CONFLICTS {
            match self.store.delete(&self.settings.output_bucket, key, &as_listed).await? {
                Written::Done(_) => return Ok(true),
                Written::Moved => return Ok(false),
                Written::Conflict => tokio::time::sleep(pause(conflicts, key)).await,
            }
        }
        Err(conflict(key))
    }

    /// A manifest that says nothing yet but which source it is about.
    fn manifest(&self, status: Status, facts: &SourceFacts) -> Manifest {
        Manifest {
            version: MANIFEST_VERSION,
            status,
            rejection: None,
            source: facts.clone(),
            recipe: self.recipe.clone(),
            limits: None,
            thumbhash: None,
            thumbnails: Vec::new(),
        }
    }

    fn metadata(&self, source_etag: &ETag) -> Vec<(&'static str, String)> {
        vec![(META_SOURCE_ETAG, source_etag.to_string()), (META_RECIPE, self.recipe.to_string())]
    }
}

/// What a manifest that is current says of its source.
fn up_to_date(manifest: Option<Manifest>) -> Outcome {
    match manifest {
        // A rejected source stays rejected: whoever asks again is told why again.
        Some(Manifest { rejection: Some(rejection), .. }) => Outcome::Rejected(rejection),
        Some(manifest) => Outcome::UpToDate(Box::new(manifest)),
        None => Outcome::Retry(Retry::internal("S3 answered 304 to a request without a condition")),
    }
}

fn conflict(key: &str) -> Retry {
    Retry {
        code: "conflict",
        message: format!("{}: S3 answered 409 {MAX_CONFLICTS} times in a row", named(key)),
    }
}

/// How long to wait before trying again: twice as long each time up to a second, and different for different keys, so
/// that writers that met once do not meet again.
pub(crate) fn pause(times: u32, key: &str) -> Duration {
    let base = Duration::from_millis(10 << times.min(6));
    let spread =
        key.bytes().fold(std::process::id(), |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    base + base * (spread % 64) / 64
}
