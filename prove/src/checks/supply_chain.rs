//! What Thumbline is made of besides its own code, and what of its own code no compiler checks.

mod crates;
mod unsafe_code;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use async_trait::async_trait;
use serde_json::Value;

use crate::check::{Check, Finding, Terms, progress};

/// The processors that the layer is built for.
const TARGETS: [&str; 2] = ["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"];

/// The check.
pub(crate) struct SupplyChain;

#[async_trait]
impl Check for SupplyChain {
    fn name(&self) -> &'static str {
        "supply-chain"
    }

    fn promise(&self) -> &'static str {
        "every crate has a licence that is allowed, from one registry; every unsafe of ours is listed"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let mut finding = Finding::default();
        let foreign = crates::check(&terms.project, &mut finding)?;
        let linked = list_of_parts(terms, &mut finding)?;
        let unsafes = unsafe_code::check(&terms.project, &mut finding)?;
        let denied = deny(terms, &mut finding)?;
        finding.figure = format!(
            "{foreign} crates, {linked} of them in the layer's list; {unsafes} unsafe listed; {denied}"
        );
        Ok(finding)
    }
}

/// Makes the list of the layer's parts for each processor, and holds it against what such a list must have. How long it is.
fn list_of_parts(terms: &Terms, finding: &mut Finding) -> anyhow::Result<usize> {
    let mut longest = 0;
    for target in TARGETS {
        let out = terms.folder.join(format!("{target}.cdx.json"));
        let mut python = Command::new("python3");
        python.arg(terms.project.join("layer/sbom.py")).arg(target).arg(terms.bootstrap()).arg(&out);
        let output = python.output().context("running layer/sbom.py")?;
        anyhow::ensure!(
            output.status.success(),
            "layer/sbom.py: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let list: Value = serde_json::from_slice(&std::fs::read(&out)?)?;
        let components = list["components"].as_array().context("no components")?;
        let mut names = BTreeSet::new();
        for component in components {
            finding.cases += 1;
            let name = component["name"].as_str().unwrap_or_default();
            names.insert(name);
            let is_ours = name.starts_with("thumbline");
            let has_hash = component["hashes"][0]["content"].as_str().is_some_and(|hash| hash.len() == 64);
            let has_licence = component["licenses"][0]["expression"].is_string();
            if !(has_licence && (has_hash || is_ours)) {
                finding.violations.push(format!("{name} has no licence or no hash in the list for {target}"));
            }
        }
        for expected in ["thumbline", "thumbline-imaging", "libwebp-sys", "aws-sdk-s3", "rustls", "tokio"] {
            if !names.contains(expected) {
                finding.violations.push(format!("the list for {target} has no {expected}"));
            }
        }
        longest = longest.max(components.len());
    }
    Ok(longest)
}

/// Runs cargo-deny where it is installed: `make deny` does that.
fn deny(terms: &Terms, finding: &mut Finding) -> anyhow::Result<&'static str> {
    let built = terms.executables.join("../cargo-deny/bin/cargo-deny");
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<PathBuf>>());
    let found = on_path.unwrap_or_default().into_iter().map(|folder| folder.join("cargo-deny"));
    let Some(deny) = [built].into_iter().chain(found).find(|file| file.is_file()) else {
        progress("cargo-deny is not installed: `make deny` installs it");
        return Ok("cargo-deny not run");
    };
    let mut deny = Command::new(deny);
    deny.args(["--workspace", "--locked", "check", "licenses", "bans", "sources"])
        .current_dir(&terms.project);
    let output = deny.output().context("running cargo-deny")?;
    finding.cases += 1;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let errors: Vec<&str> = errors.lines().filter(|line| line.starts_with("error")).collect();
        finding.violations.push(format!("cargo-deny: {}", errors.join("; ")));
    }
    Ok("cargo-deny run")
}
