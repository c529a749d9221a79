//! Faults on demand: requests that would have worked are made to fail, or to take their time, after their signature
//! was checked and before they reach the store. What depends on S3 can thereby be shown to survive a bad day of it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode};

/// Which keys a fault concerns.
#[derive(Clone)]
pub enum KeyPattern {
    /// Every request, also those that are not about an object.
    Any,
    /// This key.
    Exactly(String),
    /// Keys that start with this.
    Prefix(String),
    /// Keys that this says yes to.
    Matching(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl KeyPattern {
    fn matches(&self, key: Option<&str>) -> bool {
        match (self, key) {
            (Self::Any, _) => true,
            (_, None) => false,
            (Self::Exactly(pattern), Some(key)) => pattern == key,
            (Self::Prefix(prefix), Some(key)) => key.starts_with(prefix.as_str()),
            (Self::Matching(decide), Some(key)) => decide(key),
        }
    }
}

impl fmt::Debug for KeyPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("Any"),
            Self::Exactly(key) => formatter.debug_tuple("Exactly").field(key).finish(),
            Self::Prefix(prefix) => formatter.debug_tuple("Prefix").field(prefix).finish(),
            Self::Matching(_) => formatter.write_str("Matching"),
        }
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// 503 `SlowDown`: S3's way of throttling.
    SlowDown,
    /// 500 `InternalError`.
    InternalError,
    /// 409 `ConditionalRequestConflict`: somebody else wrote the same key at the same time.
    Conflict,
    /// 403 `AccessDenied`.
    AccessDenied,
    /// The connection is closed without an answer.
    DropConnection,
    /// The request is held for this long, and then goes on to the next fault or to the store.
    Delay(Duration),
}

/// A fault.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The operation, by its name in S3's API, such as `PutObject`; every operation if none is given.
    pub operation: Option<String>,
    /// The bucket; every bucket if none is given.
    pub bucket: Option<String>,
    /// The keys.
    pub key: KeyPattern,
    /// How many requests are disturbed; every one if no number is given.
    pub times: Option<u64>,
    /// What becomes of them.
    pub effect: Effect,
}

/// Names a fault, so that it can be lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FaultId(u64);

/// The faults in force. Clones share them; they can be changed while requests are being answered.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    faults: Vec<Active>,
    last_id: u64,
}

#[derive(Debug)]
struct Active {
    id: FaultId,
    fault: Fault,
    hits: u64,
}

impl Active {
    fn is_spent(&self) -> bool {
        self.fault.times.is_some_and(|times| self.hits >= times)
    }

    fn covers(&self, operation: &str, bucket: Option<&str>, key: Option<&str>) -> bool {
        !self.is_spent()
            && self.fault.operation.as_deref().is_none_or(|name| name == operation)
            && self.fault.bucket.as_deref().is_none_or(|name| Some(name) == bucket)
            && self.fault.key.matches(key)
    }
}

impl Faults {
    /// Puts a fault in force, after those that are.
    pub fn inject(&self, fault: Fault) -> FaultId {
        let mut state = self.state();
        state.last_id += 1;
        let id = FaultId(state.last_id);
        state.faults.push(Active { id, fault, hits: 0 });
        id
    }

    /// Lifts a fault. One that was lifted already, or is spent, stays so.
    pub fn lift(&self, id: FaultId) {
        self.state().faults.retain(|active| active.id != id);
    }

    /// Lifts every fault.
    pub fn clear(&self) {
        self.state().faults.clear();
    }

    /// How many requests a fault has disturbed; nothing if it was lifted.
    pub fn hits(&self, id: FaultId) -> Option<u64> {
        self.state().faults.iter().find(|active| active.id == id).map(|active| active.hits)
    }

    /// What is to become of a request: delays in the order they were injected in, ended by the first other effect.
    pub(crate) fn strike(&self, operation: &str, bucket: Option<&str>, key: Option<&str>) -> Vec<Effect> {
        let mut effects = Vec::new();
        for active in &mut self.state().faults {
            if active.covers(operation, bucket, key) {
                active.hits += 1;
                effects.push(active.fault.effect.clone());
                if !matches!(active.fault.effect, Effect::Delay(_)) {
                    break;
                }
            }
        }
        effects
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Effect {
    /// The error that this effect answers with, if it answers with one.
    pub(crate) fn error(&self) -> Option<S3Error> {
        let (code, message, status) = match self {
            Self::SlowDown => {
                (S3ErrorCode::SlowDown, "Please reduce your request rate.", StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::InternalError => (
                S3ErrorCode::InternalError,
                "We encountered an internal error. Please try again.",
                StatusCode::INTERNAL_SERVER_ERROR,
            ),
            Self::Conflict => (
                S3ErrorCode::Custom("ConditionalRequestConflict".into()),
                "The conditional request cannot succeed due to a conflicting operation against this resource.",
                StatusCode::CONFLICT,
            ),
            Self::AccessDenied => (S3ErrorCode::AccessDenied, "Access Denied", StatusCode::FORBIDDEN),
            Self::DropConnection | Self::Delay(_) => return None,
        };
        let mut error = S3Error::with_message(code, message);
        error.set_status_code(status);
        Some(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(operation: Option<&str>, key: KeyPattern, times: Option<u64>, effect: Effect) -> Fault {
        Fault { operation: operation.map(str::to_owned), bucket: None, key, times, effect }
    }

    #[test]
    fn a_fault_strikes_as_often_as_it_was_told() {
        let faults = Faults::default();
        let id = faults.inject(fault(Some("PutObject"), KeyPattern::Any, Some(2), Effect::SlowDown));
        let strike = || faults.strike("PutObject", Some("b"), Some("k"));
        assert_eq!(strike(), [Effect::SlowDown]);
        assert_eq!(faults.strike("GetObject", Some("b"), Some("k")), []);
        assert_eq!(strike(), [Effect::SlowDown]);
        assert_eq!(strike(), []);
        assert_eq!(faults.hits(id), Some(2));
    }

    #[test]
    fn delays_add_up_until_something_worse_comes() {
        let faults = Faults::default();
        let delay = Effect::Delay(Duration::from_millis(5));
        faults.inject(fault(None, KeyPattern::Any, None, delay.clone()));
        faults.inject(fault(None, KeyPattern::Prefix("x/".into()), None, Effect::Conflict));
        let last = faults.inject(fault(None, KeyPattern::Any, None, delay.clone()));
        assert_eq!(faults.strike("GetObject", None, Some("x/1")), [delay.clone(), Effect::Conflict]);
        assert_eq!(faults.strike("GetObject", None, Some("y")), [delay.clone(), delay.clone()]);
        faults.lift(last);
        assert_eq!(faults.strike("GetObject", None, None), [delay]);
        faults.clear();
        assert_eq!(faults.strike("GetObject", None, None), []);
    }
}
