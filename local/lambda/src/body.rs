//! Reading a request's body whole, within a limit.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// A body; `None` if it is longer than `max_bytes`. It is read to its end all the same, without being kept: a client
/// that is refused while it still sends may see a broken connection instead of the refusal.
pub async fn read_body(mut body: Incoming, max_bytes: usize) -> hyper::Result<Option<Bytes>> {
    let mut read = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= max_bytes {
            read.extend_from_slice(&data);
        } else {
            read = BytesMut::new();
        }
    }
    Ok((length <= max_bytes).then(|| read.freeze()))
}
