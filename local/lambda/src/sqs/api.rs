//! SQS over HTTP: the AWS JSON 1.0 protocol, as today's SDKs and the AWS CLI speak it.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::message::{NewMessage, ReceivedMessage, md5_hex, md5_of_attributes};
use super::queue::{MAX_MESSAGE_BYTES, QueueConfig};
use super::shapes::{
    Attributes, Batch, BatchResult, ByName, ChangeMessageVisibility, CreateQueue, DeleteEntry, DeleteMessage,
    Empty, Entry, Failed, GetQueueAttributes, ListQueues, Message, Messages, OfQueue, QueueAttributes,
    QueueUrl, QueueUrls, ReceiveMessage, SendEntry, SendMessage, Sent, Succeeded, VisibilityEntry,
};
use super::store;
use super::{Sqs, SqsError};
use crate::signature;

/// What `X-Amz-Target` begins with.
const TARGET: &str = "AmazonSQS.";
/// What stands for the operation of a request that names none, as in the query protocol of older SDKs.
const NO_OPERATION: &str = "without X-Amz-Target (only the JSON protocol is spoken here)";

impl Sqs {
    /// Whether the request is for SQS: by the header that its protocol requires, or by the service that it is signed for
    /// if a client speaks another protocol, which is then told so.
    pub fn claims<B>(request: &Request<B>) -> bool {
        if signature::service(request.headers()) == Some("sqs") {
            return true;
        }
        request
            .headers()
            .get("x-amz-target")
            .is_some_and(|target| target.as_bytes().starts_with(TARGET.as_bytes()))
    }

    /// Answers one request of the SQS API.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        if let Err(refusal) = signature::verify(&self.account, "sqs", &parts, &body) {
            return error(refusal.status(), refusal.code(), refusal.code(), true, &refusal.to_string());
        }
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.strip_prefix(TARGET)).unwrap_or(NO_OPERATION);
        // A URL that works for whoever asks, by whatever name they reached this machine.
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let urls = Urls { base: format!("http://{host}/{}", self.account.id) };
        match self.operate(operation, &body, &urls).await {
            Ok(value) => json(StatusCode::OK, &value),
            Err(refused) => {
                if let SqsError::Store(source) = &refused {
                    tracing::error!(operation, %source, "a request to a queue failed");
                }
                let sender = refused.is_senders_fault();
                error(refused.status(), refused.shape(), refused.query_code(), sender, &refused.to_string())
            }
        }
    }

    async fn operate(&self, operation: &str, body: &[u8], urls: &Urls) -> Result<Value, SqsError> {
        match operation {
            "SendMessage" => self.send_message(parse(body)?).await,
            "SendMessageBatch" => self.send_batch(parse(body)?).await,
            "ReceiveMessage" => self.receive_message(parse(body)?).await,
            "DeleteMessage" => {
                let request: DeleteMessage = parse(body)?;
                let handle = request.receipt_handle.ok_or(SqsError::MissingParameter("ReceiptHandle"))?;
                self.delete(url(request.queue_url.as_ref())?, &handle).await?;
                value(&Empty {})
            }
            "DeleteMessageBatch" => self.delete_batch(parse(body)?).await,
            "ChangeMessageVisibility" => {
                let request: ChangeMessageVisibility = parse(body)?;
                let handle = request.receipt_handle.ok_or(SqsError::MissingParameter("ReceiptHandle"))?;
                let timeout = visibility(request.visibility_timeout)?;
                let timeout = timeout.ok_or(SqsError::MissingParameter("VisibilityTimeout"))?;
                self.change_visibility(url(request.queue_url.as_ref())?, &handle, timeout).await?;
                value(&Empty {})
            }
            "ChangeMessageVisibilityBatch" => self.change_visibility_batch(parse(body)?).await,
            "GetQueueUrl" => {
                let request: ByName = parse(body)?;
                let name = request.queue_name.ok_or(SqsError::MissingParameter("QueueName"))?;
                self.queue(&name)?;
                value(&QueueUrl { queue_url: urls.of(&name) })
            }
            "GetQueueAttributes" => self.queue_attributes(&parse(body)?),
            "ListQueues" => self.list_queues(&parse(body)?, urls),
            "PurgeQueue" => {
                let request: OfQueue = parse(body)?;
                self.purge(url(request.queue_url.as_ref())?).await?;
                value(&Empty {})
            }
            "CreateQueue" => {
                let request: CreateQueue = parse(body)?;
                let name = request.queue_name.ok_or(SqsError::MissingParameter("QueueName"))?;
                let mut queue = QueueConfig::new(name.clone());
                for (attribute, value) in &request.attributes {
                    queue.set(attribute, value)?;
                }
                self.create(queue).await?;
                value(&QueueUrl { queue_url: urls.of(&name) })
            }
            other => Err(SqsError::InvalidAction(other.to_owned())),
        }
    }

    async fn send_message(&self, request: SendMessage) -> Result<Value, SqsError> {
        let queue = url(request.queue_url.as_ref())?;
        let message = NewMessage {
            body: request.message_body.ok_or(SqsError::MissingParameter("MessageBody"))?,
            attributes: request.message_attributes,
            delay_seconds: request.delay_seconds,
        };
        value(&sent(None, self.send(queue, message).await?))
    }

    async fn send_batch(&self, request: Batch<SendEntry>) -> Result<Value, SqsError> {
        let queue = url(request.queue_url.as_ref())?;
        self.queue(queue)?;
        check_entries(&request.entries)?;
        let messages: Vec<_> = request
            .entries
            .into_iter()
            .map(|entry| {
                let message = NewMessage {
                    body: entry.message_body.unwrap_or_default(),
                    attributes: entry.message_attributes,
                    delay_seconds: entry.delay_seconds,
                };
                (entry.id, message)
            })
            .collect();
        let bytes = messages.iter().map(|(_, message)| message.bytes()).sum();
        if bytes > MAX_MESSAGE_BYTES {
            return Err(SqsError::BatchRequestTooLong { max: MAX_MESSAGE_BYTES, sent: bytes });
        }
        let mut result = BatchResult { successful: Vec::new(), failed: Vec::new() };
        for (id, message) in messages {
            match self.send(queue, message).await {
                Ok(message) => result.successful.push(sent(Some(id), message)),
                Err(error) => result.failed.push(failed(id, &error)),
            }
        }
        value(&result)
    }

    async fn receive_message(&self, request: ReceiveMessage) -> Result<Value, SqsError> {
        let queue = url(request.queue_url.as_ref())?;
        let config = self.queue(queue)?;
        let max = request.max_number_of_messages.unwrap_or(1);
        if !(1..=10).contains(&max) {
            return Err(invalid("MaxNumberOfMessages", max, "Must be between 1 and 10, if provided."));
        }
        let wait = request.wait_time_seconds.unwrap_or(config.receive_wait_seconds);
        if wait > 20 {
            return Err(invalid("WaitTimeSeconds", wait, "Must be >= 0 and <= 20, if provided."));
        }
        let visibility = visibility(request.visibility_timeout)?;
        let received = self.receive(queue, max, Duration::from_secs(wait.into()), visibility).await?;
        let mut names = request.attribute_names;
        names.extend(request.message_system_attribute_names);
        let messages = received
            .into_iter()
            .map(|message| show(message, &names, &request.message_attribute_names, &self.account.id))
            .collect();
        value(&Messages { messages })
    }

    async fn delete_batch(&self, request: Batch<DeleteEntry>) -> Result<Value, SqsError> {
        let queue = url(request.queue_url.as_ref())?;
        self.queue(queue)?;
        check_entries(&request.entries)?;
        let mut result = BatchResult { successful: Vec::new(), failed: Vec::new() };
        for entry in request.entries {
            match self.delete(queue, &entry.receipt_handle).await {
                Ok(()) => result.successful.push(Succeeded { id: entry.id }),
                Err(error) => result.failed.push(failed(entry.id, &error)),
            }
        }
        value(&result)
    }

    async fn change_visibility_batch(&self, request: Batch<VisibilityEntry>) -> Result<Value, SqsError> {
        let queue = url(request.queue_url.as_ref())?;
        self.queue(queue)?;
        check_entries(&request.entries)?;
        let mut result = BatchResult { successful: Vec::new(), failed: Vec::new() };
        for entry in request.entries {
            let changed = match visibility(entry.visibility_timeout) {
                Ok(timeout) => {
                    self.change_visibility(queue, &entry.receipt_handle, timeout.unwrap_or_default()).await
                }
                Err(error) => Err(error),
            };
            match changed {
                Ok(()) => result.successful.push(Succeeded { id: entry.id }),
                Err(error) => result.failed.push(failed(entry.id, &error)),
            }
        }
        value(&result)
    }

    fn queue_attributes(&self, request: &GetQueueAttributes) -> Result<Value, SqsError> {
        let queue = url(request.queue_url.as_ref())?;
        let stored = store::queue(&self.database, crate::account::queue_name(queue))?;
        self.actions.add("GetQueueAttributes", crate::account::queue_name(queue));
        let mut attributes = stored.config.attributes(&self.account, self.counts(queue)?);
        attributes.insert("CreatedTimestamp", (stored.created_ms / 1000).to_string());
        attributes.insert("LastModifiedTimestamp", (stored.modified_ms / 1000).to_string());
        let all = request.attribute_names.iter().any(|name| name == "All");
        attributes.retain(|name, _| all || request.attribute_names.iter().any(|asked| asked == name));
        value(&QueueAttributes { attributes })
    }

    fn list_queues(&self, request: &ListQueues, urls: &Urls) -> Result<Value, SqsError> {
        let after = request.next_token.as_deref().unwrap_or_default();
        let max = request.max_results.unwrap_or(1000).clamp(1, 1000);
        let mut names = self.names()?;
        names.retain(|name| name.starts_with(&request.queue_name_prefix) && name.as_str() > after);
        // A token is given only to those who asked for pages.
        let more = names.len() > max && request.max_results.is_some();
        names.truncate(max);
        let next_token = if more { names.last().cloned() } else { None };
        value(&QueueUrls { queue_urls: names.iter().map(|name| urls.of(name)).collect(), next_token })
    }
}

struct Urls {
    base: String,
}

impl Urls {
    fn of(&self, name: &str) -> String {
        format!("{}/{name}", self.base)
    }
}

fn show(
    message: ReceivedMessage,
    system_names: &[String],
    attribute_names: &[String],
    account_id: &str,
) -> Message {
    let mut attributes = std::collections::BTreeMap::from([
        ("ApproximateFirstReceiveTimestamp", message.first_received_ms.to_string()),
        ("ApproximateReceiveCount", message.receive_count.to_string()),
        ("SenderId", account_id.to_owned()),
        ("SentTimestamp", message.sent_ms.to_string()),
    ]);
    attributes.retain(|name, _| system_names.iter().any(|asked| asked == "All" || asked == name));
    let asked_for = |name: &str| {
        attribute_names.iter().any(|asked| match asked.as_str() {
            "All" | ".*" => true,
            asked => asked.strip_suffix(".*").map_or(asked == name, |prefix| name.starts_with(prefix)),
        })
    };
    let message_attributes: Attributes =
        message.attributes.into_iter().filter(|(name, _)| asked_for(name)).collect();
    Message {
        message_id: message.message_id,
        receipt_handle: message.receipt_handle,
        md5_of_body: md5_hex(message.body.as_bytes()),
        body: message.body,
        attributes,
        md5_of_message_attributes: md5_of_attributes(&message_attributes),
        message_attributes,
    }
}

fn sent(id: Option<String>, message: super::SentMessage) -> Sent {
    Sent {
        id,
        message_id: message.message_id,
        md5_of_message_body: message.md5_of_body,
        md5_of_message_attributes: message.md5_of_attributes,
    }
}

fn failed(id: String, error: &SqsError) -> Failed {
    Failed {
        id,
        sender_fault: error.is_senders_fault(),
        code: error.query_code(),
        message: error.to_string(),
    }
}

fn check_entries<E: Entry>(entries: &[E]) -> Result<(), SqsError> {
    if entries.is_empty() {
        return Err(SqsError::EmptyBatchRequest);
    }
    if entries.len() > 10 {
        return Err(SqsError::TooManyEntriesInBatchRequest(entries.len()));
    }
    let mut ids = BTreeSet::new();
    match entries.iter().find(|entry| !ids.insert(entry.id())) {
        Some(entry) => Err(SqsError::BatchEntryIdsNotDistinct(entry.id().to_owned())),
        None => Ok(()),
    }
}

fn url(queue_url: Option<&String>) -> Result<&str, SqsError> {
    queue_url.map(String::as_str).filter(|url| !url.is_empty()).ok_or(SqsError::MissingParameter("QueueUrl"))
}

fn visibility(seconds: Option<u32>) -> Result<Option<Duration>, SqsError> {
    match seconds {
        Some(seconds @ 43_201..) => {
            Err(invalid("VisibilityTimeout", seconds, "Must be between 0 and 43200, if provided."))
        }
        seconds => Ok(seconds.map(|seconds| Duration::from_secs(seconds.into()))),
    }
}

fn invalid(name: &str, value: impl std::fmt::Display, reason: &str) -> SqsError {
    SqsError::InvalidParameterValue(format!(
        "Value {value} for parameter {name} is invalid. Reason: {reason}"
    ))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, SqsError> {
    serde_json::from_slice(body).map_err(|error| SqsError::Serialization(error.to_string()))
}

fn value<T: Serialize>(answer: &T) -> Result<Value, SqsError> {
    serde_json::to_value(answer).map_err(|error| SqsError::Serialization(error.to_string()))
}

fn error(
    status: StatusCode,
    shape: &str,
    query_code: &str,
    sender: bool,
    message: &str,
) -> Response<Full<Bytes>> {
    let mut response = json(status, &serde_json::json!({ "__type": shape, "message": message }));
    let fault = if sender { "Sender" } else { "Receiver" };
    if let Ok(code) = HeaderValue::from_str(&format!("{query_code};{fault}")) {
        response.headers_mut().insert("x-amzn-query-error", code);
    }
    response
}

fn json(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
