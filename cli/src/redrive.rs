//! `thumbline redrive`: the events that failed for good, through the engine again.
//!
//! A message leaves the queue only when nothing is left to be done for it, so that whatever ends the command, SIGKILL and
//! power cuts among it, loses nothing: what it held comes back to the queue by itself.

mod driver;
mod report;
mod run;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use thumbline::queue::FailureQueue;
use thumbline::{Aws, Pipeline};

use self::driver::Driver;
use self::report::Reporter;
use self::run::Run;
use crate::Ending;
use crate::engine::EngineArguments;
use crate::interrupt::Interrupt;
use crate::stack::duration;

/// SQS hides no message for longer.
const MAX_HIDDEN: Duration = Duration::from_secs(12 * 60 * 60);

/// Put failed events through the engine again
///
/// Each event of the failure queue is tried once. It leaves the queue when nothing is left to be done for it: its pictures
/// are made, up to date, gone, or rejected with a manifest that says why. What fails again stays, and so does what nobody
/// can read. Run it when what failed has been mended; run it as often as you like.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    thumbline redrive --queue URL --input pictures --output thumbs\n  \
    thumbline redrive --queue URL --via lambda --function thumbline-resize\n\n\
    `here` needs what the function may do, and its presets: give it the same\n\
    settings. `lambda` needs to invoke the function. Either takes messages from\n\
    the queue and deletes them. Ctrl-C finishes what is under way; what has not\n\
    been dealt with by then stays in the queue.\n\n\
    Exit code: 0 when every event was dealt with, 1 when some stay or it was\n\
    stopped, 2 when it could not begin or go on.")]
pub(crate) struct Arguments {
    /// The URL of the queue: the stack's output `FailureQueueUrl`
    #[arg(long, value_name = "URL", env = "THUMBLINE_FAILURE_QUEUE", hide_env_values = true)]
    queue: String,
    /// Where the pictures are made: on this machine, or by the function
    #[arg(long, value_enum, default_value_t = Via::Here)]
    via: Via,
    /// The resize function, for --via lambda: its name, NAME:ALIAS or ARN
    #[arg(long, value_name = "NAME", default_value = "thumbline-resize:live")]
    function: String,
    /// Events that are worked on at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    at_once: u16,
    /// How long the queue gives nobody else an event that is worked on here
    #[arg(long, value_name = "TIME", default_value = "6m", value_parser = duration)]
    hide: Duration,
    /// Print one JSON object for each event, and one for all
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: EngineArguments,
}

/// Where pictures are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Via {
    /// On this machine
    Here,
    /// By the resize function, which is invoked for each event and waited for
    Lambda,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ending> {
    ensure!(
        (Duration::from_secs(1)..=MAX_HIDDEN).contains(&arguments.hide),
        "--hide is from 1s to 12h, not {:?}",
        arguments.hide
    );
    tokio::runtime::Runtime::new()?.block_on(redrive(arguments))
}

async fn redrive(arguments: &Arguments) -> Result<Ending> {
    // Before anything is taken, so that no signal finds nobody listening.
    let interrupt =
        Interrupt::listen("finishing what is under way; Ctrl-C again leaves it to come back by itself")?;
    let aws = Aws::from_environment().await;
    let driver = match arguments.via {
        Via::Here => {
            let settings = arguments.engine.settings()?;
            Driver::Here(Box::new(Pipeline::new(settings, aws.s3()).unlogged()))
        }
        Via::Lambda => Driver::Lambda { aws: Box::new(aws.clone()), function: arguments.function.clone() },
    };
    let queue = FailureQueue::new(aws.clone(), arguments.queue.clone());
    let waiting = queue.count().await.with_context(|| format!("the queue {}", arguments.queue))?;
    let run = Run::new(queue.clone(), driver, usize::from(arguments.at_once), arguments.hide);
    let reporter = Reporter::new(waiting, arguments.json);
    let (reporter, ended) = run.until_empty(reporter, &interrupt).await;
    let left = queue.count().await;
    let ending = reporter.finish(left.as_ref().ok().copied(), interrupt.is_asked())?;
    ended?;
    left?;
    Ok(ending)
}
