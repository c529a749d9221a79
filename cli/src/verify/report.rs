//! What `thumbline verify` says: counts, the first few findings, and what became of repairs.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use thumbline::Outcome;
use thumbline_audit::{Account, Requests, Tally};

use super::findings::{Found, SHOWN};
use crate::Ending;
use crate::table::{right, table, whole};

/// How often the number of pictures is drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// Tells people or machines how it goes.
pub(super) struct Reporter {
    json: bool,
    bar: Option<ProgressBar>,
    began: Instant,
}

/// What became of repairs.
#[derive(Default)]
pub(super) struct Repaired {
    outcomes: BTreeMap<&'static str, u64>,
    /// Whether somebody stopped it before it was done.
    pub(super) is_stopped: bool,
}

impl Repaired {
    pub(super) fn add(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            *self.outcomes.entry(outcome.name()).or_default() += 1;
        }
    }

    fn is_complete(&self) -> bool {
        !self.is_stopped && !self.outcomes.contains_key("retry")
    }
}

impl Reporter {
    pub(super) fn new(json: bool) -> Reporter {
        let bar = (std::io::stderr().is_terminal() && !json).then(|| {
            let style = ProgressStyle::with_template("{spinner} {pos} pictures  {per_sec}  {msg}");
            let bar =
                ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(TICK);
            bar
        });
        Reporter { json, bar, began: Instant::now() }
    }

    pub(super) fn progress(&self, tally: &Tally) {
        if let Some(bar) = &self.bar {
            bar.set_position(tally.sources);
        }
    }

    /// Tells people what was found.
    pub(super) fn found(&self, tally: &Tally, found: &Found) -> Result<()> {
        if self.json {
            return Ok(());
        }
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let mut out = std::io::stdout();
        let mut counts = table(&["pictures", "", ""]);
        right(&mut counts, 1);
        for (state, count) in tally.in_order().filter(|(state, count)| *count > 0 || *state == "current") {
            let reasons = match state {
                "rejected" => &tally.rejected,
                "ignored" => &tally.ignored,
                _ => &BTreeMap::new(),
            };
            let reasons: Vec<String> = reasons
                .iter()
                .map(|(reason, count)| format!("{count} {}", reason.replace('_', " ")))
                .collect();
            counts.add_row([state.replace('_', " "), count.to_string(), reasons.join(", ")]);
        }
        counts.add_row(["all".to_owned(), tally.sources.to_string(), String::new()]);
        counts.add_row(["orphaned outputs".to_owned(), tally.orphaned.to_string(), String::new()]);
        writeln!(out, "{counts}")?;
        if !found.first.is_empty() {
            let mut shown = table(&["found", "source", ""]);
            whole(&mut shown, 0);
            for finding in &found.first {
                let source = finding.source.as_deref().unwrap_or_default();
                let message = match finding.state {
                    "orphaned" => format!("{}: {}", finding.message, finding.outputs.join(", ")),
                    _ => finding.message.clone(),
                };
                shown.add_row([&finding.state.replace('_', " "), source, &message]);
            }
            writeln!(out, "\n{shown}")?;
            let more = found.count.saturating_sub(SHOWN as u64);
            if more > 0 {
                writeln!(out, "and {more} more; --findings FILE writes all of them")?;
            }
        }
        Ok(())
    }

    /// Tells people of a repair that did not work.
    pub(super) fn repaired(&self, account: &Account, outcomes: &[Outcome]) -> Result<()> {
        let source = account.source.as_ref().map(|source| source.key.as_str());
        let of = account.orphans.iter().find_map(|orphans| orphans.of.source());
        let key = source.or(of).unwrap_or("an output");
        for outcome in outcomes.iter().filter(|outcome| outcome.must_retry() && !self.json) {
            let message = outcome.message().unwrap_or_default();
            writeln!(std::io::stdout(), "{key}: {message}")?;
        }
        Ok(())
    }

    pub(super) fn finish(
        &self,
        tally: &Tally,
        repaired: Option<&Repaired>,
        requests: Requests,
    ) -> Result<Ending> {
        let is_well = repaired.map_or_else(|| tally.is_settled(), Repaired::is_complete);
        let seconds = self.began.elapsed().as_secs_f64();
        let mut out = std::io::stdout();
        if self.json {
            writeln!(out, "{}", as_json(tally, repaired, requests, seconds, is_well))?;
            return Ok(if is_well { Ending::Well } else { Ending::NotWell });
        }
        if let Some(Repaired { outcomes, is_stopped }) = repaired {
            let said: Vec<String> =
                outcomes.iter().map(|(name, count)| format!("{count} {}", name.replace('_', " "))).collect();
            let stopped = if *is_stopped { "; stopped, and the same command goes on" } else { "" };
            writeln!(out, "\nrepaired: {}{stopped}", said.join(", "))?;
        } else if !is_well {
            writeln!(out, "\nnot everything is as it should be; --repair puts it right")?;
            if 2 * tally.of("other_recipe") > tally.sources {
                eprintln!(
                    "most are of another recipe: are these the function's presets? --presets says others"
                );
            }
        }
        Ok(if is_well { Ending::Well } else { Ending::NotWell })
    }
}

fn as_json(
    tally: &Tally,
    repaired: Option<&Repaired>,
    requests: Requests,
    seconds: f64,
    is_well: bool,
) -> Value {
    let states: BTreeMap<&str, u64> = tally.in_order().collect();
    json!({
        "sources": tally.sources,
        "states": states,
        "rejected": tally.rejected,
        "ignored": tally.ignored,
        "orphaned": tally.orphaned,
        "repaired": repaired.map(|repaired| &repaired.outcomes),
        "accounted": is_well,
        "requests": requests,
        "seconds": (seconds * 1e3).round() / 1e3,
    })
}
