//! One HTTP request over a connection of its own: what it does to the connection, no other sees.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    /// The connection could not be made, or used.
    #[error(transparent)]
    Connection(#[from] std::io::Error),
    /// The other side does not speak HTTP to the end.
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

/// Asks, and reads the whole answer. The address is `host:port`, the request's URI a path.
pub(crate) async fn exchange(address: &str, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Lost> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Driven here and not by a task: when nobody waits for the answer any more, the connection is gone.
    let mut driven = std::pin::pin!(connection);
    let mut answered = std::pin::pin!(async {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    });
    tokio::select! {
        biased;
        answer = &mut answered => answer,
        ended = &mut driven => {
            ended?;
            answered.await
        }
    }
}
