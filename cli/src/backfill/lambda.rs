//! The work in the cloud: the resize function is called for what is not current, and then everything is looked at again.
//!
//! Lambda takes the events and answers before it works on them, so what it was sent says nothing of what was made. Only the
//! buckets do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::stream::TryStreamExt;
use thumbline::aws::AwsError;
use thumbline::invoke::{PICTURES_PER_INVOCATION, announcement};
use thumbline::{Aws, Hint};
use thumbline_audit::Tally;

use super::Arguments;
use super::here::{Begun, begin};
use super::sums::{Progress, Sent, Sums};
use super::survey::{Surely, survey};
use super::work::Work;
use crate::Ending;
use crate::interrupt::Interrupt;
use crate::stack::duration;

/// What Ctrl-C is answered.
const STOPPING: &str = "\nnothing more is sent; Ctrl-C again does not wait for what was";

/// Between two looks at what has been made, at first and at most.
const FIRST_LOOK: Duration = Duration::from_secs(2);
const LONGEST_BETWEEN_LOOKS: Duration = Duration::from_secs(60);

/// The first wait when Lambda does not take an event. It doubles, up to a few minutes in all.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const ATTEMPTS: u32 = 9;

/// How the resize function is called.
#[derive(clap::Args)]
pub(crate) struct LambdaArguments {
    /// The resize function, for --via lambda and batch: its name, NAME:ALIAS or ARN
    #[arg(long, value_name = "NAME", default_value = "thumbline-resize:live")]
    pub(super) function: String,
    /// Invocations a second, of 20 pictures each, for --via lambda
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rate: u32,
    /// How long to wait for pictures while no more get made, for --via lambda
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    patience: Duration,
}

pub(super) async fn run(arguments: Arguments) -> Result<Ending> {
    let interrupt = Interrupt::listen(STOPPING)?;
    let Some(Begun { work, .. }) = begin(&arguments).await? else { return Ok(Ending::Well) };
    let mut caller = Caller::new(Aws::from_environment().await, &arguments.lambda);
    let progress = Progress::new(arguments.json);
    let mut before = Tally::default();
    let mut waiting: Vec<Hint> = Vec::new();
    let mut accounts = survey(&work, Surely::Listed).await?;
    while let Some(account) = accounts.try_next().await? {
        if interrupt.is_asked() {
            break;
        }
        before.add_state(&account.state);
        progress.listed(before.sources);
        if !account.state.is_settled() {
            let bucket = work.pipeline.settings().input_bucket.clone();
            waiting.push(Hint { bucket, key: account.key });
        }
        if waiting.len() == PICTURES_PER_INVOCATION {
            caller.call(&waiting).await?;
            progress.sent(caller.pictures);
            waiting.clear();
        }
    }
    drop(accounts);
    if !waiting.is_empty() && !interrupt.is_asked() {
        caller.call(&waiting).await?;
    }
    let sent = Sent { pictures: caller.pictures, calls: caller.calls };
    let mut sums = Sums::new(before, Some(sent));
    if caller.pictures > 0 {
        wait_for(&arguments, &work, &interrupt, &progress, &mut sums).await?;
    }
    progress.clear();
    sums.finish(arguments.json, interrupt.is_asked())
}

/// Looks at all pictures again and again, until nothing is left to be made, or for too long nothing has been.
async fn wait_for(
    arguments: &Arguments,
    work: &Arc<Work>,
    interrupt: &Interrupt,
    progress: &Progress,
    sums: &mut Sums,
) -> Result<()> {
    let mut pause = FIRST_LOOK;
    let mut least = u64::MAX;
    let mut last_made = Instant::now();
    loop {
        let left = sums.look(survey(work, Surely::Asked).await?).await?;
        progress.left(left);
        if left < least {
            (least, last_made) = (left, Instant::now());
        }
        let is_enough = left == 0 || last_made.elapsed() >= arguments.lambda.patience;
        if is_enough || interrupt.is_asked() {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(pause.min(arguments.lambda.patience)) => {}
            () = interrupt.clone().asked() => return Ok(()),
        }
        pause = (pause * 2).min(LONGEST_BETWEEN_LOOKS);
    }
}

/// Calls the resize function, not faster than it may.
struct Caller {
    aws: Aws,
    function: String,
    interval: Duration,
    next: Instant,
    calls: u64,
    pictures: u64,
}

impl Caller {
    fn new(aws: Aws, arguments: &LambdaArguments) -> Caller {
        let interval = Duration::from_secs(1) / arguments.rate;
        Caller {
            aws,
            function: arguments.function.clone(),
            interval,
            next: Instant::now(),
            calls: 0,
            pictures: 0,
        }
    }

    async fn call(&mut self, hints: &[Hint]) -> Result<()> {
        let event = announcement(hints);
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            tokio::time::sleep_until(self.next.into()).await;
            self.next = Instant::now() + self.interval;
            match self.aws.invoke_later(&self.function, &event).await {
                Ok(()) => break,
                Err(error) if attempt < ATTEMPTS && AwsError::may_pass(&error) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("{} can't be called", self.function));
                }
            }
        }
        self.calls += 1;
        self.pictures += hints.len() as u64;
        Ok(())
    }
}
