//! A message: what is sent, what is kept, what is received, and the digests that clients compare.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::SqsError;

/// A message to send.
#[derive(Debug, Clone, Default)]
pub struct NewMessage {
    /// The text.
    pub body: String,
    /// What the sender attached.
    pub attributes: BTreeMap<String, MessageAttribute>,
    /// For how long it stays invisible, in seconds; the queue's delay if not given.
    pub delay_seconds: Option<u32>,
}

impl NewMessage {
    /// A message that is only text.
    pub fn text(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// What counts against the queue's limit: text and attributes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let attribute = |(name, attribute): (&String, &MessageAttribute)| {
            name.len() + attribute.data_type.len() + attribute.value().map_or(0, |value| value.len())
        };
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }

    pub(crate) fn check(&self, max_bytes: usize) -> Result<(), SqsError> {
        if self.body.is_empty() {
            return Err(SqsError::MissingParameter("MessageBody"));
        }
        if self.bytes() > max_bytes {
            let message = format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {max_bytes} bytes."
            );
            return Err(SqsError::InvalidParameterValue(message));
        }
        if !self.body.chars().all(is_allowed) {
            return Err(SqsError::InvalidMessageContents);
        }
        if self.attributes.len() > 10 {
            let message = format!(
                "Number of message attributes [{}] exceeds the allowed maximum [10].",
                self.attributes.len()
            );
            return Err(SqsError::InvalidParameterValue(message));
        }
        for (name, attribute) in &self.attributes {
            if attribute.value().is_none() {
                let message =
                    format!("The message attribute '{name}' must contain a non-empty value of its type.");
                return Err(SqsError::InvalidParameterValue(message));
            }
        }
        Ok(())
    }
}

/// The characters that XML 1.0 allows, which are those that a message may have.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// A named value beside a message's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, and a custom label after a dot.
    pub data_type: String,
    /// The value of a `String` or a `Number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// The value of a `Binary`, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

impl MessageAttribute {
    fn is_binary(&self) -> bool {
        self.data_type.split('.').next() == Some("Binary")
    }

    fn value(&self) -> Option<Vec<u8>> {
        let value = if self.is_binary() {
            STANDARD.decode(self.binary_value.as_deref()?).ok()
        } else {
            self.string_value.clone().map(String::into_bytes)
        };
        value.filter(|value| !value.is_empty())
    }
}

/// What the sender is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// The message's id.
    pub message_id: String,
    /// MD5 of the text, in hexadecimal.
    pub md5_of_body: String,
    /// MD5 of the attributes, in hexadecimal, if there are any.
    pub md5_of_attributes: Option<String>,
}

/// What the receiver is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// The message's id.
    pub message_id: String,
    /// Proves the receipt, to delete the message with.
    pub receipt_handle: String,
    /// The text.
    pub body: String,
    /// What the sender attached.
    pub attributes: BTreeMap<String, MessageAttribute>,
    /// When it was sent, in milliseconds since the epoch.
    pub sent_ms: u64,
    /// When it was first received, in milliseconds since the epoch.
    pub first_received_ms: u64,
    /// How often it has been received, this time included.
    pub receive_count: u32,
}

/// A message as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredMessage {
    pub(crate) message_id: String,
    pub(crate) body: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attributes: BTreeMap<String, MessageAttribute>,
    pub(crate) sent_ms: u64,
    pub(crate) visible_ms: u64,
    pub(crate) receive_count: u32,
    #[serde(default)]
    pub(crate) first_received_ms: Option<u64>,
}

/// Which receipt of which message. Opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) sequence: u64,
    pub(crate) receive_count: u32,
    pub(crate) message_id: String,
}

impl Receipt {
    pub(crate) fn handle(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}/{}/{}", self.sequence, self.receive_count, self.message_id))
    }

    pub(crate) fn parse(handle: &str) -> Result<Self, SqsError> {
        let parse = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(handle).ok()?).ok()?;
            let mut parts = text.splitn(3, '/');
            Some(Self {
                sequence: parts.next()?.parse().ok()?,
                receive_count: parts.next()?.parse().ok()?,
                message_id: parts.next()?.to_owned(),
            })
        };
        parse().ok_or_else(|| SqsError::ReceiptHandleIsInvalid(handle.to_owned()))
    }
}

/// MD5 in hexadecimal, which is how SQS proves what it received.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    hex_simd::encode_to_string(Md5::digest(bytes), hex_simd::AsciiCase::Lower)
}

/// The digest over attributes, as "Calculating the MD5 message digest for message attributes" in the SQS developer guide
/// defines it: in order of names, each name, type, kind and value, with lengths of four bytes before all but the kind.
pub(crate) fn md5_of_attributes<'a>(
    attributes: impl IntoIterator<Item = (&'a String, &'a MessageAttribute)>,
) -> Option<String> {
    let mut encoded = Vec::new();
    let push = |part: &[u8], encoded: &mut Vec<u8>| {
        encoded.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        encoded.extend_from_slice(part);
    };
    for (name, attribute) in attributes {
        push(name.as_bytes(), &mut encoded);
        push(attribute.data_type.as_bytes(), &mut encoded);
        encoded.push(if attribute.is_binary() { 2 } else { 1 });
        push(&attribute.value().unwrap_or_default(), &mut encoded);
    }
    (!encoded.is_empty()).then(|| md5_hex(&encoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(data_type: &str, value: &str) -> MessageAttribute {
        let binary = data_type == "Binary";
        MessageAttribute {
            data_type: data_type.into(),
            string_value: (!binary).then(|| value.to_owned()),
            binary_value: binary.then(|| STANDARD.encode(value)),
        }
    }

    #[test]
    fn digests_are_those_that_clients_compute() {
        assert_eq!(md5_hex(b"hello"), "5d41402abc4b2a76b9719d911017c592");
        let attributes = BTreeMap::from([("a".to_owned(), attribute("String", "b"))]);
        let encoded = b"\0\0\0\x01a\0\0\0\x06String\x01\0\0\0\x01b";
        assert_eq!(md5_of_attributes(&attributes), Some(md5_hex(encoded)));
        assert_eq!(md5_of_attributes(&BTreeMap::new()), None);
    }

    #[test]
    fn a_receipt_handle_comes_back_as_it_was_and_nonsense_is_refused() {
        let receipt = Receipt { sequence: 7, receive_count: 2, message_id: "m".into() };
        assert_eq!(Receipt::parse(&receipt.handle()).unwrap(), receipt);
        assert!(Receipt::parse("nonsense").is_err());
    }

    #[test]
    fn a_message_must_have_text_that_xml_allows_and_whole_attributes() {
        assert!(NewMessage::text("ünï 日本 😀\n").check(100).is_ok());
        for body in ["", "\u{1}", "\u{fffe}", &"x".repeat(101)] {
            assert!(NewMessage::text(body).check(100).is_err(), "{body:?}");
        }
        let mut message = NewMessage::text("x");
        message.attributes.insert("a".into(), attribute("Number", ""));
        assert!(message.check(100).is_err());
    }
}
