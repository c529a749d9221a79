//! Files that were made to cost: a few bytes that stand for gigabytes, headers that lie, pictures that are none.
//!
//! Each goes through the engine in a process of its own, so that the memory and the time are the file's alone; and all of them
//! go through the real door, where each must come to a manifest at the first attempt.

pub(super) mod avif;
mod bmp;
pub(super) mod bytes;
mod corpus;
mod cut;
mod disguises;
pub(super) mod exif;
pub(super) mod gif;
pub(super) mod jpeg;
mod liar;
pub(super) mod png;
pub(super) mod tiff;
mod upload;
pub(super) mod webp;

use std::path::PathBuf;

use anyhow::Context;
use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use thumbline_imaging::Limits;

use self::liar::{Fate, Liar};
use crate::alone::{self, Account};
use crate::check::{Check, Finding, Terms, progress};

const MEBIBYTE: u64 = 1 << 20;

/// Above what the process holds after a small picture, besides the file itself.
const MEMORY: u64 = 64 * MEBIBYTE;
/// Where the header suffices.
const HEADER_MS: f64 = 100.0;
/// Where it does not.
const ALL_MS: f64 = 2_000.0;
/// For a picture of 120 megapixels, whatever is in it.
const GIANT_MS: f64 = 15_000.0;

/// How many processes at once.
const AT_ONCE: usize = 2;

/// The check.
pub(crate) struct Bombs;

#[async_trait]
impl Check for Bombs {
    fn name(&self) -> &'static str {
        "bombs"
    }

    fn promise(&self) -> &'static str {
        "a file that lies or blows up is refused at once, and costs at most 64 MiB besides itself, and 2 s"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let length = terms.length;
        let liars = tokio::task::spawn_blocking(move || corpus::all(length)).await??;
        let (mut finding, endings) = alone(terms, &liars).await?;
        progress(&format!("{} files alone: {}", liars.len(), finding.figure));
        upload::all(terms, liars, &endings, &mut finding).await?;
        Ok(finding)
    }
}

/// Each in a process of its own: what was found, and how each ended.
async fn alone(terms: &Terms, liars: &[Liar]) -> anyhow::Result<(Finding, Vec<String>)> {
    let folder = terms.subfolder("bombs".as_ref())?;
    let renderings: Vec<_> = liars.iter().map(|liar| render(folder.join(&liar.name), liar)).collect();
    let accounts: Vec<anyhow::Result<Account>> = stream::iter(renderings).buffered(AT_ONCE).collect().await;
    let mut finding = Finding { cases: liars.len() as u64, ..Finding::default() };
    let mut worst = Worst::default();
    let mut endings = Vec::new();
    for (liar, account) in liars.iter().zip(accounts) {
        match account {
            Ok(account) => {
                if account.cpu_ms > HEADER_MS {
                    progress(&format!("{}: {:.0} ms, {}", liar.name, account.cpu_ms, account.ending()));
                }
                finding.violations.extend(held_against(liar, &account));
                endings.push(account.ending().to_owned());
                worst.see(liar, &account);
            }
            Err(error) => {
                finding.violations.push(format!("{}: {error:#}", liar.name));
                endings.push("died".to_owned());
            }
        }
    }
    finding.figure = worst.to_string();
    Ok((finding, endings))
}

async fn render(file: PathBuf, liar: &Liar) -> anyhow::Result<Account> {
    tokio::fs::write(&file, &liar.bytes).await.context("writing a file")?;
    let account = alone::render(&file, alone::PRESETS).await;
    tokio::fs::remove_file(&file).await.context("removing a file")?;
    account
}

/// What an account has that it should not have.
fn held_against(liar: &Liar, account: &Account) -> Vec<String> {
    let Account { cpu_ms, extra_bytes, .. } = account;
    let (ending, name) = (account.ending(), &liar.name);
    let mut violations = Vec::new();
    let is_right = match liar.fate {
        Fate::ByHeader(code) => ending == code,
        Fate::Refused => ending != "made",
        Fate::Legal(_) => ending == "made",
        Fate::Either(_) | Fate::Giant(_) => true,
    };
    if !is_right || !account.is_about_the_picture {
        let message = account.refusal.as_ref().map(|(_, message)| message.as_str()).unwrap_or_default();
        violations.push(format!("{name} should be {:?}, and is {ending}: {message}", liar.fate));
    }
    let (time, memory) = match liar.fate {
        Fate::ByHeader(_) => (HEADER_MS, MEMORY),
        Fate::Refused | Fate::Legal(_) | Fate::Either(_) => (ALL_MS, MEMORY),
        Fate::Giant(_) => (GIANT_MS, Limits::default().max_memory_bytes),
    };
    if *cpu_ms > time {
        violations.push(format!("{name} took {cpu_ms:.0} ms of processor time, more than {time:.0}"));
    }
    if *extra_bytes > memory {
        let (took, allowed) = (extra_bytes / MEBIBYTE, memory / MEBIBYTE);
        violations.push(format!("{name} took {took} MiB, more than {allowed}"));
    }
    violations
}

/// The worst of all, giants apart.
#[derive(Default)]
struct Worst {
    header: Option<(f64, String)>,
    time: Option<(f64, String)>,
    memory: Option<(f64, String)>,
    giant_time: Option<(f64, String)>,
    giant_memory: Option<(f64, String)>,
}

impl Worst {
    #[allow(clippy::cast_precision_loss, reason = "megabytes for people")]
    fn see(&mut self, liar: &Liar, account: &Account) {
        let raise = |worst: &mut Option<(f64, String)>, value: f64| {
            if worst.as_ref().is_none_or(|(most, _)| value > *most) {
                *worst = Some((value, liar.name.clone()));
            }
        };
        let memory = account.extra_bytes as f64 / MEBIBYTE as f64;
        if let Fate::Giant(_) = liar.fate {
            raise(&mut self.giant_time, account.cpu_ms);
            raise(&mut self.giant_memory, memory);
            return;
        }
        if let Fate::ByHeader(_) = liar.fate {
            raise(&mut self.header, account.cpu_ms);
        } else {
            raise(&mut self.time, account.cpu_ms);
        }
        raise(&mut self.memory, memory);
    }
}

impl std::fmt::Display for Worst {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told = |worst: &Option<(f64, String)>, unit: &str| {
            worst.as_ref().map_or_else(String::new, |(most, name)| format!("{most:.0} {unit} ({name})"))
        };
        write!(
            f,
            "at most {}, {}, by their headers {}; the largest legal pictures {}, {}",
            told(&self.memory, "MiB"),
            told(&self.time, "ms"),
            told(&self.header, "ms"),
            told(&self.giant_memory, "MiB"),
            told(&self.giant_time, "ms"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Length;

    fn account(ending: Option<&str>, cpu_ms: f64, extra_bytes: u64) -> Account {
        Account {
            refusal: ending.map(|code| (code.to_owned(), String::new())),
            is_about_the_picture: true,
            digests: Vec::new(),
            cpu_ms,
            extra_bytes,
        }
    }

    fn violations(fate: Fate, account: &Account) -> usize {
        held_against(&liar::liar("a", fate, Vec::new()), account).len()
    }

    #[test]
    fn a_wrong_ending_too_much_time_and_too_much_memory_are_each_a_violation() {
        let header = Fate::ByHeader("too_large");
        assert_eq!(violations(header, &account(Some("too_large"), 1.0, MEBIBYTE)), 0);
        assert_eq!(violations(header, &account(Some("corrupt"), 1.0, MEBIBYTE)), 1);
        assert_eq!(violations(header, &account(Some("too_large"), 101.0, 65 * MEBIBYTE)), 2);
        assert_eq!(violations(Fate::Refused, &account(None, 1.0, 0)), 1);
        assert_eq!(violations(Fate::Legal(""), &account(Some("corrupt"), 1.0, 0)), 1);
        assert_eq!(violations(Fate::Giant(""), &account(None, 14_000.0, 900 * MEBIBYTE)), 0);
    }

    #[test]
    fn the_corpus_has_more_than_a_hundred_files_of_as_many_names() {
        let liars = corpus::all(Length::Short).unwrap();
        let names: std::collections::BTreeSet<&str> = liars.iter().map(|liar| liar.name.as_str()).collect();
        assert!(names.len() == liars.len() && names.len() > 100, "{}", names.len());
    }
}
