//! Ctrl-C, for commands that end in good order: the first asks them to stop, the second does not wait for it.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What shells say of a program that Ctrl-C ended: 128 and the signal's number.
const ENDED_BY_INTERRUPT: i32 = 130;

/// Whether somebody has asked to stop. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Listens from now on to Ctrl-C and to SIGTERM. At the first it says `told`, on standard error.
    pub(crate) fn listen(told: &'static str) -> Result<Interrupt> {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (asked, is_asked) = watch::channel(false);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if asked.send_replace(true) {
                    std::process::exit(ENDED_BY_INTERRUPT);
                }
                eprintln!("{told}");
            }
        });
        Ok(Interrupt(is_asked))
    }

    /// Whether somebody has asked.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until somebody asks.
    pub(crate) async fn asked(mut self) {
        if self.0.wait_for(|is_asked| *is_asked).await.is_err() {
            // Nobody listens any more, and so nobody will.
            std::future::pending::<()>().await;
        }
    }
}
