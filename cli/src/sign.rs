//! `thumbline sign`: a signed URL.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use thumbline::secret::SecretReference;
use thumbline::signing::{EXPIRES, KEY_ID, SIGNATURE, SigningKeys};

use crate::Ending;
use crate::stack::duration;

/// Sign a URL of the thumbnail API
///
/// Whoever has it may fetch this one thumbnail or manifest, until it expires. docs/api.md has the same in JavaScript and
/// Python.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    thumbline sign \"thumbnails/trip/a b.jpg\" -p w=640 -p format=auto --secret thumbline/signing\n  \
    thumbline sign manifests/photo.jpg --secret file:keys.txt --expires 7d --base http://127.0.0.1:4571/v1\n\n\
    A secret holds one or two lines of ID:BASE64. This makes one:\n  \
    echo \"2026a:$(openssl rand -base64 32)\" > keys.txt")]
pub(crate) struct Arguments {
    /// What to fetch, below the API's address: thumbnails/KEY or manifests/KEY, with the key as it is in S3
    #[arg(value_name = "PATH")]
    path: String,
    /// A parameter, such as w=640; may be given several times
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// How long it is good for
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    expires: Duration,
    /// Where the keys are: a secret of Secrets Manager, `ssm:NAME` or `file:PATH`
    #[arg(long, value_name = "REFERENCE", env = "THUMBLINE_API_SIGNING_SECRET")]
    secret: SecretReference,
    /// The id of the key to sign with [default: the first]
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// The API's address, to be put before what is signed
    #[arg(long, value_name = "URL", default_value = "")]
    base: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ending> {
    let path = format!("/{}", arguments.path.trim_start_matches('/'));
    let is_readable =
        ["/thumbnails/", "/manifests/"].iter().any(|root| path.len() > root.len() && path.starts_with(root));
    ensure!(is_readable, "{path:?} is not what signatures are for: thumbnails/KEY or manifests/KEY");
    let mut names: Vec<&str> = arguments.parameters.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    ensure!(names.len() == arguments.parameters.len(), "a parameter is there twice");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    let expires = now.saturating_add(arguments.expires).as_secs();
    let keys = tokio::runtime::Runtime::new()?.block_on(read_keys(&arguments.secret))?;
    let Some(signed) = keys.sign(arguments.key.as_deref(), &path, &arguments.parameters, expires) else {
        bail!("there is no such key; the secret holds: {}", keys.ids().collect::<Vec<_>>().join(", "));
    };
    let url = format!("{}{signed}", arguments.base.trim_end_matches('/'));
    if arguments.json {
        println!("{}", json!({ "url": url, "expires": expires }));
    } else {
        println!("{url}");
    }
    Ok(Ending::Well)
}

async fn read_keys(secret: &SecretReference) -> Result<SigningKeys> {
    SigningKeys::parse(&secret.read_here().await?).with_context(|| secret.to_string())
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} has no `=`"))?;
    if [EXPIRES, KEY_ID, SIGNATURE].contains(&name) {
        return Err(format!("{name} is added by signing"));
    }
    Ok((name.to_owned(), value.to_owned()))
}
