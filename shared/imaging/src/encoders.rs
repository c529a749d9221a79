//! Encoding on as many cores as there are.
//!
//! Encoding takes more time than all the rest once a picture is decoded at reduced size. Each thumbnail is encoded on a
//! thread of its own while there are cores for it, and by whoever asks otherwise: so there is never more than one finished raster
//! waiting beside those that are encoded, and with one core no thread is started at all. The bytes are the same either way.

use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread::{Builder, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::encode::encode;
use crate::error::Error;
use crate::header::Size;
use crate::picture::Picture;
use crate::rendered::Thumbnail;
use crate::rendition::Rendition;

/// Encodes thumbnails, some of them elsewhere.
pub(crate) struct Encoders<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    /// Threads besides the caller's own.
    spare: usize,
    busy: Vec<(usize, ScopedJoinHandle<'scope, Encoded>)>,
    done: Vec<Option<Thumbnail>>,
    spent: Duration,
}

type Encoded = (Result<Thumbnail, Error>, Duration);

impl<'scope, 'env> Encoders<'scope, 'env> {
    /// Encoders on at most `threads` threads, the caller's among them, of what is missing in `done`.
    pub(crate) fn new(
        scope: &'scope Scope<'scope, 'env>,
        threads: usize,
        done: Vec<Option<Thumbnail>>,
    ) -> Self {
        let spare = threads.saturating_sub(1);
        Self { scope, spare, busy: Vec::new(), done, spent: Duration::ZERO }
    }

    /// Encodes thumbnail number `index`: on another thread if there is one to spare, or before this returns. The last one
    /// is best encoded by the caller, who has nothing else to do.
    pub(crate) fn encode(
        &mut self,
        index: usize,
        picture: Picture,
        rendition: &'env Rendition,
        is_last: bool,
    ) -> Result<(), Error> {
        self.collect(ScopedJoinHandle::is_finished)?;
        if is_last || self.busy.len() >= self.spare {
            return self.keep(index, encode_timed(picture, rendition));
        }
        // The picture is handed over once the thread is there, so that it has it to itself.
        let (hand_over, handed_over) = mpsc::sync_channel(1);
        let work = move || match handed_over.recv() {
            Ok(picture) => encode_timed(picture, rendition),
            Err(error) => (Err(not_handed_over(&error)), Duration::ZERO),
        };
        let Ok(thread) = Builder::new().spawn_scoped(self.scope, work) else {
            // The system has no thread left: slower, but done.
            return self.keep(index, encode_timed(picture, rendition));
        };
        self.busy.push((index, thread));
        hand_over.send(picture).map_err(|error| not_handed_over(&error))
    }

    /// Waits for all of them. The thumbnails in their order, and the time that they took together.
    pub(crate) fn finish(mut self) -> Result<(Vec<Thumbnail>, Duration), Error> {
        self.collect(|_| true)?;
        Ok((self.done.into_iter().flatten().collect(), self.spent))
    }

    fn collect(&mut self, ready: impl Fn(&ScopedJoinHandle<'scope, Encoded>) -> bool) -> Result<(), Error> {
        for (index, thread) in self.busy.extract_if(.., |(_, thread)| ready(thread)).collect::<Vec<_>>() {
            // A panic stays what it would have been on this thread.
            let encoded = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
            self.keep(index, encoded)?;
        }
        Ok(())
    }

    fn keep(&mut self, index: usize, (thumbnail, spent): Encoded) -> Result<(), Error> {
        self.spent += spent;
        let thumbnail = thumbnail?;
        if let Some(place) = self.done.get_mut(index) {
            *place = Some(thumbnail);
        }
        Ok(())
    }
}

fn not_handed_over(error: &dyn std::error::Error) -> Error {
    Error::Internal { step: "encoding", detail: error.to_string() }
}

fn encode_timed(picture: Picture, rendition: &Rendition) -> Encoded {
    let begun = Instant::now();
    let Size { width, height } = picture.size();
    let encoded = encode(picture, rendition);
    let thumbnail = encoded.map(|(bytes, format)| Thumbnail { bytes, width, height, format });
    (thumbnail, begun.elapsed())
}
