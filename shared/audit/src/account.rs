//! What is said of a group: how its source stands, and which of its outputs belong to nobody.

use serde::{Deserialize, Serialize};

use crate::state::State;
use crate::walk::Output;

/// What is said of one group of a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The source, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceAccount>,
    /// Outputs that should not be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphans: Vec<Orphans>,
    /// The prefix of outputs under a hash, which no manifest says the source of: whose they are shows only when all
    /// sources have been seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unclaimed: Option<String>,
}

/// How one source stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceAccount {
    /// Its key.
    pub key: String,
    /// How it stands.
    #[serde(flatten)]
    pub state: State,
}

/// Outputs that should not be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orphans {
    /// They.
    pub outputs: Vec<Output>,
    /// Whose they would be.
    pub of: Owner,
}

/// Whose outputs that should not be there would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Of the source with this key, which is gone or gets no outputs.
    Gone(String),
    /// Of the source with this key, which has all its outputs besides.
    Beside(String),
    /// No source could have them.
    Nobody,
}

impl Owner {
    /// The key of the source that they would be of.
    pub fn source(&self) -> Option<&str> {
        match self {
            Owner::Gone(key) | Owner::Beside(key) => Some(key),
            Owner::Nobody => None,
        }
    }
}

impl Account {
    /// Of a source, and nothing else.
    pub(crate) fn of(key: &str, state: State) -> Account {
        Account { source: Some(SourceAccount { key: key.to_owned(), state }), ..Account::default() }
    }

    /// The same with outputs that should not be there, if there are any.
    #[must_use]
    pub(crate) fn with_orphans(mut self, of: Owner, outputs: Vec<Output>) -> Account {
        if !outputs.is_empty() {
            self.orphans.push(Orphans { outputs, of });
        }
        self
    }

    /// Whether there is nothing to be done about it.
    pub fn is_settled(&self) -> bool {
        self.orphans.is_empty()
            && self.unclaimed.is_none()
            && self.source.as_ref().is_none_or(|source| source.state.is_settled())
    }
}
