//! Keys of every kind, by every way in: the right key comes out, or a refusal that is recorded, and nothing else.

mod corpus;
mod envelopes;
mod upload;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde_json::json;
use thumbline::Presets;
use thumbline::layout::{Layout, MAX_KEY_BYTES};

use self::envelopes::{Form, Heard};
use crate::check::{Check, Finding, Terms, progress};

/// With short names and long ones, and formats that are chosen when the picture is seen.
const PRESETS: [&str; 3] = [
    "small=8x8:cover:png wide=12x:png",
    "a=9x:auto",
    "a-name-that-is-rather-long-for-a-preset-and-still-allowed=9x:webp",
];

/// The check.
pub(crate) struct Keys;

#[async_trait]
impl Check for Keys {
    fn name(&self) -> &'static str {
        "keys"
    }

    fn promise(&self) -> &'static str {
        "every key of S3 is itself by every way in, and no two sources share an output"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let keys = corpus::all(terms.seed, terms.length.of(6_000, 100_000));
        let mut finding = Finding::default();
        for key in &keys {
            by_every_way(key, &mut finding);
        }
        refused(&mut finding);
        let heard = finding.cases;
        for presets in PRESETS {
            lie_apart(&keys, &presets.parse()?, &mut finding);
        }
        progress(&format!("{} keys, heard {heard} times", keys.len()));
        let uploaded = upload::all(terms, &keys, &mut finding).await?;
        finding.figure = format!("{} keys by 13 ways; {uploaded} through a whole stack", keys.len());
        Ok(finding)
    }
}

fn hold(finding: &mut Finding, way: &str, expected: &str, heard: &Heard) {
    finding.cases += 1;
    if heard.as_deref() != Ok(&[expected.to_owned()][..]) {
        finding.violations.push(format!("{expected:?} by {way} is {heard:?}"));
    }
}

fn by_every_way(key: &str, finding: &mut Finding) {
    for form in Form::ALL {
        let written = form.write(key);
        for (way, envelope) in envelopes::all(&written, Some(key)) {
            hold(finding, way, key, &envelopes::hear(&envelope.to_string()));
            if form == Form::Least {
                hold(finding, way, key, &envelopes::hear(&envelopes::in_ascii(&envelope)));
            }
        }
    }
    // In a path, `+` is itself.
    for form in [Form::All, Form::LowerCase] {
        let sent = form.write(key).replace('+', "%20");
        for (way, event) in envelopes::requests(&sent, Some(key)) {
            let heard = envelopes::hear_request(&event.to_string());
            if key.trim().is_empty() {
                // No client of S3 can ask for it: there is no such picture.
                finding.cases += 1;
                if heard.is_ok() {
                    finding.violations.push(format!("{key:?} by {way} is {heard:?}"));
                }
            } else {
                hold(finding, way, key, &heard);
            }
        }
    }
}

/// What is no key must be refused, by every way, and never be taken for another.
fn refused(finding: &mut Finding) {
    let mut refuse = |way: &str, written: &str, heard: Heard| {
        finding.cases += 1;
        if heard.is_ok() {
            finding.violations.push(format!("{written:?}, which is no key, is {heard:?} by {way}"));
        }
    };
    for written in corpus::NOT_UTF8 {
        for (way, envelope) in envelopes::all(written, None) {
            refuse(way, written, envelopes::hear(&envelope.to_string()));
        }
        for (way, event) in envelopes::requests(written, None) {
            refuse(way, written, envelopes::hear_request(&event.to_string()));
        }
    }
    for half in corpus::LONE_SURROGATES {
        let events = [envelopes::notification("KEY"), envelopes::event_bridge("KEY")];
        for event in events {
            let text = event.to_string().replace("KEY", half);
            refuse("JSON", half, envelopes::hear(&text));
            let queued = json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "1", "body": text }] });
            refuse("SQS", half, envelopes::hear(&queued.to_string()));
        }
    }
    for (way, envelope) in envelopes::all("", None) {
        refuse(way, "", envelopes::hear(&envelope.to_string()));
    }
    let long = "k".repeat(MAX_KEY_BYTES + 1);
    for (way, event) in envelopes::requests(&long, Some(&long)) {
        refuse(way, "a key of 1,025 bytes", envelopes::hear_request(&event.to_string()));
    }
}

/// All outputs have keys that S3 takes, and each lies under the prefix of one source alone.
fn lie_apart(keys: &BTreeSet<String>, presets: &Presets, finding: &mut Finding) {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for key in keys {
        let layout = Layout::of(key, presets);
        finding.cases += 1;
        if let Some(other) = owners.insert(layout.prefix().to_owned(), key) {
            finding.violations.push(format!("{key:?} and {other:?} share {:?}", layout.prefix()));
        }
        let thumbnails = presets.iter().flat_map(|preset| {
            let formats = preset.rendition.format.formats();
            formats.map(|format| layout.thumbnail(&preset.name, format))
        });
        for output in thumbnails.chain([layout.manifest()]) {
            // A listing shows what lies directly below a prefix: up to the last `/`, that must be the source's own.
            let folder = output.rfind('/').and_then(|at| output.get(..=at));
            if output.len() > MAX_KEY_BYTES || folder != Some(layout.prefix()) {
                finding.violations.push(format!("{key:?} has the output {output:?}"));
            }
        }
    }
}
