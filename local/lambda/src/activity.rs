//! Whether anything is going on: what "idle" means, without polling.
//!
//! Two things are counted. Work in hand: events that are known and not finished, synchronous invocations, batches of an
//! event source. And announcements: a committed event that was announced but not yet read must not look like nothing.

use tokio::sync::watch;

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    announced: u64,
    read: u64,
    in_hand: usize,
}

#[derive(Debug)]
pub(crate) struct Activity {
    counts: watch::Sender<Counts>,
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self { counts: watch::Sender::new(Counts::default()) }
    }

    /// Somebody committed an event.
    pub(crate) fn announce(&self) {
        self.counts.send_modify(|counts| counts.announced += 1);
    }

    /// Waits until there is an announcement that has not been acted upon, and returns its number.
    pub(crate) async fn announced(&self) -> u64 {
        let mut counts = self.counts.subscribe();
        let announced = counts.wait_for(|counts| counts.announced != counts.read).await;
        // There is no error while the sender lives, and the sender is `self`.
        announced.map_or(0, |counts| counts.announced)
    }

    /// Everything announced up to `announcement` has been read, and was this many events.
    pub(crate) fn read(&self, announcement: u64, events: usize) {
        self.counts.send_modify(|counts| {
            counts.read = announcement;
            counts.in_hand += events;
        });
    }

    /// One event is finished.
    pub(crate) fn finish(&self) {
        self.counts.send_modify(|counts| counts.in_hand = counts.in_hand.saturating_sub(1));
    }

    /// Counts one piece of work until the guard is dropped.
    pub(crate) fn begin(&self) -> Busy<'_> {
        self.counts.send_modify(|counts| counts.in_hand += 1);
        Busy(self)
    }

    /// Waits until nothing is announced and nothing is in hand.
    pub(crate) async fn idle(&self) {
        let mut counts = self.counts.subscribe();
        let _ = counts.wait_for(|counts| counts.announced == counts.read && counts.in_hand == 0).await;
    }
}

#[derive(Debug)]
pub(crate) struct Busy<'a>(&'a Activity);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.finish();
    }
}
