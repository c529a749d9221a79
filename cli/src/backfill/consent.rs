//! Whether it may be done: above a sum, somebody is asked who can see what it will cost.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Result, bail};
use thumbline_audit::{Prices, Requests};

use super::bill::dollars;

/// Above which sum somebody is asked.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Consent {
    /// Ask before more than this is spent, in US dollars
    #[arg(long, value_name = "DOLLARS", default_value_t = 10.0, value_parser = sum)]
    ask_above: f64,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

fn sum(text: &str) -> Result<f64, String> {
    let sum = text.parse().ok().filter(|sum: &f64| sum.is_finite() && *sum >= 0.0);
    sum.ok_or_else(|| format!("{text:?} is no sum such as 10 or 2.50"))
}

impl Consent {
    /// So many pictures can't cost more than what needs no asking, whatever they are. `None`: nothing needs asking.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    pub(super) fn pictures_without_asking(self, presets: u64) -> Result<Option<u64>> {
        if self.yes {
            return Ok(None);
        }
        let one = Requests { list: 1, get: 3, head: 1, put: presets + 1, ..Requests::default() };
        Ok(Some((self.ask_above / Prices::current()?.of_requests(&one)) as u64))
    }

    /// Asks, if it will cost more than what needs no asking. What it is has been told.
    pub(super) fn ask(self, cost: f64) -> Result<()> {
        if self.yes || cost <= self.ask_above {
            return Ok(());
        }
        let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
        let (cost, limit) = (dollars(cost), dollars(self.ask_above));
        if !stdin.is_terminal() || !stderr.is_terminal() {
            bail!(
                "it will cost about {cost}, and nobody can be asked: say --yes, or --ask-above a sum above that"
            );
        }
        write!(stderr, "\nThat is about {cost}, and more than {limit} (--ask-above). Go on? [y/N] ")?;
        stderr.flush()?;
        let mut answer = String::new();
        stdin.lock().read_line(&mut answer)?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => bail!("nothing was done"),
        }
    }
}
