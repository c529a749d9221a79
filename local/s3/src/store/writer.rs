//! The one writer of the index. Durable commits cost a disk flush each, so everything that is waiting to be written
//! goes into one transaction and shares its flush: a hundred clients at once pay for one flush, not for a hundred.
//!
//! Each step decides inside the transaction, with everything before it already visible, whether its conditions hold.
//! It must do so before it writes anything, for a refused step leaves the transaction to its neighbours.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use redb::{Database, WriteTransaction};
use s3s::S3Result;
use tokio::sync::oneshot;

use super::blobs::{BlobId, Blobs, StagedFile};
use super::failure::Failure;
use super::index::{Blob, INLINE, Index as _};
use crate::EventSink;

/// The most steps that share one transaction.
const MAX_STEPS: usize = 512;

/// A handle to the writing thread, which ends when this is dropped and everything submitted is done.
#[derive(Debug)]
pub(crate) struct Writer {
    steps: Option<Sender<Box<dyn Step>>>,
    thread: Option<JoinHandle<()>>,
}

/// One step's view of the transaction.
pub(crate) struct Transaction<'t> {
    pub(crate) index: &'t WriteTransaction,
    kept: Vec<StagedFile>,
    dropped: Vec<BlobId>,
    pub(crate) announced: bool,
}

impl Transaction<'_> {
    /// Takes over staged bytes, for the caller to write their place into a record.
    pub(crate) fn keep(&mut self, bytes: StagedBytes) -> Result<Blob, Failure> {
        match bytes {
            StagedBytes::Inline(bytes) => {
                let id = BlobId::random();
                self.index.open_table(INLINE)?.insert(id.number(), bytes.as_slice())?;
                Ok(Blob::Inline(id))
            }
            StagedBytes::File(file) => {
                let id = file.id();
                self.kept.push(file);
                Ok(Blob::File(id))
            }
        }
    }

    /// Gives up a blob that no record names any more. A file is removed only after the commit.
    pub(crate) fn drop_blob(&mut self, blob: Blob) -> Result<(), Failure> {
        match blob {
            Blob::Inline(id) => {
                self.index.open_table(INLINE)?.remove(id.number())?;
            }
            Blob::File(id) => self.dropped.push(id),
        }
        Ok(())
    }

    /// Gives up all the bytes of an object.
    pub(crate) fn drop_content(&mut self, content: &super::index::Content) -> Result<(), Failure> {
        match content {
            super::index::Content::Whole(blob) => self.drop_blob(*blob),
            super::index::Content::Parts { upload_id, .. } => self.drop_parts(upload_id),
        }
    }

    /// Gives up all parts of an upload.
    pub(crate) fn drop_parts(&mut self, upload_id: &str) -> Result<(), Failure> {
        for (number, part) in self.index.find_parts(upload_id)? {
            self.drop_blob(part.blob)?;
            self.index.open_table(super::index::PARTS)?.remove((upload_id, number))?;
        }
        Ok(())
    }
}

/// Bytes that have arrived, been checked and reached the disk, or are small enough to reach it within the index.
#[derive(Debug)]
pub(crate) enum StagedBytes {
    Inline(Vec<u8>),
    File(StagedFile),
}

/// Work for the writing thread.
trait Step: Send {
    /// Does the work. An error is one that spoils the transaction.
    fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), Failure>;
    /// Answers whoever waits. `committed` is false if the transaction failed, in this step or in another.
    fn finish(self: Box<Self>, committed: bool);
}

struct Waiting<F, T> {
    work: Option<F>,
    outcome: Option<Result<T, Failure>>,
    answer: oneshot::Sender<Result<T, Failure>>,
}

impl<F, T> Step for Waiting<F, T>
where
    F: FnOnce(&mut Transaction<'_>) -> Result<T, Failure> + Send,
    T: Send,
{
    fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), Failure> {
        let Some(work) = self.work.take() else { return Ok(()) };
        match work(transaction) {
            Err(Failure::Broken(error)) => Err(Failure::Broken(error)),
            outcome => {
                self.outcome = Some(outcome);
                Ok(())
            }
        }
    }

    fn finish(self: Box<Self>, committed: bool) {
        let outcome = match self.outcome {
            Some(Err(refused)) => Err(refused),
            Some(Ok(value)) if committed => Ok(value),
            _ => Err(Failure::broken("the change could not be committed")),
        };
        // Nobody waits any more if the client went away.
        let _ = self.answer.send(outcome);
    }
}

impl Writer {
    pub(crate) fn start(
        database: Arc<Database>,
        blobs: Arc<Blobs>,
        sink: Option<Arc<dyn EventSink>>,
    ) -> std::io::Result<Self> {
        let (steps, queue) = channel();
        let thread = thread::Builder::new()
            .name("s3-writer".into())
            .spawn(move || write_until_closed(&queue, &database, &blobs, sink.as_deref()))?;
        Ok(Self { steps: Some(steps), thread: Some(thread) })
    }

    /// Does `work` in a transaction, and returns once that is durable.
    ///
    /// The work is done even if the caller goes away meanwhile, as S3 does with a request that has arrived in full.
    pub(crate) async fn apply<T, F>(&self, work: F) -> S3Result<T>
    where
        F: FnOnce(&mut Transaction<'_>) -> Result<T, Failure> + Send + 'static,
        T: Send + 'static,
    {
        let (answer, waiting) = oneshot::channel();
        let step = Box::new(Waiting { work: Some(work), outcome: None, answer });
        let submitted = self.steps.as_ref().is_some_and(|steps| steps.send(step).is_ok());
        let outcome = if submitted { waiting.await.ok() } else { None };
        Ok(outcome.unwrap_or_else(|| Err(Failure::broken("the writing thread is gone")))?)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.steps.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by the panic hook already.
            let _ = thread.join();
        }
    }
}

fn write_until_closed(
    queue: &Receiver<Box<dyn Step>>,
    database: &Database,
    blobs: &Blobs,
    sink: Option<&dyn EventSink>,
) {
    while let Ok(first) = queue.recv() {
        let mut steps: Vec<_> = std::iter::once(first).chain(queue.try_iter().take(MAX_STEPS - 1)).collect();
        // A sink is somebody else's code; one that panics fails its transaction, not every later one too.
        let written = catch_unwind(AssertUnwindSafe(|| write_together(database, &mut steps)));
        let written = written.unwrap_or_else(|_| Err(Failure::broken("a step panicked")));
        let committed = written.is_ok();
        match written {
            Ok(Written { dropped, announced }) => {
                blobs.remove(dropped);
                // Before anybody is answered: who knows that an object is there may ask at once whether its event is
                // being dealt with.
                if let (true, Some(sink)) = (announced, sink) {
                    sink.committed();
                }
            }
            Err(failure) => {
                tracing::error!(
                    ?failure,
                    steps = steps.len(),
                    "a transaction failed; none of its steps is done"
                );
            }
        }
        for step in steps {
            step.finish(committed);
        }
    }
}

struct Written {
    dropped: Vec<BlobId>,
    announced: bool,
}

fn write_together(database: &Database, steps: &mut [Box<dyn Step>]) -> Result<Written, Failure> {
    let index = database.begin_write()?;
    let mut transaction =
        Transaction { index: &index, kept: Vec::new(), dropped: Vec::new(), announced: false };
    for step in &mut *steps {
        step.run(&mut transaction)?;
    }
    let Transaction { kept, dropped, announced, .. } = transaction;
    // Kept even if the commit reports an error: it may have become durable all the same, and what is not named after
    // all is swept when the folder is opened again.
    kept.into_iter().for_each(StagedFile::keep);
    index.commit()?;
    Ok(Written { dropped, announced })
}
