//! What every function does when it opens, and for every invocation.

use std::time::{Duration, Instant, SystemTime};

use crate::naming::Naming;
use crate::settings::{Settings, SettingsError, Sources};
use crate::telemetry;

/// How long before Lambda would kill it an invocation stops by itself: time to answer and to write the last log lines.
const STOP_BEFORE_DEADLINE: Duration = Duration::from_millis(1500);

/// How long an invocation may take where nobody says. `cargo lambda watch` gives every invocation the same deadline, ten
/// minutes into 1970; Lambda's own never lie in the past when an event comes.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(60);
/// What is further back than any clock could be wrong was not meant as a deadline.
const NO_DEADLINE_BEFORE: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads the settings of this process, and begins to log as they say.
///
/// # Errors
/// All the mistakes in the settings at once, which have been logged too.
pub fn open() -> Result<Settings, SettingsError> {
    let settings = Settings::load(&Sources::of_this_process());
    match &settings {
        Ok(settings) => telemetry::init(&settings.log, settings.log_keys),
        Err(_) => telemetry::init("info", Naming::default()),
    }
    settings.inspect_err(|error| tracing::error!(%error, "not started"))
}

/// When to stop, on the clock that does not jump, given when Lambda will kill the process.
pub fn deadline(killed_at: SystemTime) -> Instant {
    let left = match killed_at.duration_since(SystemTime::now()) {
        Ok(left) => left,
        Err(past) if past.duration() > NO_DEADLINE_BEFORE => WITHOUT_DEADLINE,
        Err(_) => Duration::ZERO,
    };
    Instant::now() + left.saturating_sub(STOP_BEFORE_DEADLINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(killed_at: SystemTime) -> Duration {
        deadline(killed_at).saturating_duration_since(Instant::now())
    }

    #[test]
    fn a_deadline_is_kept_one_that_has_passed_too_and_one_of_1970_is_none() {
        let now = SystemTime::now();
        let minute = left(now + Duration::from_secs(60));
        assert!(minute < Duration::from_secs(59) && minute > Duration::from_secs(50), "{minute:?}");
        assert_eq!(left(now - Duration::from_secs(2)), Duration::ZERO);
        assert!(left(SystemTime::UNIX_EPOCH + Duration::from_secs(600)) > Duration::from_secs(50));
    }
}
