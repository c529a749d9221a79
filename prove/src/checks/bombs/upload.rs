//! All of them through the real door: put into the input bucket of a stack, under the names of pictures.

use std::collections::BTreeMap;

use anyhow::Context;
use thumbline::Manifest;
use thumbline::manifest::Status;

use super::liar::{Fate, Liar};
use crate::check::{Finding, Terms};
use crate::stage::deployment::Deployment;

/// Puts them all, and looks at what became of each.
pub(super) async fn all(
    terms: &Terms,
    liars: Vec<Liar>,
    endings: &[String],
    finding: &mut Finding,
) -> anyhow::Result<()> {
    let deployment = Deployment::start(terms, |options| {
        options.parameters.insert("Presets".to_owned(), crate::alone::PRESETS.to_owned());
        options.logs = thumbline_local::LogSink::new(|_| ());
    })
    .await?;
    let mut records = deployment.stack.lambda().subscribe();
    let mut sent = BTreeMap::new();
    for (liar, ending) in liars.into_iter().zip(endings) {
        let key = format!("{}.jpg", liar.name);
        deployment.change(&key, Some(&liar.bytes)).await?;
        deployment.stack.idle().await;
        while let Ok(record) = records.try_recv() {
            if let Err(error) = &record.outcome {
                finding.violations.push(format!("{key}: attempt {}: {}", record.attempt, error.document));
            }
        }
        sent.insert(key, (liar.fate, ending));
    }
    for (key, (fate, ending)) in sent {
        finding.cases += 1;
        let manifest = match manifest(&deployment, &key).await {
            Ok(manifest) => manifest,
            Err(error) => {
                finding.violations.push(format!("{key}: {error:#}"));
                continue;
            }
        };
        let found = match (&manifest.status, &manifest.rejection) {
            (Status::Ready, None) => "made",
            (Status::Rejected, Some(rejection)) => &rejection.code,
            other => anyhow::bail!("{key} has a manifest of {other:?}"),
        };
        // A function has less memory for a picture than the engine has by itself, and refuses some for that.
        let is_too_much = matches!(fate, Fate::Giant(_)) && found == "too_large";
        if found != ending.as_str() && !is_too_much {
            finding
                .violations
                .push(format!("{key} is {ending} to the engine alone, and {found} to the function"));
        }
    }
    Ok(())
}

async fn manifest(deployment: &Deployment, key: &str) -> anyhow::Result<Manifest> {
    let name = format!("{key}/manifest.json");
    let got = deployment.client.get_object().bucket(deployment.output()).key(&name).send();
    let got = got.await.with_context(|| format!("there is no {name}"))?;
    let bytes = got.body.collect().await?.to_vec();
    Manifest::parse(&bytes).with_context(|| format!("{name} is no manifest"))
}
