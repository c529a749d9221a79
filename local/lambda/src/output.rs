//! What a function's process prints, cut into lines.
//!
//! Standard output and standard error share one pipe, so that lines keep the order in which they were written. The pipe
//! is not read to its end when the process ends, because a grandchild that escaped could hold it open for ever: what is
//! in the pipe at that moment is what the invocation printed.

use std::io;
use std::process::Stdio;
use std::sync::Arc;

use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::log::LogStream;

/// A longer line is cut here, so that a function that never ends its line cannot fill the memory.
const MAX_LINE_BYTES: usize = 256 * 1024;

/// Reads one process's output into its log until dropped.
#[derive(Debug)]
pub(crate) struct Output {
    flushes: mpsc::Sender<oneshot::Sender<()>>,
    /// Aborted when dropped.
    _reader: JoinSet<()>,
}

impl Output {
    /// Returns the reader and the two ends that the process writes to.
    pub(crate) fn capture(log: Arc<LogStream>) -> io::Result<(Self, Stdio, Stdio)> {
        let (reader, writer) = io::pipe()?;
        let stdout = Stdio::from(writer.try_clone()?);
        let stderr = Stdio::from(writer);
        let pipe = pipe::Receiver::from_owned_fd(reader.into())?;
        let (flushes, requests) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        tasks.spawn(read(pipe, requests, log));
        Ok((Self { flushes, _reader: tasks }, stdout, stderr))
    }

    /// Returns when everything that was printed before this call is in the log.
    pub(crate) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.flushes.send(done).await.is_ok() {
            // An error means that the reader is gone, and with it everything there was to read.
            let _ = flushed.await;
        }
    }
}

async fn read(
    mut pipe: pipe::Receiver,
    mut flushes: mpsc::Receiver<oneshot::Sender<()>>,
    log: Arc<LogStream>,
) {
    let mut lines = Lines::default();
    let mut chunk = vec![0; 16 * 1024];
    let mut open = true;
    loop {
        tokio::select! {
            // A flush is answered only when there is nothing to read. What the process printed before the request that
            // led to the flush became readable before that request did, and one poller reports both in that order.
            biased;
            read = pipe.read(&mut chunk), if open => match read {
                Ok(length @ 1..) => lines.push(chunk.get(..length).unwrap_or_default(), |line| log.write(line)),
                Ok(0) | Err(_) => {
                    lines.finish(|line| log.write(line));
                    open = false;
                }
            },
            flush = flushes.recv() => match flush {
                Some(done) => {
                    let _ = done.send(());
                }
                None => return,
            },
        }
    }
}

/// Bytes that are not yet a whole line.
#[derive(Debug, Default)]
struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8], mut emit: impl FnMut(String)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.partial.len() >= MAX_LINE_BYTES {
                self.finish(&mut emit);
            }
        }
    }

    fn finish(&mut self, mut emit: impl FnMut(String)) {
        if !self.partial.is_empty() {
            let line = std::mem::take(&mut self.partial);
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            emit(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_arrive_whole_however_they_were_written() {
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        for bytes in [b"one\ntw".as_slice(), b"o\r\n\nthr", b"ee"] {
            lines.push(bytes, |line| seen.push(line));
        }
        assert_eq!(seen, ["one", "two", ""]);
        lines.finish(|line| seen.push(line));
        assert_eq!(seen.last().map(String::as_str), Some("three"));
    }

    #[test]
    fn a_line_without_end_does_not_grow_without_end() {
        let (mut lines, mut count) = (Lines::default(), 0);
        for _ in 0..64 {
            lines.push(&[b'x'; 16 * 1024], |_| count += 1);
        }
        assert_eq!(count, 4);
    }
}
