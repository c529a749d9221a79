//! Rendering off the asynchronous threads, and stopping when nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use thumbline_imaging::{Error as ImagingError, Limits, Rendered, Rendition};

use crate::outcome::Retry;

/// Renders a source. Dropping the future (at the deadline) stops the work at its next step.
pub(crate) async fn render(
    source: Bytes,
    renditions: Vec<Rendition>,
    limits: Limits,
) -> Result<Result<Rendered, ImagingError>, Retry> {
    let stop = StopOnDrop::default();
    let stopped = Arc::clone(&stop.0);
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || {
        let _entered = span.entered();
        thumbline_imaging::render(&source, &renditions, &limits, &|| stopped.load(Ordering::Relaxed))
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
