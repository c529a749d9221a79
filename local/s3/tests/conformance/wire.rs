//! HTTP below the SDK: exactly the bytes that a case wants to send, and all that came back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::HeaderMap;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request as it goes on the wire.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// Path and query, encoded.
    pub(crate) target: String,
    /// By name, lower case, `host` among them.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// A request in path style: `/{bucket}/{key}`, or `/{bucket}` where the key is empty.
    pub(crate) fn new(method: &'static str, host: &str, bucket: &str, key: &str) -> Self {
        let target = match key {
            "" => format!("/{bucket}"),
            key => format!("/{bucket}/{}", percent_encode(key, true)),
        };
        Self { method, target, headers: BTreeMap::from([("host".into(), host.into())]), body: Vec::new() }
    }

    /// A request to a URL that somebody else has made, such as a presigned one.
    pub(crate) fn to_url(method: &'static str, url: &str) -> Self {
        let url: hyper::Uri = url.parse().expect("a URL");
        let host = url.authority().expect("a host in the URL").to_string();
        let target = url.path_and_query().expect("a path in the URL").to_string();
        Self { method, target, headers: BTreeMap::from([("host".into(), host)]), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        let separator = if self.target.contains('?') { '&' } else { '?' };
        let (name, value) = (percent_encode(name, false), percent_encode(value, false));
        let _ = write!(self.target, "{separator}{name}={value}");
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// A header's value, if it is set.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Sends it on a connection of its own and takes the whole answer.
    pub(crate) async fn send(self) -> Answer {
        let stream = TcpStream::connect(self.value("host").expect("a host")).await.expect("a connection");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
        let connection = tokio::spawn(connection);
        let mut request = hyper::Request::builder().method(self.method).uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(self.body))).expect("a legal request");
        let answer = sender.send_request(request).await.expect("an answer");
        let (head, body) = answer.into_parts();
        let body = body.collect().await.expect("the whole answer").to_bytes();
        connection.abort();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// Opens a connection, and sends on it the head alone, which promises the whole body.
    pub(crate) async fn send_head(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.value("host").expect("a host")).await.expect("a connection");
        stream.write_all(self.head().as_bytes()).await.expect("the head to be sent");
        stream
    }

    /// The head in HTTP/1.1.
    pub(crate) fn head(&self) -> String {
        let mut head =
            format!("{} {} HTTP/1.1\r\ncontent-length: {}\r\n", self.method, self.target, self.body.len());
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head + "\r\n"
    }

    /// Promises the whole body in `Content-Length`, sends only so many bytes of it, and hangs up. Returns when the
    /// server has closed the connection too, so that whatever it makes of the request has been made.
    pub(crate) async fn send_cut_short(self, sent: usize) {
        let request = self.header("connection", "close");
        let mut stream = request.send_head().await;
        stream.write_all(&request.body[..sent]).await.expect("part of the body to be sent");
        stream.shutdown().await.expect("half of the connection to close");
        let mut answer = Vec::new();
        // An answer or none, a reset or an orderly end: all that counts is what the bucket holds afterwards.
        let _ = stream.read_to_end(&mut answer).await;
    }
}

impl Answer {
    /// The `<Code>` of an error answer, empty if there is none.
    pub(crate) fn code(&self) -> String {
        self.element("Code").unwrap_or_default()
    }

    /// The text of the first element of that name in an XML answer.
    pub(crate) fn element(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.body);
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(value, _)| value.to_owned())
    }

    /// A header's value, empty if it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Requires a refusal with this HTTP status and error code.
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{self:?}");
    }

    /// Requires a status that says that it was done.
    #[track_caller]
    pub(crate) fn assert_done(&self) {
        assert!((200..300).contains(&self.status), "{self:?}");
    }
}

/// Encodes all but unreserved characters, and `/` unless it is kept. AWS, "Create a signed AWS API request": `UriEncode`.
pub(crate) fn percent_encode(text: &str, keep_slashes: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            b'/' if keep_slashes => encoded.push('/'),
            _ => _ = write!(encoded, "%{byte:02X}"),
        }
    }
    encoded
}
