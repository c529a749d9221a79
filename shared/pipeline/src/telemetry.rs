//! What operators see: one JSON log line per picture, and the same as CloudWatch metrics.
//!
//! Metrics go out as log lines in CloudWatch's embedded metric format, so that counting a picture costs no request and
//! can't fail. <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::naming::Naming;
use crate::outcome::{Outcome, Processed};

/// The CloudWatch namespace of all metrics.
pub const NAMESPACE: &str = "Thumbline";

/// What the targets of all crates of Thumbline begin with.
const OUR_TARGETS: &str = "thumbline";

/// The names and units of the metrics that every picture counts into.
pub const METRICS: [(&str, &str); 6] = [
    ("Pictures", "Count"),
    ("Duration", "Milliseconds"),
    ("RenderDuration", "Milliseconds"),
    ("SourceBytes", "Bytes"),
    ("SourcePixels", "Count"),
    ("ThumbnailBytes", "Bytes"),
];

/// Sends logs to standard output as JSON lines. `span` in each holds the request id and the key that it is about.
///
/// Where keys are not to be seen, other people's crates tell nothing below a warning, whatever the filter says: they log
/// requests as they are.
///
/// Called once, before anything is logged; a second call changes nothing.
pub fn init(filter: &str, naming: Naming) {
    naming.choose();
    let filter: Targets = filter.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let is_ours = |target: &str| target.starts_with(OUR_TARGETS);
    let may_be_seen = filter_fn(move |metadata| {
        naming == Naming::Plain || is_ours(metadata.target()) || *metadata.level() <= Level::WARN
    });
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    // Refused when a subscriber is set already, which then stays.
    let _ =
        tracing_subscriber::registry().with(lines.with_filter(filter).with_filter(may_be_seen)).try_init();
}

/// Reports what became of one picture.
pub(crate) fn report(processed: &Processed) {
    let Processed { outcome, effort, .. } = processed;
    let (name, reason) = (outcome.name(), outcome.reason());
    let message = outcome.message();
    let total_ms = millis(effort.total);
    let render_ms = millis(effort.render);
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(
                outcome = name,
                reason,
                detail = message,
                total_ms,
                render_ms,
                rounds = effort.rounds,
                decodes = effort.decodes,
                source_bytes = effort.source_bytes,
                source_pixels = effort.source_pixels,
                thumbnail_bytes = effort.thumbnail_bytes,
                "picture"
            )
        };
    }
    match outcome {
        Outcome::Retry(_) => log!(error),
        Outcome::Rejected(_) => log!(warn),
        Outcome::Made(_) | Outcome::UpToDate(_) | Outcome::Removed | Outcome::Ignored(_) => log!(info),
    }
    // One write of one line: lines of several threads do not mix. Standard output that is gone is nobody's loss.
    let _ = writeln!(std::io::stdout().lock(), "{}", embedded_metrics(processed));
}

/// Publishes metrics that are no picture's, each a name, a unit of CloudWatch's and a number, under this function and these
/// dimensions.
pub fn publish(dimensions: &[(&str, &str)], metrics: &[(&str, &str, u64)]) {
    let _ = writeln!(std::io::stdout().lock(), "{}", embedded(dimensions, metrics));
}

fn embedded(dimensions: &[(&str, &str)], metrics: &[(&str, &str, u64)]) -> Value {
    let names: Vec<&str> = ["Function"].into_iter().chain(dimensions.iter().map(|(name, _)| *name)).collect();
    let declared: Vec<Value> =
        metrics.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now_ms(),
            "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [names], "Metrics": declared }],
        },
        "Function": function_name(),
    });
    if let Value::Object(fields) = &mut line {
        fields.extend(dimensions.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
        fields.extend(metrics.iter().map(|(name, _, number)| ((*name).to_owned(), Value::from(*number))));
    }
    line
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn function_name() -> String {
    std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "local".to_owned())
}

/// The metrics of one picture in CloudWatch's embedded metric format.
fn embedded_metrics(processed: &Processed) -> Value {
    let Processed { outcome, effort, .. } = processed;
    let metrics: Vec<Value> =
        METRICS.iter().map(|(name, unit)| json!({"Name": name, "Unit": unit})).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now_ms(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Function", "Outcome"], ["Function"]],
                "Metrics": metrics,
            }],
        },
        "Function": function_name(),
        "Outcome": outcome.name(),
        "Pictures": 1,
        "Duration": millis(effort.total),
        "RenderDuration": millis(effort.render),
        "SourceBytes": effort.source_bytes,
        "SourcePixels": effort.source_pixels,
        "ThumbnailBytes": effort.thumbnail_bytes,
    });
    if let (Some(reason), Value::Object(fields)) = (outcome.reason(), &mut line) {
        // A property to search for, not a dimension: reasons would multiply the metrics, and their cost.
        fields.insert("Reason".to_owned(), Value::from(reason));
    }
    line
}

/// Milliseconds to three decimals: what people read, and no more digits than were measured.
fn millis(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Hint;
    use crate::outcome::Effort;

    #[test]
    fn the_metric_line_holds_a_value_for_every_metric_and_dimension_it_declares() {
        let hint = Hint { bucket: "pictures".to_owned(), key: "a.jpg".to_owned() };
        let line =
            embedded_metrics(&Processed { hint, outcome: Outcome::Removed, effort: Effort::default() });
        let declared = &line["_aws"]["CloudWatchMetrics"][0];
        for metric in declared["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
        }
        for dimension in declared["Dimensions"].as_array().unwrap().iter().flat_map(|d| d.as_array().unwrap())
        {
            assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension}");
        }
    }
}
