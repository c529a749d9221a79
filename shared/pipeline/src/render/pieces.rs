//! A source on its way from the asynchronous side, where it arrives, to the thread that decodes it.
//!
//! What has arrived waits in memory, without a bound of its own: a source may be all there at once, which is what the settings
//! set memory aside for. So S3 never has to wait for the decoder, and is not taken for slow.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::store::{Body, StoreError};

/// What is handed over.
pub(super) enum Piece {
    Bytes(Bytes),
    /// There are no more. Without it, what came is not all.
    End,
}

/// Hands on all that arrives, until it has come to its end: also where nobody needs the rest any more, since only the end
/// tells whether these were S3's bytes.
pub(super) async fn deliver(mut body: Body, sender: UnboundedSender<Piece>) -> Result<(), StoreError> {
    while let Some(piece) = body.next().await {
        // Who decodes may have ended before.
        let _taken = sender.send(Piece::Bytes(piece?));
    }
    let _taken = sender.send(Piece::End);
    Ok(())
}

/// Reads what is delivered, on a thread that may wait for it.
pub(super) struct Pieces {
    receiver: UnboundedReceiver<Piece>,
    /// What is left of the last piece.
    left: Bytes,
    is_at_end: bool,
    waited: Duration,
}

impl Pieces {
    pub(super) fn new(receiver: UnboundedReceiver<Piece>) -> Pieces {
        Pieces { receiver, left: Bytes::new(), is_at_end: false, waited: Duration::ZERO }
    }

    /// How long reading has waited for bytes, in all.
    pub(super) fn waited(&self) -> Duration {
        self.waited
    }

    fn receive(&mut self) -> Option<Piece> {
        match self.receiver.try_recv() {
            Ok(piece) => Some(piece),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                let began = Instant::now();
                let piece = self.receiver.blocking_recv();
                self.waited += began.elapsed();
                piece
            }
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.left.is_empty() && !self.is_at_end {
            match self.receive() {
                Some(Piece::Bytes(bytes)) => self.left = bytes,
                Some(Piece::End) => self.is_at_end = true,
                None => return Err(io::Error::other("the rest did not arrive")),
            }
        }
        let count = into.len().min(self.left.len());
        self.left.copy_to_slice(&mut into[..count]);
        Ok(count)
    }
}
