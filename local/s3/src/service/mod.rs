//! HTTP in front of the store. The `s3s` crate speaks the protocol: routes, XML, signatures, presigned URLs, chunked
//! bodies and forms. What is here names each request, notes how it ended, lets faults strike, and turns the
//! protocol's types into the store's and back.

mod answers;
mod attributes;
mod buckets;
mod checksums;
mod copies;
mod draining;
mod forms;
mod gate;
mod listings;
mod multipart;
mod objects;
mod operations;
mod ranges;
mod reads;
mod strictness;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use s3s::path::{S3Path, parse_path_style_with_validation};
use s3s::service::S3ServiceBuilder;
use s3s::stream::ByteStream as _;
use s3s::validation::NameValidation;
use s3s::{Body, HttpError, S3Request};
use uuid::Uuid;

use self::draining::Draining;
use self::gate::{Admission, Gate, KeyRing};
use self::operations::Operations;
use self::ranges::IgnoredRanges;
use crate::cors::{PREFLIGHT, Rules, Visit};
use crate::notifications::Origin;
use crate::requests::UNKNOWN_OPERATION;
use crate::store::Store;
use crate::{Credentials, Faults, RequestLog, RequestRecord};

const DECODED_LENGTH: HeaderName = HeaderName::from_static("x-amz-decoded-content-length");
/// Bytes: the largest list of keys to delete that is taken. A thousand keys of 1,024 bytes fit, escaped.
const MAX_KEY_LIST_BYTES: usize = 8 * 1024 * 1024;

/// Answers HTTP requests as S3 does: a hyper service whose clones share one store.
#[derive(Clone)]
pub struct S3Service {
    protocol: s3s::service::S3Service,
    requests: RequestLog,
    faults: Faults,
    region: String,
    cors: Arc<Rules>,
}

impl S3Service {
    pub(crate) fn new(store: Arc<Store>, credentials: &Credentials, region: String, cors: Rules) -> Self {
        let faults = Faults::default();
        let operations = Operations::new(store, region.clone());
        let build = |admission| {
            let mut builder = S3ServiceBuilder::new(operations.clone());
            builder.set_auth(KeyRing::new(credentials));
            builder.set_access(Gate::new(admission, region.clone(), faults.clone()));
            builder
        };
        let mut builder = build(Admission::Signed);
        builder.set_route(IgnoredRanges::new(build(Admission::Vouched).build()));
        Self {
            protocol: builder.build(),
            requests: RequestLog::default(),
            faults,
            region,
            cors: Arc::new(cors),
        }
    }

    pub(crate) fn requests(&self) -> RequestLog {
        self.requests.clone()
    }

    pub(crate) fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// Answers one request. The peer's `SocketAddr` among the request's extensions, if there is one, becomes the
    /// source address in notifications.
    ///
    /// # Errors
    ///
    /// An error means that the connection is to be closed without an answer.
    pub async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, HttpError> {
        let errand = Arc::new(Errand::of(&request));
        let path = request.uri().path().to_owned();
        let (bucket, key) = name_of(&path);
        let received_bytes = body_length(request.headers());
        let user_agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        let user_agent = user_agent.unwrap_or_default().to_owned();
        let waits_for_leave = request.headers().contains_key(EXPECT);

        let visit = Visit::of(&request);
        let cors = bucket.as_ref().and_then(|bucket| self.cors.get(bucket));
        let answer = match visit.as_ref().filter(|visit| visit.is_preflight) {
            Some(preflight) => {
                let _ = errand.operation.set(PREFLIGHT.to_owned());
                Ok(preflight.answer(cors))
            }
            None => match prepare(request, &errand).await {
                Ok(request) => self.protocol.call(request).await,
                Err(error) => Err(error),
            },
        };
        let answer = match answer {
            Ok(_) if errand.drop_connection.load(Ordering::Relaxed) => {
                Err(HttpError::new("a fault drops the connection".into()))
            }
            Ok(mut answer) => {
                answers::complete(&mut answer, &errand.id, &path, &self.region);
                if let Some(visit) = &visit {
                    visit.mark(cors, answer.headers_mut());
                }
                if waits_for_leave && !answer.status().is_success() {
                    // Its body was promised and will not come, so nothing can follow on this connection. A client that
                    // is not told would use it for its next request.
                    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok(answer)
            }
            Err(error) => Err(error),
        };

        let operation = errand.operation.get().map_or(UNKNOWN_OPERATION, String::as_str).to_owned();
        let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
        let sent_bytes = answer.as_ref().map_or(0, sent_length);
        tracing::debug!(id = errand.id, operation, bucket, key, status, "answered");
        let id = errand.id.clone();
        self.requests.add(RequestRecord {
            id,
            operation,
            bucket,
            key,
            user_agent,
            status,
            received_bytes,
            sent_bytes,
        });
        answer
    }
}

impl hyper::service::Service<Request<hyper::body::Incoming>> for S3Service {
    type Response = Response<Body>;
    type Error = HttpError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn call(&self, request: Request<hyper::body::Incoming>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { service.answer(request.map(Body::from)).await })
    }
}

/// What is known of a request from the first byte to the last; it travels among the request's extensions.
#[derive(Debug)]
struct Errand {
    id: String,
    source_ip: IpAddr,
    operation: OnceLock<String>,
    /// The name of the file that a form brings.
    file_name: Arc<OnceLock<String>>,
    drop_connection: AtomicBool,
}

impl Errand {
    fn of(request: &Request<Body>) -> Self {
        let peer = request.extensions().get::<SocketAddr>();
        Self {
            id: new_request_id(),
            source_ip: peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), SocketAddr::ip),
            operation: OnceLock::new(),
            file_name: Arc::default(),
            drop_connection: AtomicBool::new(false),
        }
    }
}

/// The raw body of a request whose digest is checked as a whole.
#[derive(Clone)]
struct RawBody(Bytes);

/// Who made a request, for notifications.
fn origin<T>(request: &S3Request<T>) -> Origin {
    request.extensions.get::<Arc<Errand>>().map_or_else(Origin::default, |errand| Origin {
        request_id: errand.id.clone(),
        source_ip: errand.source_ip,
    })
}

/// The name of the file that a form brings; nothing if it has none.
fn file_name<T>(request: &S3Request<T>) -> String {
    let errand = request.extensions.get::<Arc<Errand>>();
    errand.and_then(|errand| errand.file_name.get().cloned()).unwrap_or_default()
}

/// Sixteen digits and letters, as S3's are.
fn new_request_id() -> String {
    let mut id = Uuid::new_v4().simple().to_string().to_ascii_uppercase();
    id.truncate(16);
    id
}

/// The bucket and the key that a path names.
fn name_of(path: &str) -> (Option<String>, Option<String>) {
    struct AnyName;
    impl NameValidation for AnyName {
        fn validate_bucket_name(&self, _: &str) -> bool {
            true
        }
    }
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    match parse_path_style_with_validation(&decoded, &AnyName) {
        Ok(S3Path::Bucket { bucket }) => (Some(bucket.into()), None),
        Ok(S3Path::Object { bucket, key }) => (Some(bucket.into()), Some(key.into())),
        Ok(S3Path::Root) | Err(_) => (None, None),
    }
}

fn body_length(headers: &HeaderMap) -> u64 {
    let length = headers.get(DECODED_LENGTH).or_else(|| headers.get(CONTENT_LENGTH));
    length.and_then(|value| value.to_str().ok()).and_then(|value| value.parse().ok()).unwrap_or_default()
}

fn sent_length(answer: &Response<Body>) -> u64 {
    let named = body_length(answer.headers());
    if named > 0 { named } else { answer.body().remaining_length().exact().unwrap_or_default() as u64 }
}

/// Gives a request what it needs on its way through the protocol layer.
async fn prepare(request: Request<Body>, errand: &Arc<Errand>) -> Result<Request<Body>, HttpError> {
    let (mut parts, mut body) = request.into_parts();
    parts.extensions.insert(Arc::clone(errand));
    // A client that waits for leave to send its body sends none when it is refused.
    if !parts.headers.contains_key(EXPECT) {
        body = Draining::wrap(body);
    }
    body = forms::watch(&parts.method, &parts.headers, body, Arc::clone(&errand.file_name));
    hold_key_list(Request::from_parts(parts, body)).await
}

/// Reads the body of a request to delete many objects, so that the operation can check its digest: the protocol layer
/// hands on only what it understood of the body.
async fn hold_key_list(mut request: Request<Body>) -> Result<Request<Body>, HttpError> {
    let is_key_list = request.method() == Method::POST
        && request
            .uri()
            .query()
            .is_some_and(|query| query.split('&').any(|pair| pair == "delete" || pair == "delete="));
    if !is_key_list {
        return Ok(request);
    }
    let mut held = Vec::new();
    let mut body = std::mem::take(request.body_mut());
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(HttpError::new)?;
        if held.len() + chunk.len() > MAX_KEY_LIST_BYTES {
            return Err(HttpError::new("a list of keys to delete is too long".into()));
        }
        held.extend_from_slice(&chunk);
    }
    let held = Bytes::from(held);
    request.extensions_mut().insert(RawBody(held.clone()));
    *request.body_mut() = Body::from(held);
    Ok(request)
}
