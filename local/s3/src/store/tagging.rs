//! Tags of objects.

use std::collections::HashSet;

use percent_encoding::percent_decode_str;
use s3s::{S3ErrorCode, S3Result};

use super::Store;
use super::failure::refuse;
use super::index::Index as _;
use super::objects::store_record;

/// The most tags that S3 keeps with an object.
const MAX_TAGS: usize = 10;

impl Store {
    /// Replaces the tags of an object, which changes neither its ETag nor its time.
    pub(crate) async fn set_tags(
        &self,
        bucket: String,
        key: String,
        tags: Vec<(String, String)>,
    ) -> S3Result<()> {
        check_tags(&tags)?;
        self.writer
            .apply(move |transaction| {
                let mut record = transaction.index.find_object(&bucket, &key)?;
                record.attributes.tags = tags;
                store_record(transaction, &bucket, &key, &record)
            })
            .await
    }
}

/// Reads the header `x-amz-tagging`, which is encoded like a query string.
pub(crate) fn parse_tags(header: &str) -> S3Result<Vec<(String, String)>> {
    let tags = header
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(key)?, decode(value)?))
        })
        .collect::<Option<Vec<_>>>();
    let tags = tags.ok_or_else(|| {
        refuse(
            S3ErrorCode::InvalidArgument,
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded.",
        )
    })?;
    check_tags(&tags)?;
    Ok(tags)
}

fn decode(text: &str) -> Option<String> {
    percent_decode_str(&text.replace('+', " ")).decode_utf8().ok().map(Into::into)
}

/// The limits of "Categorizing your objects using tags" in the S3 User Guide, in characters.
fn check_tags(tags: &[(String, String)]) -> S3Result<()> {
    if tags.len() > MAX_TAGS {
        return Err(refuse(S3ErrorCode::InvalidTag, "Object tags cannot be greater than 10"));
    }
    let mut keys = HashSet::new();
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 || !keys.insert(key) {
            return Err(refuse(
                S3ErrorCode::InvalidTag,
                "A tag's key must be unique and have 1 to 128 characters",
            ));
        }
        if value.chars().count() > 256 {
            return Err(refuse(S3ErrorCode::InvalidTag, "A tag's value must have at most 256 characters"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_like_a_query_string() {
        let tags = parse_tags("a=1&b+c=%C3%BC&flag").unwrap();
        assert_eq!(
            tags,
            [("a".into(), "1".into()), ("b c".into(), "ü".into()), ("flag".into(), String::new())]
        );
        assert!(parse_tags("a=1&a=2").is_err());
        assert!(parse_tags("=x").is_err());
        assert!(parse_tags("a=%FF").is_err());
    }
}
