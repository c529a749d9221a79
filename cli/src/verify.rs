//! `thumbline verify`: every source and every output accounted for, and put right if that is asked for.

mod findings;
mod report;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use futures::stream::{self, StreamExt};
use thumbline_audit::{Accountant, Position, Tally, Walk, audit, repair};

use self::findings::Findings;
use self::report::Reporter;
use crate::Ending;
use crate::buckets::{Sought, buckets, call, cores, pipeline, walked};
use crate::engine::EngineArguments;
use crate::interrupt::Interrupt;

/// Account for every picture and every thumbnail
///
/// Walks both buckets side by side. Every source is current, rejected, missing outputs, stale, of another recipe, outgrown,
/// changing or ignored; every output belongs to a source or is orphaned. Nothing is written without --repair, which
/// makes, refreshes and removes exactly what was found.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    thumbline verify --input pictures --output thumbs\n  \
    thumbline verify --input pictures --output thumbs --repair\n  \
    thumbline verify --input pictures --output thumbs --json --findings findings.jsonl\n\n\
    Exit code: 0 when everything is as it should be, 1 when it is not, 2 when that could not be found out.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    sought: Sought,
    /// Put right what is found: make, refresh, remove
    #[arg(long)]
    repair: bool,
    /// With --repair, also where most of what lies in the output bucket would be removed
    #[arg(long, requires = "repair")]
    yes: bool,
    /// Write all that is found to this file, one JSON object on each line
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
    /// Print one JSON object with the counts
    #[arg(long)]
    json: bool,
}

/// What Ctrl-C is answered.
const STOPPING: &str = "\nstopping";

/// Groups that are accounted for at the same time. Each waits for one small GET.
const GROUPS_AT_ONCE: usize = 64;

/// Repairs for each core at the same time.
const REPAIRS_PER_CORE: usize = 4;

/// Fewer prefixes without a source than these are removed without asking, however few sources there are.
const FEW_ORPHANS: u64 = 100;

pub(crate) fn run(arguments: Arguments) -> Result<Ending> {
    tokio::runtime::Runtime::new()?.block_on(verify(arguments))
}

async fn verify(arguments: Arguments) -> Result<Ending> {
    let interrupt = Interrupt::listen(STOPPING)?;
    let pipeline = pipeline(&arguments.engine, 2 * cores()).await?;
    let selection = arguments.sought.selection();
    let accountant = Accountant::new(&pipeline, &selection);
    let walk = Walk::new(&walked(&pipeline).await, &buckets(&pipeline), Position::start(&selection.prefix));
    let mut findings = Findings::create(arguments.findings.as_deref())?;
    let reporter = Reporter::new(arguments.json);
    let mut tally = Tally::default();
    let walked = audit(accountant, walk, GROUPS_AT_ONCE, |account| {
        tally.add(&account);
        reporter.progress(&tally);
        if account.is_settled() { Ok(()) } else { findings.add(&account) }
    });
    tokio::select! {
        walked = walked => walked?,
        () = interrupt.clone().asked() => bail!("stopped before everything was looked at"),
    }
    let found = findings.finish()?;
    reporter.found(&tally, &found)?;
    if !arguments.repair || tally.is_settled() {
        return reporter.finish(&tally, None, pipeline.store().requests());
    }
    if found.gone() > FEW_ORPHANS.max(tally.sources) && !arguments.yes {
        bail!(
            "nothing was repaired: {} sources are gone and {} are there, so most of {} would be removed. Is {} the right \
             input bucket? Then add --yes",
            found.gone(),
            tally.sources,
            pipeline.settings().output_bucket,
            pipeline.settings().input_bucket
        );
    }
    let accounts = stream::iter(found.read()?).take_until(Box::pin(interrupt.clone().asked()));
    let pipeline = &pipeline;
    let repairs = accounts
        .map(|account| async move {
            let account = account?;
            let outcomes = repair(pipeline, &account, call).await;
            Ok::<_, anyhow::Error>((account, outcomes))
        })
        .buffer_unordered(REPAIRS_PER_CORE * cores());
    let mut repairs = std::pin::pin!(repairs);
    let mut repaired = report::Repaired::default();
    while let Some(done) = repairs.next().await {
        let (account, outcomes) = done.context("what was found can't be read again")?;
        repaired.add(&outcomes);
        reporter.repaired(&account, &outcomes)?;
    }
    repaired.is_stopped = interrupt.is_asked();
    reporter.finish(&tally, Some(&repaired), pipeline.store().requests())
}
