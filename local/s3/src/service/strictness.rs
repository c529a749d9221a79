//! What S3 checks about a request and the protocol layer does not.
//!
//! Facts: "Authenticating Requests (AWS Signature Version 4)" in the S3 API Reference: all `x-amz-*` headers must be
//! signed, a presigned URL lasts for a week at most, and a signature is for one region.

use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;
use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::store::failure::refuse;

/// Seconds in a week.
const MAX_EXPIRY_SECONDS: u64 = 604_800;
/// Not part of what is signed when it says that the body is not.
const CONTENT_SHA256: &str = "x-amz-content-sha256";

/// Operations on the object or the bucket itself, which the protocol layer also takes a request for whose
/// sub-resource it does not know.
const PLAIN_OPERATIONS: [&str; 10] = [
    "CopyObject",
    "CreateBucket",
    "DeleteBucket",
    "DeleteObject",
    "GetObject",
    "HeadBucket",
    "HeadObject",
    "ListObjects",
    "ListObjectsV2",
    "PutObject",
];

/// Names in the query that make a request one about something that belongs to the object or the bucket.
const SUB_RESOURCES: [&str; 35] = [
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metadataConfiguration",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versioning",
    "versions",
    "website",
];

/// Refuses to take a request about a sub-resource for one about the object: `DELETE /b/k?acl` must not remove `k`.
pub(super) fn check_sub_resource(operation: &str, uri: &Uri) -> S3Result<()> {
    if !PLAIN_OPERATIONS.contains(&operation) {
        return Ok(());
    }
    // A part can be read by its number alone, but not written.
    let reads = operation == "GetObject" || operation == "HeadObject";
    let is_foreign = |name: &str| SUB_RESOURCES.contains(&name) || (name == "partNumber" && !reads);
    match query(uri).find(|(name, _)| is_foreign(name)) {
        None => Ok(()),
        Some((name, _)) => Err(S3Error::with_message(
            S3ErrorCode::NotImplemented,
            format!("Requests of this kind about `?{name}` are not implemented."),
        )),
    }
}

/// Holds a signature, which has been found to be right, against what S3 demands of signatures.
pub(super) fn check_signature(headers: &HeaderMap, uri: &Uri, region: &str) -> S3Result<()> {
    if let Some(signature) = Signature::in_header(headers) {
        if signature.region != region {
            return Err(S3Error::with_message(
                S3ErrorCode::AuthorizationHeaderMalformed,
                format!(
                    "The authorization header is malformed; the region '{}' is wrong; expecting '{region}'",
                    signature.region
                ),
            ));
        }
        return signature.check_headers(headers);
    }
    if let Some((signature, expires)) = Signature::in_query(uri) {
        if signature.region != region {
            return Err(S3Error::with_message(
                S3ErrorCode::AuthorizationQueryParametersError,
                format!(
                    "Error parsing the X-Amz-Credential parameter; the region '{}' is wrong; expecting '{region}'",
                    signature.region
                ),
            ));
        }
        if expires > MAX_EXPIRY_SECONDS {
            return Err(refuse(
                S3ErrorCode::AuthorizationQueryParametersError,
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less \
                 than 604800 seconds",
            ));
        }
        return signature.check_headers(headers);
    }
    Ok(())
}

/// What a signature of version 4 says of itself.
struct Signature {
    region: String,
    /// Names of headers, in lower case.
    signed: Vec<String>,
}

impl Signature {
    fn in_header(headers: &HeaderMap) -> Option<Self> {
        let fields = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256")?;
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('=').map(str::trim))
        };
        Some(Self::new(field("Credential")?, field("SignedHeaders")?))
    }

    /// With the seconds that the URL is good for.
    fn in_query(uri: &Uri) -> Option<(Self, u64)> {
        let field = |name: &str| query(uri).find_map(|(found, value)| (found == name).then_some(value));
        let signature = Self::new(&field("X-Amz-Credential")?, &field("X-Amz-SignedHeaders")?);
        Some((signature, field("X-Amz-Expires")?.parse().unwrap_or(u64::MAX)))
    }

    fn new(credential: &str, signed: &str) -> Self {
        // The key's own name may contain slashes; what follows it has four parts.
        let region = credential.rsplit('/').nth(2).unwrap_or_default().to_owned();
        Self { region, signed: signed.split(';').map(str::to_ascii_lowercase).collect() }
    }

    fn check_headers(&self, headers: &HeaderMap) -> S3Result<()> {
        let unsigned = headers.keys().map(http::HeaderName::as_str).find(|name| {
            name.starts_with("x-amz-")
                && *name != CONTENT_SHA256
                && !self.signed.iter().any(|signed| signed == name)
        });
        match unsigned {
            None => Ok(()),
            Some(name) => Err(S3Error::with_message(
                S3ErrorCode::AccessDenied,
                format!("There were headers present in the request which were not signed: {name}"),
            )),
        }
    }
}

/// The names and values of a query.
fn query(uri: &Uri) -> impl Iterator<Item = (String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    uri.query().unwrap_or_default().split('&').map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(more: &[(&'static str, &'static str)]) -> HeaderMap {
        let authorization = "AWS4-HMAC-SHA256 Credential=a/b/20261121/eu-west-1/s3/aws4_request, \
                             SignedHeaders=host;x-amz-date, Signature=00";
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization.parse().unwrap());
        for (name, value) in more {
            headers.insert(*name, value.parse().unwrap());
        }
        headers
    }

    fn code(outcome: S3Result<()>) -> String {
        outcome.map_or_else(|error| error.code().as_str().to_owned(), |()| String::new())
    }

    #[test]
    fn a_signature_is_for_one_region_and_covers_every_amz_header() {
        let check = |headers: HeaderMap, region: &str| {
            code(check_signature(&headers, &Uri::from_static("/b/k"), region))
        };
        assert_eq!(check(headers(&[("x-amz-date", "now"), ("x-amz-content-sha256", "x")]), "eu-west-1"), "");
        assert_eq!(check(headers(&[]), "us-east-1"), "AuthorizationHeaderMalformed");
        assert_eq!(check(headers(&[("x-amz-meta-a", "b")]), "eu-west-1"), "AccessDenied");
    }

    #[test]
    fn a_presigned_url_lasts_for_a_week_at_most() {
        let check = |expires: u64| {
            let uri = format!(
                "/b/k?X-Amz-Credential=a%2F20261121%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-SignedHeaders=host&X-Amz-Expires={expires}"
            );
            code(check_signature(&HeaderMap::new(), &uri.parse().unwrap(), "eu-west-1"))
        };
        assert_eq!(check(604_800), "");
        assert_eq!(check(604_801), "AuthorizationQueryParametersError");
    }

    #[test]
    fn what_belongs_to_an_object_is_not_the_object() {
        let check =
            |operation: &str, uri: &'static str| code(check_sub_resource(operation, &Uri::from_static(uri)));
        assert_eq!(check("DeleteObject", "/b/k?acl"), "NotImplemented");
        assert_eq!(check("PutObject", "/b/k?x-id=PutObject&torrent="), "NotImplemented");
        assert_eq!(check("PutObject", "/b/k?x-id=PutObject"), "");
        assert_eq!(check("GetObject", "/b/k?partNumber=1&response-content-type=a"), "");
        assert_eq!(check("PutObject", "/b/k?partNumber=1"), "NotImplemented");
        assert_eq!(check("DeleteObjectTagging", "/b/k?tagging"), "");
    }
}
