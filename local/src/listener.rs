//! Connections, and what answers on them: one address for all services, as `AWS_ENDPOINT_URL` wants it, and one for the REST
//! API.
//!
//! SQS requests carry their operation in a header, Lambda's and S3 Control's have paths of their own, and everything else is S3's. A body
//! for S3 is passed on as it arrives; the others' are small and are read whole, within their services' limits.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use crate::jobs::Jobs;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use thumbline_local_gateway::Gateway;
use thumbline_local_lambda::{Lambda, Sqs, read_body};
use thumbline_local_s3::S3;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// More than the largest request of Lambda (6 MB) and of SQS (1 MB), so that they can say themselves what is too large.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// How long requests may take to finish when the stack stops.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why an answer cannot be given, or not to its end: the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Failure(Box<dyn Error + Send + Sync>);

pub(crate) type AnyBody = UnsyncBoxBody<Bytes, Failure>;

/// What answers requests at an address.
pub(crate) trait Site: Clone + Send + Sync + 'static {
    fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Result<Response<AnyBody>, Failure>> + Send;
}

/// The services behind one address.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) s3: S3,
    pub(crate) lambda: Lambda,
    pub(crate) sqs: Sqs,
    pub(crate) jobs: Jobs,
}

/// Serves until told to stop, or until nobody could tell any more.
pub(crate) async fn serve<S: Site>(listener: TcpListener, site: S, stop: oneshot::Receiver<Infallible>) {
    let connections = GracefulShutdown::new();
    // Aborted when this function returns: what a connection holds, the database among it, is free then.
    let mut tasks = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Too many open files, say: others will be closed.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            Some(_) = tasks.join_next() => continue,
            _ = &mut stop => break,
        };
        tasks.spawn(connect(stream, peer, site.clone(), &connections));
    }
    drop(listener);
    if tokio::time::timeout(PATIENCE, connections.shutdown()).await.is_err() {
        tracing::debug!("some requests were cut off");
    }
    tasks.shutdown().await;
}

/// Answers what comes over one connection, until it ends.
fn connect<S: Site>(
    stream: TcpStream,
    peer: SocketAddr,
    site: S,
    connections: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<S> {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let site = site.clone();
        async move { site.answer(request, peer).await }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let connection = connections.watch(connection);
    async move {
        if let Err(error) = connection.await {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }
}

impl Site for Gateway {
    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<Response<AnyBody>, Failure> {
        let response = Gateway::answer(self, request, peer).await.map_err(|error| Failure(error.into()))?;
        Ok(response.map(|body| body.map_err(|never| match never {}).boxed_unsync()))
    }
}

impl Site for Services {
    async fn answer(
        &self,
        mut request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<Response<AnyBody>, Failure> {
        let (for_sqs, for_jobs) = (Sqs::claims(&request), Jobs::claims(&request));
        if !for_sqs && !for_jobs && !Lambda::claims(&request) {
            request.extensions_mut().insert(peer);
            let response = self.s3.service().call(request).await.map_err(|error| Failure(error.into()))?;
            return Ok(response.map(|body| body.map_err(Failure).boxed_unsync()));
        }
        let (parts, body) = request.into_parts();
        let body = read_body(body, MAX_BODY_BYTES).await.map_err(|error| Failure(error.into()))?;
        let response = match body {
            Some(body) if for_jobs => self.jobs.handle(Request::from_parts(parts, body)),
            Some(body) if for_sqs => self.sqs.handle(Request::from_parts(parts, body)).await,
            Some(body) => self.lambda.handle(Request::from_parts(parts, body)).await,
            None => too_large(),
        };
        Ok(response.map(|body| body.map_err(|never| match never {}).boxed_unsync()))
    }
}

fn too_large() -> Response<Full<Bytes>> {
    let mut response =
        Response::new(Full::new(Bytes::from_static(br#"{"message":"the request is too large"}"#)));
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    let kind = HeaderValue::from_static("RequestTooLargeException");
    response.headers_mut().insert("x-amzn-errortype", kind);
    response
}
