//! Records of S3 event notifications and EventBridge's «Object Created» and its kin.
//!
//! The types here read two fields and tolerate everything else, because S3 adds fields over time and people write events
//! by hand. `aws_lambda_events::s3::S3Event` insists on event times and request parameters that a hint does not need.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::{EnvelopeError, Hint};
use crate::naming::named;

/// A record of an S3 event notification, message structure 2.x.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
#[derive(Deserialize)]
pub(super) struct Record {
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

/// The `detail` of an EventBridge event from S3.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>
#[derive(Deserialize)]
pub(super) struct Detail {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

impl Record {
    /// The hint in this record. Keys in notifications are form-urlencoded.
    pub(super) fn hint(self) -> Result<Hint, EnvelopeError> {
        hint(self.s3.bucket.name, form_decoded(&self.s3.object.key)?)
    }
}

impl Detail {
    /// The hint in this event. Keys in EventBridge events are not encoded.
    pub(super) fn hint(self) -> Result<Hint, EnvelopeError> {
        hint(self.bucket.name, self.object.key)
    }
}

pub(super) fn hint(bucket: String, key: String) -> Result<Hint, EnvelopeError> {
    if bucket.is_empty() || key.is_empty() {
        return Err(EnvelopeError::Malformed {
            what: "record",
            detail: format!("bucket {bucket:?} and key {:?} must not be empty", named(&key)),
        });
    }
    Ok(Hint { bucket, key })
}

/// Decodes a key as S3 notifications and S3 Batch Operations encode it: percent-encoded, with `+` for a space.
pub(super) fn form_decoded(key: &str) -> Result<String, EnvelopeError> {
    let spaced = key.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| {
        EnvelopeError::Malformed { what: "key", detail: format!("{:?} does not decode to UTF-8", named(key)) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plus_is_a_space_and_an_encoded_plus_is_a_plus() {
        assert_eq!(form_decoded("a+b%2Bc.jpg").unwrap(), "a b+c.jpg");
    }

    #[test]
    fn unicode_percent_signs_and_dots_come_out_as_they_went_in() {
        assert_eq!(
            form_decoded("%C3%BCn%C3%AF/%E6%97%A5%E6%9C%AC+%F0%9F%98%80.jpg").unwrap(),
            "ünï/日本 😀.jpg"
        );
        assert_eq!(form_decoded("100%25.png").unwrap(), "100%.png");
        assert_eq!(form_decoded("..%252F.jpg").unwrap(), "..%2F.jpg", "decoded once, not twice");
    }

    #[test]
    fn bytes_that_are_no_utf8_are_an_error_that_shows_the_key() {
        let error = form_decoded("%FF.jpg").unwrap_err();
        assert!(error.to_string().contains("%FF.jpg"), "{error}");
    }
}
