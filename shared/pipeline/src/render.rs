//! Rendering off the asynchronous threads, while the source still arrives, and stopping when nobody waits for it any more.
//!
//! ```text
//! S3 ─ Body ─ deliver ─┬─ pieces ─ Pieces ─ Incoming ─ thumbnails     on a thread of its own
//!                      └─ the end, or an error: what S3 has, or not
//! ```

mod pieces;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use thumbline_imaging::{Error as ImagingError, Header, Incoming, Limits, Rendered, Rendition};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use self::pieces::{Pieces, deliver};
use crate::memory;
use crate::outcome::Retry;
use crate::store::Body;

/// Leave to hold a source in memory and to decode it, shared by whoever holds it and whatever works on it.
pub(crate) type Permit = Arc<OwnedSemaphorePermit>;

/// What became of a source, all of which has arrived as S3 has it.
pub(crate) struct Rendering {
    /// What it says about itself, if it says anything.
    pub(crate) header: Option<Header>,
    pub(crate) rendered: Result<Rendered, ImagingError>,
    /// How long it took, without waiting for bytes.
    pub(crate) took: Duration,
}

/// Renders a source of `size` bytes. Dropping the future (at the deadline) stops the work at its next step.
///
/// Until then it still has its memory, and so it keeps the permit, too: the next picture waits, rather than end the process.
///
/// # Errors
/// Bytes that are not what S3 has. Nothing that was found in such bytes counts: neither thumbnails nor that they are damaged.
pub(crate) async fn render(
    source: Body,
    size: u64,
    renditions: Vec<Rendition>,
    limits: Limits,
    permit: Permit,
) -> Result<Rendering, Retry> {
    let stop = StopOnDrop::default();
    let stopped = Arc::clone(&stop.0);
    let span = tracing::Span::current();
    let (sender, receiver) = mpsc::unbounded_channel();
    let rendering = tokio::task::spawn_blocking(move || {
        let _entered = span.entered();
        let began = Instant::now();
        let mut pieces = Pieces::new(receiver);
        let mut header = None;
        let rendered = Incoming::new(&mut pieces, Some(size), &limits).and_then(|picture| {
            header = picture.probe(&limits).ok();
            picture.render(&renditions, &limits, &|| stopped.load(Ordering::Relaxed))
        });
        let took = began.elapsed().saturating_sub(pieces.waited());
        drop(pieces);
        if stopped.load(Ordering::Relaxed) {
            memory::give_back();
        }
        drop(permit);
        Rendering { header, rendered, took }
    });
    let (delivered, rendering) = tokio::join!(deliver(source, sender), rendering);
    delivered?;
    rendering.map_err(|error| Retry::internal(format!("rendering: {error}")))
}

/// Tells the renderer to stop when nobody waits for it any more.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use bytes::Bytes;
    use futures::stream::{self, StreamExt};
    use tokio::sync::Semaphore;

    use super::*;
    use crate::store::{ErrorKind, StoreError};

    /// A JPEG that is longer than what is read before it is known what it is.
    fn picture() -> Vec<u8> {
        let noise = |x: u32, y: u32, prime: u32| (x.wrapping_mul(y + prime) >> 3).to_le_bytes()[0];
        let pixels =
            image::RgbImage::from_fn(800, 600, |x, y| image::Rgb([7, 11, 13].map(|p| noise(x, y, p))));
        let mut file = std::io::Cursor::new(Vec::new());
        pixels.write_to(&mut file, image::ImageFormat::Jpeg).unwrap();
        let file = file.into_inner();
        assert!(file.len() > 200_000, "{} bytes", file.len());
        file
    }

    /// The same with a marker where none may be.
    fn damaged() -> Vec<u8> {
        let mut file = picture();
        file[100_000..100_004].copy_from_slice(&[0xFF, 0xD8, 0xFF, 0xD8]);
        file
    }

    fn broken() -> StoreError {
        let (bucket, key) = ("pictures".to_owned(), "a.jpg".to_owned());
        StoreError { kind: ErrorKind::BrokenBody, operation: "GetObject", bucket, key, detail: String::new() }
    }

    fn permit(decoders: &Arc<Semaphore>) -> Permit {
        Arc::new(Arc::clone(decoders).try_acquire_owned().unwrap())
    }

    async fn render_with(body: Body, size: usize, permit: Permit) -> Result<Rendering, Retry> {
        render(body, size as u64, vec![Rendition::new(Some(90), None)], Limits::default(), permit).await
    }

    /// Renders pieces, and what comes after them.
    async fn rendered(
        file: &[u8],
        then: impl futures::Stream<Item = Result<Bytes, StoreError>> + Send + 'static,
    ) -> Result<Rendering, Retry> {
        let pieces: Vec<_> = file.chunks(5000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let body = Body::new(stream::iter(pieces).chain(then));
        render_with(body, file.len(), permit(&Arc::new(Semaphore::new(1)))).await
    }

    #[tokio::test]
    async fn a_picture_in_pieces_gives_what_it_gives_at_once() {
        let file = picture();
        let at_once =
            render_with(Body::whole(file.clone().into()), file.len(), permit(&Arc::new(Semaphore::new(1))));
        let (in_pieces, at_once) = (rendered(&file, stream::empty()).await.unwrap(), at_once.await.unwrap());
        assert_eq!(in_pieces.header, at_once.header);
        assert_eq!(in_pieces.header.unwrap().size().width, 800);
        assert_eq!(in_pieces.rendered.unwrap().thumbnails, at_once.rendered.unwrap().thumbnails);
    }

    #[tokio::test]
    async fn a_picture_is_decoded_before_the_rest_of_it_has_come() {
        let file = damaged();
        let decoders = Arc::new(Semaphore::new(1));
        let permit = permit(&decoders);
        let (front, rest) = file.split_at(150_000);
        let (front, rest) = (Bytes::copy_from_slice(front), Bytes::copy_from_slice(rest));
        // The rest comes when the decoder is free again, which it is when it has found what is wrong with the front.
        let rest = stream::once(async move {
            let _is_free = decoders.acquire().await.unwrap();
            Ok(rest)
        });
        let body = Body::new(stream::iter([Ok(front)]).chain(rest));
        let error = render_with(body, file.len(), permit).await.unwrap().rendered.unwrap_err();
        assert!(error.is_about_the_picture(), "{error}");
    }

    #[tokio::test]
    async fn nothing_counts_that_was_found_in_bytes_that_are_not_what_s3_has() {
        for file in
            [picture(), damaged(), picture()[..120_000].to_vec(), b"nothing that anybody knows".to_vec()]
        {
            let retry = rendered(&file, stream::iter([Err(broken())])).await.map(|_| ()).unwrap_err();
            assert_eq!(retry.code, "broken_body", "{} bytes", file.len());
        }
    }

    #[tokio::test]
    async fn whoever_no_longer_waits_for_a_picture_that_does_not_come_leaves_its_decoder_to_the_next() {
        let file = picture();
        let decoders = Arc::new(Semaphore::new(1));
        let permit = permit(&decoders);
        let body = Body::new(
            stream::iter([Ok(Bytes::from(file.clone()).slice(..100_000))]).chain(stream::once(pending())),
        );
        let rendering = render_with(body, file.len(), permit);
        assert!(tokio::time::timeout(Duration::from_millis(1), rendering).await.is_err());
        let _is_free = decoders.acquire().await.unwrap();
    }
}
