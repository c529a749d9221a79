//! Some of the keys through a whole stack: uploaded, seen by the function through real events, asked for through the API.

use std::collections::BTreeSet;

use anyhow::Context;
use aws_sdk_s3::types::EncodingType;
use thumbline::layout::Layout;
use thumbline::{Manifest, Presets};

use super::envelopes::{self, Form};
use crate::check::{Finding, Terms};
use crate::stage::deployment::Deployment;
use crate::stage::pictures;

/// Uploads keys of every kind, and holds what came of each against it. How many there were.
pub(super) async fn all(
    terms: &Terms,
    keys: &BTreeSet<String>,
    finding: &mut Finding,
) -> anyhow::Result<usize> {
    let chosen = choose(keys, terms.length.of(300, 3_000));
    let deployment = Deployment::start(terms, |options| {
        options.parameters.insert("Api".to_owned(), "enabled".to_owned());
        options.logs = thumbline_local::LogSink::new(|_| ());
    })
    .await?;
    for (key, number) in chosen.iter().zip(0..) {
        deployment.change(key, Some(&pictures::picture(number)?)).await?;
    }
    deployment.stack.idle().await;
    let presets: Presets = pictures::PRESETS.parse()?;
    let mut expected = BTreeSet::new();
    for key in &chosen {
        finding.cases += 1;
        let layout = Layout::of(key, &presets);
        let thumbnails = presets.iter().flat_map(|preset| {
            preset
                .rendition
                .format
                .formats()
                .map(|format| layout.thumbnail(&preset.name, format))
                .collect::<Vec<_>>()
        });
        expected.extend(thumbnails.chain([layout.manifest()]));
        match manifest(&deployment, &layout).await {
            Ok(manifest) if manifest.source.key == **key => {}
            Ok(manifest) => {
                finding.violations.push(format!("{key:?} has a manifest of {:?}", manifest.source.key));
            }
            Err(error) => finding.violations.push(format!("{key:?}: {error:#}")),
        }
        if let Err(problem) = ask(&deployment, key).await {
            finding.violations.push(format!("{key:?} by the API: {problem:#}"));
        }
    }
    let found = outputs(&deployment).await?;
    if found != expected {
        let missing: Vec<_> = expected.difference(&found).take(5).collect();
        let others: Vec<_> = found.difference(&expected).take(5).collect();
        finding
            .violations
            .push(format!("in the output bucket {missing:?} are missing, and {others:?} are too many"));
    }
    Ok(chosen.len())
}

/// As many of them, from every part of the alphabet; not those that AWS's SDK refuses to send.
fn choose(keys: &BTreeSet<String>, count: usize) -> Vec<&String> {
    let sendable: Vec<&String> = keys.iter().filter(|key| !key.trim().is_empty()).collect();
    let step = (sendable.len() / count).max(1);
    sendable.into_iter().step_by(step).collect()
}

async fn manifest(deployment: &Deployment, layout: &Layout) -> anyhow::Result<Manifest> {
    let name = layout.manifest();
    let got = deployment.client.get_object().bucket(deployment.output()).key(&name).send();
    let got = got.await.with_context(|| format!("there is no {name:?}"))?;
    Manifest::parse(&got.body.collect().await?.to_vec()).context("it is no manifest")
}

/// Asks the API's function for a thumbnail, as API Gateway does.
async fn ask(deployment: &Deployment, key: &str) -> anyhow::Result<()> {
    let sent = Form::All.write(key).replace('+', "%20");
    let events = envelopes::requests(&sent, None);
    let (_, mut event) = events.into_iter().find(|(way, _)| *way == "REST API").context("no REST API")?;
    event["multiValueQueryStringParameters"] = serde_json::json!({ "preset": ["small"] });
    let functions = deployment.stack.lambda().functions();
    let name =
        functions.into_iter().find(|function| function.handler == "api").context("no API")?.name.clone();
    let attempt = deployment.stack.lambda().invoke_when_free(&name, event.to_string().into()).await?;
    let answer = attempt.outcome.map_err(|error| anyhow::anyhow!(error.document))?;
    let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    anyhow::ensure!(answer["statusCode"] == 200, "{answer}");
    Ok(())
}

/// All keys of the output bucket.
async fn outputs(deployment: &Deployment) -> anyhow::Result<BTreeSet<String>> {
    let list =
        deployment.client.list_objects_v2().bucket(deployment.output()).encoding_type(EncodingType::Url);
    let mut pages = list.into_paginator().send();
    let mut keys = BTreeSet::new();
    while let Some(page) = pages.next().await {
        for object in page?.contents() {
            let key = object.key().context("an object without a key")?;
            let decoded =
                percent_encoding::percent_decode_str(&key.replace('+', " ")).decode_utf8()?.into_owned();
            keys.insert(decoded);
        }
    }
    Ok(keys)
}
