//! Who says how a group of a walk stands.
//!
//! A listing is some seconds old when its line is read, and buckets change meanwhile. So what looks well is taken for well,
//! which it was; and before anything else is said, S3 is asked again about this one source: the source, its outputs, its
//! manifest, and the source once more. Beside live uploads, nothing that is settled is ever called otherwise.

mod standing;

use std::collections::BTreeSet;
use std::time::Duration;

use thumbline::converge::MAX_MANIFEST_BYTES;
use thumbline::layout::{self, Layout, MAX_KEY_BYTES, RECORD_FOLDERS};
use thumbline::store::{Condition, Listing, MAX_PAGE_ENTRIES, Read, StoreError};
use thumbline::{Manifest, Pipeline, Store};

use self::standing::Standing;
use crate::account::{Account, Owner};
use crate::selection::Selection;
use crate::state::{Reason, State};
use crate::walk::{Group, Output};

/// How often a source is looked at that changes each time.
const LOOKS: u32 = 6;

/// Before the second look; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(40);

/// Keys shorter than this never have their outputs under a hash, unless they begin with `~`: a preset's name
/// has far fewer bytes than are left.
const SHORT_KEY_BYTES: usize = MAX_KEY_BYTES / 2;

/// Says how groups stand, by the pipeline's settings.
#[derive(Debug)]
pub struct Accountant<'a, S> {
    pipeline: &'a Pipeline<S>,
    selection: &'a Selection,
}

impl<S> Clone for Accountant<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Accountant<'_, S> {}

/// How a source stands by the listing alone, and its manifest.
#[derive(Clone, Debug)]
pub struct Look {
    /// How it stands, if that is all true.
    pub account: Account,
    /// All that lies directly under the source's prefix. `None` where the walk has not seen all of it.
    pub listing: Option<Listing>,
}

impl<'a, S: Store> Accountant<'a, S> {
    /// For sources that are selected.
    pub fn new(pipeline: &'a Pipeline<S>, selection: &'a Selection) -> Accountant<'a, S> {
        Accountant { pipeline, selection }
    }

    /// How a group stands. What is bad is so by requests that were made for it, and not by the listing.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn account(&self, group: Group) -> Result<Account, StoreError> {
        if group.source.is_none() {
            return self.account_of_outputs(group).await;
        }
        let Look { account, .. } = self.look(&group).await?;
        let Some(key) = group.source.map(|source| source.key) else { return Ok(account) };
        if account.is_settled() {
            return Ok(account);
        }
        // What no source can have does not become anybody's by asking again.
        let nobodys = account.orphans.into_iter().filter(|orphans| orphans.of == Owner::Nobody);
        let mut examined = self.examine(&key).await?;
        examined.orphans.extend(nobodys);
        Ok(examined)
    }

    /// How a group with a source stands by the listing and the source's manifest, without asking again.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn look(&self, group: &Group) -> Result<Look, StoreError> {
        let Some(source) = &group.source else {
            return Ok(Look { account: Account::default(), listing: None });
        };
        let key = &source.key;
        if !self.selection.admits(source) {
            let account = Account::of(key, State::Ignored { reason: Reason::NotSelected });
            return Ok(Look { account, listing: None });
        }
        let layout = self.layout(key);
        let (listing, foreign) = if layout.is_hashed() {
            let is_record = RECORD_FOLDERS.iter().any(|folder| group.prefix.starts_with(folder));
            let foreign = if is_record { Vec::new() } else { group.outputs.clone() };
            (
                self.pipeline.store().list(&self.pipeline.settings().output_bucket, layout.prefix()).await?,
                foreign,
            )
        } else {
            let listed = group.outputs.iter().map(|output| (output.key.clone(), output.etag.clone()));
            (listed.collect(), Vec::new())
        };
        let account = if is_folder_marker(key, source.bytes) {
            let account = Account::of(key, State::Ignored { reason: Reason::FolderMarker });
            account.with_orphans(Owner::Gone(key.clone()), outputs_of(&listing))
        } else {
            match self.manifest(key, &layout, &listing).await? {
                None => Account::of(key, State::Changing),
                Some(manifest) => {
                    let standing = self.standing(key, &layout, &listing);
                    let (state, strays) = standing.of(&source.etag, manifest.as_ref());
                    let state = match state {
                        bad if source.is_archived && !bad.is_settled() => {
                            State::Ignored { reason: Reason::Archived }
                        }
                        state => state,
                    };
                    Account::of(key, state).with_orphans(Owner::Beside(key.clone()), strays)
                }
            }
        };
        let account = account.with_orphans(Owner::Nobody, foreign);
        let is_whole = layout.is_hashed() || !group.is_part;
        Ok(Look { account, listing: is_whole.then_some(listing) })
    }

    /// How the source with this key stands, by requests made now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn examine(&self, key: &str) -> Result<Account, StoreError> {
        let settings = self.pipeline.settings();
        let (store, layout) = (self.pipeline.store(), self.layout(key));
        let mut pause = FIRST_PAUSE;
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            let before = store.attributes(&settings.input_bucket, key).await?;
            let listing = store.list(&settings.output_bucket, layout.prefix()).await?;
            let Some(manifest) = self.manifest(key, &layout, &listing).await? else { continue };
            if store.head(&settings.input_bucket, key).await?
                != before.as_ref().map(|found| found.etag.clone())
            {
                continue;
            }
            let Some(source) = before else {
                return Ok(Account::default().with_orphans(Owner::Gone(key.to_owned()), outputs_of(&listing)));
            };
            let never = match source.stamp {
                Some(_) => Some(Reason::OwnOutput),
                None => is_folder_marker(key, source.bytes).then_some(Reason::FolderMarker),
            };
            if let Some(reason) = never {
                let account = Account::of(key, State::Ignored { reason });
                return Ok(account.with_orphans(Owner::Gone(key.to_owned()), outputs_of(&listing)));
            }
            let (state, strays) = self.standing(key, &layout, &listing).of(&source.etag, manifest.as_ref());
            if source.is_archived && !state.is_settled() {
                return Ok(Account::of(key, State::Ignored { reason: Reason::Archived }));
            }
            return Ok(Account::of(key, state).with_orphans(Owner::Beside(key.to_owned()), strays));
        }
        Ok(Account::of(key, State::Changing))
    }

    /// Outputs whose source the walk has not met.
    async fn account_of_outputs(&self, group: Group) -> Result<Account, StoreError> {
        let Group { prefix, outputs, is_part, .. } = group;
        let key = prefix.strip_suffix('/').unwrap_or_default();
        if RECORD_FOLDERS.iter().any(|folder| prefix.starts_with(folder)) {
            return Ok(Account::default());
        }
        if layout::is_hashed_prefix(&prefix) {
            return self.account_of_hashed(&prefix, outputs).await;
        }
        if key.is_empty() || self.layout(key).is_hashed() {
            return Ok(Account::default().with_orphans(Owner::Nobody, outputs));
        }
        if !self.selection.admits_key(key) {
            return Ok(Account::default());
        }
        if !is_part {
            return self.examine(key).await;
        }
        // Far more than any source has: they are taken as they were listed, part by part.
        let source = self.pipeline.store().head(&self.pipeline.settings().input_bucket, key).await?;
        let of = if source.is_some() { Owner::Beside } else { Owner::Gone };
        Ok(Account::default().with_orphans(of(key.to_owned()), outputs))
    }

    /// Outputs under a hash: only their manifest says whose they are.
    async fn account_of_hashed(&self, prefix: &str, outputs: Vec<Output>) -> Result<Account, StoreError> {
        let manifest =
            outputs.iter().find(|output| output.key == format!("{prefix}{}", layout::MANIFEST_NAME));
        let manifest = match manifest {
            Some(manifest) => self.read_manifest(&manifest.key, Condition::Always).await?.flatten(),
            None => None,
        };
        let Some(key) = manifest.map(|manifest| manifest.source.key) else {
            return Ok(Account { unclaimed: Some(prefix.to_owned()), ..Account::default() });
        };
        if self.layout(&key).prefix() != prefix {
            return Ok(Account::default().with_orphans(Owner::Nobody, outputs));
        }
        // A source that is there is accounted for where the walk meets it.
        let mut account = self.examine(&key).await?;
        if account.source.take().is_some() {
            account.orphans.clear();
        }
        Ok(account)
    }

    /// What nobody has claimed of the outputs under hashes, now that the walk has seen all sources: a writer that died has left
    /// them without a manifest, and their source is gone. Reads the whole listing of sources once more if there are any.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn account_of_unclaimed(
        &self,
        mut unclaimed: BTreeSet<String>,
    ) -> Result<Vec<Account>, StoreError> {
        let (store, settings) = (self.pipeline.store(), self.pipeline.settings());
        let mut after: Option<String> = None;
        while !unclaimed.is_empty() {
            let page = store.page(&settings.input_bucket, "", after.as_deref(), MAX_PAGE_ENTRIES).await?;
            for entry in &page.entries {
                if entry.key.len() >= SHORT_KEY_BYTES || entry.key.starts_with('~') {
                    unclaimed.remove(self.layout(&entry.key).prefix());
                }
            }
            after = page.entries.last().map(|last| last.key.clone());
            if !page.has_more || after.is_none() {
                break;
            }
        }
        let mut accounts = Vec::new();
        for prefix in unclaimed {
            let listing = store.list(&settings.output_bucket, &prefix).await?;
            accounts.push(Account::default().with_orphans(Owner::Nobody, outputs_of(&listing)));
        }
        Ok(accounts)
    }

    fn layout(&self, key: &str) -> Layout {
        Layout::of(key, &self.pipeline.settings().presets)
    }

    fn standing<'b>(&'b self, key: &'b str, layout: &'b Layout, listing: &'b Listing) -> Standing<'b> {
        Standing {
            key,
            layout,
            listing,
            recipe: self.pipeline.recipe(),
            presets: &self.pipeline.settings().presets,
            limits: &self.pipeline.settings().limits,
        }
    }

    /// The manifest that was listed, if it is one and of this source. `None` where it has changed since.
    async fn manifest(
        &self,
        key: &str,
        layout: &Layout,
        listing: &Listing,
    ) -> Result<Option<Option<Manifest>>, StoreError> {
        let manifest = layout.manifest();
        let Some(etag) = listing.etag(&manifest) else { return Ok(Some(None)) };
        let read = self.read_manifest(&manifest, Condition::Is(etag.clone())).await?;
        Ok(read.map(|manifest| manifest.filter(|manifest| manifest.source.key == key)))
    }

    /// What lies under a manifest's key, if it is one. `None` where the condition does not hold.
    async fn read_manifest(
        &self,
        key: &str,
        condition: Condition,
    ) -> Result<Option<Option<Manifest>>, StoreError> {
        let bucket = &self.pipeline.settings().output_bucket;
        Ok(match self.pipeline.store().get(bucket, key, &condition, MAX_MANIFEST_BYTES).await? {
            Read::Found(object) => Some(object.body.and_then(|body| Manifest::parse(&body))),
            Read::Moved | Read::Absent => None,
            Read::NotModified | Read::Archived => Some(None),
        })
    }
}

/// The zero-byte `folder/` object that the S3 console makes.
fn is_folder_marker(key: &str, bytes: u64) -> bool {
    bytes == 0 && key.ends_with('/')
}

fn outputs_of(listing: &Listing) -> Vec<Output> {
    listing.iter().map(|(key, etag)| Output { key: key.to_owned(), etag: etag.clone() }).collect()
}
