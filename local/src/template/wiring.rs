//! What leads to what: a bucket's notifications, a function's events, and where failures go.

use std::time::Duration;

use thumbline_local_lambda::EventSource;
use thumbline_local_s3::NotificationRule;

use super::blueprint::{Blueprint, FunctionPlan};
use super::identity::function_name;
use super::problem::Problem;
use super::properties::Properties;
use super::property::Property;

/// What the local stack's buckets announce.
const ANNOUNCED: [&str; 2] = ["s3:ObjectCreated", "s3:ObjectRemoved"];

/// What AWS's buckets announce besides, and what never happens here: there are no lifecycles, archives, tags or copies.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>
const NEVER_HAPPENING: [&str; 8] = [
    "s3:IntelligentTiering",
    "s3:LifecycleExpiration",
    "s3:LifecycleTransition",
    "s3:ObjectAcl",
    "s3:ObjectRestore",
    "s3:ObjectTagging",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication",
];

/// The rules of a bucket's `NotificationConfiguration`.
pub(super) fn bucket_triggers(
    bucket: &str,
    configuration: &Property,
) -> Result<Vec<NotificationRule>, Problem> {
    for (kind, value) in configuration.entries()? {
        if kind != "LambdaConfigurations" {
            return Err(value.problem("the local stack notifies functions only (LambdaConfigurations)"));
        }
    }
    let Some(rules) = configuration.get("LambdaConfigurations")? else { return Ok(Vec::new()) };
    let mut triggers = Vec::new();
    for (index, rule) in rules.items()?.iter().enumerate() {
        let target = function_name(rule.need("Function")?.text()?).to_owned();
        let events = vec![event_name(rule.need("Event")?)?];
        triggers.push(trigger(bucket, events, rule, target, format!("{bucket}-{index}"))?);
    }
    Ok(triggers)
}

/// An entry of a function's `Events`.
pub(super) fn add_event(
    blueprint: &mut Blueprint,
    function: &str,
    id: &str,
    event: &Property,
) -> Result<(), Problem> {
    match event.need("Type")?.text()? {
        "S3" => {
            let properties = event.need("Properties")?;
            let bucket = properties.need("Bucket")?.text()?;
            let events = properties.need("Events")?;
            let names = match events.items() {
                Ok(items) => items.iter().map(event_name).collect::<Result<_, _>>()?,
                Err(_) => vec![event_name(events)?],
            };
            let rule = trigger(bucket, names, properties, function.to_owned(), id.to_owned())?;
            blueprint.triggers.push(rule);
        }
        "SQS" => {
            let properties = event.need("Properties")?;
            let queue = properties.need("Queue")?.text()?;
            blueprint.sources.push(source(queue, function, |name| Ok(properties.get(name)?.cloned()))?);
        }
        kind => tracing::debug!(function, id, kind, "this kind of event is not part of the local stack"),
    }
    Ok(())
}

/// A mapping that stands for itself, as `AWS::Lambda::EventSourceMapping`.
pub(super) fn add_source(blueprint: &mut Blueprint, properties: &Properties<'_>) -> Result<(), Problem> {
    let queue = properties.need("EventSourceArn")?;
    if !queue.text()?.contains(":sqs:") {
        return Err(queue.problem("the local stack feeds functions from queues only"));
    }
    let function = properties.need("FunctionName")?;
    let source = source(queue.text()?, function_name(function.text()?), |name| properties.get(name))?;
    blueprint.sources.push(source);
    Ok(())
}

/// How a queue feeds a function.
fn source(
    queue: &str,
    function: &str,
    property: impl Fn(&str) -> Result<Option<Property>, Problem>,
) -> Result<EventSource, Problem> {
    let mut source = EventSource::new(queue, function);
    if let Some(size) = property("BatchSize")? {
        source.batch_size = size.number(1, 10)?;
    }
    if let Some(enabled) = property("Enabled")? {
        source.enabled = enabled.flag()?;
    }
    if let Some(types) = property("FunctionResponseTypes")? {
        source.report_batch_item_failures =
            types.texts()?.iter().any(|name| name == "ReportBatchItemFailures");
    }
    Ok(source)
}

/// A function's `EventInvokeConfig`.
pub(super) fn configure_events(plan: &mut FunctionPlan, configuration: &Property) -> Result<(), Problem> {
    if let Some(retries) = configuration.get("MaximumRetryAttempts")? {
        plan.max_retries = retries.number(0, 2)?;
    }
    if let Some(age) = configuration.get("MaximumEventAgeInSeconds")? {
        plan.max_event_age = Duration::from_secs(age.number(60, 21_600)?);
    }
    if let Some(failure) = configuration.find(&["DestinationConfig", "OnFailure"])? {
        let destination = failure.need("Destination")?;
        let arn = destination.text()?;
        if !arn.contains(":sqs:") {
            return Err(destination
                .problem(format!("`{arn}` is not the ARN of a queue, which the local stack needs")));
        }
        plan.on_failure = Some(arn.to_owned());
    }
    Ok(())
}

/// Whether everything that is named is there.
pub(super) fn check(blueprint: &Blueprint) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut miss = |path: &str, message: String| problems.push(Problem::new(0, path, message));
    for rule in &blueprint.triggers {
        if !blueprint.buckets.contains(&rule.bucket) {
            miss(&rule.id, format!("its bucket `{}` is not in the template", rule.bucket));
        }
        if !blueprint.functions.iter().any(|function| function.name == rule.target) {
            miss(&rule.id, format!("its function `{}` is not in the template", rule.target));
        }
    }
    for api in &blueprint.apis {
        for method in &api.methods {
            if !blueprint.functions.iter().any(|function| function.name == method.function) {
                let message = format!("its function `{}` is not in the template", method.function);
                miss(&format!("{}{}", api.id, method.resource), message);
            }
        }
    }
    if let [_, another, ..] = blueprint.apis.as_slice() {
        miss(&another.id, "the local stack serves one API".to_owned());
    }
    problems
}

fn trigger(
    bucket: &str,
    events: Vec<String>,
    rule: &Property,
    target: String,
    id: String,
) -> Result<NotificationRule, Problem> {
    let mut trigger =
        NotificationRule { bucket: bucket.to_owned(), events, prefix: None, suffix: None, target, id };
    if let Some(rules) = rule.find(&["Filter", "S3Key", "Rules"])? {
        for rule in rules.items()? {
            let name = rule.need("Name")?;
            let value = rule.need("Value")?.text()?.to_owned();
            match name.text()?.to_ascii_lowercase().as_str() {
                "prefix" => trigger.prefix = Some(value),
                "suffix" => trigger.suffix = Some(value),
                other => return Err(name.problem(format!("`{other}` is neither prefix nor suffix"))),
            }
        }
    }
    Ok(trigger)
}

fn event_name(event: &Property) -> Result<String, Problem> {
    let name = event.text()?;
    let family = name.rsplit_once(':').map_or(name, |(family, _)| family);
    if ANNOUNCED.contains(&family) || NEVER_HAPPENING.contains(&family) {
        return Ok(name.to_owned());
    }
    Err(event.problem(format!("`{name}` is no event that S3 announces, such as s3:ObjectCreated:*")))
}
