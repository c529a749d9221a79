//! The world around handlers: people who change the source, events about it, handlers at every point of the protocol at the same
//! time, some of which die.
//!
//! A step is one request of one handler, answered at once: S3 is strongly consistent. Between any two steps anything else
//! can happen, so a handler that stands still for ever so long, and writes then, is among what is tried.

use std::fmt::Write as _;
use std::sync::Arc;

use stateright::{Model, Path, Property};

use super::automaton::{Automaton, Doing, Place};
use super::question::{Answer, Ask, MANIFEST, NOTHING, SLOTS, Slots, Version, answer};

/// How much may happen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Changes of the source: put, overwritten (also with bytes that it had before, also with those that it has), removed.
    pub(super) changes: u8,
    /// Events that come once more.
    pub(super) duplicates: u8,
    /// Handlers that die, between any two of their requests, and whose events come again.
    pub(super) crashes: u8,
    /// Handlers that die for good: their events were given up.
    pub(super) lost: u8,
    /// Writes whose answer is lost, so that the SDK sends them again.
    pub(super) unheard: u8,
}

/// What is the case at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Moment {
    source: Option<Version>,
    slots: Slots,
    changes: u8,
    /// Events that wait to be delivered.
    pending: u8,
    duplicates: u8,
    crashes: u8,
    lost: u8,
    unheard: u8,
    /// The versions that the source has had, as bits.
    had: u8,
    /// Whether the source has had its bytes before, with others or none in between.
    has_returned: bool,
    /// Whether a handler has finished that began after the last change.
    is_fresh: bool,
    /// Where each handler stands, and whether it began after the last change; in order.
    handlers: Vec<(Place, bool)>,
}

/// What can happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    Put(Version),
    Remove,
    Deliver,
    DeliverAndKeep,
    Ask { handler: usize, ask: usize },
    AskUnheard { handler: usize, ask: usize },
    Crash(usize),
    Lose(usize),
}

/// The model: handlers of a protocol in a world of this size.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) automaton: Arc<Automaton>,
    pub(super) bounds: Bounds,
    /// What each version of the source must lead to.
    pub(super) expected: Vec<Slots>,
}

/// The property that must hold.
pub(super) const CONVERGES: &str = "at rest, outputs are those of the newest source";

impl World {
    pub(super) fn new(automaton: Arc<Automaton>, bounds: Bounds) -> anyhow::Result<World> {
        let mut world = World { automaton, bounds, expected: Vec::new() };
        let versions = 0..world.automaton.library.versions.len();
        let expected: anyhow::Result<_> =
            versions.map(|version| world.alone(Version::try_from(version)?)).collect();
        world.expected = expected?;
        Ok(world)
    }

    /// What one handler makes of a source that nobody changes.
    fn alone(&self, version: Version) -> anyhow::Result<Slots> {
        let (mut slots, mut place) = ([NOTHING; SLOTS], 0);
        while let Some(ask) = self.asks(place).first() {
            let answer = answer(*ask, Some(version), &mut slots);
            place = self.after(place, 0, answer).ok_or_else(|| anyhow::anyhow!("no answer to {ask:?}"))?;
        }
        Ok(slots)
    }

    fn asks(&self, place: Place) -> &[Ask] {
        match self.automaton.states.get(usize::from(place)).map(|state| &state.doing) {
            Some(Doing::Asks(asks)) => asks,
            Some(Doing::Ended(_)) | None => &[],
        }
    }

    fn after(&self, place: Place, ask: usize, answer: Answer) -> Option<Place> {
        self.automaton.states.get(usize::from(place))?.next.get(&(ask, answer)).copied()
    }

    fn is_settled(&self, moment: &Moment) -> bool {
        let expected = moment.source.map(|version| self.expected.get(usize::from(version)));
        moment.slots == expected.map_or([NOTHING; SLOTS], |slots| slots.copied().unwrap_or([u8::MAX; SLOTS]))
    }

    /// Whether this is what docs/guarantees.md says may remain of a handler that died for good: outputs of a picture that is gone
    /// or no picture any more, and those of other bytes where the source has returned to bytes that it had before.
    fn may_remain(&self, moment: &Moment) -> bool {
        let wanted = moment.source.and_then(|version| self.expected.get(usize::from(version)));
        let has_no_thumbnails =
            wanted.is_none_or(|slots| slots.iter().take(MANIFEST).all(|content| *content == NOTHING));
        moment.lost > 0 && (!moment.is_fresh || has_no_thumbnails || moment.has_returned)
    }

    /// The source is changed, and an event about it is on its way.
    fn change(from: &Moment, source: Option<Version>) -> Moment {
        let mut moment = from.clone();
        if let Some(version) = source {
            // Put once more, the bytes that it has have returned no less.
            let is_same = from.source == source;
            moment.has_returned = if is_same { from.has_returned } else { from.had & (1 << version) != 0 };
            moment.had |= 1 << version;
        }
        moment.source = source;
        moment.changes += 1;
        moment.pending += 1;
        moment.is_fresh = false;
        for (_, is_current) in &mut moment.handlers {
            *is_current = false;
        }
        moment.handlers.sort_unstable();
        moment
    }

    fn ask(&self, from: &Moment, handler: usize, ask: usize, is_heard: bool) -> Option<Moment> {
        let (place, is_current) = *from.handlers.get(handler)?;
        let mut moment = from.clone();
        let answer = answer(*self.asks(place).get(ask)?, from.source, &mut moment.slots);
        if !is_heard {
            moment.unheard += 1;
            return Some(moment);
        }
        let place = self.after(place, ask, answer)?;
        moment.handlers.remove(handler);
        if self.asks(place).is_empty() {
            moment.is_fresh |= is_current;
        } else {
            moment.handlers.push((place, is_current));
        }
        moment.handlers.sort_unstable();
        Some(moment)
    }

    fn writes(&self, place: Place, ask: usize) -> bool {
        matches!(self.asks(place).get(ask), Some(Ask::Put { .. } | Ask::Remove { .. }))
    }

    /// What has happened on the way to a counterexample.
    pub(super) fn tell(&self, path: Path<Moment, Happening>) -> String {
        let mut told = String::new();
        for (moment, happening) in path.into_vec() {
            let asked = |handler: usize, ask: usize| {
                let place = moment.handlers.get(handler).map(|(place, _)| *place);
                place.and_then(|place| self.asks(place).get(ask).copied())
            };
            let _ = match happening {
                Some(Happening::Ask { handler, ask }) => match asked(handler, ask) {
                    Some(asked) => write!(told, "{asked:?} by {handler}; "),
                    None => Ok(()),
                },
                Some(other) => write!(told, "{other:?}; "),
                None => write!(told, "at rest: source {:?}, outputs {:?}", moment.source, moment.slots),
            };
        }
        told
    }
}

impl Model for World {
    type State = Moment;
    type Action = Happening;

    fn init_states(&self) -> Vec<Moment> {
        vec![Moment {
            source: None,
            slots: [NOTHING; SLOTS],
            changes: 0,
            pending: 0,
            duplicates: 0,
            crashes: 0,
            lost: 0,
            unheard: 0,
            had: 0,
            has_returned: false,
            is_fresh: false,
            handlers: Vec::new(),
        }]
    }

    fn actions(&self, moment: &Moment, actions: &mut Vec<Happening>) {
        let bounds = &self.bounds;
        if moment.changes < bounds.changes {
            let versions = 0..self.automaton.library.versions.len();
            actions
                .extend(versions.filter_map(|version| Version::try_from(version).ok()).map(Happening::Put));
            if moment.source.is_some() {
                actions.push(Happening::Remove);
            }
        }
        if moment.pending > 0 {
            actions.push(Happening::Deliver);
            if moment.duplicates < bounds.duplicates {
                actions.push(Happening::DeliverAndKeep);
            }
        }
        for (handler, at) in moment.handlers.iter().enumerate() {
            // Of handlers at the same place, what one can do is what the other can.
            if handler > 0 && moment.handlers.get(handler - 1) == Some(at) {
                continue;
            }
            for ask in 0..self.asks(at.0).len() {
                actions.push(Happening::Ask { handler, ask });
                if moment.unheard < bounds.unheard && self.writes(at.0, ask) {
                    actions.push(Happening::AskUnheard { handler, ask });
                }
            }
            if moment.crashes < bounds.crashes {
                actions.push(Happening::Crash(handler));
            }
            if moment.lost < bounds.lost {
                actions.push(Happening::Lose(handler));
            }
        }
    }

    fn next_state(&self, from: &Moment, happening: Happening) -> Option<Moment> {
        match happening {
            Happening::Put(version) => Some(Self::change(from, Some(version))),
            Happening::Remove => Some(Self::change(from, None)),
            Happening::Deliver | Happening::DeliverAndKeep => {
                let mut moment = from.clone();
                if happening == Happening::Deliver {
                    moment.pending -= 1;
                } else {
                    moment.duplicates += 1;
                }
                moment.handlers.push((0, true));
                moment.handlers.sort_unstable();
                Some(moment)
            }
            Happening::Ask { handler, ask } => self.ask(from, handler, ask, true),
            Happening::AskUnheard { handler, ask } => {
                self.ask(from, handler, ask, false).filter(|moment| moment.slots != from.slots)
            }
            Happening::Crash(handler) => {
                let mut moment = from.clone();
                moment.handlers.remove(handler);
                moment.pending += 1;
                moment.crashes += 1;
                Some(moment)
            }
            Happening::Lose(handler) => {
                let mut moment = from.clone();
                moment.handlers.remove(handler);
                moment.lost += 1;
                Some(moment)
            }
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(CONVERGES, |world: &World, moment: &Moment| {
            let is_at_rest = moment.pending == 0 && moment.handlers.is_empty();
            !is_at_rest || world.is_settled(moment) || world.may_remain(moment)
        })]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::model::automaton::Subject;

    fn world(automaton: &Arc<Automaton>) -> World {
        let bounds = Bounds { changes: 4, duplicates: 0, crashes: 0, lost: 1, unheard: 0 };
        World::new(Arc::clone(automaton), bounds).unwrap()
    }

    #[tokio::test]
    async fn what_one_handler_makes_is_what_is_expected_and_nothing_else_is() {
        let subject = Subject { thumbnails: 1, pictures: 2, broken: None };
        let world = world(&Arc::new(subject.extract().await.unwrap()));
        let mut moment = world.init_states().remove(0);
        assert!(world.is_settled(&moment), "nothing, of nothing");
        for happening in [Happening::Put(0), Happening::Deliver] {
            moment = world.next_state(&moment, happening).unwrap();
        }
        assert!(!world.is_settled(&moment));
        while !moment.handlers.is_empty() {
            moment = world.next_state(&moment, Happening::Ask { handler: 0, ask: 0 }).unwrap();
        }
        assert!(world.is_settled(&moment) && moment.is_fresh);
        let overwritten = world.next_state(&moment, Happening::Put(1)).unwrap();
        assert!(!world.is_settled(&overwritten) && !overwritten.is_fresh);
        let removed = world.next_state(&moment, Happening::Remove).unwrap();
        assert!(!world.is_settled(&removed));
    }

    #[tokio::test]
    async fn a_source_that_is_put_once_more_as_it_is_has_returned_no_less() {
        let subject = Subject { thumbnails: 1, pictures: 2, broken: None };
        let world = world(&Arc::new(subject.extract().await.unwrap()));
        let mut moment = world.init_states().remove(0);
        for (version, has_returned) in [(0, false), (0, false), (1, false), (0, true), (0, true)] {
            moment = World::change(&moment, Some(version));
            assert_eq!(moment.has_returned, has_returned, "{version}");
        }
        assert!(!World::change(&moment, Some(2)).has_returned);
    }
}
