//! A fault at one call of a run: found again in every run by its operation, its key and how often that was asked before.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::stage::effect::Effect;
use crate::stage::proxy::{After, Answer, Ask, Before, Interference};

/// Which call of a run. Calls that are made at the same time come in any order, so their numbers would not do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    operation: &'static str,
    /// With `{key}` for the source's.
    key: String,
    /// 1 for the first of this operation on this key.
    occurrence: u32,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (no. {})", self.operation, self.key, self.occurrence)
    }
}

/// A call of a clean run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) operation: &'static str,
    /// Whether its answer had a body.
    pub(crate) has_body: bool,
}

/// One fault, or none: then it is only written down what is asked.
#[derive(Debug)]
pub(crate) struct Strike {
    source: String,
    aim: Option<(Target, Effect, bool)>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    occurrences: HashMap<(&'static str, String), u32>,
    /// The requests by their numbers.
    asked: HashMap<u64, Target>,
    answered: BTreeMap<Target, Call>,
    /// The numbers of the requests that are struck.
    struck: Vec<u64>,
}

impl Strike {
    /// No fault, on the way of this source.
    pub(crate) fn none(source: &str) -> Strike {
        Strike { source: source.to_owned(), aim: None, seen: Mutex::default() }
    }

    /// This fault: once, or at this call however often it is made from then on.
    pub(crate) fn at(source: &str, target: Target, effect: Effect, lasts: bool) -> Strike {
        Strike { aim: Some((target, effect, lasts)), ..Strike::none(source) }
    }

    /// What was asked and answered.
    pub(crate) fn calls(&self) -> BTreeMap<Target, Call> {
        self.seen().answered.clone()
    }

    /// How many requests were struck.
    pub(crate) fn hits(&self) -> usize {
        self.seen().struck.len()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a request its place in the run, and finds out whether it is struck.
    fn see(&self, ask: &Ask) {
        let key = ask.key.replace(&self.source, "{key}");
        let mut seen = self.seen();
        let occurrence = seen.occurrences.entry((ask.operation, key.clone())).or_default();
        *occurrence += 1;
        let target = Target { operation: ask.operation, key, occurrence: *occurrence };
        if let Some((aim, _, lasts)) = &self.aim {
            let is_same = (aim.operation, &aim.key) == (target.operation, &target.key);
            let is_later = *lasts && target.occurrence > aim.occurrence;
            if is_same && (target.occurrence == aim.occurrence || is_later) {
                seen.struck.push(ask.number);
            }
        }
        seen.asked.insert(ask.number, target);
    }

    fn effect(&self, ask: &Ask) -> Option<Effect> {
        let is_struck = self.seen().struck.contains(&ask.number);
        self.aim.as_ref().filter(|_| is_struck).map(|(_, effect, _)| *effect)
    }
}

#[async_trait]
impl Interference for Strike {
    async fn before(&self, ask: &Ask) -> Before {
        self.see(ask);
        self.effect(ask).map_or(Before::Pass, Effect::before)
    }

    async fn after(&self, ask: &Ask, answer: Answer) -> After {
        let mut seen = self.seen();
        if let Some(target) = seen.asked.get(&ask.number).cloned() {
            let call = Call { operation: ask.operation, has_body: answer.body_bytes > 0 };
            seen.answered.insert(target, call);
        }
        drop(seen);
        self.effect(ask).map_or(After::Pass, Effect::after)
    }
}
