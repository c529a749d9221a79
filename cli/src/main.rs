//! The `thumbline` command: the engine, and the whole stack, on this machine.
//!
//! Each subcommand is a module with its arguments and a `run` that returns how it went. Results go to standard output,
//! everything about getting there (progress, logs, advice) to standard error, so that `--json` can be piped.

mod backfill;
mod buckets;
mod config;
mod demo;
mod engine;
mod interrupt;
mod local;
mod redrive;
mod render;
mod sign;
mod stack;
mod table;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Thumbnails of every picture that lands in an S3 bucket.
#[derive(Parser)]
#[command(name = "thumbline", version, max_term_width = 80, propagate_version = true)]
#[command(
    after_help = "Begin with `thumbline demo`. Every command explains itself: `thumbline render --help`."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Local(local::Arguments),
    Demo(demo::Arguments),
    Render(render::Arguments),
    Backfill(backfill::Arguments),
    Verify(verify::Arguments),
    Redrive(redrive::Arguments),
    Sign(sign::Arguments),
    Config(config::Arguments),
}

/// How a command that ran to its end went.
enum Ending {
    /// All was well.
    Well,
    /// It did what it was asked, and found something that is not well: a picture rejected, a setting wrong.
    NotWell,
}

/// What the stack's own parts log. The S3 protocol's library takes every 404 for an error.
const LOG_FILTER: &str = "warn,s3s=off";

fn main() -> ExitCode {
    thumbline::memory::retain();
    let arguments = Arguments::parse();
    let asked = std::env::var("RUST_LOG").ok().and_then(|filter| filter.parse::<Targets>().ok());
    let filter = asked.or_else(|| LOG_FILTER.parse().ok()).unwrap_or_default();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    let ending = match arguments.command {
        Command::Local(arguments) => local::run(arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Render(arguments) => render::run(&arguments),
        Command::Backfill(arguments) => backfill::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Redrive(arguments) => redrive::run(&arguments),
        Command::Sign(arguments) => sign::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
    };
    match ending {
        Ok(Ending::Well) => ExitCode::SUCCESS,
        Ok(Ending::NotWell) => ExitCode::from(1),
        Err(error) => {
            eprintln!("thumbline: {}", told(&error));
            ExitCode::from(2)
        }
    }
}

/// An error with its causes, other than those that its own words already include.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match told.as_str() {
        "" => cause,
        so_far if so_far.contains(&cause) => told,
        so_far => format!("{so_far}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow!("disk full").context("a.webp can't be written");
        assert_eq!(told(&error), "a.webp can't be written: disk full");
        let error = anyhow!("port taken").context("cannot listen: port taken; choose another");
        assert_eq!(told(&error), "cannot listen: port taken; choose another");
    }
}
