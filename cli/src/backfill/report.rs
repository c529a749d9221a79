//! What `thumbline backfill` says: a bar on a terminal, lines for what did not work, a table of what became of all.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Result;
use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use thumbline::outcome::OUTCOMES;
use thumbline::{Outcome, Processed};
use thumbline_audit::{Requests, Tally};

use super::bill::{Bill, processor_seconds};
use super::work::Done;
use crate::Ending;
use crate::table::{right, table};

/// How often the bar is drawn anew while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// Tells people or machines how it goes.
pub(super) struct Reporter {
    json: bool,
    bar: Option<ProgressBar>,
    began: Instant,
    /// What had been taken of it before.
    processor_seconds: f64,
    /// What there was nothing to do for.
    left: Tally,
    /// What was worked on, by outcome.
    outcomes: BTreeMap<&'static str, u64>,
    /// Of the outcomes that have reasons.
    reasons: BTreeMap<String, u64>,
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Reporter {
    /// `known` is how many pictures there are, if anybody has counted them.
    pub(super) fn new(json: bool, known: Option<u64>) -> Reporter {
        let bar = (std::io::stderr().is_terminal() && !json).then(|| {
            let bar = match known {
                Some(pictures) => ProgressBar::new(pictures)
                    .with_style(style("{bar:30} {pos}/{len} pictures  {per_sec}  {eta} left")),
                None => ProgressBar::no_length().with_style(style("{spinner} {pos} pictures  {per_sec}")),
            };
            bar.enable_steady_tick(TICK);
            bar
        });
        Reporter {
            json,
            bar,
            began: Instant::now(),
            processor_seconds: processor_seconds(),
            left: Tally::default(),
            outcomes: BTreeMap::new(),
            reasons: BTreeMap::new(),
        }
    }

    pub(super) fn report(&mut self, done: &Done) -> Result<()> {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        match done {
            Done::Left(state) => self.left.add_state(state),
            Done::Processed(processed) => {
                let outcome = &processed.outcome;
                *self.outcomes.entry(outcome.name()).or_default() += 1;
                if let Some(reason) = outcome.reason() {
                    *self.reasons.entry(format!("{} {reason}", outcome.name())).or_default() += 1;
                }
                self.print(processed)?;
            }
        }
        Ok(())
    }

    fn print(&self, processed: &Processed) -> Result<()> {
        let Processed { hint, outcome, effort } = processed;
        let mut out = std::io::stdout();
        if self.json {
            let line = json!({
                "source": hint.key,
                "outcome": outcome.name(),
                "reason": outcome.reason(),
                "message": outcome.message(),
                "ms": effort.total.as_millis(),
            });
            writeln!(out, "{line}")?;
        } else if matches!(outcome, Outcome::Rejected(_) | Outcome::Retry(_)) {
            let message = outcome.message().unwrap_or_default();
            let line = format!(
                "{}: {} {}: {message}",
                hint.key,
                outcome.name(),
                outcome.reason().unwrap_or_default()
            );
            match &self.bar {
                Some(bar) => bar.suspend(|| writeln!(out, "{line}"))?,
                None => writeln!(out, "{line}")?,
            }
        }
        Ok(())
    }

    /// The sums. They add up to the pictures that were listed.
    pub(super) fn finish(self, requests: Requests, is_stopped: bool) -> Result<Ending> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let failed = self.outcomes.get("retry").copied().unwrap_or_default();
        let pictures: u64 = self.outcomes.values().sum();
        let bill = Bill {
            pictures,
            requests,
            processor_seconds: processor_seconds() - self.processor_seconds,
            seconds: self.began.elapsed().as_secs_f64(),
        };
        let mut out = std::io::stdout();
        if self.json {
            writeln!(out, "{}", self.summary(bill, is_stopped)?)?;
        } else {
            writeln!(out, "{}\n\n{}", self.sums(pictures), bill.to_table("measured")?)?;
        }
        if is_stopped {
            eprintln!("stopped; the same command goes on from here");
        } else if failed > 0 {
            eprintln!("{failed} did not work this time; the same command tries them again");
        }
        Ok(if is_stopped || failed > 0 { Ending::NotWell } else { Ending::Well })
    }

    fn sums(&self, pictures: u64) -> Table {
        let mut sums = table(&["pictures", ""]);
        right(&mut sums, 1);
        for (state, count) in self.left.in_order().filter(|(_, count)| *count > 0) {
            sums.add_row([format!("{}: nothing to do", state.replace('_', " ")), count.to_string()]);
        }
        for outcome in OUTCOMES {
            if let Some(count) = self.outcomes.get(outcome) {
                sums.add_row([outcome.replace('_', " "), count.to_string()]);
            }
        }
        sums.add_row(["all".to_owned(), (self.left.sources + pictures).to_string()]);
        sums
    }

    fn summary(&self, bill: Bill, is_stopped: bool) -> Result<Value> {
        let left: BTreeMap<&str, u64> = self.left.in_order().filter(|(_, count)| *count > 0).collect();
        Ok(json!({ "summary": {
            "listed": self.left.sources + bill.pictures,
            "left": left,
            "outcomes": self.outcomes,
            "reasons": self.reasons,
            "measured": bill.to_json()?,
            "stopped": is_stopped,
        }}))
    }
}
