//! How many sources stand how, and how many outputs belong to nobody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account::{Account, SourceAccount};
use crate::state::{STATES, State};

/// Counts by state. They add up to the sources that were listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// All sources.
    pub sources: u64,
    /// Sources by the name of their state; those that there are none of are left out.
    pub states: BTreeMap<String, u64>,
    /// Rejected sources by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Ignored sources by reason.
    pub ignored: BTreeMap<String, u64>,
    /// Outputs that should not be there.
    pub orphaned: u64,
}

impl Tally {
    /// Counts one account.
    pub fn add(&mut self, account: &Account) {
        if let Some(SourceAccount { state, .. }) = &account.source {
            self.add_state(state);
        }
        self.orphaned += account.orphans.iter().map(|orphans| orphans.outputs.len() as u64).sum::<u64>();
    }

    /// Counts one source.
    pub fn add_state(&mut self, state: &State) {
        self.sources += 1;
        *self.states.entry(state.name().to_owned()).or_default() += 1;
        match state {
            State::Rejected { reason } => *self.rejected.entry(reason.clone()).or_default() += 1,
            State::Ignored { reason } => *self.ignored.entry(reason.code().to_owned()).or_default() += 1,
            _ => {}
        }
    }

    /// The sources in this state.
    pub fn of(&self, state: &str) -> u64 {
        self.states.get(state).copied().unwrap_or_default()
    }

    /// All states with their counts, in the order in which tables show them.
    pub fn in_order(&self) -> impl Iterator<Item = (&'static str, u64)> {
        STATES.iter().map(|state| (*state, self.of(state)))
    }

    /// Whether everything is as it should be.
    pub fn is_settled(&self) -> bool {
        self.orphaned == 0
            && ["current", "rejected", "ignored"].iter().map(|state| self.of(state)).sum::<u64>()
                == self.sources
    }
}
