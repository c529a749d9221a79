//! Event notifications: what S3 tells the functions and queues that a bucket's rules name.
//!
//! Facts: "Event message structure" (version 2.1) and "Supported event types" in the S3 User Guide. Keys are encoded
//! like HTML forms, except that `/` stays. The guide announces with `ObjectRemoved:Delete` that "an object was deleted";
//! what it does not spell out is a request to remove an absent key. On a bucket without versioning that deletes
//! nothing, so nothing is announced here.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use redb::ReadableTable as _;
use s3s::dto::{Timestamp, TimestampFormat};
use serde::{Deserialize, Serialize};

use crate::EventSink;
use crate::store::failure::Failure;
use crate::store::index::{COUNTERS, ObjectRecord};
use crate::store::writer::Transaction;

/// The counter that sequencers come from. One for all keys: it grows with every event, and so for each key.
const SEQUENCER: &str = "sequencer";
/// The account that owns everything here.
pub(crate) const OWNER_ID: &str = "thumbline";

/// Which changes of a bucket are announced, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationRule {
    /// The bucket.
    pub bucket: String,
    /// As in a notification configuration: `s3:ObjectCreated:*`, `s3:ObjectRemoved:Delete`.
    pub events: Vec<String>,
    /// Only keys that start with this, compared with the key itself, not with its encoded form.
    pub prefix: Option<String>,
    /// Only keys that end with this.
    pub suffix: Option<String>,
    /// Who is told. Handed to [`EventSink::enqueue`] as it is.
    pub target: String,
    /// The rule's own name, which its events carry as `configurationId`.
    pub id: String,
}

impl NotificationRule {
    fn covers(&self, change: &Change<'_>) -> bool {
        self.bucket == change.bucket
            && self.prefix.as_deref().is_none_or(|prefix| change.key.starts_with(prefix))
            && self.suffix.as_deref().is_none_or(|suffix| change.key.ends_with(suffix))
            && self.events.iter().any(|event| matches_event(event, change.event.name()))
    }
}

/// Whether a rule's event, such as `s3:ObjectCreated:*`, covers one of this name, such as `ObjectCreated:Put`.
fn matches_event(pattern: &str, name: &str) -> bool {
    let pattern = pattern.strip_prefix("s3:").unwrap_or(pattern);
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    CreatedPut,
    CreatedPost,
    CreatedCopy,
    CreatedCompleteMultipartUpload,
    RemovedDelete,
}

impl EventKind {
    fn name(self) -> &'static str {
        match self {
            Self::CreatedPut => "ObjectCreated:Put",
            Self::CreatedPost => "ObjectCreated:Post",
            Self::CreatedCopy => "ObjectCreated:Copy",
            Self::CreatedCompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
            Self::RemovedDelete => "ObjectRemoved:Delete",
        }
    }
}

/// The request that made a change.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) request_id: String,
    pub(crate) source_ip: IpAddr,
}

impl Default for Origin {
    fn default() -> Self {
        Self { request_id: String::new(), source_ip: Ipv4Addr::LOCALHOST.into() }
    }
}

/// A change to announce.
#[derive(Debug)]
pub(crate) struct Change<'c> {
    pub(crate) event: EventKind,
    pub(crate) bucket: &'c str,
    pub(crate) key: &'c str,
    /// What is there now; nothing after a removal.
    pub(crate) object: Option<&'c ObjectRecord>,
    pub(crate) origin: &'c Origin,
}

/// The rules, and where what they cover is announced.
pub(crate) struct Notifications {
    region: String,
    rules: Vec<NotificationRule>,
    sink: Option<Arc<dyn EventSink>>,
}

impl std::fmt::Debug for Notifications {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Notifications").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Notifications {
    pub(crate) fn new(
        region: String,
        rules: Vec<NotificationRule>,
        sink: Option<Arc<dyn EventSink>>,
    ) -> Self {
        Self { region, rules, sink }
    }

    pub(crate) fn rules_of(&self, bucket: &str) -> impl Iterator<Item = &NotificationRule> {
        self.rules.iter().filter(move |rule| rule.bucket == bucket)
    }

    /// Hands a change to the sink, once for each rule that covers it, in the transaction that makes the change.
    pub(crate) fn announce(
        &self,
        transaction: &mut Transaction<'_>,
        change: &Change<'_>,
    ) -> Result<(), Failure> {
        let Some(sink) = &self.sink else { return Ok(()) };
        for rule in self.rules.iter().filter(|rule| rule.covers(change)) {
            let sequence = next_sequence(transaction)?;
            let message = Message { records: [self.record(rule, change, sequence)] };
            sink.enqueue(transaction.index, &rule.target, &serde_json::to_string(&message)?)
                .map_err(Failure::Broken)?;
            transaction.announced = true;
        }
        Ok(())
    }

    fn record<'c>(&'c self, rule: &'c NotificationRule, change: &Change<'c>, sequence: u64) -> Record<'c> {
        Record {
            event_version: "2.1",
            event_source: "aws:s3",
            aws_region: &self.region,
            event_time: iso_now(),
            event_name: change.event.name(),
            user_identity: Identity { principal_id: OWNER_ID },
            request_parameters: RequestParameters { source_ip_address: change.origin.source_ip.to_string() },
            response_elements: ResponseElements {
                request_id: &change.origin.request_id,
                host_id: &change.origin.request_id,
            },
            s3: Entity {
                schema_version: "1.0",
                configuration_id: &rule.id,
                bucket: BucketEntity {
                    name: change.bucket,
                    owner_identity: Identity { principal_id: OWNER_ID },
                    arn: format!("arn:aws:s3:::{}", change.bucket),
                },
                object: ObjectEntity {
                    key: encode_key(change.key),
                    size: change.object.map(|object| object.size),
                    etag: change.object.map(|object| object.etag.as_str()),
                    sequencer: format!("{sequence:018X}"),
                },
            },
        }
    }
}

fn next_sequence(transaction: &Transaction<'_>) -> Result<u64, Failure> {
    let mut counters = transaction.index.open_table(COUNTERS)?;
    let next = counters.get(SEQUENCER)?.map_or(0, |last| last.value()) + 1;
    counters.insert(SEQUENCER, next)?;
    Ok(next)
}

/// The time, to the millisecond.
fn iso_now() -> String {
    let mut text = Vec::new();
    let now = Timestamp::from(std::time::SystemTime::now());
    // Fails for years beyond 9999 only.
    let _ = now.format(TimestampFormat::DateTime, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// A key as S3 writes it in events: like an HTML form, but with `/` as it is.
fn encode_key(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[derive(Serialize)]
struct Message<'m> {
    #[serde(rename = "Records")]
    records: [Record<'m>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'m> {
    event_version: &'static str,
    event_source: &'static str,
    aws_region: &'m str,
    event_time: String,
    event_name: &'static str,
    user_identity: Identity,
    request_parameters: RequestParameters,
    response_elements: ResponseElements<'m>,
    s3: Entity<'m>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    principal_id: &'static str,
}

#[derive(Serialize)]
struct RequestParameters {
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: String,
}

#[derive(Serialize)]
struct ResponseElements<'m> {
    #[serde(rename = "x-amz-request-id")]
    request_id: &'m str,
    #[serde(rename = "x-amz-id-2")]
    host_id: &'m str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entity<'m> {
    #[serde(rename = "s3SchemaVersion")]
    schema_version: &'static str,
    configuration_id: &'m str,
    bucket: BucketEntity<'m>,
    object: ObjectEntity<'m>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BucketEntity<'m> {
    name: &'m str,
    owner_identity: Identity,
    arn: String,
}

#[derive(Serialize)]
struct ObjectEntity<'m> {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(rename = "eTag", skip_serializing_if = "Option::is_none")]
    etag: Option<&'m str>,
    sequencer: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(events: &[&str], prefix: Option<&str>, suffix: Option<&str>) -> NotificationRule {
        NotificationRule {
            bucket: "pictures".into(),
            events: events.iter().map(|&event| event.to_owned()).collect(),
            prefix: prefix.map(str::to_owned),
            suffix: suffix.map(str::to_owned),
            target: "resize".into(),
            id: "rule".into(),
        }
    }

    #[test]
    fn keys_are_encoded_like_forms_with_slashes_kept() {
        assert_eq!(encode_key("a b+c.jpg"), "a+b%2Bc.jpg");
        assert_eq!(encode_key("ünï/日本 😀.jpg"), "%C3%BCn%C3%AF/%E6%97%A5%E6%9C%AC+%F0%9F%98%80.jpg");
        assert_eq!(encode_key("..%2F.jpg"), "..%252F.jpg");
        assert_eq!(encode_key("(1)~_-"), "%281%29%7E_-");
    }

    #[test]
    fn a_rule_covers_the_events_that_its_patterns_name() {
        assert!(matches_event("s3:ObjectCreated:*", "ObjectCreated:Copy"));
        assert!(matches_event("s3:ObjectCreated:Put", "ObjectCreated:Put"));
        assert!(!matches_event("s3:ObjectCreated:Put", "ObjectCreated:Post"));
        assert!(!matches_event("s3:ObjectRemoved:*", "ObjectCreated:Put"));
    }

    #[test]
    fn filters_look_at_the_key_itself() {
        let origin = Origin::default();
        let change = Change {
            event: EventKind::CreatedPut,
            bucket: "pictures",
            key: "in/a b.jpg",
            object: None,
            origin: &origin,
        };
        let events = &["s3:ObjectCreated:*"];
        assert!(rule(events, None, None).covers(&change));
        assert!(rule(events, Some("in/a "), Some(" b.jpg")).covers(&change));
        assert!(!rule(events, Some("in/a+"), None).covers(&change));
        assert!(!rule(events, None, Some(".png")).covers(&change));
        assert!(!NotificationRule { bucket: "other".into(), ..rule(events, None, None) }.covers(&change));
    }
}
