//! What a handler asks of S3, and what S3 answers, in the few terms in which a model of both is small.
//!
//! One source, whose bytes are one of a few versions, and one slot for each output that it can have. What lies in a slot is
//! known by a number. ETags are those of the bytes: the same bytes have the same ETag again.

use std::collections::BTreeMap;

use bytes::Bytes;
use thumbline::ETag;

/// Which bytes the source has.
pub(super) type Version = u8;

/// What lies in a slot; [`NOTHING`] where nothing does.
pub(super) type Content = u8;

/// An empty slot.
pub(super) const NOTHING: Content = 0;

/// The most slots: two thumbnails and the manifest.
pub(super) const SLOTS: usize = 3;

/// What lies in each slot.
pub(super) type Slots = [Content; SLOTS];

/// What must hold of a slot for a write to go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Demand {
    /// Nothing.
    Any,
    /// This lies there.
    Is(Content),
    /// Nothing lies there.
    Empty,
}

impl Demand {
    fn holds(self, found: Content) -> bool {
        match self {
            Demand::Any => true,
            Demand::Is(content) => found == content,
            Demand::Empty => found == NOTHING,
        }
    }
}

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Ask {
    /// LIST the outputs.
    List,
    /// GET the manifest, if it still is what was listed.
    Manifest(Content),
    /// GET the source, unless it is the version that is known.
    Source(Option<Version>),
    /// PUT an output.
    Put { slot: usize, content: Content, demand: Demand },
    /// DELETE an output.
    Remove { slot: usize, demand: Demand },
    /// HEAD the source.
    Check,
}

/// Names a request within a round, in which each is made once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Name {
    List,
    Manifest,
    Source,
    Put(usize),
    Remove(usize),
    Check,
}

impl Ask {
    pub(super) fn name(self) -> Name {
        match self {
            Ask::List => Name::List,
            Ask::Manifest(_) => Name::Manifest,
            Ask::Source(_) => Name::Source,
            Ask::Put { slot, .. } => Name::Put(slot),
            Ask::Remove { slot, .. } => Name::Remove(slot),
            Ask::Check => Name::Check,
        }
    }
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Answer {
    /// What lies in the slots.
    Listed(Slots),
    /// Here it is: what was asked for under a condition that holds.
    Found,
    /// The source, which has these bytes.
    Version(Version),
    /// The source still is the version that is known.
    NotModified,
    /// It is not what the condition names.
    Moved,
    /// There is none.
    Absent,
    /// Written, or removed.
    Done,
}

/// The answers to all requests of a round so far.
pub(super) type Answers = BTreeMap<Name, Answer>;

/// S3: answers a request, and changes what lies in the slots where it is a write that goes through. The rules are those of
/// conditional requests, <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>, to which
/// the embedded S3 is held by its own conformance suite.
pub(super) fn answer(ask: Ask, source: Option<Version>, slots: &mut Slots) -> Answer {
    let found = |slots: &Slots, slot: usize| slots.get(slot).copied().unwrap_or(NOTHING);
    match ask {
        Ask::List => Answer::Listed(*slots),
        Ask::Manifest(listed) => match found(slots, MANIFEST) {
            NOTHING => Answer::Absent,
            content if content == listed => Answer::Found,
            _ => Answer::Moved,
        },
        Ask::Source(known) => match source {
            None => Answer::Absent,
            Some(version) if Some(version) == known => Answer::NotModified,
            Some(version) => Answer::Version(version),
        },
        Ask::Check => source.map_or(Answer::Absent, Answer::Version),
        Ask::Put { slot, content, demand } if demand.holds(found(slots, slot)) => write(slots, slot, content),
        Ask::Remove { slot, .. } if found(slots, slot) == NOTHING => Answer::Done,
        Ask::Remove { slot, demand } if demand.holds(found(slots, slot)) => write(slots, slot, NOTHING),
        Ask::Put { .. } | Ask::Remove { .. } => Answer::Moved,
    }
}

/// The manifest's slot.
pub(super) const MANIFEST: usize = SLOTS - 1;

fn write(slots: &mut Slots, slot: usize, content: Content) -> Answer {
    if let Some(place) = slots.get_mut(slot) {
        *place = content;
    }
    Answer::Done
}

/// Everything that any handler has ever put somewhere, and the sources.
#[derive(Clone, Debug)]
pub(super) struct Library {
    /// The key of each slot. The last is the manifest's; one that no preset has is empty.
    pub(super) keys: [String; SLOTS],
    /// The bytes of each version of the source.
    pub(super) versions: Vec<Bytes>,
    /// What can lie in each slot; a content is its place here, and 1.
    contents: Vec<(usize, Bytes)>,
}

impl Library {
    pub(super) fn new(keys: [String; SLOTS], versions: Vec<Bytes>) -> Library {
        Library { keys, versions, contents: Vec::new() }
    }

    /// The number of what is put into a slot.
    pub(super) fn enter(&mut self, slot: usize, body: &Bytes) -> Option<Content> {
        let known = self.contents.iter().position(|(place, bytes)| *place == slot && bytes == body);
        let place = known.unwrap_or_else(|| {
            self.contents.push((slot, body.clone()));
            self.contents.len() - 1
        });
        Content::try_from(place + 1).ok()
    }

    /// How many contents there are.
    pub(super) fn len(&self) -> usize {
        self.contents.len()
    }

    pub(super) fn body(&self, content: Content) -> Option<&Bytes> {
        let place = usize::from(content).checked_sub(1)?;
        self.contents.get(place).map(|(_, body)| body)
    }

    pub(super) fn etag(&self, content: Content) -> Option<ETag> {
        self.body(content).map(etag)
    }

    pub(super) fn version(&self, version: Version) -> Option<&Bytes> {
        self.versions.get(usize::from(version))
    }

    pub(super) fn slot(&self, key: &str) -> Option<usize> {
        self.keys.iter().position(|known| known == key)
    }

    /// What of this ETag lies, or has ever lain, in a slot.
    pub(super) fn content(&self, slot: usize, wanted: &ETag) -> Option<Content> {
        let place = self.contents.iter().position(|(place, body)| *place == slot && etag(body) == *wanted)?;
        Content::try_from(place + 1).ok()
    }

    /// Every way in which the slots can be filled.
    pub(super) fn fillings(&self) -> Vec<Slots> {
        let mut fillings = vec![[NOTHING; SLOTS]];
        for (place, (slot, _)) in self.contents.iter().enumerate() {
            let Ok(content) = Content::try_from(place + 1) else { continue };
            let empty = fillings.iter().filter(|slots| slots.get(*slot) == Some(&NOTHING));
            let filled: Vec<Slots> = empty
                .map(|slots| {
                    let mut slots = *slots;
                    write(&mut slots, *slot, content);
                    slots
                })
                .collect();
            fillings.extend(filled);
        }
        fillings
    }

    /// Every answer that a request can get.
    pub(super) fn answers(&self, ask: Ask) -> Vec<Answer> {
        let versions = || (0..self.versions.len()).filter_map(|version| Version::try_from(version).ok());
        match ask {
            Ask::List => self.fillings().into_iter().map(Answer::Listed).collect(),
            Ask::Manifest(_) => vec![Answer::Found, Answer::Moved, Answer::Absent],
            Ask::Source(known) => {
                let found = versions().map(|version| match known {
                    Some(known) if known == version => Answer::NotModified,
                    _ => Answer::Version(version),
                });
                found.chain([Answer::Absent]).collect()
            }
            Ask::Check => versions().map(Answer::Version).chain([Answer::Absent]).collect(),
            Ask::Put { .. } | Ask::Remove { .. } => vec![Answer::Done, Answer::Moved],
        }
    }
}

/// Like S3's, a function of the bytes alone.
pub(super) fn etag(body: &Bytes) -> ETag {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    ETag::new(&format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_go_through_where_their_condition_holds_and_nowhere_else() {
        let mut slots = [1, NOTHING, NOTHING];
        let mut put = |slot, content, demand| answer(Ask::Put { slot, content, demand }, None, &mut slots);
        assert_eq!(put(0, 2, Demand::Empty), Answer::Moved);
        assert_eq!(put(0, 2, Demand::Is(3)), Answer::Moved);
        assert_eq!(put(0, 2, Demand::Is(1)), Answer::Done);
        assert_eq!(put(1, 3, Demand::Is(3)), Answer::Moved);
        assert_eq!(put(1, 3, Demand::Empty), Answer::Done);
        assert_eq!(slots, [2, 3, NOTHING]);
        let mut remove = |slot, demand| answer(Ask::Remove { slot, demand }, None, &mut slots);
        assert_eq!(remove(0, Demand::Is(1)), Answer::Moved);
        assert_eq!(remove(0, Demand::Is(2)), Answer::Done);
        assert_eq!(remove(0, Demand::Is(2)), Answer::Done, "one that is gone counts as removed");
        assert_eq!(slots, [NOTHING, 3, NOTHING]);
    }

    #[test]
    fn slots_are_filled_in_every_way() {
        let mut library = Library::new(["a", "b", "m"].map(str::to_owned), Vec::new());
        for (slot, body) in [(0, "1"), (0, "2"), (2, "3"), (0, "1")] {
            library.enter(slot, &Bytes::from(body));
        }
        assert_eq!((library.len(), library.fillings().len()), (3, 6));
    }
}
