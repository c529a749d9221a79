//! What lies in the output bucket for a source, in a form in which the outputs of two sources with the same bytes are equal.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Context;
use aws_sdk_s3::Client;
use thumbline::layout::is_on_demand_name;

/// The outputs of one source, by what their keys have after the source's.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Outputs(BTreeMap<String, Output>);

#[derive(Clone, PartialEq, Eq)]
struct Output {
    content_type: Option<String>,
    cache_control: Option<String>,
    metadata: BTreeMap<String, String>,
    /// With the source's key left out.
    body: Vec<u8>,
}

impl Outputs {
    /// Reads them all. The source's key is one that JSON has as it is, and not so long that its outputs lie elsewhere.
    pub(crate) async fn of(client: &Client, bucket: &str, key: &str) -> anyhow::Result<Outputs> {
        let prefix = format!("{key}/");
        let mut pages =
            client.list_objects_v2().bucket(bucket).prefix(&prefix).delimiter("/").into_paginator().send();
        let mut outputs = BTreeMap::new();
        while let Some(page) = pages.next().await {
            for object in page.with_context(|| format!("listing {prefix:?}"))?.contents() {
                let name = object.key().context("a listed object without a key")?;
                let got = client.get_object().bucket(bucket).key(name).send();
                let got = got.await.with_context(|| format!("reading {name:?}"))?;
                let output = Output {
                    content_type: got.content_type,
                    cache_control: got.cache_control,
                    metadata: got.metadata.unwrap_or_default().into_iter().collect(),
                    body: without(&got.body.collect().await?.to_vec(), key),
                };
                outputs.insert(name.trim_start_matches(&prefix).to_owned(), output);
            }
        }
        Ok(Outputs(outputs))
    }

    /// How many were made because somebody asked for a size.
    pub(crate) fn asked_for(&self) -> usize {
        self.0.keys().filter(|name| is_on_demand_name(name)).count()
    }

    /// The others.
    pub(crate) fn planned(&self) -> Outputs {
        Outputs(
            self.0
                .iter()
                .filter(|(name, _)| !is_on_demand_name(name))
                .map(|(n, o)| (n.clone(), o.clone()))
                .collect(),
        )
    }

    /// How these differ from others, in words; `None` where they do not.
    pub(crate) fn difference(&self, expected: &Outputs) -> Option<String> {
        if self == expected {
            return None;
        }
        let others = self
            .0
            .iter()
            .filter(|(name, output)| expected.0.get(*name).is_some_and(|expected| expected != *output));
        let others: Vec<_> = others.map(|(name, _)| name).collect();
        Some(format!("found {self:?} instead of {expected:?}; of another source: {others:?}"))
    }
}

impl fmt::Debug for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn without(body: &[u8], key: &str) -> Vec<u8> {
    match std::str::from_utf8(body) {
        Ok(text) => text.replace(key, "{key}").into_bytes(),
        Err(_) => body.to_vec(),
    }
}
