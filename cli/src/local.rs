//! `thumbline local`: the whole stack on this machine, until Ctrl-C.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use thumbline::Presets;
use thumbline_local::{Endpoints, LogLine, LogSink, Stack};
use tokio::signal::unix::{SignalKind, signal};

use crate::Ending;
use crate::stack::{Parts, duration};

/// Run the whole stack on this machine, until Ctrl-C
///
/// S3, the functions and their queues, wired from template.yaml, behind one address that the aws CLI and every SDK can
/// use. Pictures that are put into the input bucket become thumbnails in the output bucket. The thumbnail API and its
/// page, which are off by default where the template is deployed, are on here, at an address of their own.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  thumbline local\n  thumbline local --data ~/thumbline-data --json\n  \
    thumbline local --parameter ApiReading=key --parameter KeyPrefix=photos/\n\n\
    It listens on 127.0.0.1 only. Lambda itself waits one and two minutes before it tries a failed event again; here it \
    is as long as --retry-delays says.")]
pub(crate) struct Arguments {
    /// Where everything is kept [default: a temporary folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 4570)]
    port: u16,
    /// The port of the thumbnail API; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 4571)]
    api_port: u16,
    /// A parameter of the template; may be given several times
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// Environments that a function may run at a time [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: Option<u16>,
    /// The waits before a failed event is tried again
    #[arg(long, value_name = "TIMES", value_delimiter = ',', value_parser = duration, default_value = "2s,5s")]
    retry_delays: Vec<Duration>,
    /// Print one JSON object with the addresses and credentials when ready
    #[arg(long)]
    json: bool,
    /// The thumbnails to make, instead of those in the function's settings
    #[arg(long, value_name = "PRESETS")]
    presets: Option<Presets>,
    #[command(flatten)]
    parts: Parts,
}

pub(crate) fn run(arguments: Arguments) -> Result<Ending> {
    tokio::runtime::Runtime::new()?.block_on(serve(arguments))?;
    Ok(Ending::Well)
}

async fn serve(arguments: Arguments) -> Result<()> {
    let temporary;
    let data = match &arguments.data {
        Some(data) => data.as_path(),
        None => {
            temporary = tempfile::tempdir().context("there is no room for temporary files")?;
            temporary.path()
        }
    };
    let mut options = arguments.parts.options(data, LogSink::new(|line| print(&line)))?;
    options.address.set_port(arguments.port);
    options.api_address.set_port(arguments.api_port);
    options.parameters = arguments.parameters.into_iter().collect();
    options.preferences = preferences();
    options.retry_delays = Some(arguments.retry_delays);
    if let Some(presets) = arguments.presets {
        options.environment.insert("THUMBLINE_PRESETS".to_owned(), presets.to_string());
    }
    if let Some(concurrency) = arguments.concurrency {
        options.concurrency = usize::from(concurrency);
    }
    // Before the stack starts, so that no signal finds nobody listening.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stack = Stack::start(options).await?;
    if arguments.json {
        println!("{}", serde_json::to_string(stack.endpoints())?);
    } else {
        println!("{}", welcome(stack.endpoints()));
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    eprintln!("stopping");
    stack.stop().await;
    Ok(())
}

/// The thumbnail API, its page and any size: off where strangers may come by, on for whoever is at this machine.
fn preferences() -> BTreeMap<String, String> {
    [("Api", "enabled"), ("ApiPage", "on"), ("ApiSizes", "*")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Prints a line of a function's log, other than the metrics, which are for CloudWatch and not for people.
fn print(line: &LogLine) {
    if !line.text.contains("\"CloudWatchMetrics\"") {
        eprintln!("{}: {}", line.function, line.text);
    }
}

fn welcome(endpoints: &Endpoints) -> String {
    let Endpoints {
        s3,
        api,
        api_key,
        input_bucket,
        output_bucket,
        failure_queue,
        region,
        access_key_id,
        secret_access_key,
        ..
    } = endpoints;
    let page = match (api, api_key) {
        (Some(api), Some(key)) => format!("Its page is {api}/#key={key}\n"),
        (Some(api), None) => format!("Its page is {api}/\n"),
        (None, _) => String::new(),
    };
    let call = api.as_ref().map(|api| format!("  curl '{api}/thumbnails/picture.jpg?w=320' -o small.jpg\n"));
    let call = call.unwrap_or_default();
    format!(
        "Thumbline is running on {s3}\n{page}\n  \
         export AWS_ENDPOINT_URL={s3} AWS_DEFAULT_REGION={region}\n  \
         export AWS_ACCESS_KEY_ID={access_key_id} AWS_SECRET_ACCESS_KEY={secret_access_key}\n  \
         aws s3 cp picture.jpg s3://{input_bucket}/\n  \
         aws s3 ls --recursive s3://{output_bucket}/\n{call}\n\
         Events that failed for good:\n\n  \
         aws sqs receive-message --endpoint-url {s3} \\\n      --queue-url {failure_queue}\n\n\
         Ctrl-C stops it. The functions' logs follow.\n"
    )
}
