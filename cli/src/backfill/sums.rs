//! What `thumbline backfill` says where others do the work: how the pictures stood, what was sent, how they stand now.

use std::io::{IsTerminal, Write};

use anyhow::Result;
use futures::stream::{BoxStream, TryStreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use thumbline_audit::{SourceAccount, Tally};

use crate::Ending;
use crate::table::{right, table};

/// How many pictures that are not as they should be are named.
const NAMED: usize = 20;

/// What was sent to whoever does the work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) pictures: u64,
    pub(super) calls: u64,
}

/// How the pictures stood before and stand after.
pub(super) struct Sums {
    before: Tally,
    sent: Option<Sent>,
    after: Option<Tally>,
    /// Some of those that are not as they should be.
    unsettled: Vec<SourceAccount>,
    /// What the one who did the work says of it.
    told: Vec<(String, Value)>,
}

impl Sums {
    pub(super) fn new(before: Tally, sent: Option<Sent>) -> Sums {
        Sums { before, sent, after: None, unsettled: Vec::new(), told: Vec::new() }
    }

    /// Adds something that is worth a line of its own.
    pub(super) fn tell(&mut self, what: &str, value: impl Into<Value>) {
        self.told.push((what.to_owned(), value.into()));
    }

    /// Looks at all pictures. How many are not as they should be.
    pub(super) async fn look(
        &mut self,
        mut accounts: BoxStream<'static, Result<SourceAccount>>,
    ) -> Result<u64> {
        let (mut after, mut left) = (Tally::default(), 0);
        self.unsettled.clear();
        while let Some(account) = accounts.try_next().await? {
            after.add_state(&account.state);
            if !account.state.is_settled() {
                left += 1;
                if self.unsettled.len() < NAMED {
                    self.unsettled.push(account);
                }
            }
        }
        self.after = Some(after);
        Ok(left)
    }

    /// Says it all. Well, if every picture is as it should be.
    pub(super) fn finish(self, as_json: bool, is_stopped: bool) -> Result<Ending> {
        let last = self.after.as_ref().unwrap_or(&self.before);
        let is_well = last.is_settled() && !is_stopped;
        let mut out = std::io::stdout().lock();
        if as_json {
            for SourceAccount { key, state } in &self.unsettled {
                writeln!(
                    out,
                    "{}",
                    json!({ "source": key, "state": state.name(), "message": state.to_string() })
                )?;
            }
            let told: serde_json::Map<String, Value> = self.told.into_iter().collect();
            let summary = json!({ "summary": {
                "listed": self.before.sources,
                "before": self.before.states,
                "sent": self.sent.map(|sent| sent.pictures),
                "invocations": self.sent.map(|sent| sent.calls),
                "after": self.after.as_ref().map(|after| &after.states),
                "told": told,
                "stopped": is_stopped,
            }});
            writeln!(out, "{summary}")?;
        } else {
            let mut sums = table(&["pictures", "before", "now"]);
            (1..3).for_each(|column| right(&mut sums, column));
            let number = |number: u64| if number == 0 { String::new() } else { number.to_string() };
            for ((state, before), (_, now)) in self.before.in_order().zip(last.in_order()) {
                if before + now > 0 {
                    sums.add_row([state.replace('_', " "), number(before), number(now)]);
                }
            }
            sums.add_row(["all".to_owned(), self.before.sources.to_string(), last.sources.to_string()]);
            writeln!(out, "{sums}\n")?;
            if let Some(Sent { pictures, calls }) = self.sent {
                writeln!(out, "{pictures} pictures were sent in {calls} invocations")?;
            }
            for (what, value) in &self.told {
                writeln!(out, "{what}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))?;
            }
            for SourceAccount { key, state } in &self.unsettled {
                writeln!(out, "{key}: {}: {state}", state.name().replace('_', " "))?;
            }
        }
        if is_stopped {
            eprintln!("stopped; the same command goes on from here");
        } else if !is_well {
            eprintln!("what failed for good is in the failure queue, with reasons: `thumbline redrive`");
        }
        Ok(if is_well { Ending::Well } else { Ending::NotWell })
    }
}

/// How far it is, on a terminal.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn new(as_json: bool) -> Progress {
        let bar = (std::io::stderr().is_terminal() && !as_json).then(|| {
            let style = ProgressStyle::with_template("{spinner} {pos} pictures listed, {msg}");
            let bar = ProgressBar::no_length().with_message("none sent yet");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        Progress(bar)
    }

    pub(super) fn listed(&self, pictures: u64) {
        self.on(|bar| bar.set_position(pictures));
    }

    pub(super) fn sent(&self, pictures: u64) {
        self.say(format!("{pictures} sent"));
    }

    pub(super) fn left(&self, pictures: u64) {
        self.say(format!("{pictures} still to be made"));
    }

    /// Says something else.
    pub(super) fn say(&self, what: String) {
        self.on(|bar| bar.set_message(what));
    }

    pub(super) fn clear(&self) {
        self.on(ProgressBar::finish_and_clear);
    }

    fn on(&self, tell: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = &self.0 {
            tell(bar);
        }
    }
}
