//! A proxy between clients and the embedded S3: where requests and answers are lost, delayed, cut and spoilt.
//!
//! The store's own faults strike before a request reaches it. What can go wrong on the way is more than that: an answer is lost
//! after the store has done what was asked, a body arrives in part, or with a bit that is another.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::wire::{Lost, exchange};

/// A request on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// 0 for the proxy's first.
    pub(crate) number: u64,
    /// By its name in S3's API.
    pub(crate) operation: &'static str,
    /// The object's key, or the prefix that is listed.
    pub(crate) key: String,
}

/// What becomes of a request on its way to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// It arrives.
    Pass,
    /// It arrives with another bit in the middle of its body.
    Spoil,
    /// It is answered with an error, and does not arrive.
    Refuse(Refusal),
    /// The connection is reset, and it does not arrive.
    Reset,
    /// It does not arrive, and nothing comes back.
    Silence,
}

/// What becomes of the answer, when the store has done what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// It arrives.
    Pass,
    /// It arrives with another bit in the middle of its body.
    Spoil,
    /// Half of its body arrives, and then the connection is closed.
    Truncate,
    /// An error arrives instead.
    Refuse(Refusal),
    /// The connection is reset instead.
    Reset,
    /// Nothing arrives.
    Silence,
}

/// What the store has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body_bytes: usize,
}

/// An error that S3 answers with. <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
}

/// Who decides.
#[async_trait]
pub(crate) trait Interference: Send + Sync + 'static {
    /// About a request that has come.
    async fn before(&self, ask: &Ask) -> Before;

    /// About the answer to it.
    async fn after(&self, ask: &Ask, answer: Answer) -> After;
}

/// The proxy. It ends, and with it every connection through it, when it is dropped.
pub(crate) struct Proxy {
    /// Its address.
    pub(crate) url: String,
    upstream: Arc<OnceLock<String>>,
    _server: JoinSet<()>,
}

impl Proxy {
    /// Listens. What comes is held until [`Proxy::lead_to`] says where it goes.
    pub(crate) async fn listen(interference: Arc<dyn Interference>) -> anyhow::Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listening for a proxy")?;
        let url = format!("http://{}", listener.local_addr()?);
        let upstream = Arc::new(OnceLock::new());
        let wire = Wire { upstream: Arc::clone(&upstream), interference, asked: Arc::default() };
        let mut server = JoinSet::new();
        server.spawn(accept(listener, wire));
        Ok(Proxy { url, upstream, _server: server })
    }

    /// Says where requests go. The first word counts.
    pub(crate) fn lead_to(&self, url: &str) {
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let _ = self.upstream.set(address.to_owned());
    }
}

#[derive(Clone)]
struct Wire {
    upstream: Arc<OnceLock<String>>,
    interference: Arc<dyn Interference>,
    asked: Arc<AtomicU64>,
}

/// Why a connection is given up: on purpose, or because the other side was lost.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("reset on purpose")]
    OnPurpose,
    #[error("the proxy was asked before it knew whom to ask")]
    Nowhere,
    #[error(transparent)]
    Lost(#[from] Lost),
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

type Body = UnsyncBoxBody<Bytes, Broken>;

async fn accept(listener: TcpListener, wire: Wire) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else { continue };
        let _ = stream.set_nodelay(true);
        connections.spawn(relay(stream, wire.clone()));
    }
}

/// Everything that comes over one connection.
async fn relay(stream: TcpStream, wire: Wire) {
    let service = service_fn(move |request| {
        let wire = wire.clone();
        async move { wire.answer(request).await }
    });
    let mut connection = server::Builder::new().serve_connection(TokioIo::new(stream), service);
    if Pin::new(&mut connection).await.is_err() {
        // Closed like this, a connection is reset: the other side gets an error where it would read an end.
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

impl Wire {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Broken> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let ask = Ask { number, ..name(request.method(), request.uri()) };
        let (parts, body) = request.into_parts();
        let mut body = body.collect().await?.to_bytes();
        match self.interference.before(&ask).await {
            Before::Pass => {}
            Before::Spoil => body = spoilt(&body),
            Before::Refuse(refusal) => return Ok(refusal.answer()),
            Before::Reset => return Err(Broken::OnPurpose),
            Before::Silence => silence().await,
        }
        let address = self.upstream.get().ok_or(Broken::Nowhere)?;
        let (parts, body) =
            exchange(address, Request::from_parts(parts, Full::new(body))).await?.into_parts();
        let answer = Answer { status: parts.status, body_bytes: body.len() };
        match self.interference.after(&ask, answer).await {
            After::Pass => Ok(Response::from_parts(parts, whole(body))),
            After::Spoil => Ok(Response::from_parts(parts, whole(spoilt(&body)))),
            After::Truncate => Ok(Response::from_parts(parts, half(&body))),
            After::Refuse(refusal) => Ok(refusal.answer()),
            After::Reset => Err(Broken::OnPurpose),
            After::Silence => {
                silence().await;
                Err(Broken::OnPurpose)
            }
        }
    }
}

async fn silence() {
    // Until the client gives up and closes its connection, which ends this.
    std::future::pending::<()>().await;
}

impl Refusal {
    fn answer(self) -> Response<Body> {
        let code = self.code;
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>on purpose</Message></Error>"
        );
        let mut answer = Response::new(whole(Bytes::from(text)));
        *answer.status_mut() = self.status;
        answer.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/xml"));
        answer
    }
}

fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// The first half, and then an error, at which the connection is closed; the headers have promised the whole.
fn half(body: &Bytes) -> Body {
    let pieces = [Ok(Frame::data(body.slice(..body.len() / 2))), Err(Broken::OnPurpose)];
    StreamBody::new(stream::iter(pieces)).boxed_unsync()
}

fn spoilt(body: &Bytes) -> Bytes {
    let mut body = body.to_vec();
    let middle = body.len() / 2;
    if let Some(byte) = body.get_mut(middle) {
        *byte ^= 1;
    }
    body.into()
}

/// What a request is called that addresses its bucket by its path.
fn name(method: &Method, uri: &Uri) -> Ask {
    let path = percent_decode_str(uri.path()).decode_utf8_lossy().into_owned();
    let (_, key) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
    let queried = |name: &str| {
        uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('=')).find_map(
            |(found, value)| {
                (found == name).then(|| percent_decode_str(value).decode_utf8_lossy().into_owned())
            },
        )
    };
    let operation = match (method.as_str(), key.is_empty()) {
        ("GET", true) if queried("list-type").is_some() => "ListObjectsV2",
        ("GET", false) => "GetObject",
        ("HEAD", false) => "HeadObject",
        ("PUT", false) => "PutObject",
        ("DELETE", false) => "DeleteObject",
        _ => "Other",
    };
    let key = if key.is_empty() { queried("prefix").unwrap_or_default() } else { key.to_owned() };
    Ask { number: 0, operation, key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_names_that_s3_gives_them() {
        let told = |method: Method, uri: &'static str| {
            let ask = name(&method, &Uri::from_static(uri));
            (ask.operation, ask.key)
        };
        assert_eq!(told(Method::GET, "/b/a%20b/c?x-id=GetObject"), ("GetObject", "a b/c".to_owned()));
        assert_eq!(
            told(Method::GET, "/b?list-type=2&prefix=a%2F&delimiter=%2F"),
            ("ListObjectsV2", "a/".to_owned())
        );
        assert_eq!(told(Method::GET, "/b/?list-type=2"), ("ListObjectsV2", String::new()));
        assert_eq!(told(Method::DELETE, "/b/k"), ("DeleteObject", "k".to_owned()));
        assert_eq!(told(Method::POST, "/"), ("Other", String::new()));
    }

    /// Does the same to everything.
    struct Always(Before, After);

    #[async_trait]
    impl Interference for Always {
        async fn before(&self, _: &Ask) -> Before {
            self.0
        }

        async fn after(&self, _: &Ask, _: Answer) -> After {
            self.1
        }
    }

    /// What a client gets who asks by way of such a proxy, and how often the store was asked.
    async fn asked(before: Before, after: After) -> (Result<Response<Bytes>, Lost>, usize) {
        let heard = Arc::new(AtomicU64::new(0));
        let store = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let proxy = Proxy::listen(Arc::new(Always(before, after))).await.unwrap();
        proxy.lead_to(&format!("http://{}", store.local_addr().unwrap()));
        let hears = Arc::clone(&heard);
        let serving = tokio::spawn(async move {
            let (stream, _) = store.accept().await.unwrap();
            let service = service_fn(|request: Request<Incoming>| {
                hears.fetch_add(1, Ordering::SeqCst);
                async move { Ok::<_, hyper::Error>(Response::new(Full::new(request.collect().await?.to_bytes()))) }
            });
            let _ = server::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        let address = proxy.url.trim_start_matches("http://").to_owned();
        let request = Request::put("/b/k").header("host", &address).body(Full::new(Bytes::from("picture")));
        let answer = exchange(&address, request.unwrap()).await;
        serving.abort();
        (answer, usize::try_from(heard.load(Ordering::SeqCst)).unwrap())
    }

    #[tokio::test]
    async fn what_passes_is_as_it_was_and_what_is_refused_is_never_heard_of() {
        let (answer, heard) = asked(Before::Pass, After::Pass).await;
        assert_eq!((answer.unwrap().into_body(), heard), (Bytes::from("picture"), 1));
        let refusal = Refusal { status: StatusCode::SERVICE_UNAVAILABLE, code: "SlowDown" };
        let (answer, heard) = asked(Before::Refuse(refusal), After::Pass).await;
        let answer = answer.unwrap();
        assert_eq!((answer.status().as_u16(), heard), (503, 0));
        assert!(String::from_utf8_lossy(answer.body()).contains("<Code>SlowDown</Code>"));
        let (answer, heard) = asked(Before::Reset, After::Pass).await;
        assert!(answer.is_err() && heard == 0, "{answer:?}");
    }

    #[tokio::test]
    async fn an_answer_is_lost_cut_and_spoilt_after_the_store_has_heard() {
        for after in [After::Reset, After::Truncate] {
            let (answer, heard) = asked(Before::Pass, after).await;
            assert!(answer.is_err() && heard == 1, "{after:?}: {answer:?}");
        }
        for (before, after) in [(Before::Spoil, After::Pass), (Before::Pass, After::Spoil)] {
            let (answer, heard) = asked(before, after).await;
            let body = answer.unwrap().into_body();
            assert!(body != "picture" && body.len() == 7 && heard == 1, "{body:?}");
        }
    }

    #[test]
    fn what_is_spoilt_differs_in_one_bit() {
        let body = Bytes::from_static(b"picture");
        let spoilt = spoilt(&body);
        let bits: u32 = body.iter().zip(&spoilt).map(|(one, other)| (one ^ other).count_ones()).sum();
        assert_eq!((bits, spoilt.len()), (1, body.len()));
        assert!(super::spoilt(&Bytes::new()).is_empty());
    }
}
