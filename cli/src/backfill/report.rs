//! What `thumbline backfill` says: a bar on a terminal, lines for what did not work, a table of what became of all.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use thumbline::outcome::OUTCOMES;
use thumbline::{Outcome, Processed};
use thumbline_audit::{Requests, STATES, Tally};

use super::here::Done;
use crate::Ending;
use crate::table::{bytes, right, table};

/// How often the bar is drawn anew while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// Tells people or machines how it goes.
pub(super) struct Reporter {
    json: bool,
    bar: Option<ProgressBar>,
    began: Instant,
    /// What there was nothing to do for.
    left: Tally,
    /// What was worked on, by outcome.
    outcomes: BTreeMap<&'static str, u64>,
    /// Of the outcomes that have reasons.
    reasons: BTreeMap<String, u64>,
}

/// How many pictures there are, as far as that is known.
pub(super) struct Total(ProgressBar);

impl Total {
    /// So many more have been listed.
    pub(super) fn add(&self, pictures: u64) {
        self.0.inc_length(pictures);
    }

    /// There are no more.
    pub(super) fn is_known(&self) {
        self.0.set_style(style("{bar:30} {pos}/{len} pictures  {per_sec}  {eta} left"));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Reporter {
    pub(super) fn new(json: bool) -> Reporter {
        let bar = (std::io::stderr().is_terminal() && !json).then(|| {
            let bar = ProgressBar::new(0).with_style(style("{spinner} {pos}/{len}+ pictures  {per_sec}"));
            bar.enable_steady_tick(TICK);
            bar
        });
        Reporter {
            json,
            bar,
            began: Instant::now(),
            left: Tally::default(),
            outcomes: BTreeMap::new(),
            reasons: BTreeMap::new(),
        }
    }

    /// Where to tell how many pictures there are; `None` where nobody watches.
    pub(super) fn total(&self) -> Option<Total> {
        self.bar.clone().map(Total)
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
        let seconds = self.began.elapsed().as_secs_f64();
        let processed: u64 = self.outcomes.values().sum();
        let listed = self.left.sources + processed;
        let mut out = std::io::stdout();
        if self.json {
            writeln!(out, "{}", self.summary(listed, seconds, requests, is_stopped))?;
        } else {
            let mut sums = table(&["pictures", ""]);
            right(&mut sums, 1);
            for (state, count) in self.left.in_order().filter(|(_, count)| *count > 0) {
                let _ = sums.add_row([format!("{} already", state.replace('_', " ")), count.to_string()]);
            }
            for outcome in OUTCOMES {
                if let Some(count) = self.outcomes.get(outcome) {
                    let _ = sums.add_row([outcome.replace('_', " "), count.to_string()]);
                }
            }
            let _ = sums.add_row(["all".to_owned(), listed.to_string()]);
            writeln!(out, "{sums}\n")?;
            let Requests { list, get, head, put, delete, read_bytes, written_bytes } = requests;
            writeln!(
                out,
                "S3: {list} LIST, {get} GET, {head} HEAD, {put} PUT, {delete} DELETE; {} read, {} written; {seconds:.1} s",
                bytes(read_bytes),
                bytes(written_bytes)
            )?;
        }
        if is_stopped {
            eprintln!("stopped; the same command goes on from here");
        } else if failed > 0 {
            eprintln!("{failed} did not work this time; the same command tries them again");
        }
        Ok(if is_stopped || failed > 0 { Ending::NotWell } else { Ending::Well })
    }

    fn summary(&self, listed: u64, seconds: f64, requests: Requests, is_stopped: bool) -> Value {
        let left: BTreeMap<&str, u64> = STATES
            .iter()
            .map(|state| (*state, self.left.of(state)))
            .filter(|(_, count)| *count > 0)
            .collect();
        json!({ "summary": {
            "listed": listed,
            "left": left,
            "outcomes": self.outcomes,
            "reasons": self.reasons,
            "requests": requests,
            "seconds": (seconds * 1e3).round() / 1e3,
            "stopped": is_stopped,
        }})
    }
}
