//! What is written down of a run: enough to go on with it elsewhere, and to refuse whoever should not.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thumbline_audit::{Position, Tally};

use crate::ask::{Ask, Bounds, Kind, Verb};

/// The form of the record.
const VERSION: u32 = 1;

/// For how long the run is its holder's after each time that it writes the record. Shorter than the minute after which Lambda
/// tries an event again whose function has died.
pub const LEASE_MS: u64 = 45_000;

/// Turns in a row in which nothing was listed and nothing announced, after which a run is given up: a function that calls
/// itself must not do so for ever.
pub const MAX_IDLE_TURNS: u32 = 3;

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is on.
    Running,
    /// It has been through all pictures.
    Done,
    /// Somebody has stopped it.
    Stopped,
    /// It has made all the invocations that it may make.
    Ceiling,
    /// It can't go on.
    Failed,
}

/// Who may work on a run, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The invocation, by its request id.
    pub request_id: String,
    /// In milliseconds since the epoch. Past that, another may take the run over.
    pub until_ms: u64,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The form of the record.
    pub version: u32,
    /// What it does.
    pub kind: Kind,
    /// What the pictures' keys begin with.
    pub prefix: String,
    /// Names the run.
    pub run: String,
    /// How it stands.
    pub status: Status,
    /// Why, where that is not plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The number of the turn that is on or comes next.
    pub turn: u64,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// The invocation that had the last turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_request_id: Option<String>,
    /// In milliseconds since the epoch.
    pub started_ms: u64,
    /// In milliseconds since the epoch.
    pub written_ms: u64,
    /// What bounds it.
    pub bounds: Bounds,
    /// Invocations made, and those that the holder may make before it writes the record again.
    pub invocations: u64,
    /// Pictures announced.
    pub announced: u64,
    /// How the pictures stood that it has listed.
    pub tally: Tally,
    /// Turns in a row without progress.
    #[serde(default)]
    pub idle_turns: u32,
    /// Outputs that nobody has claimed yet, by their prefixes.
    #[serde(default)]
    pub unclaimed: BTreeSet<String>,
    /// Pictures that are listed and still to be announced.
    pub pending: Vec<String>,
    /// Where its walk is.
    pub position: Position,
}

/// Why an invocation may not work on a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Denial {
    /// It is on already, or another than the one meant, or further, or over. Nothing is to be done.
    NotNeeded(&'static str),
    /// Somebody may still be working on it. To be tried again later, for that somebody may have died.
    Held,
}

impl Record {
    /// A run that begins.
    pub fn new(kind: Kind, prefix: &str, run: &str, bounds: Bounds, now_ms: u64) -> Record {
        Record {
            version: VERSION,
            kind,
            prefix: prefix.to_owned(),
            run: run.to_owned(),
            status: Status::Running,
            message: None,
            turn: 0,
            holder: None,
            last_request_id: None,
            started_ms: now_ms,
            written_ms: now_ms,
            bounds,
            invocations: 0,
            announced: 0,
            tally: Tally::default(),
            idle_turns: 0,
            unclaimed: BTreeSet::new(),
            pending: Vec::new(),
            position: Position::start(prefix),
        }
    }

    /// Reads a record. `None` where it is none, or of another version: a new run takes its place.
    pub fn parse(bytes: &[u8]) -> Option<Record> {
        serde_json::from_slice::<Record>(bytes).ok().filter(|record| record.version == VERSION)
    }

    /// Whether somebody may be working on it at this time.
    pub fn is_held(&self, now_ms: u64) -> bool {
        self.holder.as_ref().is_some_and(|holder| now_ms < holder.until_ms)
    }

    /// Whether another record is this one, as it was written at one time by one invocation.
    pub fn is_same_writing(&self, other: &Record) -> bool {
        let who = |record: &Record| (record.holder.clone(), record.last_request_id.clone());
        (&self.run, self.turn, self.status, self.written_ms)
            == (&other.run, other.turn, other.status, other.written_ms)
            && who(self) == who(other)
    }

    /// Gives the run to an invocation until the lease ends.
    pub fn hold(&mut self, request_id: &str, now_ms: u64) {
        let until_ms = now_ms.saturating_add(LEASE_MS);
        self.holder = Some(Holder { request_id: request_id.to_owned(), until_ms });
    }

    /// The run that an invocation that was asked to start it or to go on with it may work on now.
    ///
    /// # Errors
    /// [`Denial`]
    pub fn admit(found: Option<Record>, ask: &Ask, request_id: &str, now_ms: u64) -> Result<Record, Denial> {
        match &ask.verb {
            Verb::Start(bounds) => match found {
                Some(record) if record.status == Status::Running => {
                    if record.is_held(now_ms) {
                        return Err(Denial::NotNeeded("it is on already"));
                    }
                    // Its function has died, or did not manage to call itself.
                    Ok(Record {
                        bounds: *bounds,
                        idle_turns: 0,
                        turn: record.turn.saturating_add(1),
                        ..record
                    })
                }
                // The start of a run that is over, delivered once more.
                Some(record) if record.run == request_id => Err(Denial::NotNeeded("it has run")),
                _ => Ok(Record::new(ask.kind, &ask.prefix, request_id, *bounds, now_ms)),
            },
            Verb::GoOn { run, turn } => {
                let Some(record) = found.filter(|record| record.run == *run) else {
                    return Err(Denial::NotNeeded("there is another run, or none"));
                };
                if record.status != Status::Running {
                    return Err(Denial::NotNeeded("the run is over"));
                }
                // Lambda tries the event of a turn again that ended well and then did not manage to call the next.
                let calls_again = record.turn.checked_sub(1) == Some(*turn)
                    && record.holder.is_none()
                    && record.last_request_id.as_deref() == Some(request_id);
                if record.turn != *turn && !calls_again {
                    return Err(Denial::NotNeeded("this turn has been had"));
                }
                if record.is_held(now_ms) {
                    return Err(Denial::Held);
                }
                Ok(record)
            }
            Verb::Stop | Verb::Status => Err(Denial::NotNeeded("nothing is to be run")),
        }
    }

    /// What people and programs are told.
    pub fn told(&self) -> Value {
        json!({
            "kind": self.kind,
            "prefix": self.prefix,
            "run": self.run,
            "status": self.status,
            "message": self.message,
            "turn": self.turn,
            "held_until_ms": self.holder.as_ref().map(|holder| holder.until_ms),
            "started_ms": self.started_ms,
            "written_ms": self.written_ms,
            "invocations": self.invocations,
            "max_invocations": self.bounds.max_invocations,
            "announced": self.announced,
            "at": self.position.sources_after(),
            "tally": self.tally,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn ask(verb: Verb) -> Ask {
        Ask { kind: Kind::Backfill, prefix: String::new(), verb }
    }

    fn start() -> Ask {
        ask(Verb::Start(Bounds::default()))
    }

    fn go_on(run: &str, turn: u64) -> Ask {
        ask(Verb::GoOn { run: run.to_owned(), turn })
    }

    fn running(turn: u64) -> Record {
        Record { turn, ..Record::new(Kind::Backfill, "", "run", Bounds::default(), NOW) }
    }

    fn held(turn: u64, until_ms: u64) -> Record {
        let holder = Some(Holder { request_id: "somebody".into(), until_ms });
        Record { holder, ..running(turn) }
    }

    #[test]
    fn a_prefix_is_never_worked_on_by_two_at_once() {
        let on = Some(held(4, NOW + 1));
        assert_eq!(
            Record::admit(on.clone(), &start(), "me", NOW),
            Err(Denial::NotNeeded("it is on already"))
        );
        assert_eq!(Record::admit(on, &go_on("run", 4), "me", NOW), Err(Denial::Held));
    }

    #[test]
    fn a_run_whose_function_died_is_taken_over_when_its_lease_has_ended() {
        let dead = Some(held(4, NOW));
        let taken = Record::admit(dead.clone(), &go_on("run", 4), "me", NOW).unwrap();
        assert_eq!((taken.run.as_str(), taken.turn), ("run", 4));
        let taken = Record::admit(dead.clone(), &start(), "me", NOW).unwrap();
        assert_eq!((taken.run.as_str(), taken.turn), ("run", 5), "the old turn's event comes too late then");
        assert!(Record::admit(Some(taken), &go_on("run", 4), "me", NOW).is_err());
    }

    #[test]
    fn a_continuation_that_comes_twice_is_refused_by_its_number() {
        for turn in [2, 3, 5] {
            let refused = Record::admit(Some(running(4)), &go_on("run", turn), "me", NOW);
            assert_eq!(refused, Err(Denial::NotNeeded("this turn has been had")), "{turn}");
        }
        let other = Record::admit(Some(running(4)), &go_on("another", 4), "me", NOW);
        assert_eq!(other, Err(Denial::NotNeeded("there is another run, or none")));
        assert!(Record::admit(Some(running(4)), &go_on("run", 4), "me", NOW).is_ok());
    }

    #[test]
    fn a_turn_that_could_not_call_the_next_has_it_itself_when_its_event_comes_again() {
        let waiting = Record { last_request_id: Some("me".into()), ..running(4) };
        assert!(Record::admit(Some(waiting.clone()), &go_on("run", 3), "me", NOW).is_ok());
        assert!(Record::admit(Some(waiting), &go_on("run", 3), "a copy", NOW).is_err());
    }

    #[test]
    fn what_is_over_is_begun_anew_and_by_no_old_event() {
        let over = Record { status: Status::Done, ..running(4) };
        assert!(Record::admit(Some(over.clone()), &go_on("run", 4), "me", NOW).is_err());
        assert!(Record::admit(Some(over.clone()), &start(), "run", NOW).is_err(), "its own start, again");
        let anew = Record::admit(Some(over), &start(), "me", NOW).unwrap();
        assert_eq!((anew.run.as_str(), anew.turn), ("me", 0));
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_another_is_none() {
        let record = held(7, NOW);
        assert_eq!(Record::parse(&serde_json::to_vec(&record).unwrap()), Some(record.clone()));
        assert_eq!(Record::parse(b"{}"), None);
        let newer = serde_json::to_vec(&Record { version: 2, ..record }).unwrap();
        assert_eq!(Record::parse(&newer), None);
    }
}
