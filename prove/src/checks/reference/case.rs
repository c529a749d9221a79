//! A case: what people do, what becomes of events, and in which order.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy};
use proptest::prop_oneof;
use serde::{Deserialize, Serialize};
use thumbline::store::ErrorKind;

/// Sources that a case is about. One key begins as another does, for outputs lie under their sources' keys.
pub(super) const NAMES: [&str; 3] = ["a.png", "a.png/b.png", "c"];

/// The most requests of a delivery that anything happens at.
const REQUESTS: u8 = 9;

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    /// There is none.
    Absent,
    /// A picture, by its number.
    Picture(u8),
    /// The beginning of a picture.
    Broken,
}

impl Source {
    pub(super) const PICTURES: u8 = 3;
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// Somebody puts, overwrites or removes a source, and an event waits.
    Change { key: u8, source: Source },
    /// One of the events that wait is delivered, whichever this number comes to; and still waits then, if it is kept.
    Deliver { event: u8, keep: bool, how: How },
    /// Somebody asks for a size that nobody planned.
    Ask { key: u8, width: u8 },
}

/// How a delivery goes. Requests are counted from 1; where there are fewer, nothing happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum How {
    /// Nothing disturbs it.
    Well,
    /// A request fails.
    Fails { at: u8, with: Failure },
    /// The function dies before a request is sent, or when it has been answered. Others that it has sent are carried out.
    Dies { at: u8, after: bool },
    /// The function stands still before a request, while other things happen.
    Meanwhile { at: u8, steps: Vec<Step> },
}

/// What S3 or the connection says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Failure {
    Throttled,
    Unavailable,
    Timeout,
    Connection,
    Denied,
    BrokenBody,
    /// 409, where it is a write.
    Conflict,
}

impl Failure {
    pub(super) fn kind(self) -> ErrorKind {
        match self {
            Failure::Throttled => ErrorKind::Throttled,
            Failure::Unavailable => ErrorKind::Unavailable,
            Failure::Timeout => ErrorKind::Timeout,
            Failure::Connection => ErrorKind::Connection,
            Failure::Denied => ErrorKind::AccessDenied,
            Failure::BrokenBody => ErrorKind::BrokenBody,
            Failure::Conflict => ErrorKind::Refused,
        }
    }
}

/// A case, kept as one line of JSON where it has once shown something.
pub(super) type Case = Vec<Step>;

/// Any case.
pub(super) fn cases() -> impl Strategy<Value = Case> {
    vec(step(), 1..16)
}

fn key() -> impl Strategy<Value = u8> {
    // Most of what is interesting happens to one source.
    prop_oneof![3 => Just(0), 1 => Just(1), 1 => Just(2)]
}

fn change() -> impl Strategy<Value = Step> {
    let source = prop_oneof![
        4 => (0..Source::PICTURES).prop_map(Source::Picture),
        1 => Just(Source::Broken),
        2 => Just(Source::Absent),
    ];
    (key(), source).prop_map(|(key, source)| Step::Change { key, source })
}

fn simple() -> impl Strategy<Value = Step> {
    let failure = prop_oneof![
        Just(Failure::Throttled),
        Just(Failure::Unavailable),
        Just(Failure::Timeout),
        Just(Failure::Connection),
        Just(Failure::Denied),
        Just(Failure::BrokenBody),
        Just(Failure::Conflict),
    ];
    let at = || 1..=REQUESTS;
    let how = prop_oneof![
        3 => Just(How::Well),
        2 => (at(), failure).prop_map(|(at, with)| How::Fails { at, with }),
        2 => (at(), proptest::bool::ANY).prop_map(|(at, after)| How::Dies { at, after }),
    ];
    let deliver = (0..8_u8, proptest::bool::weighted(0.2), how);
    prop_oneof![
        4 => change(),
        4 => deliver.prop_map(|(event, keep, how)| Step::Deliver { event, keep, how }),
        1 => (key(), 5..8_u8).prop_map(|(key, width)| Step::Ask { key, width }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let meanwhile = (0..8_u8, proptest::bool::weighted(0.2), 1..=REQUESTS, vec(simple(), 1..4));
    prop_oneof![
        3 => simple(),
        1 => meanwhile.prop_map(|(event, keep, at, steps)| {
            Step::Deliver { event, keep, how: How::Meanwhile { at, steps } }
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_read_back_as_it_was_written() {
        let case: Case = vec![
            Step::Change { key: 0, source: Source::Picture(1) },
            Step::Deliver {
                event: 0,
                keep: true,
                how: How::Meanwhile { at: 2, steps: vec![Step::Change { key: 0, source: Source::Absent }] },
            },
            Step::Ask { key: 1, width: 5 },
        ];
        let line = serde_json::to_string(&case).unwrap();
        assert_eq!(serde_json::from_str::<Case>(&line).unwrap(), case, "{line}");
    }
}
