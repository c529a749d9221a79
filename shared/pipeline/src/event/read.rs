//! Tells envelopes apart and unwraps them.

use serde_json::Value;

use super::Hint;
use super::batch::BatchJob;
use super::notification::{Detail, Record};
use crate::naming::told;
use crate::outcome::Ignored;

/// How many envelopes may lie around each other. A failure record of an SQS batch of SNS messages has five.
const MAX_DEPTH: u32 = 8;

/// What a function was invoked with.
#[derive(Clone, Debug, PartialEq)]
pub enum Envelope {
    /// S3 notifications, by whatever way: all of them succeed, or the invocation fails and comes again.
    Notification(Vec<Hint>),
    /// A batch of SQS messages: each is answered for by itself.
    Queue(Vec<QueueMessage>),
    /// Work of an S3 Batch Operations job: each task is answered for by itself.
    Batch(BatchJob),
    /// Nothing to do.
    Nothing(Ignored),
}

/// A message of an SQS batch.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueMessage {
    /// Names the message among the failures of the batch.
    pub message_id: String,
    /// The pictures that it announces (none for a test event), or why it can't be read.
    pub hints: Result<Vec<Hint>, EnvelopeError>,
}

/// A message that is not what any sender of Thumbline's sends. A retry can't help, but nothing may be lost either:
/// the invocation fails, and the message goes where failed events are kept for people to look at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It has none of the shapes.
    #[error(
        "unknown event, {shape}; expected an S3 notification (also in SQS, SNS, EventBridge or a failure record), \
         an S3 Batch Operations job, s3:TestEvent or {{\"thumbline\":\"ping\"}}"
    )]
    Unknown {
        /// What it looks like instead: its top-level fields, or its JSON type.
        shape: String,
    },
    /// It has a known shape, but a part of it can't be read.
    #[error("malformed {what}: {detail}")]
    Malformed {
        /// The part.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// It is wrapped too many times.
    #[error("more than {MAX_DEPTH} envelopes around each other")]
    TooDeep,
}

impl Envelope {
    /// Reads what a function was invoked with.
    ///
    /// # Errors
    /// [`EnvelopeError`], where the message as a whole can't be understood. A message or task inside a batch that can't be
    /// understood is an error of its own, so that the others are not held up by it.
    pub fn read(message: Value) -> Result<Envelope, EnvelopeError> {
        read(message, 0)
    }

    /// All pictures that it announces, for whoever answers for them together.
    ///
    /// # Errors
    /// [`EnvelopeError`], where one of its parts can't be understood.
    pub fn into_hints(self) -> Result<Vec<Hint>, EnvelopeError> {
        flatten(self)
    }
}

fn read(message: Value, depth: u32) -> Result<Envelope, EnvelopeError> {
    if depth >= MAX_DEPTH {
        return Err(EnvelopeError::TooDeep);
    }
    let Value::Object(mut fields) = message else {
        return Err(EnvelopeError::Unknown { shape: format!("JSON {}", json_type(&message)) });
    };
    if let Some(records) = fields.remove("Records") {
        return read_records(records, depth);
    }
    if fields.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Envelope::Nothing(Ignored::TestEvent));
    }
    if fields.contains_key("invocationSchemaVersion") {
        return BatchJob::read(Value::Object(fields)).map(Envelope::Batch);
    }
    // Lambda's destination record, as it lies in the failure queue.
    // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    if fields.contains_key("requestContext") && fields.contains_key("requestPayload") {
        return read(fields.remove("requestPayload").unwrap_or_default(), depth + 1);
    }
    if let Some(source) = fields.get("source").and_then(Value::as_str) {
        return match source {
            "aws.s3" => {
                let detail: Detail =
                    parse("EventBridge detail", fields.remove("detail").unwrap_or_default())?;
                Ok(Envelope::Notification(vec![detail.hint()?]))
            }
            // What a schedule sends when nobody gave it an input of its own.
            "aws.events" | "aws.scheduler" => Ok(Envelope::Nothing(Ignored::Ping)),
            _ => Err(unknown(&fields)),
        };
    }
    // An SNS envelope as SNS delivers it to SQS.
    if fields.get("Type").and_then(Value::as_str) == Some("Notification") {
        return read_sns_message(&fields, depth);
    }
    if fields.get("thumbline").and_then(Value::as_str) == Some("ping") {
        return Ok(Envelope::Nothing(Ignored::Ping));
    }
    Err(unknown(&fields))
}

fn read_records(records: Value, depth: u32) -> Result<Envelope, EnvelopeError> {
    let Value::Array(records) = records else {
        return Err(EnvelopeError::Malformed {
            what: "Records",
            detail: format!("JSON {}", json_type(&records)),
        });
    };
    let Some(first) = records.first() else {
        return Ok(Envelope::Nothing(Ignored::Empty));
    };
    // SNS alone writes its field names in capitals.
    let source = first.get("eventSource").or_else(|| first.get("EventSource")).and_then(Value::as_str);
    match source {
        Some("aws:sqs") => {
            Ok(Envelope::Queue(records.into_iter().map(|m| read_queue_message(m, depth)).collect()))
        }
        Some("aws:sns") => {
            let mut hints = Vec::new();
            for mut record in records {
                let sns = record.get_mut("Sns").map(Value::take).unwrap_or_default();
                let Value::Object(sns) = sns else {
                    return Err(EnvelopeError::Malformed {
                        what: "SNS record",
                        detail: "it has no Sns".to_owned(),
                    });
                };
                hints.extend(flatten(read_sns_message(&sns, depth)?)?);
            }
            Ok(notification(hints))
        }
        // Hand-written events leave eventSource out; `s3` is what counts.
        Some("aws:s3") | None if first.get("s3").is_some() => {
            let hints = records.into_iter().map(|record| parse::<Record>("S3 record", record)?.hint());
            hints.collect::<Result<Vec<_>, _>>().map(Envelope::Notification)
        }
        Some(source) => Err(EnvelopeError::Unknown { shape: format!("records from {source:?}") }),
        None => Err(EnvelopeError::Unknown { shape: "records with neither eventSource nor s3".to_owned() }),
    }
}

fn read_queue_message(mut message: Value, depth: u32) -> QueueMessage {
    let message_id = message.get("messageId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let hints = match message.get_mut("body").map(Value::take) {
        Some(Value::String(body)) => serde_json::from_str(&body)
            .map_err(|e| EnvelopeError::Malformed { what: "SQS body", detail: format!("not JSON: {e}") })
            .and_then(|inner| flatten(read(inner, depth + 1)?)),
        _ => Err(EnvelopeError::Malformed { what: "SQS message", detail: "it has no body".to_owned() }),
    };
    QueueMessage { message_id, hints }
}

fn read_sns_message(sns: &serde_json::Map<String, Value>, depth: u32) -> Result<Envelope, EnvelopeError> {
    let text = sns.get("Message").and_then(Value::as_str).ok_or_else(|| EnvelopeError::Malformed {
        what: "SNS notification",
        detail: "it has no Message".to_owned(),
    })?;
    let inner = serde_json::from_str(text)
        .map_err(|e| EnvelopeError::Malformed { what: "SNS message", detail: format!("not JSON: {e}") })?;
    read(inner, depth + 1)
}

/// All pictures that an envelope announces, for an envelope inside another, where the outer one is answered.
fn flatten(envelope: Envelope) -> Result<Vec<Hint>, EnvelopeError> {
    match envelope {
        Envelope::Notification(hints) => Ok(hints),
        Envelope::Nothing(_) => Ok(Vec::new()),
        Envelope::Queue(messages) => {
            messages.into_iter().map(|m| m.hints).collect::<Result<Vec<_>, _>>().map(|all| all.concat())
        }
        Envelope::Batch(job) => job.tasks.into_iter().map(|task| task.hint).collect(),
    }
}

fn notification(hints: Vec<Hint>) -> Envelope {
    if hints.is_empty() { Envelope::Nothing(Ignored::TestEvent) } else { Envelope::Notification(hints) }
}

fn parse<T: serde::de::DeserializeOwned>(what: &'static str, value: Value) -> Result<T, EnvelopeError> {
    serde_json::from_value(value).map_err(|e| EnvelopeError::Malformed { what, detail: told(&e) })
}

fn unknown(fields: &serde_json::Map<String, Value>) -> EnvelopeError {
    const SHOWN: usize = 8;
    let names: Vec<&str> = fields.keys().map(String::as_str).take(SHOWN).collect();
    let more = if fields.len() > SHOWN { ", …" } else { "" };
    EnvelopeError::Unknown { shape: format!("an object with the fields [{}{more}]", names.join(", ")) }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn s3_event(key: &str) -> Value {
        json!({ "Records": [{ "eventSource": "aws:s3", "s3": { "bucket": { "name": "b" }, "object": { "key": key } } }] })
    }

    fn in_queue(body: &Value) -> Value {
        json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "m", "body": body.to_string() }] })
    }

    fn in_failure_record(payload: &Value) -> Value {
        json!({ "requestContext": { "condition": "RetriesExhausted" }, "requestPayload": payload })
    }

    #[test]
    fn a_failure_record_of_a_queue_of_events_is_unwrapped_to_the_pictures() {
        let message = in_queue(&in_failure_record(&in_queue(&s3_event("a+b.jpg"))));
        let Envelope::Queue(messages) = Envelope::read(message).unwrap() else { panic!("no queue") };
        let hints = messages[0].hints.clone().unwrap();
        assert_eq!(hints, [Hint { bucket: "b".to_owned(), key: "a b.jpg".to_owned() }]);
    }

    #[test]
    fn envelopes_around_each_other_without_end_are_an_error() {
        let message = (0..MAX_DEPTH).fold(s3_event("a"), |inner, _| in_failure_record(&inner));
        assert_eq!(Envelope::read(message), Err(EnvelopeError::TooDeep));
    }

    #[test]
    fn one_unreadable_message_does_not_hold_up_the_others() {
        let mut message = in_queue(&s3_event("a.jpg"));
        let mut broken = message["Records"][0].clone();
        broken["body"] = json!("{");
        message["Records"].as_array_mut().unwrap().push(broken);
        let Envelope::Queue(messages) = Envelope::read(message).unwrap() else { panic!("no queue") };
        assert!(messages[0].hints.is_ok());
        assert!(messages[1].hints.as_ref().unwrap_err().to_string().contains("not JSON"));
    }

    #[test]
    fn an_unknown_event_is_told_by_its_fields() {
        let error = Envelope::read(json!({ "hello": 1, "world": 2 })).unwrap_err();
        assert!(error.to_string().contains("[hello, world]"), "{error}");
    }

    #[test]
    fn records_that_lack_bucket_or_key_are_malformed() {
        for record in
            [json!({ "s3": {} }), json!({ "s3": { "bucket": { "name": "b" }, "object": { "key": "" } } })]
        {
            let error = Envelope::read(json!({ "Records": [record] })).unwrap_err();
            assert!(matches!(error, EnvelopeError::Malformed { .. }), "{error}");
        }
    }
}
