//! Whose panic it was.
//!
//! The engine contains panics of the decoders it is built of and turns them into errors about the picture. That is meant for
//! other people's code: a panic of ours is a mistake wherever it is caught.

use std::collections::BTreeSet;
use std::panic::{self, Location, PanicHookInfo};
use std::sync::{Mutex, Once, PoisonError};

/// The places of other people's panics, and the first of ours.
static SEEN: Mutex<Seen> = Mutex::new(Seen { theirs: BTreeSet::new(), ours: None });

struct Seen {
    theirs: BTreeSet<String>,
    ours: Option<String>,
}

/// Tells panics apart from now on. Those of ours go on to the hook that was there before; of the others each place is
/// reported once.
pub fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if note(panic) {
                before(panic);
            }
        }));
    });
}

/// Whether it is one of ours.
fn note(panic: &PanicHookInfo<'_>) -> bool {
    let place = panic.location().map_or_else(|| "nowhere".into(), ToString::to_string);
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if panic.location().is_some_and(is_theirs) {
        if seen.theirs.insert(place.clone()) {
            eprintln!("contained: a panic at {place}");
        }
        return false;
    }
    seen.ours.get_or_insert(place);
    true
}

/// Crates of others lie in cargo's registry, wherever that is.
fn is_theirs(place: &Location<'_>) -> bool {
    place.file().contains("/registry/src/")
}

/// Forgets what was before.
pub(crate) fn forget() {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).ours = None;
}

/// Panics if code of ours did meanwhile.
pub(crate) fn forbid_ours() {
    let ours = SEEN.lock().unwrap_or_else(PoisonError::into_inner).ours.take();
    assert!(ours.is_none(), "a panic of ours was contained: {}", ours.unwrap_or_default());
}
