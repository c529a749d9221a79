//! What a handler does, taken from the real protocol by asking it: a state for each set of answers that it can have had, with
//! the requests that it makes then, and where each answer leads.
//!
//! `Pipeline::process` itself is run for every state, from the beginning of the round, over a [`Script`] of the answers so
//! far. Nothing about the protocol is written down a second time, so there is nothing that could differ from it. Requests
//! that are made at the same time, as the PUTs of thumbnails are, wait at the same time, and the model answers them in any
//! order.
//!
//! Three things keep it finite. A round begins with LIST, so where the protocol lists again the answers before count no more;
//! what it carries over, the thumbnails that it has rendered and the version that they are of, is part of the state. What
//! handlers put is numbered as it is found, until there is nothing new. And states from which the same can happen are one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use thumbline::layout::Layout;
use thumbline::settings::Sources;
use thumbline::{Call, Hint, Outcome, Pipeline, Settings};
use thumbline_imaging::OutputFormat;

use super::broken::Broken;
use super::question::{Answer, Answers, Ask, Library, Name, SLOTS, Version};
use super::script::{Played, Script};
use crate::stage::buckets::{INPUT, OUTPUT};
use crate::stage::pictures::{broken_picture, picture};

/// The source's key. One is enough: sources share nothing.
const KEY: &str = "a b+c.png";

/// States that are asked about at the same time. Most of them wait before a round that begins again.
const AT_ONCE: usize = 128;

/// The number of a state.
pub(super) type Place = u16;

/// What a handler does when it has had certain answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// It waits for answers to these.
    Asks(Vec<Ask>),
    /// It has ended, with this outcome.
    Ended(&'static str),
}

/// A state.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) doing: Doing,
    /// Where an answer to one of the requests, by its place among them, leads.
    pub(super) next: HashMap<(usize, Answer), Place>,
}

/// What handlers of one protocol do.
#[derive(Clone, Debug)]
pub(super) struct Automaton {
    /// The first is where every handler begins.
    pub(super) states: Vec<State>,
    /// How many runs of the real protocol it was taken from.
    pub(super) runs: usize,
    pub(super) library: Library,
}

/// What the model is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    /// How many thumbnails a picture has: 1 or 2.
    pub(super) thumbnails: usize,
    /// How many pictures the source can be, besides something that is none.
    pub(super) pictures: u32,
    pub(super) broken: Option<Broken>,
}

/// A state by what has led to it: the version whose thumbnails a round before has rendered, and the answers of this round.
type History = (Option<Version>, Answers);

impl Subject {
    fn presets(self) -> &'static str {
        if self.thumbnails > 1 { crate::stage::pictures::PRESETS } else { "small=8x8:cover:png" }
    }

    fn settings(self) -> anyhow::Result<Settings> {
        let variables = [
            ("THUMBLINE_INPUT_BUCKET", INPUT),
            ("THUMBLINE_OUTPUT_BUCKET", OUTPUT),
            ("THUMBLINE_PRESETS", self.presets()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Settings::load(&Sources::new(None, variables))?)
    }

    fn library(self, settings: &Settings) -> anyhow::Result<Library> {
        let layout = Layout::of(KEY, &settings.presets);
        let mut keys: [String; SLOTS] = Default::default();
        for (key, preset) in keys.iter_mut().zip(settings.presets.iter()) {
            *key = layout.thumbnail(&preset.name, OutputFormat::Png);
        }
        if let Some(last) = keys.last_mut() {
            *last = layout.manifest();
        }
        let pictures = (0..self.pictures).map(picture);
        let versions: anyhow::Result<Vec<_>> =
            pictures.chain([broken_picture(0)]).map(|body| body.map(Bytes::from)).collect();
        Ok(Library::new(keys, versions?))
    }

    /// Takes the protocol apart.
    pub(super) async fn extract(self) -> anyhow::Result<Automaton> {
        let settings = self.settings()?;
        let mut library = self.library(&settings)?;
        let mut known: BTreeMap<History, Doing> = BTreeMap::new();
        let mut leads: HashMap<(History, usize, Answer), History> = HashMap::new();
        let first: History = (None, Answers::new());
        let mut runs = 1;
        let (begun, _) = self.run(&settings, &library, &first).await?;
        known.insert(first.clone(), begun.context("the first round begins")?);
        loop {
            let contents = library.len();
            let mut seen: HashSet<History> = HashSet::from([first.clone()]);
            let mut edge = vec![first.clone()];
            while !edge.is_empty() {
                let mut asked = Vec::new();
                for from in &edge {
                    let Some(Doing::Asks(asks)) = known.get(from) else { continue };
                    for (place, ask) in asks.iter().enumerate() {
                        let answers = library.answers(*ask).into_iter();
                        asked.extend(answers.map(|answer| (from.clone(), place, *ask, answer)));
                    }
                }
                let new = asked
                    .iter()
                    .filter(|(from, place, _, answer)| !leads.contains_key(&(from.clone(), *place, *answer)));
                let new: Vec<_> = new.cloned().collect();
                runs += new.len();
                let (settings, before) = (&settings, &library);
                let found: Vec<_> = stream::iter(new)
                    .map(|(from, place, ask, answer)| async move {
                        let mut to = from.clone();
                        to.1.insert(ask.name(), answer);
                        let (to, doing, after) = self.follow(settings, before, to).await?;
                        anyhow::Ok(((from, place, answer), to, doing, after))
                    })
                    .buffered(AT_ONCE)
                    .try_collect()
                    .await?;
                for (by, to, doing, after) in found {
                    known.insert(to.clone(), renumbered(doing, &after, &mut library)?);
                    leads.insert(by, to);
                }
                let reached = asked.iter().filter_map(|(from, place, _, answer)| {
                    leads.get(&(from.clone(), *place, *answer)).cloned()
                });
                edge = reached.filter(|to| seen.insert(to.clone())).collect();
            }
            if library.len() == contents {
                break;
            }
        }
        Ok(Automaton { states: merged(&first, &known, &leads)?, runs, library })
    }

    /// The state after a history, which is that of a new round where the protocol begins one.
    async fn follow(
        self,
        settings: &Settings,
        library: &Library,
        history: History,
    ) -> anyhow::Result<(History, Doing, Library)> {
        if let (Some(doing), own) = self.run(settings, library, &history).await? {
            return Ok((history, doing, own));
        }
        let (carried, answers) = history;
        let read = match answers.get(&Name::Source) {
            Some(Answer::Version(version)) => Some(*version),
            _ => carried,
        };
        let anew = (read, Answers::new());
        let (doing, own) = self.run(settings, library, &anew).await?;
        Ok((anew, doing.context("a round that has had no answer does not begin again")?, own))
    }

    /// Runs the real protocol until it has ended, or waits for answers that the history does not have. `None` where it
    /// begins another round.
    async fn run(
        self,
        settings: &Settings,
        library: &Library,
        (carried, answers): &History,
    ) -> anyhow::Result<(Option<Doing>, Library)> {
        let script = Arc::new(Script::new(library.clone(), *carried, answers.clone(), self.broken));
        let pipeline = Pipeline::new(settings.clone(), Played(Arc::clone(&script))).unlogged();
        let hint = Hint { bucket: INPUT.to_owned(), key: KEY.to_owned() };
        let deadline = Instant::now() + Duration::from_secs(600);
        let call = Call { request_id: "model".to_owned(), deadline };
        let mut process = pin!(pipeline.process(&hint, &call));
        // The protocol has no request in flight while it renders, so what waits is all that it waits for.
        let ended = poll_fn(|context| match process.as_mut().poll(context) {
            Poll::Ready(processed) => Poll::Ready(Some(processed.outcome)),
            Poll::Pending if script.begins_again() || !script.unanswered().is_empty() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        let doing = match ended.await {
            Some(Outcome::Retry(retry)) => {
                bail!("the protocol gives up after {answers:?}: {}", retry.message)
            }
            Some(outcome) => Some(Doing::Ended(outcome.name())),
            None if script.begins_again() => None,
            None => Some(Doing::Asks(script.unanswered())),
        };
        Ok((doing, script.library()))
    }
}

/// Numbers in the requests are those of the run's own copy of the library; these are everybody's.
fn renumbered(doing: Doing, own: &Library, library: &mut Library) -> anyhow::Result<Doing> {
    let Doing::Asks(mut asks) = doing else { return Ok(doing) };
    for ask in &mut asks {
        if let Ask::Put { slot, content, .. } = ask {
            let body = own.body(*content).context("what is put has a body")?.clone();
            *content = library.enter(*slot, &body).context("more contents than the model can number")?;
        }
    }
    Ok(Doing::Asks(asks))
}

/// States from which the same can happen become one, by telling them apart until no more differ.
fn merged(
    first: &History,
    known: &BTreeMap<History, Doing>,
    leads: &HashMap<(History, usize, Answer), History>,
) -> anyhow::Result<Vec<State>> {
    let histories: Vec<&History> = known.keys().collect();
    let place: HashMap<&History, usize> = histories.iter().enumerate().map(|(n, h)| (*h, n)).collect();
    let mut edges: Vec<Vec<(usize, Answer, usize)>> = vec![Vec::new(); histories.len()];
    for ((from, ask, answer), to) in leads {
        let (from, to) = (place.get(from).context("a state")?, place.get(to).context("a state")?);
        edges.get_mut(*from).context("a state")?.push((*ask, *answer, *to));
    }
    for edges in &mut edges {
        edges.sort_unstable();
    }
    let mut kinds: Vec<usize> = vec![0; histories.len()];
    let mut told_apart = 1;
    loop {
        let mut names: HashMap<_, usize> = HashMap::new();
        let refined: Vec<usize> = histories
            .iter()
            .zip(&edges)
            .map(|(history, edges)| {
                let doing = known.get(*history).map(|doing| format!("{doing:?}"));
                let next: Vec<_> =
                    edges.iter().map(|(ask, answer, to)| (*ask, *answer, kinds.get(*to))).collect();
                let count = names.len();
                *names.entry((doing, next)).or_insert(count)
            })
            .collect();
        drop(std::mem::replace(&mut kinds, refined));
        let count = kinds.iter().collect::<HashSet<_>>().len();
        if count == told_apart {
            break;
        }
        told_apart = count;
    }
    // The kind of the first state gets the first place.
    let first_kind = place.get(first).and_then(|n| kinds.get(*n)).copied().context("a first state")?;
    let number = |kind: usize| -> anyhow::Result<Place> {
        let swapped = if kind == first_kind {
            0
        } else if kind == 0 {
            first_kind
        } else {
            kind
        };
        Place::try_from(swapped).context("more states than the model can number")
    };
    let mut states: BTreeMap<Place, State> = BTreeMap::new();
    for ((history, edges), kind) in histories.iter().zip(&edges).zip(&kinds) {
        let doing = known.get(*history).context("a state")?.clone();
        let mut next = HashMap::new();
        for (ask, answer, to) in edges {
            next.insert((*ask, *answer), number(*kinds.get(*to).context("a state")?)?);
        }
        states.entry(number(*kind)?).or_insert(State { doing, next });
    }
    Ok(states.into_values().collect())
}
