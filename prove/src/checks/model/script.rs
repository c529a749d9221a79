//! A store that answers what is in its script, and nothing else: a request that is not is written down, and never answered.
//!
//! It is how the real protocol is asked what it does next: given the answers of a round so far, it runs up to the requests
//! whose answers it does not have yet. The protocol can also be broken here on purpose, for all that its faults do shows in
//! what it asks and what it takes for the answer.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use thumbline::manifest::Manifest;
use thumbline::store::{
    Attributes, Condition, ErrorKind, Listing, NewObject, Object, Page, Read, StoreError, Written,
};
use thumbline::{ETag, Store};

use super::broken::Broken;
use super::question::{
    Answer, Answers, Ask, Content, Demand, Library, MANIFEST, NOTHING, Name, Slots, Version, etag,
};
use crate::stage::buckets::INPUT;

/// The script of one run.
pub(super) struct Script {
    answers: Answers,
    broken: Option<Broken>,
    state: Mutex<State>,
}

struct State {
    library: Library,
    /// A version that a round before has read, which this round must have happened first: the first listing is empty, and
    /// whatever is written then is no more as it was listed.
    prelude: Option<Version>,
    is_prelude: bool,
    /// Whether this round has listed.
    has_listed: bool,
    /// Whether it lists once more, which begins another round.
    begins_again: bool,
    unanswered: Vec<Ask>,
    /// Where the protocol was lied to about what lies in a slot: what does.
    lies: BTreeMap<usize, Content>,
}

impl Script {
    pub(super) fn new(
        library: Library,
        carried: Option<Version>,
        answers: Answers,
        broken: Option<Broken>,
    ) -> Script {
        let state = State {
            library,
            prelude: carried,
            is_prelude: false,
            has_listed: false,
            begins_again: false,
            unanswered: Vec::new(),
            lies: BTreeMap::new(),
        };
        Script { answers, broken, state: Mutex::new(state) }
    }

    /// The requests that wait for answers.
    pub(super) fn unanswered(&self) -> Vec<Ask> {
        let mut unanswered = self.state().unanswered.clone();
        unanswered.sort_unstable();
        unanswered
    }

    /// Whether another round has begun.
    pub(super) fn begins_again(&self) -> bool {
        self.state().begins_again
    }

    /// The library with what was put on the way.
    pub(super) fn library(&self) -> Library {
        self.state().library.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer that the script has, or none ever.
    async fn ask(&self, ask: Ask) -> Answer {
        match self.answers.get(&ask.name()) {
            Some(answer) => *answer,
            None => {
                self.state().unanswered.push(ask);
                std::future::pending().await
            }
        }
    }

    fn is_broken(&self, how: Broken) -> bool {
        self.broken == Some(how)
    }

    /// The condition of a write, as the slot's content that it names.
    fn demand(&self, slot: usize, condition: &Condition, how: Broken) -> Result<Demand, StoreError> {
        if self.is_broken(how) {
            return Ok(Demand::Any);
        }
        let state = self.state();
        if let Some(truth) = state.lies.get(&slot) {
            return Ok(if *truth == NOTHING { Demand::Empty } else { Demand::Is(*truth) });
        }
        match condition {
            Condition::Always | Condition::IsNot(_) => Ok(Demand::Any),
            Condition::Absent => Ok(Demand::Empty),
            Condition::Is(etag) => {
                let content = state.library.content(slot, etag);
                content.map(Demand::Is).ok_or_else(|| impossible("a condition on an ETag that nothing has"))
            }
        }
    }

    fn slot(&self, key: &str) -> Result<usize, StoreError> {
        self.state().library.slot(key).ok_or_else(|| impossible("an output that the model has no slot for"))
    }

    /// What the protocol is told of the slots: the truth, unless it is broken so that it does not look.
    fn listing(&self, slots: Slots) -> Listing {
        let mut guard = self.state();
        let state = &mut *guard;
        let mut told = slots;
        let manifest = slots.get(MANIFEST).and_then(|content| state.library.body(*content));
        let manifest = manifest.and_then(|body| Manifest::parse(body));
        for (slot, place) in told.iter_mut().enumerate().filter(|(slot, _)| *slot != MANIFEST) {
            let named = manifest.as_ref().and_then(|manifest| {
                let key = state.library.keys.get(slot)?;
                let named = manifest.thumbnails.iter().find(|thumbnail| thumbnail.key == *key)?;
                state.library.content(slot, &named.etag)
            });
            let is_lied_about = match self.broken {
                Some(Broken::TrustsManifest) => named.is_some_and(|named| named != *place),
                Some(Broken::RemovesOnlyNamed) => named.is_none() && *place != NOTHING,
                _ => false,
            };
            if is_lied_about {
                state.lies.insert(slot, *place);
                *place = named.unwrap_or(NOTHING);
            }
        }
        let listed = told.iter().enumerate().filter_map(|(slot, content)| {
            Some((state.library.keys.get(slot)?.clone(), state.library.etag(*content)?))
        });
        listed.collect()
    }
}

/// What no run can come to: it becomes a retry with this reason, which the model takes for a mistake.
fn impossible(what: &str) -> StoreError {
    StoreError {
        kind: ErrorKind::Refused,
        operation: "model",
        bucket: String::new(),
        key: String::new(),
        detail: what.to_owned(),
    }
}

fn object(body: &Bytes) -> Object {
    Object { etag: etag(body), size: body.len() as u64, stamp: None, body: Some(body.clone()) }
}

/// A script that a pipeline owns, and the one who asks sees.
pub(super) struct Played(pub(super) Arc<Script>);

impl Deref for Played {
    type Target = Script;

    fn deref(&self) -> &Script {
        &self.0
    }
}

impl Store for Played {
    async fn list(&self, _: &str, _: &str) -> Result<Listing, StoreError> {
        {
            let mut state = self.state();
            state.is_prelude = state.prelude.is_some() && !state.is_prelude;
            if state.is_prelude {
                return Ok(Listing::default());
            }
            state.prelude = None;
            state.begins_again = state.has_listed;
            state.has_listed = true;
        }
        if self.begins_again() {
            return std::future::pending().await;
        }
        if self.is_broken(Broken::ReadsBeforeListing) {
            self.ask(Ask::Source(None)).await;
        }
        match self.ask(Ask::List).await {
            Answer::Listed(slots) => Ok(self.listing(slots)),
            _ => Err(impossible("an answer to another question")),
        }
    }

    async fn get(&self, bucket: &str, _: &str, condition: &Condition, _: u64) -> Result<Read, StoreError> {
        if bucket != INPUT {
            let Condition::Is(listed) = condition else { return Err(impossible("a manifest at any rate")) };
            let library = self.state().library.clone();
            let content = library.content(MANIFEST, listed).ok_or_else(|| impossible("no such manifest"))?;
            return Ok(match self.ask(Ask::Manifest(content)).await {
                Answer::Found => library.body(content).map_or(Read::Absent, |body| Read::Found(object(body))),
                Answer::Moved => Read::Moved,
                _ => Read::Absent,
            });
        }
        let known = {
            let state = self.state();
            if state.is_prelude {
                let body = state.prelude.and_then(|version| state.library.version(version));
                return Ok(body.map_or(Read::Absent, |body| Read::Found(object(body))));
            }
            let named = |etag: &ETag| {
                state.library.versions.iter().position(|body| super::question::etag(body) == *etag)
            };
            match condition {
                Condition::IsNot(etag) => named(etag).and_then(|version| Version::try_from(version).ok()),
                _ => None,
            }
        };
        let answer = self.ask(Ask::Source(known)).await;
        let state = self.state();
        Ok(match answer {
            // Where it was read before the listing, nobody knew yet what is known.
            Answer::Version(version) if Some(version) == known => Read::NotModified,
            Answer::Version(version) => {
                state.library.version(version).map_or(Read::Absent, |body| Read::Found(object(body)))
            }
            Answer::NotModified => Read::NotModified,
            _ => Read::Absent,
        })
    }

    async fn page(&self, _: &str, _: &str, _: Option<&str>, _: u16) -> Result<Page, StoreError> {
        Err(impossible("a page of a walk"))
    }

    async fn attributes(&self, _: &str, _: &str) -> Result<Option<Attributes>, StoreError> {
        let answer = if self.is_broken(Broken::NoFinalCheck) {
            self.answers.get(&Name::Source).copied().unwrap_or(Answer::Absent)
        } else {
            self.ask(Ask::Check).await
        };
        let Answer::Version(version) = answer else { return Ok(None) };
        let state = self.state();
        Ok(state.library.version(version).map(|body| Attributes {
            etag: etag(body),
            bytes: body.len() as u64,
            stamp: None,
            is_archived: false,
        }))
    }

    async fn put(
        &self,
        _: &str,
        key: &str,
        object: NewObject,
        condition: &Condition,
    ) -> Result<Written, StoreError> {
        if self.state().is_prelude {
            return Ok(Written::Moved);
        }
        let slot = self.slot(key)?;
        let how =
            if slot == MANIFEST { Broken::ManifestUnconditional } else { Broken::ThumbnailUnconditional };
        let demand = self.demand(slot, condition, how)?;
        let content = self.state().library.enter(slot, &object.body);
        let content = content.ok_or_else(|| impossible("more contents than the model can number"))?;
        Ok(match self.ask(Ask::Put { slot, content, demand }).await {
            Answer::Done => Written::Done(Some(etag(&object.body))),
            _ => Written::Moved,
        })
    }

    async fn delete(&self, _: &str, key: &str, condition: &Condition) -> Result<Written, StoreError> {
        let slot = self.slot(key)?;
        let demand = self.demand(slot, condition, Broken::RemovalUnconditional)?;
        Ok(match self.ask(Ask::Remove { slot, demand }).await {
            Answer::Done => Written::Done(None),
            _ => Written::Moved,
        })
    }
}
