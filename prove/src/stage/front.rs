//! What stands in front of the embedded S3 and answers for some of its objects itself, in ways in which no S3 should: bodies of
//! another length than was announced, and bodies that come a byte at a time.
//!
//! Everything else goes to the S3 and back as it is. It speaks TCP and not HTTP, since no library of HTTP would let it lie; a
//! connection serves one request.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::Context;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// What the system holds for a reader that does not read: little, or nothing could be said of what was read.
const SEND_BUFFER_BYTES: u32 = 16 * 1024;
/// The longest front of a request.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// What is sent instead of an object.
#[derive(Clone, Debug)]
pub(crate) struct Lie {
    /// The headers, each with its end, besides those that every answer has.
    pub(crate) headers: String,
    /// What the body begins with.
    pub(crate) body: Vec<u8>,
    /// How many zeros come after that.
    pub(crate) then_zeros: u64,
    /// How long each byte takes; all of them at once where it is nothing.
    pub(crate) pause: Duration,
}

impl Lie {
    /// A body of which so much is announced, with the ETag of the object that is there.
    pub(crate) fn of_length(announced: &str, etag: &str, body: &[u8], then_zeros: u64) -> Lie {
        let headers = format!("content-length: {announced}\r\netag: {etag}\r\n");
        Lie { headers, body: body.to_vec(), then_zeros, pause: Duration::ZERO }
    }
}

/// Counts of what was done.
#[derive(Debug, Default)]
struct Counts {
    told: AtomicU64,
    open: AtomicUsize,
    body_bytes: AtomicU64,
}

#[derive(Clone, Default)]
struct Shared {
    upstream: Arc<OnceLock<String>>,
    lies: Arc<Mutex<BTreeMap<String, Lie>>>,
    counts: Arc<Counts>,
}

/// The front, until it is dropped.
pub(crate) struct Front {
    /// Its address.
    pub(crate) url: String,
    shared: Shared,
    _server: JoinSet<()>,
}

impl Front {
    /// Listens. Where requests go is said by [`Front::lead_to`].
    pub(crate) fn listen() -> anyhow::Result<Front> {
        let socket = TcpSocket::new_v4().context("a socket")?;
        // Accepted connections have it from here.
        socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let listener = socket.listen(128).context("listening in front of S3")?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Shared::default();
        let mut server = JoinSet::new();
        server.spawn(accept(listener, shared.clone()));
        Ok(Front { url, shared, _server: server })
    }

    /// Says where the S3 is. The first word counts.
    pub(crate) fn lead_to(&self, url: &str) {
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let _ = self.shared.upstream.set(address);
    }

    /// Answers so for an object from now on, or no longer.
    pub(crate) fn lie(&self, bucket: &str, key: &str, lie: Option<Lie>) {
        let path = format!("/{bucket}/{key}");
        let mut lies = self.shared.lies.lock().unwrap_or_else(PoisonError::into_inner);
        match lie {
            Some(lie) => lies.insert(path, lie),
            None => lies.remove(&path),
        };
    }

    /// Bytes of bodies that were taken off its hands since this was asked last, with what the system holds.
    pub(crate) fn take_body_bytes(&self) -> u64 {
        self.shared.counts.body_bytes.swap(0, Ordering::Relaxed)
    }

    /// How many lies were told since this was asked last.
    pub(crate) fn take_told(&self) -> u64 {
        self.shared.counts.told.swap(0, Ordering::Relaxed)
    }

    /// How many of them are being told.
    pub(crate) fn open(&self) -> usize {
        self.shared.counts.open.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else { continue };
        let shared = shared.clone();
        connections.spawn(async move {
            // Clients that go away in the middle are what this is for.
            let _ = shared.serve(stream).await;
        });
    }
}

impl Shared {
    async fn serve(self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let Some((head, rest)) = read_head(&mut stream).await? else { return Ok(()) };
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = target.split('?').next().unwrap_or_default();
        let path = percent_decode_str(path).decode_utf8_lossy().into_owned();
        let lie = self.lies.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
        if let ("GET", Some(lie)) = (method, lie) {
            self.counts.told.fetch_add(1, Ordering::Relaxed);
            self.counts.open.fetch_add(1, Ordering::Relaxed);
            let told = self.tell(&mut stream, &lie).await;
            self.counts.open.fetch_sub(1, Ordering::Relaxed);
            return told;
        }
        let Some(upstream) = self.upstream.get() else { return Ok(()) };
        let mut store = TcpStream::connect(upstream).await?;
        store.set_nodelay(true)?;
        store.write_all(for_one_request(&head).as_bytes()).await?;
        store.write_all(&rest).await?;
        copy_bidirectional(&mut stream, &mut store).await?;
        Ok(())
    }

    async fn tell(&self, stream: &mut TcpStream, lie: &Lie) -> std::io::Result<()> {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\nlast-modified: Sat, 21 Nov 2026 09:00:00 GMT\r\n\
             connection: close\r\n{}\r\n",
            lie.headers
        );
        stream.write_all(head.as_bytes()).await?;
        if lie.pause > Duration::ZERO {
            for byte in &lie.body {
                stream.write_all(&[*byte]).await?;
                self.counts.body_bytes.fetch_add(1, Ordering::Relaxed);
                // A reader that has gone away is noticed by what it closes, before the next byte is refused.
                let mut nothing = [0];
                tokio::select! {
                    () = tokio::time::sleep(lie.pause) => {}
                    read = stream.read(&mut nothing) => if matches!(read, Ok(0) | Err(_)) { return Ok(()) },
                }
            }
            return Ok(());
        }
        self.write(stream, &lie.body).await?;
        let zeros = [0; 8 * 1024];
        let mut left = lie.then_zeros;
        while left > 0 {
            let now = usize::try_from(left).map_or(zeros.len(), |left| left.min(zeros.len()));
            self.write(stream, zeros.get(..now).unwrap_or(&zeros)).await?;
            left -= now as u64;
        }
        stream.shutdown().await
    }

    async fn write(&self, stream: &mut TcpStream, mut bytes: &[u8]) -> std::io::Result<()> {
        while !bytes.is_empty() {
            let written = stream.write(bytes).await?;
            self.counts.body_bytes.fetch_add(written as u64, Ordering::Relaxed);
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }
}

/// The front of a request, up to the empty line and with it, and what came of its body by then.
async fn read_head(stream: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = read.split_off(end + 4);
            return Ok(Some((String::from_utf8_lossy(&read).into_owned(), rest)));
        }
        if read.len() > MAX_HEAD_BYTES || stream.read_buf(&mut read).await? == 0 {
            return Ok(None);
        }
    }
}

/// The same front of a request that is the last of its connection.
fn for_one_request(head: &str) -> String {
    let kept =
        head.split_inclusive("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let kept: String = kept.collect();
    format!("{}connection: close\r\n\r\n", kept.trim_end_matches("\r\n").to_owned() + "\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_becomes_the_last_of_its_connection() {
        let head = "GET /b/k HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n";
        assert_eq!(for_one_request(head), "GET /b/k HTTP/1.1\r\nHost: a\r\nconnection: close\r\n\r\n");
    }
}
