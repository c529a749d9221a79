//! Signature Version 4: who may talk to the functions and the queues.
//!
//! The same strictness as AWS's, so that a client that works here works there: every request is signed by the stack's
//! credentials for the right service and region, within 15 minutes, over the host, the date and whatever else the client
//! chose. The steps are those of "Create a signed AWS API request" in the IAM user guide. Requests to S3 are verified
//! by the stack's S3, whose rules for paths and payloads differ.

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::account::Account;

/// How far the client's clock may be from ours.
const MAX_SKEW: Duration = Duration::minutes(15);

/// The characters that are encoded: all but the unreserved ones of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why a request was not let in.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// There is no signature.
    #[error("Missing Authentication Token")]
    Missing,
    /// There is one, but it cannot be understood.
    #[error("Authorization header is incomplete: {0}")]
    Incomplete(&'static str),
    /// The access key is not the stack's.
    #[error(
        "The security token included in the request is invalid: use the access key that the local stack prints"
    )]
    UnknownKey,
    /// The signature is for another time, service or region, or for another request.
    #[error("{0}")]
    Invalid(String),
}

impl Refusal {
    /// The name that AWS gives to it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::UnknownKey => "UnrecognizedClientException",
            Self::Invalid(_) => "InvalidSignatureException",
        }
    }

    /// 403, as for everybody who may not.
    pub fn status(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }
}

/// Lets the request in if it is signed by the account's credentials for this service.
///
/// # Errors
/// [`Refusal`]
pub fn verify(account: &Account, service: &str, parts: &Parts, body: &Bytes) -> Result<(), Refusal> {
    verify_at(account, service, parts, body, OffsetDateTime::now_utc())
}

fn verify_at(
    account: &Account,
    service: &str,
    parts: &Parts,
    body: &Bytes,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let header = text(&parts.headers, AUTHORIZATION.as_str()).ok_or(Refusal::Missing)?;
    let claim = Claim::parse(header)?;
    if claim.access_key_id != account.access_key_id {
        return Err(Refusal::UnknownKey);
    }
    if claim.service != service || claim.region != account.region {
        let message = format!(
            "Credential should be scoped to region '{}' and service '{service}', not '{}' and '{}'.",
            account.region, claim.region, claim.service
        );
        return Err(Refusal::Invalid(message));
    }
    let stamp = text(&parts.headers, "x-amz-date").ok_or(Refusal::Incomplete("X-Amz-Date is missing"))?;
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let signed_at = PrimitiveDateTime::parse(stamp, format)
        .map_err(|_| Refusal::Incomplete("X-Amz-Date is not of the form 20260131T081530Z"))?
        .assume_utc();
    if (now - signed_at).abs() > MAX_SKEW {
        return Err(Refusal::Invalid(format!(
            "Signature expired or not yet valid: {stamp} is more than 15 minutes from the stack's clock."
        )));
    }
    if !stamp.starts_with(claim.date) {
        return Err(Refusal::Invalid("Date in Credential scope does not match X-Amz-Date.".to_owned()));
    }
    if !claim.signed_headers.split(';').any(|name| name == "host") {
        return Err(Refusal::Invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.".to_owned()));
    }
    let request = canonical_request(parts, claim.signed_headers, &hex(&Sha256::digest(body)))?;
    let scope = format!("{}/{}/{service}/aws4_request", claim.date, claim.region);
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let mut key = sign(format!("AWS4{}", account.secret_access_key).as_bytes(), claim.date);
    for part in [claim.region, service, "aws4_request"] {
        key = sign(&key, part);
    }
    let expected = hex(&sign(&key, &to_sign));
    if bool::from(expected.as_bytes().ct_eq(claim.signature.as_bytes())) {
        return Ok(());
    }
    Err(Refusal::Invalid(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method."
            .to_owned(),
    ))
}

/// The service that a request says it is signed for, which nobody has verified.
pub(crate) fn service(headers: &HeaderMap) -> Option<&str> {
    Claim::parse(text(headers, AUTHORIZATION.as_str())?).ok().map(|claim| claim.service)
}

/// What the `Authorization` header says.
struct Claim<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn parse(header: &'a str) -> Result<Self, Refusal> {
        let fields = header
            .strip_prefix("AWS4-HMAC-SHA256")
            .ok_or(Refusal::Incomplete("the algorithm is not AWS4-HMAC-SHA256"))?;
        let field = |name: &str| {
            fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let credential = field("Credential").ok_or(Refusal::Incomplete("Credential is missing"))?;
        let mut parts = credential.rsplitn(5, '/');
        match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("aws4_request"), Some(service), Some(region), Some(date), Some(access_key_id)) => {
                Ok(Self {
                    access_key_id,
                    date,
                    region,
                    service,
                    signed_headers: field("SignedHeaders")
                        .ok_or(Refusal::Incomplete("SignedHeaders is missing"))?,
                    signature: field("Signature").ok_or(Refusal::Incomplete("Signature is missing"))?,
                })
            }
            _ => Err(Refusal::Incomplete("Credential is not KEY/DATE/REGION/SERVICE/aws4_request")),
        }
    }
}

fn canonical_request(parts: &Parts, signed_headers: &str, payload_hash: &str) -> Result<String, Refusal> {
    let path = parts.uri.path();
    // All services but S3 encode the path once more than it is encoded on the wire.
    let path: Vec<_> =
        path.split('/').map(|segment| utf8_percent_encode(segment, ENCODED).to_string()).collect();
    let mut query: Vec<_> = parts
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (recode(name), recode(value))
        })
        .collect();
    query.sort();
    let query: Vec<_> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut headers = String::new();
    for name in signed_headers.split(';') {
        let mut values = parts.headers.get_all(name).iter().peekable();
        if values.peek().is_none() {
            return Err(Refusal::Invalid(format!("'{name}' is signed but not in the request.")));
        }
        let values: Vec<_> = values
            .map(|value| {
                let value = String::from_utf8_lossy(value.as_bytes());
                value.split_whitespace().collect::<Vec<_>>().join(" ")
            })
            .collect();
        headers.extend([name, ":", &values.join(","), "\n"]);
    }
    let (method, path, query) = (&parts.method, path.join("/"), query.join("&"));
    Ok(format!("{method}\n{path}\n{query}\n{headers}\n{signed_headers}\n{payload_hash}"))
}

/// A part of a query, in the one encoding that signatures are made over.
fn recode(encoded: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(encoded).collect();
    percent_encoding::percent_encode(&decoded, ENCODED).to_string()
}

fn sign(key: &[u8], message: &str) -> Vec<u8> {
    // HMAC takes keys of any length.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    hex_simd::encode_to_string(bytes, hex_simd::AsciiCase::Lower)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
