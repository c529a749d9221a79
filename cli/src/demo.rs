//! `thumbline demo`: the main job from end to end on this machine, checked against what the samples say must come of it.

mod expected;
mod gallery;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use thumbline::layout::Layout;
use thumbline::{Manifest, Presets};
use thumbline_local::{Endpoints, LogSink, Stack};

use self::expected::{Expected, Picture};
use self::report::{Answered, Came};
use crate::Ending;
use crate::stack::{Parts, client};

/// No sample takes longer than this on any machine; a demo that hangs is a demo that failed.
const PATIENCE: Duration = Duration::from_secs(300);

/// Run the samples through the whole stack and show what came of each
///
/// Starts the stack, uploads the sample pictures to its S3, and waits until the resize function has dealt with each of
/// them. Leaves the thumbnails, a page to look at them (index.html) and the function's log in a folder.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  thumbline demo\n  thumbline demo --out /tmp/look --json\n\n\
    Exit code: 0 when every sample came out as samples/expected.toml says, 1 when one did not, 2 when it could not run.")]
pub(crate) struct Arguments {
    /// The folder with expected.toml and the sample pictures
    #[arg(long, value_name = "DIR", default_value = "samples")]
    samples: PathBuf,
    /// Where the thumbnails go
    #[arg(long, value_name = "DIR", default_value = "demo-output")]
    out: PathBuf,
    /// Print one JSON object per picture
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    parts: Parts,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ending> {
    let expected = Expected::read(&arguments.samples.join("expected.toml"))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let came = runtime.block_on(demonstrate(arguments, &expected))?;
    gallery::write_page(&arguments.out, &came)?;
    Ok(report::show(&came, &arguments.out, arguments.json))
}

async fn demonstrate(arguments: &Arguments, expected: &Expected) -> Result<Vec<Came>> {
    // Not one thumbnail of an earlier run may be taken for one of this.
    gallery::prepare(&arguments.out)?;
    let data = tempfile::tempdir().context("there is no room for temporary files")?;
    let log = Arc::new(Mutex::new(String::new()));
    let sink = {
        let log = Arc::clone(&log);
        LogSink::new(move |line| {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line.text);
            log.push('\n');
        })
    };
    let stack = Stack::start(arguments.parts.options(data.path(), sink)?).await?;
    let came = tokio::time::timeout(PATIENCE, through(&stack, arguments, expected)).await;
    stack.stop().await;
    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    std::fs::write(arguments.out.join("function.log"), log.as_bytes())?;
    let Ok(came) = came else {
        bail!(
            "not done after {} s; {} may tell why",
            PATIENCE.as_secs(),
            arguments.out.join("function.log").display()
        );
    };
    came
}

/// Puts every sample through the stack and collects what came of it.
async fn through(stack: &Stack, arguments: &Arguments, expected: &Expected) -> Result<Vec<Came>> {
    let endpoints = stack.endpoints();
    let s3 = client(endpoints);
    let mut records = stack.lambda().subscribe();
    let mut answers: BTreeMap<String, Answered> = BTreeMap::new();
    for picture in &expected.pictures {
        let path = arguments.samples.join("pictures").join(&picture.file);
        let body = ByteStream::from_path(&path)
            .await
            .with_context(|| format!("{} can't be read", path.display()))?;
        let put = s3.put_object().bucket(&endpoints.input_bucket).key(picture.key()).body(body);
        put.send().await.with_context(|| format!("{} can't be uploaded", picture.file))?;
    }
    while expected.pictures.iter().any(|picture| !answers.contains_key(picture.key())) {
        let record = records.recv().await.context("the stack stopped")?;
        answers.extend(report::answers(&record));
    }
    let mut came = Vec::new();
    for picture in &expected.pictures {
        if let Some(answer) = answers.remove(picture.key()) {
            came.push(collect(&s3, endpoints, &arguments.out, picture, answer).await?);
        }
    }
    Ok(came)
}

/// Fetches a picture's manifest and thumbnails from the output bucket.
async fn collect(
    s3: &Client,
    endpoints: &Endpoints,
    out: &Path,
    picture: &Picture,
    answer: Answered,
) -> Result<Came> {
    let key = Layout::of(picture.key(), &Presets::default()).manifest();
    let manifest = match get(s3, &endpoints.output_bucket, &key).await? {
        Some(bytes) => Some(Manifest::parse(&bytes).with_context(|| format!("{key} is no manifest"))?),
        None => None,
    };
    let mut thumbnails = Vec::new();
    for facts in manifest.into_iter().flat_map(|manifest| manifest.thumbnails) {
        let bytes = get(s3, &endpoints.output_bucket, &facts.key).await?;
        let bytes =
            bytes.with_context(|| format!("the manifest names {}, but it is not there", facts.key))?;
        thumbnails.push(gallery::keep(out, &picture.file, facts, &bytes)?);
    }
    Ok(Came::new(picture, answer, thumbnails))
}

async fn get(s3: &Client, bucket: &str, key: &str) -> Result<Option<Vec<u8>>> {
    match s3.get_object().bucket(bucket).key(key).send().await {
        Ok(object) => Ok(Some(object.body.collect().await?.to_vec())),
        Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("s3://{bucket}/{key} can't be read")),
    }
}
