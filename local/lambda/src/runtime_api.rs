//! Lambda's runtime API, version 2018-06-01: the only thing a function knows of the world that runs it.
//!
//! Every environment has a server of its own on a port of its own, since the address is all that a function is told.
//! Facts are from "Using the Lambda runtime API" in the Lambda developer guide: `next` blocks until there is work, a
//! response or error is answered 202, and one for a request that is not the current one is refused.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::body::read_body;
use crate::invocation::FunctionError;

const PREFIX: &str = "/2018-06-01/runtime/";

/// The largest response, in bytes: the number that Lambda's own message about larger ones names.
const MAX_RESPONSE_BYTES: usize = 6_291_556;

/// An invocation on its way into a process.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) request_id: Arc<str>,
    pub(crate) deadline_ms: u64,
    pub(crate) function_arn: String,
    pub(crate) trace_id: String,
    pub(crate) client_context: Option<String>,
    pub(crate) payload: Bytes,
}

/// What a process said.
#[derive(Debug)]
pub(crate) enum Signal {
    /// It asks for work: initialised, or done with the last invocation.
    Next,
    /// It answered the current invocation, well or not.
    Finished(Result<Bytes, FunctionError>),
    /// It could not initialise.
    InitFailed(FunctionError),
}

/// The runtime API of one environment. Gone when dropped.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    jobs: mpsc::Sender<Job>,
    signals: mpsc::UnboundedReceiver<Signal>,
    /// Aborted when dropped.
    _server: JoinSet<()>,
}

impl RuntimeApi {
    pub(crate) async fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (jobs, queue) = mpsc::channel(1);
        let (signalled, signals) = mpsc::unbounded_channel();
        let desk =
            Desk { jobs: tokio::sync::Mutex::new(queue), signals: signalled, current: Mutex::default() };
        let mut server = JoinSet::new();
        server.spawn(serve(listener, Arc::new(desk)));
        Ok(Self { address, jobs, signals, _server: server })
    }

    /// Gives the process its next piece of work.
    pub(crate) async fn hand_over(&self, job: Job) {
        // The receiver lives as long as the server, which lives as long as `self`.
        let _ = self.jobs.send(job).await;
    }

    /// What the process says next.
    pub(crate) async fn heard(&mut self) -> Signal {
        match self.signals.recv().await {
            Some(signal) => signal,
            // The sender lives as long as the server, which lives as long as `self`.
            None => std::future::pending().await,
        }
    }
}

async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                // The answers are small and the function waits for them.
                let _ = stream.set_nodelay(true);
                let desk = desk.clone();
                connections.spawn(async move {
                    let service = service_fn(move |request| {
                        let desk = desk.clone();
                        async move { Ok::<_, Infallible>(desk.answer(request).await) }
                    });
                    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
                        tracing::debug!(%error, "a function dropped its connection to the runtime API");
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The state behind one server.
#[derive(Debug)]
struct Desk {
    jobs: tokio::sync::Mutex<mpsc::Receiver<Job>>,
    signals: mpsc::UnboundedSender<Signal>,
    /// The request that the process works on.
    current: Mutex<Option<Arc<str>>>,
}

type Answer = Response<Full<Bytes>>;

impl Desk {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().strip_prefix(PREFIX).map(str::to_owned);
        let Some(path) = path else { return refuse(StatusCode::NOT_FOUND, "NotFound", "no such path") };
        let mut parts = path.split('/');
        match (request.method(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (&Method::GET, Some("invocation"), Some("next"), None, None) => self.next().await,
            (&Method::POST, Some("invocation"), Some(id), Some("response"), None) => {
                self.finish(id, request, false).await
            }
            (&Method::POST, Some("invocation"), Some(id), Some("error"), None) => {
                self.finish(id, request, true).await
            }
            (&Method::POST, Some("init"), Some("error"), None, None) => self.fail_init(request).await,
            _ => refuse(StatusCode::NOT_FOUND, "NotFound", "no such path in runtime API 2018-06-01"),
        }
    }

    async fn next(&self) -> Answer {
        let _ = self.signals.send(Signal::Next);
        let Some(job) = self.jobs.lock().await.recv().await else {
            return refuse(StatusCode::GONE, "ShuttingDown", "the environment is being stopped");
        };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(job.request_id.clone());
        let mut response = Response::new(Full::new(job.payload));
        let deadline = job.deadline_ms.to_string();
        let headers = [
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", &job.request_id),
            ("lambda-runtime-deadline-ms", &deadline),
            ("lambda-runtime-invoked-function-arn", &job.function_arn),
            ("lambda-runtime-trace-id", &job.trace_id),
            ("lambda-runtime-client-context", job.client_context.as_deref().unwrap_or_default()),
        ];
        for (name, value) in headers {
            match HeaderValue::from_str(value) {
                Ok(value) if !value.is_empty() => {
                    response.headers_mut().insert(HeaderName::from_static(name), value);
                }
                _ => {}
            }
        }
        response
    }

    async fn finish(&self, id: &str, request: Request<Incoming>, failed: bool) -> Answer {
        let is_current =
            || self.current.lock().unwrap_or_else(PoisonError::into_inner).as_deref() == Some(id);
        if !is_current() {
            let message = format!("request {id} is not the current one");
            return refuse(StatusCode::BAD_REQUEST, "InvalidRequestID", &message);
        }
        let kind = error_type(request.headers());
        let body = match read_body(request.into_body(), MAX_RESPONSE_BYTES).await {
            Ok(Some(body)) => body,
            Ok(None) => {
                self.close_current();
                let message = format!(
                    "Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
                );
                let error = FunctionError::stated("Function.ResponseSizeTooLarge", &message);
                let _ = self.signals.send(Signal::Finished(Err(error)));
                return refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message);
            }
            Err(error) => return refuse(StatusCode::BAD_REQUEST, "InvalidBody", &error.to_string()),
        };
        // Two answers to one request may have been read side by side: the first to be complete counts.
        if !is_current() {
            let message = format!("request {id} was already answered");
            return refuse(StatusCode::BAD_REQUEST, "InvalidRequestID", &message);
        }
        self.close_current();
        let outcome = if failed { Err(FunctionError::reported(kind.as_deref(), &body)) } else { Ok(body) };
        let _ = self.signals.send(Signal::Finished(outcome));
        accept()
    }

    async fn fail_init(&self, request: Request<Incoming>) -> Answer {
        let kind = error_type(request.headers());
        match read_body(request.into_body(), MAX_RESPONSE_BYTES).await {
            Ok(body) => {
                let kind = kind.as_deref().unwrap_or("Runtime.InitError");
                let error = FunctionError::reported(Some(kind), &body.unwrap_or_default());
                let _ = self.signals.send(Signal::InitFailed(error));
                accept()
            }
            Err(error) => refuse(StatusCode::BAD_REQUEST, "InvalidBody", &error.to_string()),
        }
    }

    fn close_current(&self) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn error_type(headers: &HeaderMap) -> Option<String> {
    headers.get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn accept() -> Answer {
    json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#.into())
}

fn refuse(status: StatusCode, kind: &str, message: &str) -> Answer {
    json(status, FunctionError::stated(kind, message).document.into())
}

fn json(status: StatusCode, body: Bytes) -> Answer {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// Sends a request as its bytes and returns the answer as text.
    async fn ask(api: &RuntimeApi, request: &str) -> String {
        let mut stream = TcpStream::connect(api.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn post(path: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "POST /2018-06-01/runtime/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    }

    const NEXT: &str =
        "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    fn job() -> Job {
        Job {
            request_id: "id-1".into(),
            deadline_ms: 1_700_000_000_000,
            function_arn: "arn".into(),
            trace_id: "Root=1".into(),
            client_context: None,
            payload: Bytes::from_static(b"{\"a\":1}"),
        }
    }

    #[tokio::test]
    async fn work_is_handed_out_with_its_headers_and_answered_once() {
        let mut api = RuntimeApi::listen().await.unwrap();
        let (answer, ()) = tokio::join!(ask(&api, NEXT), api.hand_over(job()));
        for part in [
            "HTTP/1.1 200",
            "lambda-runtime-aws-request-id: id-1\r\n",
            "lambda-runtime-deadline-ms: 1700000000000\r\n",
            "lambda-runtime-invoked-function-arn: arn\r\n",
            "lambda-runtime-trace-id: Root=1\r\n",
            "\r\n\r\n{\"a\":1}",
        ] {
            assert!(answer.contains(part), "{part} is not in {answer}");
        }
        assert!(matches!(api.heard().await, Signal::Next));

        let wrong = ask(&api, &post("invocation/id-2/response", "{}")).await;
        assert!(wrong.starts_with("HTTP/1.1 400") && wrong.contains("InvalidRequestID"), "{wrong}");
        let chunked = "POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\n\"y\r\n4\r\nes!\"\r\n0\r\n\r\n";
        assert!(ask(&api, chunked).await.starts_with("HTTP/1.1 202"));
        assert!(matches!(api.heard().await, Signal::Finished(Ok(body)) if body == "\"yes!\""));
        assert!(ask(&api, &post("invocation/id-1/response", "{}")).await.starts_with("HTTP/1.1 400"));
    }

    #[tokio::test]
    async fn a_failure_to_initialise_is_heard_and_unknown_paths_are_refused() {
        let mut api = RuntimeApi::listen().await.unwrap();
        let body = r#"{"errorType":"Config","errorMessage":"three mistakes"}"#;
        assert!(ask(&api, &post("init/error", body)).await.starts_with("HTTP/1.1 202"));
        assert!(matches!(api.heard().await, Signal::InitFailed(error) if error.kind == "Config"));
        for path in ["init/next", "invocation/id/other", "invocation"] {
            assert!(ask(&api, &post(path, "")).await.starts_with("HTTP/1.1 404"), "{path}");
        }
    }
}
