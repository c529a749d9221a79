//! A request's body that is read to its end even if nobody wants it. A server that refuses an upload and hangs up while
//! the client is still sending resets the connection, and the client may then never see why; S3 lets it finish.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use s3s::stream::{ByteStream, DynByteStream, RemainingLength};
use s3s::{Body, StdError};

/// Bytes of an unwanted body that are read; who sends more is cut off.
const MAX_UNWANTED_BYTES: usize = 64 * 1024 * 1024;
/// For how long an unwanted body is read.
const MAX_UNWANTED_TIME: Duration = Duration::from_secs(10);

/// Such a body.
pub(super) struct Draining {
    body: Option<Body>,
}

impl Draining {
    pub(super) fn wrap(body: Body) -> Body {
        let body: DynByteStream = Box::pin(Self { body: Some(body) });
        Body::from(body)
    }
}

impl Stream for Draining {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let next = Pin::new(body).poll_next(context);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        next
    }
}

impl ByteStream for Draining {
    fn remaining_length(&self) -> RemainingLength {
        self.body.as_ref().map_or(RemainingLength::new_exact(0), ByteStream::remaining_length)
    }
}

impl Drop for Draining {
    fn drop(&mut self) {
        let Some(body) = self.body.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(MAX_UNWANTED_TIME, drain(body)));
        }
    }
}

async fn drain(mut body: Body) {
    let mut drained = 0;
    while let Some(Ok(chunk)) = body.next().await {
        drained += chunk.len();
        if drained > MAX_UNWANTED_BYTES {
            return;
        }
    }
}
