//! Signature Version 4 by hand, for requests that no SDK would sign: wrong on purpose, old, or cut into signed chunks.
//!
//! AWS, "Signature Calculations for the Authorization Header" and the pages beside it, in the S3 API reference.

use std::time::SystemTime;

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use sha2::{Digest as _, Sha256};

use crate::server::Door;
use crate::wire::Request;

/// The payload hash of a body whose hash is not signed.
pub(crate) const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
/// The payload hash of a body in chunks that are signed one by one.
pub(crate) const SIGNED_CHUNKS: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

/// Signs requests as somebody, at some time.
pub(crate) struct Signer {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) region: String,
    pub(crate) at: SystemTime,
}

impl Signer {
    /// Signs now, with the credentials that open the door.
    pub(crate) fn new(door: &Door) -> Self {
        Self {
            access_key_id: door.access_key_id.clone(),
            secret_access_key: door.secret_access_key.clone(),
            region: door.region.clone(),
            at: SystemTime::now(),
        }
    }

    /// Signs in the `Authorization` header, all headers included. The payload's hash is the body's, unless
    /// `x-amz-content-sha256` has been set to something else.
    pub(crate) fn sign(&self, mut request: Request) -> Request {
        if request.value("x-amz-content-sha256").is_none() {
            let hash = sha256_hex(&request.body);
            request = request.header("x-amz-content-sha256", &hash);
        }
        request = request.header("x-amz-date", &self.timestamp());
        let hash = request.value("x-amz-content-sha256").unwrap_or_default().to_owned();
        let signature = self.signature(&self.string_to_sign(&request, &hash));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={signature}",
            self.access_key_id,
            self.scope(),
            signed_headers(&request),
        );
        request.header("authorization", &authorization)
    }

    /// Signs in the query, good for so many seconds. All headers that are set become signed headers.
    pub(crate) fn presign(&self, request: Request, expires_s: u64) -> Request {
        let credential = format!("{}/{}", self.access_key_id, self.scope());
        let signed = signed_headers(&request);
        let request = request
            .query("X-Amz-Algorithm", "AWS4-HMAC-SHA256")
            .query("X-Amz-Credential", &credential)
            .query("X-Amz-Date", &self.timestamp())
            .query("X-Amz-Expires", &expires_s.to_string())
            .query("X-Amz-SignedHeaders", &signed);
        let signature = self.signature(&self.string_to_sign(&request, UNSIGNED_PAYLOAD));
        request.query("X-Amz-Signature", &signature)
    }

    /// Frames a body as `aws-chunked` with a signature on each chunk, which continues the request's own. `spoil` may
    /// change each chunk's bytes after they have been signed.
    pub(crate) fn sign_chunks(&self, request: Request, chunks: &[&[u8]], spoil: fn(&mut Vec<u8>)) -> Request {
        let length: usize = chunks.iter().map(|chunk| chunk.len()).sum();
        let request = request
            .header("content-encoding", "aws-chunked")
            .header("x-amz-decoded-content-length", &length.to_string())
            .header("x-amz-content-sha256", SIGNED_CHUNKS);
        let mut request = self.sign(request);
        let authorization = request.value("authorization").unwrap_or_default();
        let mut previous = authorization.rsplit("Signature=").next().unwrap_or_default().to_owned();
        for chunk in chunks.iter().copied().chain([&[][..]]) {
            let signed = format!(
                "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{previous}\n{}\n{}",
                self.timestamp(),
                self.scope(),
                sha256_hex(b""),
                sha256_hex(chunk),
            );
            previous = self.signature(&signed);
            let mut sent = chunk.to_vec();
            spoil(&mut sent);
            request.body.extend(format!("{:x};chunk-signature={previous}\r\n", chunk.len()).bytes());
            request.body.extend(sent);
            request.body.extend(b"\r\n");
        }
        request
    }

    /// The signature of the policy of a form upload, which is its own string to sign.
    pub(crate) fn signature(&self, string_to_sign: &str) -> String {
        let key = generate_signing_key(&self.secret_access_key, self.at, &self.region, "s3");
        calculate_signature(key, string_to_sign.as_bytes())
    }

    /// `20261121T015900Z`.
    pub(crate) fn timestamp(&self) -> String {
        let seconds = self.at.duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970").as_secs();
        let time = DateTime::from_secs(i64::try_from(seconds).expect("a time that fits"));
        time.fmt(DateTimeFormat::DateTime).expect("a time that can be written").replace(['-', ':'], "")
    }

    /// `20261121/us-east-1/s3/aws4_request`.
    pub(crate) fn scope(&self) -> String {
        let timestamp = self.timestamp();
        let (day, _) = timestamp.split_once('T').unwrap_or((&timestamp, ""));
        format!("{day}/{}/s3/aws4_request", self.region)
    }

    fn string_to_sign(&self, request: &Request, payload_hash: &str) -> String {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let mut parameters: Vec<_> = query.split('&').filter(|parameter| !parameter.is_empty()).collect();
        parameters.sort_unstable();
        let headers: Vec<_> =
            request.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let canonical = format!(
            "{}\n{path}\n{}\n{}\n{}\n{payload_hash}",
            request.method,
            parameters.join("&"),
            headers.concat(),
            signed_headers(request),
        );
        format!(
            "AWS4-HMAC-SHA256\n{}\n{}\n{}",
            self.timestamp(),
            self.scope(),
            sha256_hex(canonical.as_bytes())
        )
    }
}

fn signed_headers(request: &Request) -> String {
    request.headers.keys().map(String::as_str).collect::<Vec<_>>().join(";")
}

/// Lower-case hexadecimal SHA-256.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
