//! Other people's crates, by what `cargo metadata` tells of them: licences, sources, checksums.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};

use crate::check::Finding;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A crate.
#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    license: Option<String>,
    /// `None` for members of the workspace.
    source: Option<String>,
}

/// What deny.toml allows.
#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

/// Holds all crates against deny.toml and Cargo.lock. How many are other people's.
pub(super) fn check(project: &Path, finding: &mut Finding) -> anyhow::Result<usize> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--format-version", "1", "--locked"]).current_dir(project);
    let output = cargo.output().context("running cargo metadata")?;
    anyhow::ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("reading cargo metadata")?;
    let policy: Policy = read(&project.join("deny.toml"))?;
    let lock: Lock = read(&project.join("Cargo.lock"))?;
    let foreign: Vec<&Package> =
        metadata.packages.iter().filter(|package| package.source.is_some()).collect();
    for package in &foreign {
        finding.cases += 1;
        finding.violations.extend(policy.licenses.held_against(package));
    }
    let mut sources: Vec<&str> =
        lock.package.iter().filter_map(|package| package.source.as_deref()).collect();
    sources.sort_unstable();
    sources.dedup();
    if sources.len() != 1 || !sources.iter().all(|source| source.starts_with("registry+")) {
        finding.violations.push(format!("crates come from {sources:?}, and should from one registry alone"));
    }
    for package in lock.package.iter().filter(|package| package.source.is_some()) {
        finding.cases += 1;
        if package.checksum.is_none() {
            finding
                .violations
                .push(format!("{} {} has no checksum in Cargo.lock", package.name, package.version));
        }
    }
    Ok(foreign.len())
}

fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    toml::from_str(&text).with_context(|| format!("reading {}", file.display()))
}

impl Licenses {
    fn held_against(&self, package: &Package) -> Option<String> {
        let Package { name, version, license, .. } = package;
        let Some(license) = license else { return Some(format!("{name} {version} has no licence")) };
        let own =
            self.exceptions.iter().filter(|exception| exception.name == *name).flat_map(|one| &one.allow);
        let allowed: Vec<&str> = self.allow.iter().chain(own).map(String::as_str).collect();
        match Expression::parse_mode(license, ParseMode::LAX) {
            Ok(expression) if expression.evaluate(|required| is_allowed(required, &allowed)) => None,
            Ok(_) => Some(format!("{name} {version} is under {license}, which deny.toml does not allow")),
            Err(error) => Some(format!("{name} {version} is under {license}: {error}")),
        }
    }
}

fn is_allowed(required: &LicenseReq, allowed: &[&str]) -> bool {
    allowed.contains(&required.to_string().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_licences_is_enough_where_one_may_choose_and_all_are_needed_elsewhere() {
        let licenses = Licenses {
            allow: vec!["MIT".to_owned(), "ISC".to_owned()],
            exceptions: vec![Exception { name: "odd".to_owned(), allow: vec!["IJG".to_owned()] }],
        };
        let allowed = |name: &str, license: &str| {
            let package = Package {
                name: name.to_owned(),
                version: "1.0.0".to_owned(),
                license: Some(license.to_owned()),
                source: None,
            };
            licenses.held_against(&package).is_none()
        };
        assert!(
            allowed("a", "MIT OR GPL-3.0") && allowed("a", "MIT/Apache-2.0") && allowed("a", "MIT AND ISC")
        );
        assert!(!allowed("a", "MIT AND GPL-3.0") && !allowed("a", "MPL-2.0") && !allowed("a", "MIT AND IJG"));
        assert!(allowed("odd", "MIT AND IJG"));
    }
}
