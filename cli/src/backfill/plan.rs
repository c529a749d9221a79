//! What a run would take, before it is run: everything counted, and a few pictures made to see what one takes. Nothing is written.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde_json::json;
use thumbline::Store as _;
use thumbline::layout::Layout;
use thumbline::manifest::{MANIFEST_VERSION, SourceFacts, Status, ThumbnailFacts};
use thumbline::store::{Condition, MAX_PAGE_ENTRIES, Object, Read};
use thumbline::{ETag, Manifest, Preset};
use thumbline_audit::{Requests, Tally};
use thumbline_imaging::{Rendered, Thumbnail};

use super::bill::{Bill, processor_seconds};
use super::strata::{Chosen, Strata, Stratum};
use super::work::{GONE, Item, Need, UNDER_WAY_PER_PICTURE, Work};
use crate::table::{right, table};

/// Pictures that are made to see what one takes, about.
const SAMPLE: usize = 32;

/// They are made again and again for this long, as many at a time as the run would: alone, a processor is faster.
const AT_LEAST: Duration = Duration::from_millis(1500);

/// But no more often than this altogether.
const MOST_MADE: usize = 1000;

/// Small requests that are made to see what one takes; a PUT of some kilobytes takes as much of a processor as a HEAD.
const HEADS: usize = 200;

/// What a run would take.
pub(super) struct Plan {
    /// What there is nothing to do for.
    left: Tally,
    /// What there is something to do for, by state.
    to_do: BTreeMap<&'static str, u64>,
    /// What that takes.
    pub(super) bill: Bill,
}

/// Those of an MD5, which most ETags are.
const ETAG_DIGITS: usize = 32;

/// What one picture takes.
#[derive(Clone, Copy, Debug, Default)]
struct Made {
    processor_seconds: f64,
    /// Of thumbnails and manifest.
    output_bytes: u64,
    is_rejected: bool,
}

/// What has been found out of all sources.
#[derive(Default)]
struct Survey {
    left: Tally,
    to_do: BTreeMap<&'static str, u64>,
    strata: Strata,
    /// What the run would ask for as well to find out what there is to do.
    asked: Requests,
    /// What the work would ask for besides what the sample tells.
    requests: Requests,
}

impl Plan {
    /// Looks at everything, and makes a few pictures. `jobs` is how many the run would hold in memory at once.
    pub(super) async fn of(
        work: &Arc<Work>,
        items: BoxStream<'static, Result<Item>>,
        jobs: usize,
    ) -> Result<Plan> {
        let (before, began) = (processor_seconds(), Instant::now());
        let survey = survey(work, items, jobs).await?;
        let mut bill = Bill {
            requests: survey.asked,
            processor_seconds: processor_seconds() - before,
            ..Bill::default()
        };
        let surveyed = began.elapsed().as_secs_f64();
        let pictures: u64 = survey.to_do.values().sum();
        let strata = survey.strata.choose(SAMPLE);
        let presets = work.pipeline.settings().presets.iter().count() as u64;
        let (mut making, mut put) = (0.0, 0.0);
        let mut alone: Vec<(Chosen, Made)> = Vec::new();
        if let Some(first) = strata.iter().find_map(|stratum| stratum.chosen.first()) {
            // The first pays for what is made once.
            make(work, first).await?;
        }
        for stratum in &strata {
            let made = make_all(work, &stratum.chosen).await?;
            let sums = Sums::of(stratum, &made);
            making += sums.processor_seconds;
            put += sums.made_pictures * number(presets) + number(stratum.pictures);
            bill.requests.read_bytes += stratum.bytes;
            bill.requests.written_bytes += whole(sums.output_bytes);
            alone.extend(stratum.chosen.iter().cloned().zip(made));
        }
        let Pace { slower, at_once } = pace(work, &alone, jobs).await?;
        let head = head_seconds(work, &alone, jobs).await?;
        bill.pictures = pictures;
        bill.requests.put += whole(put);
        bill.requests.head += pictures;
        bill.requests.get += pictures + survey.requests.get;
        // The run counts what there is first, to know whether to ask.
        let pages = (survey.left.sources + pictures).div_ceil(u64::from(MAX_PAGE_ENTRIES)).max(1);
        let counting = if work.is_named() { 0 } else { pages };
        bill.requests.list += survey.requests.list + counting;
        bill.requests.delete += survey.requests.delete;
        let asking = head * (number(pictures + survey.requests.get) + put);
        let work_seconds = making * slower + asking;
        bill.processor_seconds += work_seconds;
        bill.seconds = if pictures == 0 { surveyed } else { bill.processor_seconds / at_once };
        Ok(Plan { left: survey.left, to_do: survey.to_do, bill })
    }

    /// Tells people or machines.
    pub(super) fn print(&self, json: bool) -> Result<()> {
        let mut out = std::io::stdout();
        let listed = self.left.sources + self.bill.pictures;
        if json {
            let left: BTreeMap<&str, u64> = self.left.in_order().filter(|(_, count)| *count > 0).collect();
            let plan = json!({
                "listed": listed,
                "left": left,
                "to_do": self.to_do,
                "expected": self.bill.to_json()?,
            });
            writeln!(out, "{}", json!({ "plan": plan }))?;
            return Ok(());
        }
        let mut counts = table(&["pictures", ""]);
        right(&mut counts, 1);
        for (state, count) in self.left.in_order().filter(|(_, count)| *count > 0) {
            counts.add_row([format!("{}: nothing to do", state.replace('_', " ")), count.to_string()]);
        }
        for (state, count) in &self.to_do {
            counts.add_row([format!("{}: to be made", state.replace('_', " ")), count.to_string()]);
        }
        counts.add_row(["all".to_owned(), listed.to_string()]);
        writeln!(out, "{counts}\n\n{}", self.bill.to_table("expected")?)?;
        Ok(())
    }
}

/// Looks at everything as the run would.
async fn survey(work: &Arc<Work>, items: BoxStream<'static, Result<Item>>, jobs: usize) -> Result<Survey> {
    let presets = work.pipeline.settings().presets.iter().count();
    let needs = items
        .map(|item| {
            let work = Arc::clone(work);
            async move { tokio::spawn(async move { work.need(item?).await }).await.context("a task ended")? }
        })
        .buffer_unordered(jobs * UNDER_WAY_PER_PICTURE);
    let mut needs = std::pin::pin!(needs);
    let mut survey = Survey::default();
    while let Some(need) = needs.try_next().await? {
        match need {
            Need::Nothing(state) => {
                // Of a source that was named, outputs, manifest and source are asked for to find that out.
                survey.asked.list += u64::from(work.is_named());
                survey.asked.get += if work.is_named() { 2 } else { 0 };
                survey.left.add_state(&state);
            }
            Need::Work { key, bytes, state, listing } => {
                *survey.to_do.entry(state).or_default() += 1;
                survey.strata.add(&key, bytes);
                match listing {
                    Some(listing) => {
                        let outputs = listing.keys().count();
                        survey.requests.get += u64::from(outputs > 0);
                        survey.requests.delete += outputs.saturating_sub(presets + 1) as u64;
                    }
                    None => {
                        survey.requests.list += 1;
                        survey.requests.get += u64::from(state != "missing" && state != GONE);
                    }
                }
            }
        }
    }
    if !work.is_named() {
        survey.asked = work.pipeline.store().requests();
    }
    Ok(survey)
}

/// Makes a picture's thumbnails, and keeps none of them.
async fn make(work: &Arc<Work>, chosen: &Chosen) -> Result<Made> {
    let (store, settings) = (work.pipeline.store(), work.pipeline.settings());
    let before = processor_seconds();
    let max_bytes = settings.limits.max_source_bytes;
    let read = store.get(&settings.input_bucket, &chosen.key, &Condition::Always, max_bytes).await?;
    let (limits, renditions) = (settings.limits, settings.presets.renditions());
    let rendered = match read {
        Read::Found(Object { body: Some(body), .. }) => {
            let render = move || thumbline_imaging::render(&body, &renditions, &limits, &|| false);
            tokio::task::spawn_blocking(render).await.context("rendering")?.ok()
        }
        Read::Found(_) | Read::NotModified | Read::Moved | Read::Absent | Read::Archived => None,
    };
    let manifest = manifest(work, chosen, rendered.as_ref()).to_bytes()?.len() as u64;
    let thumbnails = rendered.iter().flat_map(|rendered| &rendered.thumbnails);
    Ok(Made {
        processor_seconds: processor_seconds() - before,
        output_bytes: manifest + thumbnails.map(|thumbnail| thumbnail.bytes.len() as u64).sum::<u64>(),
        is_rejected: rendered.is_none(),
    })
}

/// The manifest that a picture would get, or one as long.
fn manifest(work: &Work, chosen: &Chosen, rendered: Option<&Rendered>) -> Manifest {
    let (settings, etag) = (work.pipeline.settings(), ETag::new(&"0".repeat(ETAG_DIGITS)));
    let layout = Layout::of(&chosen.key, &settings.presets);
    let size = rendered.map(|rendered| rendered.header.size());
    let of_preset = |(preset, made): (&Preset, &Thumbnail)| ThumbnailFacts {
        preset: preset.name.clone(),
        key: layout.thumbnail(&preset.name, made.format),
        width: made.width,
        height: made.height,
        bytes: made.bytes.len() as u64,
        content_type: made.format.content_type().to_owned(),
        etag: etag.clone(),
    };
    let thumbnails = rendered.map(|rendered| &rendered.thumbnails[..]).unwrap_or_default();
    Manifest {
        version: MANIFEST_VERSION,
        status: if rendered.is_some() { Status::Ready } else { Status::Rejected },
        rejection: None,
        source: SourceFacts {
            key: chosen.key.clone(),
            etag: etag.clone(),
            bytes: chosen.bytes,
            width: size.map(|size| size.width),
            height: size.map(|size| size.height),
            format: rendered.map(|rendered| rendered.header.format.name().to_owned()),
        },
        recipe: work.pipeline.recipe().clone(),
        limits: None,
        thumbhash: rendered.map(|rendered| BASE64.encode(&rendered.thumbhash)),
        thumbnails: settings.presets.iter().zip(thumbnails).map(of_preset).collect(),
    }
}

/// One after the other, so that each is charged what it takes.
async fn make_all(work: &Arc<Work>, chosen: &[Chosen]) -> Result<Vec<Made>> {
    let mut made = Vec::new();
    for chosen in chosen {
        made.push(make(work, chosen).await?);
    }
    Ok(made)
}

/// What all pictures of a stratum take, by those that stand for them: as much for each, and of a processor's time for each byte.
struct Sums {
    processor_seconds: f64,
    output_bytes: f64,
    made_pictures: f64,
}

impl Sums {
    fn of(stratum: &Stratum, made: &[Made]) -> Sums {
        let bytes: u64 = stratum.chosen.iter().map(|chosen| chosen.bytes).sum();
        let by_bytes = if bytes == 0 { 0.0 } else { number(stratum.bytes) / number(bytes) };
        let good = made.iter().filter(|made| !made.is_rejected).count() as u64;
        let each = number(stratum.pictures) / number((made.len() as u64).max(1));
        Sums {
            processor_seconds: by_bytes * made.iter().map(|made| made.processor_seconds).sum::<f64>(),
            output_bytes: number(made.iter().map(|made| made.output_bytes).sum()) * each,
            made_pictures: number(good) * each,
        }
    }
}

/// How it goes when many are made at a time.
struct Pace {
    /// How much more of a processor's time each takes.
    slower: f64,
    /// Processors that are kept busy.
    at_once: f64,
}

async fn pace(work: &Arc<Work>, alone: &[(Chosen, Made)], jobs: usize) -> Result<Pace> {
    if alone.is_empty() {
        return Ok(Pace { slower: 1.0, at_once: 1.0 });
    }
    let (before, began) = (processor_seconds(), Instant::now());
    let turns = alone.iter().cycle().take(MOST_MADE.max(alone.len()));
    let turns = turns.enumerate().take_while(|(turn, _)| *turn < 2 * jobs || began.elapsed() < AT_LEAST);
    let expected = stream::iter(turns)
        .map(|(_, (chosen, made))| async move { make(work, chosen).await.map(|_| made.processor_seconds) })
        .buffer_unordered(jobs)
        .try_fold(0.0, |sum, seconds| std::future::ready(Ok(sum + seconds)))
        .await?;
    let (spent, elapsed) = (processor_seconds() - before, began.elapsed().as_secs_f64());
    if expected <= 0.0 || elapsed <= 0.0 || spent <= 0.0 {
        return Ok(Pace { slower: 1.0, at_once: 1.0 });
    }
    Ok(Pace { slower: spent / expected, at_once: spent / elapsed })
}

/// What a small request takes of this machine's processors, in seconds.
async fn head_seconds(work: &Arc<Work>, alone: &[(Chosen, Made)], jobs: usize) -> Result<f64> {
    if alone.is_empty() {
        return Ok(0.0);
    }
    let before = processor_seconds();
    let (store, bucket) = (work.pipeline.store(), &work.pipeline.settings().input_bucket);
    stream::iter(alone.iter().cycle().take(HEADS))
        .map(|(chosen, _)| store.head(bucket, &chosen.key))
        .buffer_unordered(jobs * UNDER_WAY_PER_PICTURE)
        .try_for_each(|_| std::future::ready(Ok(())))
        .await?;
    Ok((processor_seconds() - before) / number(HEADS as u64))
}

/// A count to calculate with.
#[allow(clippy::cast_precision_loss)]
fn number(count: u64) -> f64 {
    count as f64
}

/// The nearest count.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(number: f64) -> u64 {
    number.round().max(0.0) as u64
}
