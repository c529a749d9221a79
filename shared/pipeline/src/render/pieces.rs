//! A source on its way from the asynchronous side, where it arrives, to the thread that decodes it.
//!
//! What has arrived waits in memory, without a bound of its own: a source may be all there at once, which is what the settings
//! set memory aside for. So S3 never has to wait for the decoder, and is not taken for slow.

use std::io::{self, Read};
use std::time::{Duration, Instant};
use std::{mem, vec};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::store::{Body, StoreError};

/// So much is handed over at once, at least: to be woken for each packet costs more than to wait for some of them.
const BATCH_BYTES: usize = 64 << 10;

/// What is handed over.
#[derive(Default)]
pub(super) struct Batch {
    pieces: Vec<Bytes>,
    /// Without this, what came is not all.
    is_last: bool,
}

/// Hands on all that arrives, until it has come to its end: also where nobody needs the rest any more, since only the end
/// tells whether these were S3's bytes.
pub(super) async fn deliver(mut body: Body, sender: UnboundedSender<Batch>) -> Result<(), StoreError> {
    let (mut batch, mut bytes) = (Batch::default(), 0);
    while let Some(piece) = body.next().await {
        let piece = piece?;
        bytes += piece.len();
        batch.pieces.push(piece);
        if bytes >= BATCH_BYTES {
            // Who decodes may have ended before.
            let _taken = sender.send(mem::take(&mut batch));
            bytes = 0;
        }
    }
    let _taken = sender.send(Batch { is_last: true, ..batch });
    Ok(())
}

/// Reads what is delivered, on a thread that may wait for it.
pub(super) struct Pieces {
    receiver: UnboundedReceiver<Batch>,
    /// The rest of the last batch, and of the piece that is read.
    batch: vec::IntoIter<Bytes>,
    left: Bytes,
    is_at_end: bool,
    waited: Duration,
}

impl Pieces {
    pub(super) fn new(receiver: UnboundedReceiver<Batch>) -> Pieces {
        let (batch, left) = (Vec::new().into_iter(), Bytes::new());
        Pieces { receiver, batch, left, is_at_end: false, waited: Duration::ZERO }
    }

    /// How long reading has waited for bytes, in all.
    pub(super) fn waited(&self) -> Duration {
        self.waited
    }

    fn receive(&mut self) -> Option<Batch> {
        match self.receiver.try_recv() {
            Ok(batch) => Some(batch),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                let began = Instant::now();
                let batch = self.receiver.blocking_recv();
                self.waited += began.elapsed();
                batch
            }
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.left.is_empty() {
            if let Some(piece) = self.batch.next() {
                self.left = piece;
            } else if self.is_at_end {
                return Ok(0);
            } else {
                let batch = self.receive().ok_or_else(|| io::Error::other("the rest did not arrive"))?;
                (self.batch, self.is_at_end) = (batch.pieces.into_iter(), batch.is_last);
            }
        }
        let count = into.len().min(self.left.len());
        self.left.copy_to_slice(&mut into[..count]);
        Ok(count)
    }
}
