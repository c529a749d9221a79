//! Sources that are longer than they may be, and sources that are longer or shorter than they say: reading stops in time.

use std::time::{Duration, Instant};

use anyhow::Context;
use async_trait::async_trait;
use thumbline::settings::Sources;
use thumbline::{Call, Pipeline, S3Store, Settings};

use crate::check::{Check, Finding, Terms};
use crate::stage::buckets::{Buckets, INPUT, OUTPUT};
use crate::stage::front::{Front, Lie};
use crate::stage::pictures;

/// The longest source, in bytes.
const LIMIT: usize = 1 << 20;
/// How much more there is where there is more.
const MORE: u64 = 64 << 20;
/// What the system takes for a reader before it reads: the buffers of both sides.
const IN_BUFFERS: u64 = 512 * 1024;

/// The check.
pub(crate) struct Sizes;

#[async_trait]
impl Check for Sizes {
    fn name(&self) -> &'static str {
        "sizes"
    }

    fn promise(&self) -> &'static str {
        "no more of a source is read than the limit, or than it says it has"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let buckets = Buckets::open(&terms.subfolder("buckets".as_ref())?).await?;
        let front = Front::listen()?;
        front.lead_to(&buckets.access.url);
        let access = buckets.access.through(&front.url);
        let pipeline =
            Pipeline::new(settings()?, S3Store::new(&access.config(Duration::from_secs(2)))).unlogged();
        let mut finding = Finding::default();
        let mut most = (0, "");
        for case in cases()? {
            finding.cases += 1;
            let Seen { outcome, bytes } = see(&buckets, &front, &pipeline, &case).await?;
            if !case.endings.contains(&outcome.as_str()) {
                finding.violations.push(format!("{}: {outcome} instead of {:?}", case.name, case.endings));
            }
            if bytes > case.at_most + IN_BUFFERS {
                finding.violations.push(format!("{}: {bytes} bytes of it were taken", case.name));
            }
            let beyond = bytes.saturating_sub(case.at_most);
            if beyond > most.0 {
                most = (beyond, case.name);
            }
        }
        let (beyond, name) = most;
        finding.figure = format!("at most {} KiB beyond, in the system's buffers ({name})", beyond / 1024);
        Ok(finding)
    }
}

/// What is told about a source.
struct Case {
    name: &'static str,
    /// The length in the header; `None` where there is no such header.
    announced: Option<String>,
    body: Vec<u8>,
    then_zeros: u64,
    /// How much of it may be read.
    at_most: u64,
    /// What may become of it.
    endings: &'static [&'static str],
}

struct Seen {
    outcome: String,
    bytes: u64,
}

/// A sound picture of so many bytes: what follows its end is nobody's.
fn picture_of(bytes: usize) -> anyhow::Result<Vec<u8>> {
    let mut picture = pictures::picture(1)?;
    picture.resize(bytes, 0);
    Ok(picture)
}

fn cases() -> anyhow::Result<Vec<Case>> {
    let picture = pictures::picture(1)?;
    let length = picture.len() as u64;
    let case = |name, announced: Option<&str>, body: &[u8], then_zeros, at_most, endings| Case {
        name,
        announced: announced.map(str::to_owned),
        body: body.to_vec(),
        then_zeros,
        at_most,
        endings,
    };
    let limit = LIMIT as u64;
    let whole = length.to_string();
    Ok(vec![
        case("as long as may be", Some(&limit.to_string()), &picture_of(LIMIT)?, 0, limit, &["made"]),
        case(
            "one byte too long",
            Some(&(limit + 1).to_string()),
            &picture_of(LIMIT + 1)?,
            0,
            0,
            &["too_large"],
        ),
        case("more than anybody has", Some("1125899906842624"), &picture, MORE, 0, &["too_large"]),
        case(
            "goes on behind what was announced",
            Some(&whole),
            &picture,
            MORE,
            length,
            &["made", "broken_body"],
        ),
        case(
            "goes on behind the limit, which was announced",
            Some(&limit.to_string()),
            &picture,
            MORE,
            limit,
            &["made", "broken_body"],
        ),
        case("announced as nothing", Some("0"), &picture, MORE, 0, &["empty", "broken_body"]),
        case(
            "ends before what was announced",
            Some(&limit.to_string()),
            &picture,
            0,
            length,
            &["broken_body"],
        ),
        case("announced as no number", Some("many"), &picture, MORE, 0, RETRY),
        case("announced below zero", Some("-1"), &picture, MORE, 0, RETRY),
        case(
            "announced as more than numbers hold",
            Some("99999999999999999999999999"),
            &picture,
            MORE,
            0,
            RETRY,
        ),
        case(
            "announced twice, each time otherwise",
            Some("10\r\ncontent-length: 67108864"),
            &picture,
            MORE,
            0,
            RETRY,
        ),
        case("announced not at all", None, &picture, MORE, 0, RETRY),
    ])
}

/// The codes by which an event comes again.
const RETRY: &[&str] = &["connection", "refused", "broken_body", "timeout", "unavailable", "deadline"];

async fn see(
    buckets: &Buckets,
    front: &Front,
    pipeline: &Pipeline<S3Store>,
    case: &Case,
) -> anyhow::Result<Seen> {
    let key = case.name;
    // What is there has the ETag that is told, so that the source is the same afterwards.
    buckets.change(key, Some(key.as_bytes())).await?;
    let head = buckets.client.head_object().bucket(INPUT).key(key).send().await?;
    let etag = head.e_tag.context("no ETag")?;
    let mut lie =
        Lie::of_length(case.announced.as_deref().unwrap_or_default(), &etag, &case.body, case.then_zeros);
    if case.announced.is_none() {
        lie.headers = format!("etag: {etag}\r\n");
    }
    front.lie(INPUT, key, Some(lie));
    let call = Call { request_id: "prove".to_owned(), deadline: Instant::now() + Duration::from_secs(15) };
    let hint = thumbline::Hint { bucket: INPUT.to_owned(), key: key.to_owned() };
    let processed = pipeline.process(&hint, &call).await;
    let outcome = processed.outcome.reason().unwrap_or(processed.outcome.name()).to_owned();
    front.lie(INPUT, key, None);
    // Attempts of the client each read as much as they may.
    let bytes = front.take_body_bytes() / front.take_told().max(1);
    Ok(Seen { outcome, bytes })
}

fn settings() -> anyhow::Result<Settings> {
    let variables = [
        ("THUMBLINE_INPUT_BUCKET", INPUT.to_owned()),
        ("THUMBLINE_OUTPUT_BUCKET", OUTPUT.to_owned()),
        ("THUMBLINE_PRESETS", pictures::PRESETS.to_owned()),
        ("THUMBLINE_MAX_SOURCE_BYTES", LIMIT.to_string()),
    ];
    Ok(Settings::load(&Sources::new(None, variables.map(|(name, value)| (name.to_owned(), value))))?)
}
