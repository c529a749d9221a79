//! `prove`: every promise of docs/guarantees.md, and an attempt to break each.
//!
//! The tests beside the code show that single steps do what they should. This shows what users rely on: that nothing is
//! lost and nothing is let in, whatever the network, the processes, the order of events and the bytes of pictures do. The
//! checks go through the real doors: the layer's `bootstrap` as a process, the real SDK, the embedded S3, told to misbehave.

mod alone;
mod check;
mod checks;
mod report;
mod stage;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::Parser;

use check::{Check, Length, Terms};
use report::Ran;

/// Tries to break what Thumbline promises, and prints what it has come to.
#[derive(Parser)]
#[command(max_term_width = 80)]
struct Arguments {
    /// Only these checks
    #[arg(value_name = "CHECK")]
    only: Vec<String>,
    /// The long form: more cases, and for longer
    #[arg(long)]
    long: bool,
    /// Where what is drawn at random begins
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One JSON object for each check, instead of the table
    #[arg(long)]
    json: bool,
    /// The checks, and what each is about
    #[arg(long)]
    list: bool,
    /// Renders this file, and tells what it took: what `prove` starts itself with
    #[arg(long, hide = true, value_name = "FILE")]
    alone: Option<PathBuf>,
    /// With which presets
    #[arg(long, hide = true, default_value = alone::PRESETS)]
    presets: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(file) = &arguments.alone {
        return alone::run(file, &arguments.presets).map(|()| ExitCode::SUCCESS);
    }
    let chosen = choose(&arguments.only)?;
    if arguments.list {
        for check in chosen {
            println!("{:18} {}", check.name(), check.promise());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut ran = Vec::new();
    for check in chosen {
        eprintln!("{}: {}", check.name(), check.promise());
        let one = run(check, &arguments).await?;
        for violation in &one.finding.violations {
            eprintln!("    DOES NOT HOLD: {violation}");
        }
        if arguments.json {
            println!("{}", serde_json::to_string(&one)?);
        }
        ran.push(one);
    }
    if !arguments.json {
        println!("{}", report::table(&ran));
    }
    Ok(if ran.iter().all(|one| one.holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The checks with these names, or all of them.
fn choose(names: &[String]) -> anyhow::Result<Vec<&'static dyn Check>> {
    let all = checks::all();
    if names.is_empty() {
        return Ok(all);
    }
    let named = |name: &String| {
        all.iter().copied().find(|check| check.name() == name).with_context(|| {
            let known: Vec<&str> = all.iter().map(|check| check.name()).collect();
            format!("there is no check `{name}`; there are {}", known.join(", "))
        })
    };
    names.iter().map(named).collect()
}

async fn run(check: &'static dyn Check, arguments: &Arguments) -> anyhow::Result<Ran> {
    let folder = tempfile::tempdir().context("making a folder for a check")?;
    let executable = std::env::current_exe().context("finding this executable")?;
    let terms = Terms {
        length: if arguments.long { Length::Long } else { Length::Short },
        seed: arguments.seed,
        folder: folder.path().to_owned(),
        project: Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        executables: executable.parent().context("this executable is in no folder")?.to_owned(),
    };
    let started = Instant::now();
    let result = check.run(&terms).await;
    Ok(Ran::new(check.name(), check.promise(), started.elapsed(), result))
}
