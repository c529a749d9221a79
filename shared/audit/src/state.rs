//! How a source stands: what its outputs should be held against what they are.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a source stands. Exactly one of these, so that they add up to the sources there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Its outputs are those of the source as it is, made with the recipe in force.
    Current,
    /// It can't become thumbnails, and its manifest says so.
    Rejected {
        /// Why: the rejection's code, such as `truncated`.
        reason: String,
    },
    /// Outputs are not there.
    Missing {
        /// Their keys, as far as they can be known: without a manifest, what the presets have made of other pictures is
        /// expected only where some of it is there.
        outputs: Vec<String>,
    },
    /// Outputs are there, and are not those of the source as it is.
    Stale(Stale),
    /// The outputs were made with other presets, or by another version of the engine.
    OtherRecipe {
        /// Theirs.
        recipe: String,
    },
    /// It was rejected for a limit that has been raised since.
    Outgrown,
    /// Source or outputs changed each time that they were looked at: somebody is writing.
    Changing,
    /// There is nothing to do for it, by design.
    Ignored {
        /// Why.
        reason: Reason,
    },
}

/// What a stale source's outputs are of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Stale {
    /// Of another version of the source.
    OtherSource {
        /// The ETag of that version.
        etag: String,
    },
    /// Not what the manifest says: somebody has written them since.
    OtherOutputs {
        /// Their keys.
        outputs: Vec<String>,
    },
}

/// Why there is nothing to do for a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The zero-byte `folder/` object that the S3 console makes.
    FolderMarker,
    /// A thumbnail that Thumbline made, copied with its metadata.
    OwnOutput,
    /// It lies in an archive storage class, and has not been restored.
    Archived,
    /// It was not asked for: its key does not end as it should, or it is too old.
    NotSelected,
}

impl Reason {
    /// The reason's code.
    pub fn code(self) -> &'static str {
        match self {
            Reason::FolderMarker => "folder_marker",
            Reason::OwnOutput => "own_output",
            Reason::Archived => "archived",
            Reason::NotSelected => "not_selected",
        }
    }
}

/// The names of all states, in the order in which tables show them.
pub const STATES: [&str; 8] =
    ["current", "rejected", "missing", "stale", "other_recipe", "outgrown", "changing", "ignored"];

impl State {
    /// The state's name: one of [`STATES`].
    pub fn name(&self) -> &'static str {
        match self {
            State::Current => "current",
            State::Rejected { .. } => "rejected",
            State::Missing { .. } => "missing",
            State::Stale(_) => "stale",
            State::OtherRecipe { .. } => "other_recipe",
            State::Outgrown => "outgrown",
            State::Changing => "changing",
            State::Ignored { .. } => "ignored",
        }
    }

    /// Whether nothing is to be done.
    pub fn is_settled(&self) -> bool {
        matches!(self, State::Current | State::Rejected { .. } | State::Ignored { .. })
    }

    /// The keys of the outputs that it is about.
    pub fn outputs(&self) -> &[String] {
        match self {
            State::Missing { outputs } | State::Stale(Stale::OtherOutputs { outputs }) => outputs,
            _ => &[],
        }
    }
}

/// The state in words for people, without the source's key.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Current => f.write_str("its outputs are those of the source as it is"),
            State::Rejected { reason } => write!(f, "it can't become thumbnails: {reason}"),
            State::Missing { outputs } => write!(f, "not there: {}", outputs.join(", ")),
            State::Stale(Stale::OtherSource { etag }) => {
                write!(f, "its outputs are of another version, {etag}")
            }
            State::Stale(Stale::OtherOutputs { outputs }) => {
                write!(f, "not what the manifest says: {}", outputs.join(", "))
            }
            State::OtherRecipe { recipe } => {
                write!(
                    f,
                    "made with another recipe, {recipe}: other presets, or another version of the engine"
                )
            }
            State::Outgrown => f.write_str("it was rejected for a limit that has been raised since"),
            State::Changing => f.write_str("it changes while it is looked at; look again later"),
            State::Ignored { reason } => f.write_str(match reason {
                Reason::FolderMarker => "a folder marker, not a picture",
                Reason::OwnOutput => "a thumbnail that Thumbline made",
                Reason::Archived => "it is archived, and has not been restored",
                Reason::NotSelected => "it was not asked for",
            }),
        }
    }
}
