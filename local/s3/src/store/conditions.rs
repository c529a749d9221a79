//! Conditional requests: which headers decide, in which order, and what S3 answers when they do not hold.
//!
//! Facts: RFC 9110 section 13.2.2 for the order; "Conditional requests" in the S3 User Guide for the rest. A write under
//! `If-Match` whose key is absent is answered 404, not 412.

use s3s::dto::ETagCondition;
use s3s::{S3ErrorCode, S3Result};

use super::failure::{no_such_key, precondition_failed, refuse};
use super::index::ObjectRecord;

/// A set of ETags that a client named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ETags {
    /// `*`: whatever there is.
    Any,
    OneOf(Vec<String>),
}

impl ETags {
    /// Reads a header's value: `*`, one ETag or several, quoted or not.
    pub(crate) fn parse(header: &str) -> Self {
        let header = header.trim();
        if header == "*" {
            return Self::Any;
        }
        let etags = header.split(',').map(|etag| {
            let etag = etag.trim();
            etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"').to_owned()
        });
        Self::OneOf(etags.collect())
    }

    fn contain(&self, record: &ObjectRecord) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(etags) => etags.contains(&record.etag),
        }
    }
}

impl From<ETagCondition> for ETags {
    fn from(condition: ETagCondition) -> Self {
        match condition {
            ETagCondition::Any => Self::Any,
            // A list of several reaches us as one value, with the inner quotes still in it.
            ETagCondition::ETag(etag) => Self::parse(etag.value()),
        }
    }
}

/// What must hold of an object for it to be replaced or removed.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriteConditions {
    pub(crate) if_match: Option<ETags>,
    pub(crate) if_none_match: Option<ETags>,
}

impl WriteConditions {
    /// The conditions of a request, refusing what S3 does not do: on writes, `If-None-Match` takes `*` alone.
    pub(crate) fn of_write(
        if_match: Option<impl Into<ETags>>,
        if_none_match: Option<impl Into<ETags>>,
    ) -> S3Result<Self> {
        let conditions =
            Self { if_match: if_match.map(Into::into), if_none_match: if_none_match.map(Into::into) };
        if matches!(conditions.if_none_match, Some(ETags::OneOf(_))) {
            return Err(refuse(
                S3ErrorCode::NotImplemented,
                "If-None-Match on a write takes only `*`: create the object if its key is free.",
            ));
        }
        Ok(conditions)
    }

    /// Holds the conditions against what is there. To be called inside the transaction that then writes.
    pub(crate) fn check(&self, current: Option<&ObjectRecord>) -> S3Result<()> {
        match (&self.if_match, current) {
            (Some(_), None) => return Err(no_such_key()),
            (Some(etags), Some(record)) if !etags.contain(record) => return Err(precondition_failed()),
            _ => {}
        }
        match (&self.if_none_match, current) {
            (Some(etags), Some(record)) if etags.contain(record) => Err(precondition_failed()),
            _ => Ok(()),
        }
    }
}

/// What must hold of an object for it to be sent. Times are in seconds since 1970, the resolution of the headers.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_field_names, reason = "the headers are called so")]
pub(crate) struct ReadConditions {
    pub(crate) if_match: Option<ETags>,
    pub(crate) if_none_match: Option<ETags>,
    pub(crate) if_modified_since: Option<i64>,
    pub(crate) if_unmodified_since: Option<i64>,
}

/// Whether the client needs to be sent the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    Modified,
    /// The client's copy is still good: 304.
    NotModified,
}

impl ReadConditions {
    pub(crate) fn check(&self, record: &ObjectRecord) -> S3Result<Freshness> {
        let modified = modified_seconds(record);
        match (&self.if_match, self.if_unmodified_since) {
            (Some(etags), _) if !etags.contain(record) => return Err(precondition_failed()),
            (None, Some(time)) if modified > time => return Err(precondition_failed()),
            _ => {}
        }
        Ok(match (&self.if_none_match, self.if_modified_since) {
            (Some(etags), _) if etags.contain(record) => Freshness::NotModified,
            (None, Some(time)) if modified <= time => Freshness::NotModified,
            _ => Freshness::Modified,
        })
    }

    /// The same for the source of a copy, where S3 answers 412 to every condition that does not hold.
    pub(crate) fn check_source(&self, record: &ObjectRecord) -> S3Result<()> {
        match self.check(record)? {
            Freshness::Modified => Ok(()),
            Freshness::NotModified => Err(precondition_failed()),
        }
    }
}

/// When an object was written, in whole seconds since 1970 as clients see it.
pub(crate) fn modified_seconds(record: &ObjectRecord) -> i64 {
    i64::try_from(record.modified_ms / 1_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::blobs::BlobId;
    use crate::store::digest::{Algorithm, digest};
    use crate::store::index::{Attributes, Blob, Content};

    fn record() -> ObjectRecord {
        ObjectRecord {
            size: 1,
            etag: "abc".into(),
            modified_ms: 10_999,
            content: Content::Whole(Blob::Inline(BlobId::random())),
            checksum: digest(Algorithm::Crc32, b"").checksum,
            attributes: Attributes::default(),
        }
    }

    #[test]
    fn writes_are_decided_by_what_is_there() {
        let record = record();
        let etags = |text: &str| Some(ETags::parse(text));
        let code = |if_match: Option<ETags>, if_none_match: Option<ETags>, current: Option<&ObjectRecord>| {
            let outcome = WriteConditions { if_match, if_none_match }.check(current);
            outcome.map_err(|error| error.code().as_str().to_owned())
        };
        assert_eq!(code(None, None, Some(&record)), Ok(()));
        assert_eq!(code(etags("\"abc\""), None, Some(&record)), Ok(()));
        assert_eq!(code(etags("*"), None, Some(&record)), Ok(()));
        assert_eq!(code(etags("\"x\", \"abc\""), None, Some(&record)), Ok(()));
        assert_eq!(code(etags("\"x\""), None, Some(&record)), Err("PreconditionFailed".into()));
        assert_eq!(code(etags("\"abc\""), None, None), Err("NoSuchKey".into()));
        assert_eq!(code(None, etags("*"), None), Ok(()));
        assert_eq!(code(None, etags("*"), Some(&record)), Err("PreconditionFailed".into()));
    }

    #[test]
    fn reads_follow_the_order_of_the_http_specification() {
        let record = record();
        let etags = |text: &str| Some(ETags::parse(text));
        let check = |conditions: ReadConditions| conditions.check(&record).ok();
        let (stale, fresh) = (Some(Freshness::Modified), Some(Freshness::NotModified));
        assert_eq!(check(ReadConditions { if_none_match: etags("abc"), ..Default::default() }), fresh);
        assert_eq!(
            check(ReadConditions {
                if_none_match: etags("x"),
                if_modified_since: Some(99),
                ..Default::default()
            }),
            stale
        );
        assert_eq!(check(ReadConditions { if_modified_since: Some(10), ..Default::default() }), fresh);
        assert_eq!(check(ReadConditions { if_modified_since: Some(9), ..Default::default() }), stale);
        assert_eq!(check(ReadConditions { if_unmodified_since: Some(9), ..Default::default() }), None);
        assert_eq!(check(ReadConditions { if_unmodified_since: Some(10), ..Default::default() }), stale);
        assert_eq!(
            check(ReadConditions {
                if_match: etags("abc"),
                if_unmodified_since: Some(9),
                ..Default::default()
            }),
            stale
        );
        assert_eq!(check(ReadConditions { if_match: etags("x"), ..Default::default() }), None);
    }
}
