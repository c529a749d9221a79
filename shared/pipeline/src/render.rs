//! Rendering off the asynchronous threads, and stopping when nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use thumbline_imaging::{Error as ImagingError, Limits, Rendered, Rendition};
use tokio::sync::OwnedSemaphorePermit;

use crate::memory;
use crate::outcome::Retry;

/// Leave to hold a source in memory and to decode it, shared by whoever holds it and whatever works on it.
pub(crate) type Permit = Arc<OwnedSemaphorePermit>;

/// Renders a source. Dropping the future (at the deadline) stops the work at its next step.
///
/// Until then it still has its memory, and so it keeps the permit, too: the next picture waits, rather than end the process.
pub(crate) async fn render(
    source: Bytes,
    renditions: Vec<Rendition>,
    limits: Limits,
    permit: Permit,
) -> Result<Result<Rendered, ImagingError>, Retry> {
    let stop = StopOnDrop::default();
    let stopped = Arc::clone(&stop.0);
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || {
        let _entered = span.entered();
        let rendered =
            thumbline_imaging::render(&source, &renditions, &limits, &|| stopped.load(Ordering::Relaxed));
        drop(source);
        if stopped.load(Ordering::Relaxed) {
            memory::give_back();
        }
        drop(permit);
        rendered
    })
    .await
    .map_err(|error| Retry::internal(format!("rendering: {error}")))
}

/// Tells the renderer to stop when nobody waits for it any more.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
