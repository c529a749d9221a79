//! What came of each sample, held against what should have come, and told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;
use thumbline::Envelope;
use thumbline::manifest::ThumbnailFacts;
use thumbline_local::InvocationRecord;

use super::expected::Picture;
use crate::Ending;
use crate::table::{right, table};

/// What the function said about one key.
#[derive(Debug)]
pub(crate) struct Answered {
    outcome: String,
    reason: Option<String>,
    message: Option<String>,
    ms: Option<u64>,
}

/// What the function answers to a notification.
#[derive(Deserialize)]
struct Answer {
    outcomes: Vec<AnswerOutcome>,
}

#[derive(Deserialize)]
struct AnswerOutcome {
    key: String,
    outcome: String,
    reason: Option<String>,
    message: Option<String>,
    ms: u64,
}

/// What a finished invocation says about the keys that it was about; nothing while it will be tried again.
pub(crate) fn answers(record: &InvocationRecord) -> Vec<(String, Answered)> {
    match &record.outcome {
        Ok(response) => match serde_json::from_slice::<Answer>(response) {
            Ok(answer) => answer
                .outcomes
                .into_iter()
                .map(|AnswerOutcome { key, outcome, reason, message, ms }| {
                    (key, Answered { outcome, reason, message, ms: Some(ms) })
                })
                .collect(),
            Err(_) => Vec::new(),
        },
        Err(_) if record.will_retry => Vec::new(),
        Err(error) => keys(&record.payload)
            .into_iter()
            .map(|key| {
                let (reason, message) = (Some(error.kind.clone()), Some(error.document.clone()));
                (key, Answered { outcome: "retry".to_owned(), reason, message, ms: None })
            })
            .collect(),
    }
}

/// The keys that an event is about.
fn keys(payload: &[u8]) -> Vec<String> {
    match serde_json::from_slice(payload).map(Envelope::read) {
        Ok(Ok(Envelope::Notification(hints))) => hints.into_iter().map(|hint| hint.key).collect(),
        _ => Vec::new(),
    }
}

/// A thumbnail that was fetched.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) facts: ThumbnailFacts,
    /// Its path below the folder.
    pub(crate) path: PathBuf,
}

/// What came of one sample.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) file: String,
    pub(crate) thumbnails: Vec<Kept>,
    answered: Answered,
    /// What should have come, where it did not.
    differences: Vec<String>,
}

impl Came {
    pub(crate) fn new(picture: &Picture, answered: Answered, thumbnails: Vec<Kept>) -> Came {
        let mut differences = Vec::new();
        let mut compare = |what: &str, found: &str, expected: &str| {
            if found != expected {
                differences.push(format!("{}: {what} is {found}, expected {expected}", picture.file));
            }
        };
        compare("the outcome", &answered.outcome, &picture.outcome);
        let reasons = [&answered.reason, &picture.reason].map(|reason| reason.as_deref().unwrap_or("none"));
        compare("the reason", reasons[0], reasons[1]);
        let sizes: BTreeMap<&str, String> =
            thumbnails.iter().map(|t| (t.facts.preset.as_str(), size(t))).collect();
        let expected: BTreeMap<&str, String> =
            picture.thumbnails.iter().map(|(preset, size)| (preset.as_str(), size.clone())).collect();
        if sizes != expected {
            differences
                .push(format!("{}: the thumbnails are {sizes:?}, expected {expected:?}", picture.file));
        }
        Came { file: picture.file.clone(), thumbnails, answered, differences }
    }

    /// The outcome in a few words.
    pub(crate) fn told(&self) -> String {
        match &self.answered.message {
            Some(message) => format!("{} ({message})", self.answered.outcome),
            None => self.answered.outcome.clone(),
        }
    }

    /// Sizes and length of the thumbnails, or why there are none.
    fn details(&self) -> String {
        match &self.answered.message {
            Some(message) => message.clone(),
            None => self
                .thumbnails
                .iter()
                .map(|t| format!("{} {} {}", t.facts.preset, size(t), crate::table::bytes(t.facts.bytes)))
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }
}

fn size(thumbnail: &Kept) -> String {
    format!("{}x{}", thumbnail.facts.width, thumbnail.facts.height)
}

/// Prints what came.
pub(crate) fn show(came: &[Came], out: &Path, as_json: bool) -> Ending {
    let differences: Vec<&String> = came.iter().flat_map(|c| &c.differences).collect();
    if as_json {
        for picture in came {
            println!("{}", json_line(picture));
        }
    } else {
        print_table(came);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for picture in came {
            *counts.entry(&picture.answered.outcome).or_default() += 1;
        }
        let counts: Vec<String> = counts.iter().map(|(outcome, n)| format!("{n} {outcome}")).collect();
        println!("\n{} pictures: {}.", came.len(), counts.join(", "));
        println!("Look at the thumbnails: {}", out.join("index.html").display());
    }
    for difference in &differences {
        eprintln!("NOT AS EXPECTED  {difference}");
    }
    if differences.is_empty() { Ending::Well } else { Ending::NotWell }
}

fn print_table(came: &[Came]) {
    let mut table = table(&["source", "outcome", "thumbnails", "ms"]);
    for picture in came {
        let ms = picture.answered.ms.map(|ms| ms.to_string()).unwrap_or_default();
        table.add_row([picture.file.clone(), picture.answered.outcome.clone(), picture.details(), ms]);
    }
    right(&mut table, 3);
    println!("{table}");
}

fn json_line(picture: &Came) -> serde_json::Value {
    let Answered { outcome, reason, message, ms } = &picture.answered;
    let thumbnails: Vec<_> = picture
        .thumbnails
        .iter()
        .map(|t| {
            let facts = &t.facts;
            json!({
                "preset": facts.preset, "path": t.path, "width": facts.width, "height": facts.height,
                "bytes": facts.bytes,
            })
        })
        .collect();
    json!({
        "source": picture.file, "outcome": outcome, "reason": reason, "message": message, "thumbnails": thumbnails,
        "ms": ms, "differences": picture.differences,
    })
}
