//! What was found, on disk: there may be as many findings as pictures, and memory is for walking.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use thumbline_audit::{Account, Owner};

/// How many are shown at once to people.
pub(super) const SHOWN: usize = 12;

/// Findings being written.
pub(super) struct Findings {
    /// All that is known of each, to repair it by.
    spool: BufWriter<File>,
    /// What people and machines are told of each.
    told: Option<BufWriter<File>>,
    found: Found,
}

/// Findings, complete.
pub(super) struct Found {
    spool: Option<File>,
    /// The first few.
    pub(super) first: Vec<Finding>,
    /// How many there are.
    pub(super) count: u64,
    /// Sources that are gone while outputs of theirs are there.
    gone: u64,
}

/// One line of what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// A source's state, or `orphaned`.
    pub(super) state: &'static str,
    /// The source's key; for orphaned outputs, that of the source that they would be of, if there can be one.
    pub(super) source: Option<String>,
    /// The outputs that it is about.
    pub(super) outputs: Vec<String>,
    /// In words.
    pub(super) message: String,
}

impl Finding {
    /// What an account says that is not as it should be.
    pub(super) fn of(account: &Account) -> Vec<Finding> {
        let unsettled = account.source.as_ref().filter(|source| !source.state.is_settled());
        let mut findings: Vec<Finding> = unsettled
            .map(|source| Finding {
                state: source.state.name(),
                source: Some(source.key.clone()),
                outputs: source.state.outputs().to_vec(),
                message: source.state.to_string(),
            })
            .into_iter()
            .collect();
        for orphans in &account.orphans {
            let message = match &orphans.of {
                Owner::Gone(_) => "outputs of a source that is not there",
                Owner::Beside(_) => "outputs that this source should not have",
                Owner::Nobody => "outputs that no source could have",
            };
            findings.push(Finding {
                state: "orphaned",
                source: orphans.of.source().map(str::to_owned),
                outputs: orphans.outputs.iter().map(|output| output.key.clone()).collect(),
                message: message.to_owned(),
            });
        }
        findings
    }

    pub(super) fn to_json(&self) -> Value {
        let Finding { state, source, outputs, message } = self;
        json!({ "state": state, "source": source, "outputs": outputs, "message": message })
    }
}

impl Findings {
    /// Findings that are also written to `told`, if that is named.
    pub(super) fn create(told: Option<&Path>) -> Result<Findings> {
        let spool = tempfile::tempfile().context("there is no room for temporary files")?;
        let told = told.map(|path| {
            File::create(path)
                .map(BufWriter::new)
                .with_context(|| format!("{} can't be written", path.display()))
        });
        let found = Found { spool: None, first: Vec::new(), count: 0, gone: 0 };
        Ok(Findings { spool: BufWriter::new(spool), told: told.transpose()?, found })
    }

    pub(super) fn add(&mut self, account: &Account) -> Result<()> {
        serde_json::to_writer(&mut self.spool, account)?;
        self.spool.write_all(b"\n")?;
        let is_gone = account.orphans.iter().any(|orphans| matches!(orphans.of, Owner::Gone(_)));
        self.found.gone += u64::from(is_gone);
        for finding in Finding::of(account) {
            if let Some(told) = &mut self.told {
                writeln!(told, "{}", finding.to_json())?;
            }
            self.found.count += 1;
            if self.found.first.len() < SHOWN {
                self.found.first.push(finding);
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Found> {
        if let Some(mut told) = self.told {
            told.flush().context("the findings can't be written")?;
        }
        let mut spool = self.spool.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        spool.seek(SeekFrom::Start(0))?;
        self.found.spool = Some(spool);
        Ok(self.found)
    }
}

impl Found {
    /// Sources that are gone while outputs of theirs are there.
    pub(super) fn gone(&self) -> u64 {
        self.gone
    }

    /// All of them once more, one after the other.
    pub(super) fn read(self) -> Result<impl Iterator<Item = Result<Account>>> {
        let spool = self.spool.context("the findings are still being written")?;
        Ok(BufReader::new(spool).lines().map(|line| Ok(serde_json::from_str(&line?)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use thumbline_audit::{SourceAccount, State};

    #[test]
    fn what_was_found_is_read_again_as_it_was() {
        let state = State::Missing { outputs: vec!["a.jpg/small.webp".to_owned()] };
        let account =
            Account { source: Some(SourceAccount { key: "a.jpg".to_owned(), state }), ..Account::default() };
        let mut findings = Findings::create(None).unwrap();
        findings.add(&account).unwrap();
        let found = findings.finish().unwrap();
        assert_eq!((found.count, found.first[0].state), (1, "missing"));
        let again: Vec<Account> = found.read().unwrap().map(Result::unwrap).collect();
        assert_eq!(again, [account]);
    }
}
