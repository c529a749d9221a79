//! Model checking of the convergence protocol: every order in which uploads, overwrites, removals, deliveries, deaths and the
//! single requests of several handlers can happen, up to a stated bound.
//!
//! **How is the model tied to the code?** What a handler does is not written down again here. It is taken from
//! `Pipeline::process` itself ([`automaton`]): the real protocol is run for every set of answers that S3 can have given it,
//! over a store that answers just those, and what it asks next is where the model goes on. Only S3 is modelled
//! ([`question::answer`], a page of conditions that the conformance suite holds the embedded S3 to), and the world
//! ([`world`]).
//!
//! **What must hold?** When no event waits and no handler runs, the outputs are exactly those of the source as it is: no
//! thumbnail of another version, none missing, no orphan. Where a handler died for good, it must hold once one that began
//! after the last change has finished, with the exceptions that docs/guarantees.md names: the source is gone, is no picture
//! any more, or has bytes again that it had before.
//!
//! **Would it notice?** The protocol is broken in each way that [`broken`] names, by what the store tells it or lets through,
//! taken apart again, and a way to wrong outputs must be found. Stateright does the search, and knows nothing of all this.

mod automaton;
mod broken;
mod question;
mod script;
mod world;

use std::sync::Arc;

use async_trait::async_trait;
use stateright::{Checker, HasDiscoveries, Model};

use self::automaton::{Automaton, Subject};
use self::broken::Broken;
use self::world::{Bounds, CONVERGES, World};
use crate::check::{Check, Finding, Length, Terms, progress};

pub(crate) struct Convergence;

/// A protocol as it is.
const SOUND: Subject = Subject { thumbnails: 1, pictures: 2, broken: None };

/// The same with two thumbnails, which are written at the same time.
const SOUND_WITH_TWO: Subject = Subject { thumbnails: 2, ..SOUND };

/// How far the protocol as it is is searched: everybody's events come again, writes are sent again, one handler dies for good.
const SHORT: [(Subject, Bounds); 7] = [
    (SOUND, Bounds { changes: 3, duplicates: 0, crashes: 1, lost: 0, unheard: 0 }),
    (SOUND, Bounds { changes: 2, duplicates: 1, crashes: 1, lost: 0, unheard: 1 }),
    (SOUND, Bounds { changes: 3, duplicates: 0, crashes: 0, lost: 1, unheard: 1 }),
    (SOUND, Bounds { changes: 2, duplicates: 1, crashes: 0, lost: 1, unheard: 0 }),
    (SOUND, Bounds { changes: 3, duplicates: 1, crashes: 0, lost: 0, unheard: 0 }),
    (SOUND_WITH_TWO, Bounds { changes: 2, duplicates: 0, crashes: 1, lost: 0, unheard: 1 }),
    (SOUND_WITH_TWO, Bounds { changes: 2, duplicates: 1, crashes: 0, lost: 1, unheard: 0 }),
];

/// The same, further.
const LONG: [(Subject, Bounds); 5] = [
    (SOUND, Bounds { changes: 3, duplicates: 1, crashes: 1, lost: 0, unheard: 0 }),
    (SOUND, Bounds { changes: 2, duplicates: 2, crashes: 2, lost: 0, unheard: 1 }),
    (SOUND, Bounds { changes: 4, duplicates: 0, crashes: 0, lost: 1, unheard: 0 }),
    (SOUND, Bounds { changes: 3, duplicates: 0, crashes: 1, lost: 1, unheard: 0 }),
    (SOUND_WITH_TWO, Bounds { changes: 2, duplicates: 1, crashes: 1, lost: 1, unheard: 0 }),
];

/// How far broken ones are searched, the nearest first.
const BROKEN: [Bounds; 2] = [
    Bounds { changes: 3, duplicates: 0, crashes: 1, lost: 0, unheard: 0 },
    Bounds { changes: 3, duplicates: 0, crashes: 0, lost: 1, unheard: 0 },
];

#[async_trait]
impl Check for Convergence {
    fn name(&self) -> &'static str {
        "model"
    }

    fn promise(&self) -> &'static str {
        "whatever the order of changes, events, deaths and requests, outputs converge on the newest source"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let mut finding = Finding::default();
        let searches: &[_] = if terms.length == Length::Long { &LONG } else { &SHORT };
        let mut widest = 0;
        for (subject, bounds) in searches {
            let automaton = Arc::new(subject.extract().await?);
            let began = std::time::Instant::now();
            let (states, found) = search(&automaton, *bounds).await?;
            progress(&format!(
                "{states} states in {:.1} s: {bounds:?}, {} thumbnails; a handler has {} states, taken from {} runs of the protocol",
                began.elapsed().as_secs_f64(),
                subject.thumbnails,
                automaton.states.len(),
                automaton.runs
            ));
            finding.cases += states;
            widest = widest.max(bounds.changes);
            finding.violations.extend(found.map(|path| format!("{bounds:?}: {path}")));
        }
        let mut found = 0;
        for broken in Broken::ALL {
            let subject = Subject { broken: Some(broken), ..SOUND };
            let automaton = Arc::new(subject.extract().await?);
            match find(&automaton).await? {
                Some(path) => {
                    progress(&format!("{broken:?}: {path}"));
                    found += 1;
                }
                None => finding.violations.push(format!("{broken:?}: nothing was found")),
            }
        }
        finding.figure = format!(
            "all states up to {widest} changes; {found} of {} broken protocols found",
            Broken::ALL.len()
        );
        Ok(finding)
    }
}

/// Searches everything within bounds: how many states there are, and the way to one in which something does not hold.
async fn search(automaton: &Arc<Automaton>, bounds: Bounds) -> anyhow::Result<(u64, Option<String>)> {
    let world = World::new(Arc::clone(automaton), bounds)?;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let searched = tokio::task::spawn_blocking(move || {
        let search = world.clone().checker().threads(threads).finish_when(HasDiscoveries::AnyFailures);
        let search = search.spawn_bfs().join();
        let path = search.discovery(CONVERGES).map(|path| world.tell(path));
        (search.unique_state_count() as u64, path)
    });
    Ok(searched.await?)
}

/// A way to something that does not hold.
async fn find(automaton: &Arc<Automaton>) -> anyhow::Result<Option<String>> {
    for bounds in BROKEN {
        if let (_, Some(path)) = search(automaton, bounds).await? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
