//! What `thumbline redrive` says: a bar on a terminal, a line per event in a pipe, a table of what became of them all; or
//! JSON for machines.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::driver::{Driven, Settled};
use crate::Ending;
use crate::table::{right, table, whole};

/// Standard output that is gone is found out at the end.
pub(crate) struct Reporter {
    json: bool,
    bar: Option<ProgressBar>,
    gone: u64,
    stay: u64,
    tally: BTreeMap<Line, Tally>,
    written: std::io::Result<()>,
}

/// What a line of the table is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    stays: bool,
    outcome: String,
    reason: String,
}

#[derive(Default)]
struct Tally {
    count: u64,
    example: String,
}

impl Reporter {
    pub(crate) fn new(waiting: u64, json: bool) -> Reporter {
        let bar = (std::io::stderr().is_terminal() && !json).then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} events  {per_sec}  {eta} left")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(waiting).with_style(style)
        });
        Reporter { json, bar, gone: 0, stay: 0, tally: BTreeMap::new(), written: Ok(()) }
    }

    pub(crate) fn report(&mut self, settled: &Settled) {
        let stays = settled.driven.stays.is_some();
        *(if stays { &mut self.stay } else { &mut self.gone }) += 1;
        self.count(&settled.driven);
        let told = if self.json { as_json(settled) } else { line(settled) };
        let out = || writeln!(std::io::stdout().lock(), "{told}");
        let written = match &self.bar {
            // On a terminal the bar tells what went well, and lines what did not.
            Some(bar) => {
                bar.inc(1);
                if stays { bar.suspend(out) } else { Ok(()) }
            }
            None => out(),
        };
        if self.written.is_ok() {
            self.written = written;
        }
    }

    /// An event that was not dealt with because of a mistake in Thumbline.
    pub(crate) fn report_broken(&mut self) {
        self.stay += 1;
        self.add(true, "retry", "internal", "a mistake in thumbline, of which more stands above");
    }

    fn count(&mut self, driven: &Driven) {
        for picture in &driven.pictures {
            let reason = picture.reason.as_deref().unwrap_or_default();
            self.add(picture.outcome == "retry", &picture.outcome, reason, &picture.key);
        }
        match &driven.stays {
            // An event that stays because of one of its pictures is in the table already.
            Some((reason, message)) if !driven.pictures.iter().any(|picture| picture.outcome == "retry") => {
                self.add(true, "failed", reason, message);
            }
            None if driven.pictures.is_empty() => self.add(false, "ignored", "no_pictures", ""),
            _ => {}
        }
    }

    fn add(&mut self, stays: bool, outcome: &str, reason: &str, example: &str) {
        let line = Line { stays, outcome: outcome.to_owned(), reason: reason.to_owned() };
        let tally = self.tally.entry(line).or_default();
        tally.count += 1;
        if tally.example.is_empty() {
            example.clone_into(&mut tally.example);
        }
    }

    /// Says what became of all events. `left` is how many wait in the queue now.
    pub(crate) fn finish(self, left: Option<u64>, interrupted: bool) -> Result<Ending> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.written?;
        let (gone, stay) = (self.gone, self.stay);
        let mut out = std::io::stdout().lock();
        if self.json {
            let outcomes: Vec<_> = self
                .tally
                .iter()
                .map(|(line, tally)| {
                    let reason = Some(&line.reason).filter(|reason| !reason.is_empty());
                    json!({ "outcome": line.outcome, "reason": reason, "stays": line.stays, "count": tally.count })
                })
                .collect();
            let all = json!({
                "events": gone + stay, "gone": gone, "stay": stay, "left": left, "interrupted": interrupted,
                "outcomes": outcomes,
            });
            writeln!(out, "{all}")?;
        } else {
            if !self.tally.is_empty() {
                let mut table = table(&["outcome", "reason", "pictures", "event", "such as"]);
                for (Line { stays, outcome, reason }, Tally { count, example }) in &self.tally {
                    let event = if *stays { "stays" } else { "gone" };
                    table.add_row([outcome, reason, &count.to_string(), event, example]);
                }
                (0..4).for_each(|column| whole(&mut table, column));
                right(&mut table, 2);
                writeln!(out, "{table}\n")?;
            }
            let left = left.map_or_else(|| "an unknown number".to_owned(), |left| left.to_string());
            let stopped = if interrupted { "stopped: " } else { "" };
            writeln!(
                out,
                "{stopped}{gone} events dealt with, {stay} that failed again stay; {left} wait in the queue"
            )?;
            if interrupted {
                writeln!(out, "run it again to go on")?;
            }
        }
        Ok(if stay == 0 && !interrupted { Ending::Well } else { Ending::NotWell })
    }
}

fn as_json(Settled { failure, driven }: &Settled) -> String {
    let (reason, message) = driven.stays.clone().unzip();
    json!({
        "id": failure.id,
        "failed_at": failure.at,
        "stays": driven.stays.is_some(),
        "reason": reason,
        "message": message,
        "pictures": driven.pictures,
    })
    .to_string()
}

/// `gone: holiday/a.jpg made`, or `stays: holiday/a.jpg retry access_denied: …`
fn line(Settled { failure, driven }: &Settled) -> String {
    let what = if driven.stays.is_some() { "stays" } else { "gone" };
    let pictures = driven.pictures.iter().map(|picture| {
        let (key, outcome) = (&picture.key, &picture.outcome);
        match (&picture.reason, &picture.message) {
            (Some(reason), Some(message)) => format!("{key} {outcome} {reason}: {message}"),
            _ => format!("{key} {outcome}"),
        }
    });
    let mut told: Vec<String> = pictures.collect();
    if told.is_empty() {
        told.push(match (&driven.stays, &failure.hints) {
            (Some((reason, message)), Ok(hints)) => {
                let keys: Vec<&str> = hints.iter().map(|hint| hint.key.as_str()).collect();
                format!("{} {reason}: {message}", keys.join(", "))
            }
            (Some((reason, message)), Err(_)) => format!("{} {reason}: {message}", failure.id),
            (None, _) => format!("{} is about no picture", failure.id),
        });
    }
    format!("{what}: {}", told.join("; "))
}
