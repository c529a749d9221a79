//! What became of a picture: exactly one of six outcomes, so that outcomes add up to what went in.
//!
//! Every caller gets the same outcome in its own terms: an asynchronous invocation fails on [`Outcome::Retry`] and on
//! nothing else, an SQS batch names the item, S3 Batch Operations gets a result code. Whether a retry can help is a
//! property of the outcome, decided here once.

use std::fmt;
use std::time::Duration;

use crate::event::Hint;
use crate::manifest::Manifest;
use crate::rejection::Rejection;
use crate::store::StoreError;

/// What became of one source. Every source that enters ends in exactly one of these.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Thumbnails and manifest were written, and the source was still the same afterwards.
    Made(Box<Manifest>),
    /// The outputs already were those of the source as it is now. No image bytes moved.
    UpToDate(Box<Manifest>),
    /// The source is gone, and its outputs with it.
    Removed,
    /// The source can't become thumbnails, and a retry can't help. A rejection manifest says why.
    Rejected(Rejection),
    /// There is nothing to do for this source or event, by design.
    Ignored(Ignored),
    /// It did not work this time. Nothing claims success; the event must be delivered again.
    Retry(Retry),
}

/// The names of all outcomes, in the order in which tables show them.
pub const OUTCOMES: [&str; 6] = ["made", "up_to_date", "removed", "rejected", "ignored", "retry"];

impl Outcome {
    /// The outcome's name in logs, metrics and answers: one of [`OUTCOMES`].
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Made(_) => "made",
            Outcome::UpToDate(_) => "up_to_date",
            Outcome::Removed => "removed",
            Outcome::Rejected(_) => "rejected",
            Outcome::Ignored(_) => "ignored",
            Outcome::Retry(_) => "retry",
        }
    }

    /// The reason's code, for the outcomes that have one.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Outcome::Made(_) | Outcome::UpToDate(_) | Outcome::Removed => None,
            Outcome::Rejected(rejection) => Some(&rejection.code),
            Outcome::Ignored(ignored) => Some(ignored.code()),
            Outcome::Retry(retry) => Some(retry.code),
        }
    }

    /// The reason in words for people, for the outcomes that have one.
    pub fn message(&self) -> Option<String> {
        match self {
            Outcome::Made(_) | Outcome::UpToDate(_) | Outcome::Removed => None,
            Outcome::Rejected(rejection) => Some(rejection.message.clone()),
            Outcome::Ignored(ignored) => Some(ignored.to_string()),
            Outcome::Retry(retry) => Some(retry.message.clone()),
        }
    }

    /// Whether the event must come again: true of [`Outcome::Retry`] alone.
    pub fn must_retry(&self) -> bool {
        matches!(self, Outcome::Retry(_))
    }
}

/// Why nothing was to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ignored {
    /// The zero-byte `folder/` object that the S3 console makes.
    FolderMarker,
    /// The source carries Thumbline's own metadata: it is a thumbnail, and thumbnails of it would be a loop.
    OwnOutput,
    /// S3's test message, sent when a notification is configured.
    TestEvent,
    /// A scheduled ping that keeps an environment warm.
    Ping,
    /// An envelope with no records in it.
    Empty,
    /// The source lies in an archive storage class. Restoring it emits an event of its own.
    Archived,
}

impl Ignored {
    /// The reason's code in logs, metrics and answers.
    pub fn code(self) -> &'static str {
        match self {
            Ignored::FolderMarker => "folder_marker",
            Ignored::OwnOutput => "own_output",
            Ignored::TestEvent => "test_event",
            Ignored::Ping => "ping",
            Ignored::Empty => "empty_envelope",
            Ignored::Archived => "archived",
        }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ignored::FolderMarker => "a folder marker, not a picture",
            Ignored::OwnOutput => {
                "a thumbnail that Thumbline made; copy it without its metadata to use it as a source"
            }
            Ignored::TestEvent => "S3's test event: the notification is connected",
            Ignored::Ping => "a ping that keeps the environment warm",
            Ignored::Empty => "an envelope with no records",
            Ignored::Archived => "the source is archived; restore it, and its thumbnails will be made",
        })
    }
}

/// Why an attempt did not work, where a later one may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// For machines, such as `throttled` or `deadline`.
    pub code: &'static str,
    /// For people: what failed, on what, and what to look at.
    pub message: String,
}

impl Retry {
    /// Time ran out before the outputs had settled.
    pub fn deadline() -> Self {
        let message =
            "stopped before the deadline; the next attempt begins anew (a higher Timeout gives it more time)";
        Retry { code: "deadline", message: message.to_owned() }
    }

    /// The event names a bucket that is not this stack's input.
    pub fn unexpected_bucket(bucket: &str, input_bucket: &str) -> Self {
        Retry {
            code: "unexpected_bucket",
            message: format!(
                "the event is about bucket {bucket:?}, but THUMBLINE_INPUT_BUCKET is {input_bucket:?}: \
                 correct the notification or the setting, then redrive"
            ),
        }
    }

    /// Something broke in Thumbline itself.
    pub fn internal(message: impl Into<String>) -> Self {
        Retry { code: "internal", message: message.into() }
    }
}

impl From<StoreError> for Retry {
    fn from(error: StoreError) -> Self {
        Retry { code: error.kind.code(), message: error.to_string() }
    }
}

/// One source, what became of it, and what that took.
#[derive(Clone, Debug, PartialEq)]
pub struct Processed {
    /// The source that the event named.
    pub hint: Hint,
    /// What became of it.
    pub outcome: Outcome,
    /// What it took.
    pub effort: Effort,
}

/// What was spent on one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// From taking the hint up to its outcome.
    pub total: Duration,
    /// Of [`Effort::total`], in decoding, resizing and encoding.
    pub render: Duration,
    /// Pictures decoded. More than one when the source changed on the way.
    pub decodes: u32,
    /// Rounds of the convergence protocol. One unless somebody else wrote at the same time.
    pub rounds: u32,
    /// Bytes of the source that were read.
    pub source_bytes: u64,
    /// Pixels of the source that was decoded.
    pub source_pixels: u64,
    /// Bytes of the thumbnails written.
    pub thumbnail_bytes: u64,
}
