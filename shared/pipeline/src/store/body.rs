//! The bytes of an object while they arrive.

use std::fmt;

use bytes::Bytes;
use futures::stream::{self, BoxStream, Stream, StreamExt};

use super::{Object, Read, StoreError};

/// The bytes of an object, piece by piece. They are what the store has if they have come to their end without an error, and
/// only then.
pub struct Body(BoxStream<'static, Result<Bytes, StoreError>>);

impl Body {
    /// Of pieces that end with the object's last one, or with an error.
    pub fn new(pieces: impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static) -> Body {
        Body(pieces.boxed())
    }

    /// Of bytes that are all there.
    pub fn whole(bytes: Bytes) -> Body {
        Body::new(stream::iter([Ok(bytes)]))
    }

    /// The next piece, which may be empty; `None` after the last one.
    ///
    /// # Errors
    /// The bytes that come are not those that the store has.
    pub async fn next(&mut self) -> Option<Result<Bytes, StoreError>> {
        self.0.next().await
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

impl<B> Read<B> {
    /// The answer without its bytes, and the bytes.
    fn apart<C>(self) -> (Read<C>, Option<B>) {
        match self {
            Read::Found(Object { etag, size, stamp, body }) => {
                (Read::Found(Object { etag, size, stamp, body: None }), body)
            }
            Read::NotModified => (Read::NotModified, None),
            Read::Moved => (Read::Moved, None),
            Read::Absent => (Read::Absent, None),
            Read::Archived => (Read::Archived, None),
        }
    }

    fn with(mut self, bytes: Option<B>) -> Read<B> {
        if let Read::Found(Object { body, .. }) = &mut self {
            *body = bytes;
        }
        self
    }
}

impl Read<Body> {
    /// The answer when all bytes have arrived, in one piece of memory: collected first and joined then, they would be there
    /// twice.
    ///
    /// # Errors
    /// The bytes that come are not those that the store has.
    pub async fn collect(self) -> Result<Read, StoreError> {
        let size = if let Read::Found(object) = &self { object.size } else { 0 };
        let (read, body) = self.apart();
        let Some(mut body) = body else { return Ok(read) };
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        while let Some(piece) = body.next().await {
            bytes.extend_from_slice(&piece?);
        }
        Ok(read.with(Some(bytes.into())))
    }
}

impl From<Read> for Read<Body> {
    fn from(read: Read) -> Read<Body> {
        let (read, bytes) = read.apart();
        read.with(bytes.map(Body::whole))
    }
}
