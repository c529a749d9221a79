//! What can happen to a source, each in its shortest form.

use crate::stage::pictures::{broken_picture, picture};

/// A change of a source, and the event about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// A picture is put where nothing was.
    Made,
    /// Another picture is put over one that has thumbnails.
    Overwritten,
    /// A picture that has thumbnails is removed.
    Removed,
    /// What is no picture is put over one that has thumbnails.
    Rejected,
    /// The event of a picture that has thumbnails comes once more.
    ToldAgain,
}

impl Flow {
    pub(crate) const ALL: [Flow; 5] =
        [Flow::Made, Flow::Overwritten, Flow::Removed, Flow::Rejected, Flow::ToldAgain];

    /// The source whose thumbnails are there when the flow begins.
    pub(crate) fn before(self) -> anyhow::Result<Option<Vec<u8>>> {
        match self {
            Flow::Made => Ok(None),
            Flow::Overwritten | Flow::Removed | Flow::Rejected | Flow::ToldAgain => picture(1).map(Some),
        }
    }

    /// The source that the event is about.
    pub(crate) fn after(self) -> anyhow::Result<Option<Vec<u8>>> {
        match self {
            Flow::Made | Flow::Overwritten => picture(2).map(Some),
            Flow::Removed => Ok(None),
            Flow::Rejected => broken_picture(2).map(Some),
            Flow::ToldAgain => picture(1).map(Some),
        }
    }

    /// What becomes of it when nothing disturbs.
    pub(crate) fn outcome(self) -> &'static str {
        match self {
            Flow::Made | Flow::Overwritten => "made",
            Flow::Removed => "removed",
            Flow::Rejected => "rejected",
            Flow::ToldAgain => "up_to_date",
        }
    }

    /// Whether this outcome is true of where the flow ends: what is `up_to_date` may have been made by an attempt before.
    pub(crate) fn may_end_as(self, outcome: &str) -> bool {
        match self {
            Flow::Made | Flow::Overwritten | Flow::ToldAgain => ["made", "up_to_date"].contains(&outcome),
            Flow::Removed | Flow::Rejected => outcome == self.outcome(),
        }
    }
}
