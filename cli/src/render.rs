//! `thumbline render`: the engine alone, on files.

mod files;
mod report;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use thumbline::Presets;
use thumbline_imaging::{Error, Incoming, Limits, Rendered};

use self::files::Source;
use self::report::{Report, Reporter, ThumbnailFile};
use crate::Ending;

/// Make thumbnails of files, without any S3
///
/// Reads pictures and writes DIR/PICTURE/PRESET.EXT for each preset, PICTURE being the path below the folder that all
/// sources have in common. A folder stands for all files in it; a file may be named several times.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  thumbline render holiday/ --out thumbs\n  \
    thumbline render a.jpg b.png --out thumbs --presets \"w640=640x:jpeg:q80\" --json\n\n\
    Exit code: 0 when every picture has its thumbnails, 1 when some could not be made, 2 when it could not begin.")]
pub(crate) struct Arguments {
    /// Pictures, or folders of pictures
    #[arg(required = true, value_name = "FILE")]
    sources: Vec<PathBuf>,
    /// Where the thumbnails go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The thumbnails to make: name=WIDTHxHEIGHT[:fit][:position][:format][:qNN], separated by spaces
    #[arg(long, env = "THUMBLINE_PRESETS", default_value_t = Presets::default())]
    presets: Presets,
    /// Megabytes that each picture may take: those that would take more, by their header, are rejected before they are decoded
    #[arg(long, env = "THUMBLINE_MAX_MEMORY_MB", value_name = "MB", default_value = "auto", value_parser = megabytes)]
    max_memory_mb: u64,
    /// Pictures at the same time [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Print one JSON object per picture
    #[arg(long)]
    json: bool,
}

const MEGABYTE: u64 = 1024 * 1024;

/// A whole number above 0, or what the engine has by default.
fn megabytes(text: &str) -> Result<u64, String> {
    if text == "auto" {
        return Ok(Limits::default().max_memory_bytes / MEGABYTE);
    }
    let megabytes = text.parse().ok().filter(|megabytes| (1..=u64::MAX / MEGABYTE).contains(megabytes));
    megabytes.ok_or_else(|| "it takes a whole number above 0, or auto".to_owned())
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ending> {
    let sources = files::find(&arguments.sources)?;
    std::fs::create_dir_all(&arguments.out).with_context(|| {
        format!("{} can't be made: is there a file of this name?", arguments.out.display())
    })?;
    let jobs = arguments
        .jobs
        .map_or_else(|| std::thread::available_parallelism().map_or(1, Into::into), usize::from);

    let mut limits = Limits::default();
    limits.max_memory_bytes = arguments.max_memory_mb * MEGABYTE;
    let limits = &limits;
    let mut reporter = Reporter::new(sources.len(), arguments.json);
    let next = AtomicUsize::new(0);
    let (sender, finished) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(sources.len()) {
            let (sender, next, sources) = (sender.clone(), &next, &sources);
            scope.spawn(move || {
                while let Some((index, source)) = claim(next, sources) {
                    let report = render(source, arguments, limits);
                    // Nobody listens when printing failed, and then nothing more is to be done.
                    if sender.send((index, report)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        report_in_order(finished, &mut reporter)
    })?;
    reporter.finish()
}

fn claim<'a>(next: &AtomicUsize, sources: &'a [Source]) -> Option<(usize, &'a Source)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    sources.get(index).map(|source| (index, source))
}

/// Reports in the order in which the sources were named, whichever finishes first.
fn report_in_order(finished: mpsc::Receiver<(usize, Report)>, reporter: &mut Reporter) -> Result<()> {
    let mut early = BTreeMap::new();
    let mut turn = 0;
    for (index, report) in finished {
        early.insert(index, report);
        while let Some(report) = early.remove(&turn) {
            reporter.report(&report)?;
            turn += 1;
        }
    }
    Ok(())
}

fn render(source: &Source, arguments: &Arguments, limits: &Limits) -> Report {
    let began = Instant::now();
    let (outcome, reason, thumbnails) = match try_render(source, arguments, limits) {
        Ok(thumbnails) => ("made", None, thumbnails),
        Err(Failure::Picture(error)) if error.is_about_the_picture() => {
            ("rejected", Some((error.code(), error.to_string())), Vec::new())
        }
        Err(Failure::Picture(error)) => ("retry", Some((error.code(), error.to_string())), Vec::new()),
        Err(Failure::Io(error)) => ("retry", Some(("io", format!("{error:#}"))), Vec::new()),
    };
    let (reason, message) = reason.unzip();
    Report {
        source: source.path.clone(),
        outcome,
        reason,
        message,
        thumbnails,
        ms: milliseconds(began.elapsed()),
    }
}

enum Failure {
    Picture(Error),
    Io(anyhow::Error),
}

fn try_render(
    source: &Source,
    arguments: &Arguments,
    limits: &Limits,
) -> Result<Vec<ThumbnailFile>, Failure> {
    let presets = &arguments.presets;
    let rendered = render_file(&source.path, presets, limits)?;
    let folder = arguments.out.join(&source.name);
    let files = presets.iter().zip(rendered.thumbnails).map(|(preset, thumbnail)| {
        let path = folder.join(format!("{}.{}", preset.name, thumbnail.format.extension()));
        files::write(&path, &thumbnail.bytes)?;
        Ok(ThumbnailFile {
            preset: preset.name.clone(),
            path,
            width: thumbnail.width,
            height: thumbnail.height,
            bytes: thumbnail.bytes.len() as u64,
        })
    });
    files.collect::<Result<_>>().map_err(Failure::Io)
}

/// Reads the file as it is decoded, where its format allows that.
fn render_file(path: &Path, presets: &Presets, limits: &Limits) -> Result<Rendered, Failure> {
    let unreadable = |error: io::Error| {
        Failure::Io(anyhow::Error::new(error).context(format!("{} can't be read", path.display())))
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let rendered = Incoming::new(&mut file, Some(length), limits)
        .and_then(|picture| picture.render(&presets.renditions(), limits, &|| false));
    rendered.map_err(|error| match error {
        Error::Unreadable { detail } => unreadable(io::Error::other(detail)),
        error => Failure::Picture(error),
    })
}

/// To three decimals.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
