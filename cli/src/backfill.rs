//! `thumbline backfill`: thumbnails of every picture that was there before.

mod batch;
mod bill;
mod consent;
mod here;
mod lambda;
mod named;
mod plan;
mod report;
mod strata;
mod sums;
mod survey;
mod work;

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use thumbline_audit::Selection;
use time::OffsetDateTime;

use self::consent::Consent;
use crate::Ending;
use crate::buckets::{Sought, since};
use crate::engine::EngineArguments;

/// Make the thumbnails of every picture that has none, or has old ones
///
/// Lists the input bucket, leaves alone what its manifest says is current, and makes the rest. It is safe to run at any time,
/// twice, and while uploads go on. What has been done lies in the output bucket, so that running it again goes on where it
/// was stopped.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    thumbline backfill --input pictures --output thumbs --dry-run\n  \
    thumbline backfill --input pictures --output thumbs\n  \
    thumbline backfill --input pictures --output thumbs --prefix 2019/ --json\n  \
    thumbline backfill --input pictures --output thumbs --via lambda --rate 20\n\n\
    Exit code: 0 when every picture has what it should have, 1 when some have not or it was stopped, 2 when it could not go \
    on.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    sought: Sought,
    /// Only pictures written since: 2026-11-01, 2026-11-01T12:00:00Z, or an age such as 7d
    #[arg(long, value_name = "TIME", value_parser = since)]
    modified_since: Option<OffsetDateTime>,
    /// Only the keys in this file, one on each line, such as /dev/stdin
    #[arg(long, value_name = "FILE", conflicts_with = "modified_since")]
    keys: Option<PathBuf>,
    /// Only what an S3 Inventory names: its manifest's address `s3://…/manifest.json`, or its data files here, `.csv` or `.csv.gz`
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["keys", "modified_since"])]
    inventory: Vec<String>,
    /// Where the work is done
    #[arg(long, value_enum, default_value_t = Via::Here)]
    via: Via,
    /// Pictures in memory at the same time [default: two for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Look at everything and say what there is to do and what it takes, without doing it
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    lambda: lambda::LambdaArguments,
    #[command(flatten)]
    batch: batch::BatchArguments,
    /// Print one JSON object for each picture that there was something to do for, and one with the sums
    #[arg(long)]
    json: bool,
}

/// Where the work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Via {
    /// On this machine
    Here,
    /// By the resize function, called for 20 pictures at a time
    Lambda,
    /// By a job of S3 Batch Operations, over a list of what is not current
    Batch,
}

impl Arguments {
    fn selection(&self) -> Selection {
        Selection { modified_since: self.modified_since, ..self.sought.selection() }
    }
}

pub(crate) fn run(arguments: Arguments) -> Result<Ending> {
    let runtime = tokio::runtime::Runtime::new()?;
    match arguments.via {
        Via::Here => runtime.block_on(here::run(arguments)),
        Via::Batch => runtime.block_on(batch::run(arguments)),
        Via::Lambda => runtime.block_on(lambda::run(arguments)),
    }
}
