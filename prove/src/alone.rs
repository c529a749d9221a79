//! The engine in a process of its own, which has nothing else to do: so that what a picture costs can be told.
//!
//! `prove` starts itself with [`ARGUMENT`] and a file. The process first makes the thumbnails of a small picture, and what it
//! holds then is what every process that makes thumbnails holds. What comes on top is the file's.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thumbline::Presets;
use thumbline::layout::hex;
use thumbline_imaging::Limits;
use tokio::process::Command;

/// The argument by which `prove` becomes this process.
pub(crate) const ARGUMENT: &str = "--alone";

/// After how long on the clock a process is given up.
const PATIENCE: Duration = Duration::from_secs(180);

/// Every kind of thumbnail that the default presets have, one that keeps moving, and one that is held at full size.
pub(crate) const PRESETS: &str =
    "small=200x200:cover:webp medium=640x:jpeg large=1280x:webp moving=64x:webp:animated exact=200x:png";

/// What became of a file, and what it took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Why there are no thumbnails, as [`thumbline_imaging::Error`] tells it: its code, and its message.
    pub(crate) refusal: Option<(String, String)>,
    /// Whether the picture is at fault, where there are none.
    pub(crate) is_about_the_picture: bool,
    /// The SHA-256 of each thumbnail.
    pub(crate) digests: Vec<String>,
    /// Processor time, on all threads together.
    pub(crate) cpu_ms: f64,
    /// The most memory that was ever resident, less what was after a small picture.
    pub(crate) extra_bytes: u64,
}

impl Account {
    /// The code of the refusal, or `made`.
    pub(crate) fn ending(&self) -> &str {
        self.refusal.as_ref().map_or("made", |(code, _)| code.as_str())
    }
}

/// Renders one file here, and prints the account of it.
pub(crate) fn run(file: &Path, presets: &str) -> anyhow::Result<()> {
    thumbline::memory::retain();
    let presets: Presets = presets.parse().context("reading the presets")?;
    let renditions = presets.renditions();
    let limits = Limits::default();
    let small = crate::stage::pictures::picture(1)?;
    thumbline_imaging::render(&small, &renditions, &limits, &|| false)?;
    let began = cpu();
    let source = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let before = peak_bytes()?;
    let rendered = thumbline_imaging::render(&source, &renditions, &limits, &|| false);
    let cpu_ms = (cpu().saturating_sub(began)).as_secs_f64() * 1e3;
    let extra_bytes = peak_bytes()?.saturating_sub(before);
    let account = match rendered {
        Ok(rendered) => {
            let digests = rendered.thumbnails.iter().map(|thumbnail| hex(&Sha256::digest(&thumbnail.bytes)));
            Account {
                refusal: None,
                is_about_the_picture: true,
                digests: digests.collect(),
                cpu_ms,
                extra_bytes,
            }
        }
        Err(error) => Account {
            refusal: Some((error.code().to_owned(), error.to_string())),
            is_about_the_picture: error.is_about_the_picture(),
            digests: Vec::new(),
            cpu_ms,
            extra_bytes,
        },
    };
    println!("{}", serde_json::to_string(&account)?);
    Ok(())
}

/// What becomes of a file in a process of its own. An error is a process that did not live to tell.
pub(crate) async fn render(file: &Path, presets: &str) -> anyhow::Result<Account> {
    render_by(Command::new(std::env::current_exe()?), file, presets).await
}

/// The same where a command such as an emulator is to run this executable.
pub(crate) async fn render_by(mut command: Command, file: &Path, presets: &str) -> anyhow::Result<Account> {
    command.arg(ARGUMENT).arg(file).args(["--presets", presets]);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let began = Instant::now();
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = output.with_context(|| format!("still at work after {:?}", began.elapsed()))??;
    anyhow::ensure!(
        output.status.success(),
        "the process ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    serde_json::from_slice(&output.stdout).context("reading what the process printed")
}

fn cpu() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(spent.tv_nsec).unwrap_or_default())
}

/// `VmHWM` of this process: the most that was ever resident.
/// <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
fn peak_bytes() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("reading /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM there")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().context("reading VmHWM")?;
    Ok(kibibytes * 1024)
}
