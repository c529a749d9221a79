//! What `thumbline render` says: a bar on a terminal, a line per picture in a pipe, JSON for machines.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::Ending;
use crate::table::bytes;

/// One picture, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The file as it was named.
    pub(crate) source: PathBuf,
    /// `made`, `rejected`, or `retry` where the file could not be read or written.
    pub(crate) outcome: &'static str,
    /// Why it was not made, for machines, such as `truncated`.
    pub(crate) reason: Option<&'static str>,
    /// Why it was not made, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// What was written.
    pub(crate) thumbnails: Vec<ThumbnailFile>,
    /// From reading the source up to the last thumbnail written.
    pub(crate) ms: f64,
}

/// A thumbnail that was written.
#[derive(Debug, Serialize)]
pub(crate) struct ThumbnailFile {
    /// The preset's name.
    pub(crate) preset: String,
    /// The file.
    pub(crate) path: PathBuf,
    /// Pixels across.
    pub(crate) width: u32,
    /// Pixels down.
    pub(crate) height: u32,
    /// Its length.
    pub(crate) bytes: u64,
}

/// Tells people or machines how it goes.
pub(crate) struct Reporter {
    json: bool,
    bar: Option<ProgressBar>,
    began: Instant,
    made: u64,
    failed: u64,
    written_bytes: u64,
}

impl Reporter {
    pub(crate) fn new(pictures: usize, json: bool) -> Reporter {
        let bar = (std::io::stderr().is_terminal() && !json).then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} pictures  {per_sec}  {eta} left")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(pictures as u64).with_style(style)
        });
        Reporter { json, bar, began: Instant::now(), made: 0, failed: 0, written_bytes: 0 }
    }

    pub(crate) fn report(&mut self, report: &Report) -> Result<()> {
        let made = report.outcome == "made";
        if made {
            self.made += 1;
        } else {
            self.failed += 1;
        }
        self.written_bytes += report.thumbnails.iter().map(|t| t.bytes).sum::<u64>();
        let mut out = std::io::stdout().lock();
        match &self.bar {
            _ if self.json => writeln!(out, "{}", serde_json::to_string(report)?)?,
            // On a terminal the bar tells what went well, and lines what did not.
            Some(bar) => {
                bar.inc(1);
                if !made {
                    bar.suspend(|| writeln!(out, "{}", line(report)))?;
                }
            }
            None => writeln!(out, "{}", line(report))?,
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<Ending> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if !self.json {
            let (made, failed) = (self.made, self.failed);
            let (written, seconds) = (bytes(self.written_bytes), self.began.elapsed().as_secs_f64());
            writeln!(std::io::stdout(), "{made} made, {failed} not, {written} in {seconds:.1} s")?;
        }
        Ok(if self.failed == 0 { Ending::Well } else { Ending::NotWell })
    }
}

/// `holiday/a.jpg: made small 200x200, medium 640x427 (31 ms)`
fn line(report: &Report) -> String {
    let source = report.source.display();
    match (report.reason, &report.message) {
        (Some(reason), Some(message)) => format!("{source}: {} {reason}: {message}", report.outcome),
        _ => {
            let sizes = report.thumbnails.iter().map(|t| format!("{} {}x{}", t.preset, t.width, t.height));
            let sizes = sizes.collect::<Vec<_>>().join(", ");
            format!("{source}: {} {sizes} ({:.0} ms)", report.outcome, report.ms)
        }
    }
}
