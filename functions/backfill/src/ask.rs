//! What the function is asked to do.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thumbline::invoke::PICTURES_PER_INVOCATION;
use thumbline::naming::told;

/// Invocations of the resize function that a run may make, where nobody says: enough for 200,000 pictures.
pub const MAX_INVOCATIONS: u64 = 10_000;
/// Invocations a second, where nobody says: a hundred pictures, which leaves most of an account's environments to uploads.
pub const INVOCATIONS_PER_SECOND: u32 = 5;
/// More a second is more than one function can send.
const MOST_PER_SECOND: u32 = 100;

/// What a run does with the pictures that it lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Has the resize function make what is not current.
    #[default]
    Backfill,
    /// Counts how they stand.
    Verify,
}

/// What bounds a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Invocations of the resize function, after which the run ends whatever is left.
    pub max_invocations: u64,
    /// Invocations a second.
    pub invocations_per_second: u32,
    /// Pictures that one invocation announces.
    pub pictures_per_invocation: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            max_invocations: MAX_INVOCATIONS,
            invocations_per_second: INVOCATIONS_PER_SECOND,
            pictures_per_invocation: PICTURES_PER_INVOCATION,
        }
    }
}

/// What the function is asked to do with the pictures whose keys begin with a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Backfill, or verify.
    pub kind: Kind,
    /// What the pictures' keys begin with.
    pub prefix: String,
    /// What to do.
    pub verb: Verb,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Begin a run, or take over one whose function has died.
    Start(Bounds),
    /// Go on with the run, as its turn with this number.
    GoOn {
        /// The run.
        run: String,
        /// The turn.
        turn: u64,
    },
    /// End the run.
    Stop,
    /// Say how it is going.
    Status,
}

/// The event can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; expected: {{\"prefix\": \"\"}} to begin (with max_invocations, invocations_per_second and pictures_per_invocation \
     where the defaults do not suit), {{\"verify\": true}} to count, and the same with \"stop\": true or \"status\": true"
)]
pub struct AskError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    prefix: Option<String>,
    #[serde(default)]
    verify: bool,
    #[serde(default)]
    stop: bool,
    #[serde(default)]
    status: bool,
    max_invocations: Option<u64>,
    invocations_per_second: Option<u32>,
    pictures_per_invocation: Option<usize>,
    go_on: Option<GoOn>,
}

#[derive(Deserialize)]
struct GoOn {
    run: String,
    turn: u64,
}

impl Ask {
    /// Reads what the function was invoked with.
    ///
    /// # Errors
    /// [`AskError`]
    pub fn read(event: Value) -> Result<Ask, AskError> {
        let message: Message = serde_json::from_value(event).map_err(|error| AskError(told(&error)))?;
        let fail = |what: &str| Err(AskError(what.to_owned()));
        let kind = if message.verify { Kind::Verify } else { Kind::Backfill };
        let verb = match (message.stop, message.status, message.go_on) {
            (true, false, None) => Verb::Stop,
            (false, true, None) => Verb::Status,
            (false, false, Some(GoOn { run, turn })) => Verb::GoOn { run, turn },
            (false, false, None) => {
                let default = Bounds::default();
                let bounds = Bounds {
                    max_invocations: message.max_invocations.unwrap_or(default.max_invocations),
                    invocations_per_second: message
                        .invocations_per_second
                        .unwrap_or(default.invocations_per_second),
                    pictures_per_invocation: message
                        .pictures_per_invocation
                        .unwrap_or(default.pictures_per_invocation),
                };
                if !(1..=MOST_PER_SECOND).contains(&bounds.invocations_per_second) {
                    return fail("invocations_per_second is from 1 to 100");
                }
                if !(1..=PICTURES_PER_INVOCATION).contains(&bounds.pictures_per_invocation) {
                    return fail("pictures_per_invocation is from 1 to 20");
                }
                Verb::Start(bounds)
            }
            _ => return fail("only one of stop, status and go_on can be meant"),
        };
        // A whole bucket is begun on because somebody said so, and not because an event was empty.
        match message.prefix {
            None if kind == Kind::Backfill && matches!(verb, Verb::Start(_)) => fail("prefix is missing"),
            prefix => Ok(Ask { kind, prefix: prefix.unwrap_or_default(), verb }),
        }
    }
}

/// The event that makes the function go on with a run.
pub fn go_on(kind: Kind, prefix: &str, run: &str, turn: u64) -> Value {
    let verify = kind == Kind::Verify;
    json!({ "prefix": prefix, "verify": verify, "go_on": { "run": run, "turn": turn } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(event: Value) -> Result<Ask, String> {
        Ask::read(event).map_err(|error| error.to_string())
    }

    #[test]
    fn a_bucket_is_begun_on_by_name_only() {
        let ask = read(json!({ "prefix": "", "max_invocations": 7 })).unwrap();
        let bounds = Bounds { max_invocations: 7, ..Bounds::default() };
        assert_eq!(ask, Ask { kind: Kind::Backfill, prefix: String::new(), verb: Verb::Start(bounds) });
        assert!(read(json!({})).unwrap_err().contains("prefix is missing"));
        assert!(read(json!({ "key1": "value1" })).unwrap_err().contains("key1"), "the console's test event");
        assert_eq!(read(json!({ "verify": true })).unwrap().kind, Kind::Verify);
    }

    #[test]
    fn what_is_sent_to_go_on_is_read_as_that() {
        let verb = Verb::GoOn { run: "r".into(), turn: 3 };
        let ask = Ask { kind: Kind::Verify, prefix: "a/".into(), verb };
        assert_eq!(read(go_on(Kind::Verify, "a/", "r", 3)), Ok(ask));
    }

    #[test]
    fn bounds_that_make_no_sense_are_refused() {
        for wrong in [
            json!({ "prefix": "", "invocations_per_second": 0 }),
            json!({ "prefix": "", "pictures_per_invocation": 21 }),
            json!({ "prefix": "", "stop": true, "status": true }),
            json!({ "prefix": 7 }),
            json!([]),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
