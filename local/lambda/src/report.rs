//! The lines that Lambda itself writes into a function's log when an invocation is over.

use std::fmt;
use std::time::Duration;

use crate::clock;
use crate::invocation::FunctionError;
use crate::log::LogStream;

/// How an invocation ended, as the `REPORT` line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    Error,
    Timeout,
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Timeout => "timeout",
        })
    }
}

/// What is known at the end of an invocation.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) status: Status,
    pub(crate) error: Option<&'a FunctionError>,
    pub(crate) duration: Duration,
    pub(crate) init_duration: Option<Duration>,
    pub(crate) memory_mb: u32,
    pub(crate) peak_memory_mb: u64,
    pub(crate) timeout: Duration,
}

impl Report<'_> {
    /// Writes what went wrong, `END` and `REPORT`.
    pub(crate) fn write(&self, log: &LogStream) {
        for line in self.lines(clock::now_ms()) {
            log.write(line);
        }
    }

    fn lines(&self, now_ms: u64) -> Vec<String> {
        let request_id = self.request_id;
        let mut lines = Vec::new();
        let died = self.error.map(|error| error.kind.as_str()).filter(|kind| kind.starts_with("Runtime."));
        if self.status == Status::Timeout {
            let seconds = self.timeout.as_secs_f64();
            let now = clock::iso(now_ms);
            lines.push(format!("{now} {request_id} Task timed out after {seconds:.2} seconds"));
        } else if let (Some(kind), Some(error)) = (died, self.error) {
            lines.push(error.document.clone());
            lines.push(kind.to_owned());
        }
        lines.push(format!("END RequestId: {request_id}"));
        lines.push(self.line());
        lines
    }

    fn line(&self) -> String {
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
        // Initialising has been billed with custom runtimes all along, and with every runtime since August 2025.
        let billed = milliseconds(self.duration + self.init_duration.unwrap_or_default()).ceil();
        let mut line = format!(
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {billed:.0} ms\tMemory Size: {} MB\tMax Memory Used: {} MB",
            self.request_id,
            milliseconds(self.duration),
            self.memory_mb,
            self.peak_memory_mb,
        );
        if let Some(init) = self.init_duration {
            line = format!("{line}\tInit Duration: {:.2} ms", milliseconds(init));
        }
        match (self.status, self.error) {
            (Status::Timeout, _) => line.push_str("\tStatus: timeout"),
            // What a function reports about itself is no failure of its environment, and has no status there.
            (Status::Error, Some(error)) if error.kind.starts_with("Runtime.") => {
                line = format!("{line}\tStatus: error\tError Type: {}", error.kind);
            }
            (Status::Success | Status::Error, _) => {}
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report<'static> {
        Report {
            request_id: "id",
            status: Status::Success,
            error: None,
            duration: Duration::from_micros(12_340),
            init_duration: None,
            memory_mb: 512,
            peak_memory_mb: 34,
            timeout: Duration::from_secs(3),
        }
    }

    #[test]
    fn a_cold_start_is_reported_and_billed() {
        let report = Report { init_duration: Some(Duration::from_micros(8_120)), ..report() };
        assert_eq!(
            report.lines(0),
            [
                "END RequestId: id",
                "REPORT RequestId: id\tDuration: 12.34 ms\tBilled Duration: 21 ms\tMemory Size: 512 MB\tMax Memory Used: 34 MB\tInit Duration: 8.12 ms"
            ]
        );
    }

    #[test]
    fn a_timeout_is_named_before_the_end() {
        let lines = Report { status: Status::Timeout, ..report() }.lines(0);
        assert_eq!(lines[0], "1970-01-01T00:00:00.000Z id Task timed out after 3.00 seconds");
        assert!(lines[2].ends_with("Max Memory Used: 34 MB\tStatus: timeout"), "{lines:?}");
    }

    #[test]
    fn a_process_that_ended_is_an_error_but_an_answered_error_is_not() {
        let ended = FunctionError::stated("Runtime.ExitError", "gone");
        let lines = Report { status: Status::Error, error: Some(&ended), ..report() }.lines(0);
        assert!(lines[3].ends_with("\tStatus: error\tError Type: Runtime.ExitError"), "{lines:?}");
        let answered = FunctionError::stated("Rejected", "no picture");
        let lines = Report { status: Status::Error, error: Some(&answered), ..report() }.lines(0);
        assert!(lines.len() == 2 && !lines[1].contains("Status"), "{lines:?}");
    }
}
