//! The ways in which word of a key reaches a function, each written as its sender writes it.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use thumbline::Envelope;
use thumbline_api::event::Request;
use thumbline_api::route::Route;

pub(super) const BUCKET: &str = "pictures";

/// What a function takes out of an event: keys, or a refusal that is recorded.
pub(super) type Heard = Result<Vec<String>, String>;

/// How a key is written in a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Everything but letters and digits, `+` for a space.
    All,
    /// What must be, and nothing else.
    Least,
    /// Everything but letters and digits, with digits in lower case, and `%20` for a space.
    LowerCase,
}

/// What a notification cannot have as it is, if it is to be understood.
const LEAST: &AsciiSet = &CONTROLS.add(b'%').add(b'+').add(b' ');

impl Form {
    pub(super) const ALL: [Form; 3] = [Form::All, Form::Least, Form::LowerCase];

    pub(super) fn write(self, key: &str) -> String {
        match self {
            Form::All => utf8_percent_encode(key, NON_ALPHANUMERIC).to_string().replace("%20", "+"),
            Form::Least => utf8_percent_encode(key, LEAST).to_string().replace("%20", "+"),
            Form::LowerCase => lower_case_escapes(&utf8_percent_encode(key, NON_ALPHANUMERIC).to_string()),
        }
    }
}

fn lower_case_escapes(text: &str) -> String {
    let mut pieces = text.split('%');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |written, piece| match piece.split_at_checked(2) {
        Some((digits, rest)) => written + "%" + &digits.to_ascii_lowercase() + rest,
        None => written + "%" + piece,
    })
}

/// A notification of S3's about a key in whatever form.
pub(super) fn notification(written: &str) -> Value {
    json!({ "Records": [{ "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": { "bucket": { "name": BUCKET }, "object": { "key": written, "size": 1, "sequencer": "00" } } }] })
}

pub(super) fn event_bridge(key: &str) -> Value {
    json!({ "source": "aws.s3", "detail-type": "Object Created",
        "detail": { "bucket": { "name": BUCKET }, "object": { "key": key } } })
}

fn in_queue(message: &Value) -> Value {
    json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "1", "body": message.to_string() }] })
}

fn in_topic(message: &Value) -> Value {
    json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "Type": "Notification", "Message": message.to_string() } }] })
}

fn as_topics_write_to_queues(message: &Value) -> Value {
    json!({ "Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": message.to_string() })
}

fn failure_record(message: &Value) -> Value {
    json!({ "version": "1.0", "requestContext": { "condition": "RetriesExhausted", "approximateInvokeCount": 3 },
        "requestPayload": message, "responsePayload": { "errorMessage": "no" } })
}

fn batch(version: &str, written: &str) -> Value {
    let mut task = json!({ "taskId": "t", "s3Key": written, "s3VersionId": null });
    match version {
        "1.0" => task["s3BucketArn"] = format!("arn:aws:s3:::{BUCKET}").into(),
        _ => task["s3Bucket"] = BUCKET.into(),
    }
    json!({ "invocationSchemaVersion": version, "invocationId": "i", "job": { "id": "j" }, "tasks": [task] })
}

/// Every envelope about a key, by name, given the key as notifications write it and, if it is one, as it is.
pub(super) fn all(written: &str, key: Option<&str>) -> Vec<(&'static str, Value)> {
    let plain = notification(written);
    let mut envelopes = vec![
        ("S3 in SQS", in_queue(&plain)),
        ("S3 in SNS", in_topic(&plain)),
        ("S3 in SNS in SQS", in_queue(&as_topics_write_to_queues(&plain))),
        ("failure record", failure_record(&plain)),
        ("failure record in SQS", in_queue(&failure_record(&plain))),
        ("S3 Batch Operations 1.0", batch("1.0", written)),
        ("S3 Batch Operations 2.0", batch("2.0", written)),
        ("S3", plain),
    ];
    if let Some(key) = key {
        let bridged = event_bridge(key);
        envelopes.push(("EventBridge in SQS", in_queue(&bridged)));
        envelopes.push(("EventBridge", bridged));
    }
    envelopes
}

/// What the resize function hears in a text of JSON.
pub(super) fn hear(text: &str) -> Heard {
    let message: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    let hints = Envelope::read(message).and_then(Envelope::into_hints).map_err(|error| error.to_string())?;
    let keys = hints.into_iter().map(|hint| {
        if hint.bucket == BUCKET { Ok(hint.key) } else { Err(format!("of bucket {:?}", hint.bucket)) }
    });
    keys.collect()
}

/// JSON in nothing but ASCII, as some senders write it: all else is escaped, what is beyond 16 bits as a pair.
pub(super) fn in_ascii(value: &Value) -> String {
    let mut written = String::new();
    for c in value.to_string().chars() {
        if c.is_ascii() {
            written.push(c);
        } else {
            let halves =
                c.encode_utf16(&mut [0; 2]).iter().map(|half| format!("\\u{half:04x}")).collect::<Vec<_>>();
            written.push_str(&halves.concat());
        }
    }
    written
}

/// Every event of HTTP for a path below the API that is as it was sent, with what the HTTP API makes of it.
pub(super) fn requests(sent: &str, decoded: Option<&str>) -> Vec<(&'static str, Value)> {
    let http = |domain: &str, stage: &str, path: &str| {
        json!({ "version": "2.0", "rawPath": path, "rawQueryString": "", "headers": {},
            "requestContext": { "domainName": domain, "stage": stage, "http": { "method": "GET", "path": path } } })
    };
    let path = format!("/thumbnails/{sent}");
    let rest = json!({ "resource": "/{proxy+}", "path": path, "httpMethod": "GET", "headers": {},
        "pathParameters": { "proxy": path.trim_start_matches('/') },
        "requestContext": { "path": format!("/v1{path}"), "stage": "v1", "identity": {} } });
    let mut events =
        vec![("REST API", rest), ("function URL", http("x.lambda-url.us-east-1.on.aws", "$default", &path))];
    if let Some(key) = decoded {
        let path = format!("/v1/thumbnails/{key}");
        events.push(("HTTP API", http("x.execute-api.us-east-1.amazonaws.com", "v1", &path)));
    }
    events
}

/// What the API's function hears.
pub(super) fn hear_request(text: &str) -> Heard {
    let event = serde_json::from_str::<Box<RawValue>>(text).map_err(|error| format!("no JSON: {error}"))?;
    let request = Request::read(&event).map_err(|error| error.to_string())?;
    match Route::find(&request.path) {
        Some(Route::Thumbnail(key)) => Ok(vec![key.to_owned()]),
        other => Err(format!("404: {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_another_way_to_write_the_same() {
        let written = |form: Form| form.write("a b/ü+%.jpg");
        assert_eq!(written(Form::All), "a+b%2F%C3%BC%2B%25%2Ejpg");
        assert_eq!(written(Form::Least), "a+b/%C3%BC%2B%25.jpg");
        assert_eq!(written(Form::LowerCase), "a%20b%2f%c3%bc%2b%25%2ejpg");
    }

    #[test]
    fn what_is_beyond_ascii_is_escaped_as_json_has_it() {
        assert_eq!(in_ascii(&json!("a😀ü")), "\"a\\ud83d\\ude00\\u00fc\"");
    }
}
