//! The pipeline: settings and a store, made once per process, through which every picture goes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use futures::stream::{self, StreamExt};
use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::converge::Convergence;
use crate::event::Hint;
use crate::layout::Layout;
use crate::naming::named;
use crate::outcome::{Effort, Outcome, Processed, Retry};
use crate::recipe::Recipe;
use crate::settings::Settings;
use crate::store::{Listing, Store};
use crate::telemetry;

/// Pictures on their way at the same time in one process. Requests of one overlap with another's decoding; memory is
/// bounded by the decoders, of which the settings have no more than fit.
const PICTURES_AT_ONCE: usize = 8;

/// What a caller's one call of the pipeline is known by, and how long it may take.
#[derive(Clone, Debug)]
pub struct Call {
    /// Lambda's request id, or whatever finds the call again in the logs.
    pub request_id: String,
    /// When to stop, at the latest, with [`Retry::deadline`].
    pub deadline: Instant,
}

/// Everything that turns hints into outcomes.
#[derive(Debug)]
pub struct Pipeline<S> {
    store: S,
    settings: Settings,
    recipe: Recipe,
    decoders: Arc<Semaphore>,
    is_logged: bool,
}

impl<S: Store> Pipeline<S> {
    /// A pipeline over a store.
    pub fn new(settings: Settings, store: S) -> Pipeline<S> {
        let decoders = Arc::new(Semaphore::new(settings.decoders));
        Pipeline { recipe: Recipe::of(&settings.presets), store, settings, decoders, is_logged: true }
    }

    /// The same, without a log line and metrics for each picture: for a caller that tells people by itself.
    #[must_use]
    pub fn unlogged(self) -> Pipeline<S> {
        Pipeline { is_logged: false, ..self }
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The recipe of the presets' thumbnails.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Permits to hold a source in memory and decode it.
    pub(crate) fn decoders(&self) -> &Arc<Semaphore> {
        &self.decoders
    }

    /// Brings the outputs of one source up to date. Always ends in an outcome, at the latest at the deadline.
    pub async fn process(&self, hint: &Hint, call: &Call) -> Processed {
        self.process_from(hint, None, call).await
    }

    /// The same for a source whose outputs, all of them that lie directly under [`Layout::prefix`], have just been listed:
    /// one request less.
    pub async fn process_listed(&self, hint: &Hint, listing: Listing, call: &Call) -> Processed {
        self.process_from(hint, Some(listing), call).await
    }

    async fn process_from(&self, hint: &Hint, listing: Option<Listing>, call: &Call) -> Processed {
        let span = tracing::info_span!("picture", request_id = call.request_id, key = %named(&hint.key));
        let began = Instant::now();
        let (outcome, effort) = self.outcome(hint, listing, call.deadline).instrument(span.clone()).await;
        let effort = Effort { total: began.elapsed(), ..effort };
        let processed = Processed { hint: hint.clone(), outcome, effort };
        if self.is_logged {
            span.in_scope(|| telemetry::report(&processed));
        }
        processed
    }

    /// Brings the outputs of several sources up to date, each of them once however often it is named. The answers are in
    /// the order of the hints.
    pub async fn process_all(&self, hints: &[Hint], call: &Call) -> Vec<Processed> {
        let mut distinct = hints.to_vec();
        distinct.sort();
        distinct.dedup();
        let done: HashMap<Hint, Processed> = stream::iter(distinct)
            .map(|hint| async move {
                let processed = self.process(&hint, call).await;
                (hint, processed)
            })
            .buffer_unordered(PICTURES_AT_ONCE)
            .collect()
            .await;
        hints.iter().filter_map(|hint| done.get(hint).cloned()).collect()
    }

    async fn outcome(&self, hint: &Hint, listing: Option<Listing>, deadline: Instant) -> (Outcome, Effort) {
        let input_bucket = &self.settings.input_bucket;
        if hint.bucket != *input_bucket {
            return (Outcome::Retry(Retry::unexpected_bucket(&hint.bucket, input_bucket)), Effort::default());
        }
        let mut convergence = Convergence {
            store: &self.store,
            settings: &self.settings,
            recipe: &self.recipe,
            decoders: &self.decoders,
            hint,
            layout: Layout::of(&hint.key, &self.settings.presets),
            effort: Effort::default(),
        };
        let outcome = tokio::time::timeout_at(deadline.into(), convergence.run(listing)).await;
        let outcome = outcome.unwrap_or_else(|_| Outcome::Retry(Retry::deadline()));
        (outcome, convergence.effort)
    }
}
