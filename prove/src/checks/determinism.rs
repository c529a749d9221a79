//! The same picture and the same presets give the same bytes: again, on other threads, in other processes, on one core, and on a
//! processor without the newer instructions where one can be had.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use thumbline::Presets;
use thumbline::layout::hex;
use thumbline_imaging::Limits;
use tokio::process::Command;

use crate::alone::{self, Account};
use crate::check::{Check, Finding, Terms, progress};

/// Every format, every fit, and what is chosen by looking at the picture.
const PRESETS: &str = "jpeg=300x:jpeg fine=150x:jpeg:q95 progressive=200x200:cover:jpeg:progressive png=120x80:contain:png \
                       webp=320x webp2=64x64:cover:attention lossless=100x:webp:lossless avif=96x:avif auto=90x:auto \
                       moving=48x:webp:animated fill=70x50:fill:jpeg";

/// On how many threads at once.
const THREADS: usize = 4;

/// What has SSE4.1, which the engine takes for granted, and neither AVX2 nor BMI.
const OLD_PROCESSOR: &str = "Nehalem";

/// The check.
pub(crate) struct Determinism;

#[async_trait]
impl Check for Determinism {
    fn name(&self) -> &'static str {
        "determinism"
    }

    fn promise(&self) -> &'static str {
        "the same picture and presets give the same bytes, wherever and whenever they are made"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let samples = samples(terms)?;
        let mut finding = Finding::default();
        let expected = here(&samples, &mut finding).await?;
        progress(&format!("{} samples the same on {THREADS} threads", samples.len()));
        let mut ways =
            vec![("a process of its own", Way::Process), ("a process with one core", Way::OneCore)];
        let emulator = emulator();
        if let Some(emulator) = terms.length.of(None, emulator) {
            ways.push(("a processor without AVX2", Way::Emulated(emulator)));
        }
        for (name, way) in &ways {
            for (sample, expected) in samples.iter().zip(&expected) {
                finding.cases += 1;
                let account =
                    way.render(sample).await.with_context(|| format!("{} by {name}", sample.display()))?;
                if told(&account) != *expected {
                    finding.violations.push(format!("{} differs in {name}", sample.display()));
                }
            }
            progress(&format!("the same in {name}"));
        }
        let ways: Vec<&str> = ways.iter().map(|(name, _)| *name).collect();
        let files: usize = expected.iter().map(Vec::len).sum();
        finding.figure = format!("{files} files the same on {THREADS} threads, in {}", ways.join(", "));
        Ok(finding)
    }
}

/// All sample pictures, the ones that are refused too.
fn samples(terms: &Terms) -> anyhow::Result<Vec<PathBuf>> {
    let folder = terms.project.join("samples/pictures");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut samples = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    samples.sort();
    anyhow::ensure!(samples.len() > 20, "only {} samples in {}", samples.len(), folder.display());
    Ok(samples)
}

/// What there is to compare: the thumbnails' hashes, or the refusal.
fn told(account: &Account) -> Vec<String> {
    match &account.refusal {
        Some((code, message)) => vec![format!("{code}: {message}")],
        None => account.digests.clone(),
    }
}

/// In this process: twice on each of several threads at the same time, each in another order.
async fn here(samples: &[PathBuf], finding: &mut Finding) -> anyhow::Result<Vec<Vec<String>>> {
    let presets: Presets = PRESETS.parse()?;
    let renditions = presets.renditions();
    let render = move |sample: &Path| -> anyhow::Result<Vec<String>> {
        let source = std::fs::read(sample)?;
        Ok(match thumbline_imaging::render(&source, &renditions, &Limits::default(), &|| false) {
            Ok(made) => made.thumbnails.iter().map(|one| hex(&Sha256::digest(&one.bytes))).collect(),
            Err(error) => vec![format!("{}: {error}", error.code())],
        })
    };
    let mut threads = Vec::new();
    for thread in 0..THREADS {
        let (render, samples) = (render.clone(), samples.to_vec());
        threads.push(tokio::task::spawn_blocking(
            move || -> anyhow::Result<BTreeMap<PathBuf, Vec<String>>> {
                let mut samples = samples;
                samples.rotate_left(thread * 7 % 20);
                samples.into_iter().map(|sample| Ok((sample.clone(), render(&sample)?))).collect()
            },
        ));
    }
    let mut all = Vec::new();
    for thread in threads {
        all.push(thread.await??);
    }
    let first = all.first().cloned().context("no thread")?;
    for other in all.iter().skip(1) {
        for (sample, told) in other {
            finding.cases += 1;
            if first.get(sample) != Some(told) {
                finding.violations.push(format!("{} differs between threads", sample.display()));
            }
        }
    }
    Ok(samples.iter().map(|sample| first.get(sample).cloned().unwrap_or_default()).collect())
}

/// Another process to make the same.
enum Way {
    Process,
    OneCore,
    Emulated(PathBuf),
}

impl Way {
    async fn render(&self, sample: &Path) -> anyhow::Result<Account> {
        let executable = std::env::current_exe()?;
        let mut command = match self {
            Way::Process => return alone::render(sample, PRESETS).await,
            Way::OneCore => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", &first_core()?]);
                command
            }
            Way::Emulated(emulator) => {
                let mut command = Command::new(emulator);
                command.args(["-cpu", OLD_PROCESSOR]);
                command
            }
        };
        command.arg(executable);
        alone::render_by(command, sample, PRESETS).await
    }
}

/// A core that this process may use. <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
fn first_core() -> anyhow::Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let first = list.and_then(|list| list.trim().split([',', '-']).next()).context("no list of cores")?;
    Ok(first.to_owned())
}

/// What runs programs for x86-64 on a processor of one's choice, if it is installed.
fn emulator() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found =
        std::env::split_paths(&path).map(|folder| folder.join("qemu-x86_64")).find(|file| file.is_file());
    found.filter(|_| cfg!(target_arch = "x86_64"))
}
