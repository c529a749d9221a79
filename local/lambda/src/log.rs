//! Where a function's output goes: line by line to the sink of the stack, with its end kept for `X-Amz-Log-Result`.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

/// One line of a function's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The function that wrote it, or about which Lambda wrote it.
    pub function: Arc<str>,
    /// The log stream: one per environment.
    pub stream: Arc<str>,
    /// The line, without its end.
    pub text: String,
}

/// Receives every line of every function, in the order in which one environment wrote them.
#[derive(Clone)]
pub struct LogSink(Arc<dyn Fn(LogLine) + Send + Sync>);

impl LogSink {
    /// A sink that hands each line to `receive`, which must not block.
    pub fn new(receive: impl Fn(LogLine) + Send + Sync + 'static) -> Self {
        Self(Arc::new(receive))
    }

    fn write(&self, line: LogLine) {
        (self.0)(line);
    }
}

impl Default for LogSink {
    /// Prints to standard error, after the function's name: standard output belongs to the command.
    fn default() -> Self {
        Self::new(|line| {
            // Whoever closes standard error does not want to read it, and that is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "{}: {}", line.function, line.text);
        })
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LogSink")
    }
}

/// How much of an invocation's log `X-Amz-Log-Result` holds, in bytes: "the last 4 KB of the execution log".
const TAIL_BYTES: usize = 4096;

/// The log stream of one environment.
#[derive(Debug)]
pub(crate) struct LogStream {
    function: Arc<str>,
    name: Arc<str>,
    sink: LogSink,
    tail: Mutex<VecDeque<u8>>,
}

impl LogStream {
    pub(crate) fn new(function: &str, name: &str, sink: LogSink) -> Self {
        Self { function: function.into(), name: name.into(), sink, tail: Mutex::default() }
    }

    pub(crate) fn write(&self, text: impl Into<String>) {
        let text = text.into();
        {
            let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
            tail.extend(text.bytes());
            tail.push_back(b'\n');
            let excess = tail.len().saturating_sub(TAIL_BYTES);
            tail.drain(..excess);
        }
        self.sink.write(LogLine { function: self.function.clone(), stream: self.name.clone(), text });
    }

    /// What was written since the last time, its last 4 KB.
    pub(crate) fn take_tail(&self) -> Vec<u8> {
        std::mem::take(&mut *self.tail.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_four_kilobytes_since_it_was_last_taken() {
        let log = LogStream::new("f", "s", LogSink::new(|_| ()));
        log.write("x".repeat(5000));
        log.write("end");
        let tail = log.take_tail();
        assert_eq!(tail.len(), 4096);
        assert!(tail.ends_with(b"x\nend\n"));
        log.write("next");
        assert_eq!(log.take_tail(), b"next\n");
    }
}
