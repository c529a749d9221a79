//! What `backfill` and `verify` have in common: which pictures are meant, and a pipeline for them over an S3 that counts.

use std::time::{Duration, Instant};

use anyhow::Result;
use thumbline::{Call, Pipeline, S3Store};
use thumbline_audit::{Buckets, Metered, Selection};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use crate::engine::EngineArguments;
use crate::stack::duration;

/// The S3 of these commands.
pub(crate) type Store = Metered<S3Store>;

/// How long one attempt at one picture may take, waiting for its turn included.
const ATTEMPT: Duration = Duration::from_secs(10 * 60);

/// Which of the sources are meant.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Sought {
    /// Only pictures whose keys begin with this
    #[arg(long, default_value = "", hide_default_value = true)]
    prefix: String,
    /// Only pictures whose keys end with this
    #[arg(long, default_value = "", hide_default_value = true)]
    suffix: String,
}

impl Sought {
    pub(crate) fn selection(&self) -> Selection {
        Selection { prefix: self.prefix.clone(), suffix: self.suffix.clone(), modified_since: None }
    }
}

/// A pipeline that holds so many pictures in memory at once, and tells nobody but its caller of them.
pub(crate) async fn pipeline(engine: &EngineArguments, pictures_at_once: usize) -> Result<Pipeline<Store>> {
    let mut settings = engine.settings()?;
    settings.decoders = pictures_at_once.max(1);
    Ok(Pipeline::new(settings, Metered::new(S3Store::from_environment().await)).unlogged())
}

/// An S3 for a pipeline's walk, with connections of its own: one that a long listing has come over keeps as much memory, and
/// there are far fewer of these.
pub(crate) async fn walked(pipeline: &Pipeline<Store>) -> Store {
    pipeline.store().beside(S3Store::from_environment().await)
}

/// Where a pipeline's walk goes.
pub(crate) fn buckets(pipeline: &Pipeline<Store>) -> Buckets {
    let settings = pipeline.settings();
    Buckets { input: settings.input_bucket.clone(), output: settings.output_bucket.clone() }
}

/// One attempt at one picture, from now on.
pub(crate) fn call() -> Call {
    Call { request_id: "here".to_owned(), deadline: Instant::now() + ATTEMPT }
}

/// Processors of this machine.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

/// A time in the past: a day, a time as RFC 3339, or how long ago, such as `7d`.
pub(crate) fn since(text: &str) -> Result<OffsetDateTime, String> {
    let day = format_description!("[year]-[month]-[day]");
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        Ok(time)
    } else if let Ok(day) = Date::parse(text, day) {
        Ok(day.midnight().assume_utc())
    } else if let Some(time) =
        duration(text).ok().and_then(|ago| OffsetDateTime::now_utc().checked_sub(ago.try_into().ok()?))
    {
        Ok(time)
    } else {
        Err(format!(
            "{text:?} is neither a day such as 2026-11-01, nor 2026-11-01T12:00:00Z, nor an age such as 7d"
        ))
    }
}
