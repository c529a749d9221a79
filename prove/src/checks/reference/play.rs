//! A case, played on the real pipeline over the embedded S3, beside a reference that is too simple to be wrong: which source
//! each key has, and which outputs a source has that nothing disturbed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures::future::BoxFuture;
use thumbline::{Call, Outcome, Pipeline, S3Store, Settings, Wish};
use thumbline_imaging::{OutputFormat, Rendition};

use super::case::{Case, How, NAMES, Source, Step};
use super::staged::{Deed, Plan, Staged};
use crate::stage::buckets::{Buckets, OUTPUT};
use crate::stage::door::{Claim, deliver, settings};
use crate::stage::outputs::Outputs;
use crate::stage::pictures::{broken_picture, picture};

/// How long anything may take. Nothing here waits for long.
const TIME: Duration = Duration::from_secs(60);

/// Where cases are played.
pub(super) struct Stage {
    buckets: Buckets,
    store: S3Store,
    settings: Settings,
    /// What each source comes to when nothing disturbs it.
    expected: BTreeMap<Source, Outputs>,
}

impl Stage {
    pub(super) async fn open(folder: &std::path::Path) -> anyhow::Result<Stage> {
        let buckets = Buckets::open(folder).await?;
        let store = S3Store::new(&buckets.access.config(TIME));
        let mut stage = Stage { buckets, store, settings: settings()?, expected: BTreeMap::new() };
        let pictures = (0..Source::PICTURES).map(Source::Picture);
        for (number, source) in pictures.chain([Source::Broken, Source::Absent]).enumerate() {
            let key = format!("expected/{number}.png");
            stage.buckets.change(&key, bytes(source)?.as_deref()).await?;
            let pipeline = Pipeline::new(stage.settings.clone(), stage.store.clone()).unlogged();
            let claim = deliver(&pipeline, &key, TIME).await;
            ensure!(matches!(claim, Claim::Done(_)), "{source:?}: {claim:?}");
            let outputs = Outputs::of(&stage.buckets.client, OUTPUT, &key).await?;
            stage.expected.insert(source, outputs);
        }
        Ok(stage)
    }

    /// Plays a case in a corner of its own.
    ///
    /// # Errors
    /// What did not hold.
    pub(super) async fn play(&self, corner: &str, case: &Case) -> anyhow::Result<()> {
        let mut play = Play {
            stage: self,
            keys: NAMES.map(|name| format!("{corner}/{name}")),
            sources: [Source::Absent; NAMES.len()],
            waiting: Vec::new(),
            under_way: Vec::new(),
        };
        play.steps(case).await?;
        play.come_to_rest().await
    }
}

fn bytes(source: Source) -> anyhow::Result<Option<Vec<u8>>> {
    match source {
        Source::Absent => Ok(None),
        Source::Picture(number) => picture(number.into()).map(Some),
        Source::Broken => broken_picture(0).map(Some),
    }
}

struct Play<'a> {
    stage: &'a Stage,
    keys: [String; NAMES.len()],
    sources: [Source; NAMES.len()],
    /// The events that wait, by which source they are about.
    waiting: Vec<usize>,
    /// The sources of handlers that stand still while others work.
    under_way: Vec<usize>,
}

impl Play<'_> {
    fn steps<'b>(&'b mut self, steps: &'b [Step]) -> BoxFuture<'b, anyhow::Result<()>> {
        Box::pin(async move {
            for step in steps {
                match step {
                    Step::Change { key, source } => self.change(usize::from(*key), *source).await,
                    Step::Deliver { event, keep, how } => self.deliver(usize::from(*event), *keep, how).await,
                    Step::Ask { key, width } => self.ask(usize::from(*key), u32::from(*width)).await,
                }
                .with_context(|| format!("at {step:?}"))?;
            }
            Ok(())
        })
    }

    fn key(&self, source: usize) -> anyhow::Result<&str> {
        self.keys.get(source).map(String::as_str).context("the case is about another source")
    }

    fn source(&self, source: usize) -> Source {
        self.sources.get(source).copied().unwrap_or(Source::Absent)
    }

    async fn change(&mut self, key: usize, source: Source) -> anyhow::Result<()> {
        self.stage.buckets.change(self.key(key)?, bytes(source)?.as_deref()).await?;
        if let Some(place) = self.sources.get_mut(key) {
            *place = source;
        }
        self.waiting.push(key);
        Ok(())
    }

    async fn deliver(&mut self, event: usize, keep: bool, how: &How) -> anyhow::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let event = event % self.waiting.len();
        let source = if keep { self.waiting.get(event).copied() } else { Some(self.waiting.remove(event)) };
        let source = source.context("an event that waits")?;
        let (at, deed) = match how {
            How::Well => (0, Deed::Nothing),
            How::Fails { at, with } => (*at, Deed::Fail(*with)),
            How::Dies { at, after } => (*at, Deed::Die { after: *after }),
            How::Meanwhile { at, .. } => (*at, Deed::Pause),
        };
        let plan = Plan::new(at.into(), deed);
        let staged = Staged { store: self.stage.store.clone(), plan: plan.clone() };
        let pipeline = Pipeline::new(self.stage.settings.clone(), staged).unlogged();
        let key = self.key(source)?.to_owned();
        let mut delivery = Box::pin(deliver(&pipeline, &key, TIME));
        let claim = tokio::select! {
            claim = &mut delivery => Some(claim),
            () = plan.reached() => None,
        };
        let claim = match (claim, how) {
            (Some(claim), _) => claim,
            (None, How::Meanwhile { steps, .. }) => {
                self.under_way.push(source);
                self.steps(steps).await?;
                self.under_way.pop();
                plan.go_on();
                delivery.await
            }
            (None, _) => {
                drop(delivery);
                plan.land().await;
                self.waiting.push(source);
                return Ok(());
            }
        };
        match claim {
            // What others wrote and changed after it had listed, it need not see: the event of the change is still to come, and
            // at rest everything is looked at.
            Claim::Done(_) if matches!(how, How::Meanwhile { .. }) && self.waiting.contains(&source) => {
                Ok(())
            }
            // Another handler of the same source may have a write on its way, and looks at the source again after it.
            Claim::Done(_) if self.under_way.contains(&source) => Ok(()),
            Claim::Done(outcome) => self.holds(source, &outcome).await,
            Claim::Again(why) => {
                ensure!(matches!(how, How::Fails { .. }), "nothing failed, and yet: {why}");
                self.waiting.push(source);
                Ok(())
            }
        }
    }

    /// What somebody gets who asks for a size must be of the source as it is.
    async fn ask(&mut self, source: usize, width: u32) -> anyhow::Result<()> {
        let pipeline = Pipeline::new(self.stage.settings.clone(), self.stage.store.clone()).unlogged();
        let wish = Wish::Size(Rendition::new(Some(width), None).with_format(OutputFormat::Png));
        let call = Call { request_id: "prove".to_owned(), deadline: Instant::now() + TIME };
        let key = self.key(source)?;
        let served = pipeline.serve(key, &wish, u64::MAX, &call).await;
        match (served, self.source(source)) {
            (Err(Outcome::Removed), Source::Absent) | (Err(Outcome::Rejected(_)), Source::Broken) => Ok(()),
            (Ok(served), Source::Picture(number)) => {
                let head =
                    self.stage.buckets.client.head_object().bucket(super::INPUT).key(key).send().await?;
                let is = head.e_tag.unwrap_or_default();
                ensure!(served.source_etag.quoted() == is, "served {:?} of {is}", served.source_etag);
                let body = served.body.context("a body")?;
                let shown = image::load_from_memory(&body)?.to_rgb8();
                let source = image::load_from_memory(&picture(number.into())?)?.to_rgb8();
                ensure!(shown.get_pixel(0, 0) == source.get_pixel(0, 0), "served another picture");
                Ok(())
            }
            (served, source) => bail!("asking for a size of {source:?}: {served:?}"),
        }
    }

    /// Whoever claims to be done has left the outputs of the source as it is: nobody else writes.
    async fn holds(&self, source: usize, claimed: &str) -> anyhow::Result<()> {
        let key = self.key(source)?;
        let expected = self.stage.expected.get(&self.source(source)).context("a source that is known")?;
        let outputs = Outputs::of(&self.stage.buckets.client, OUTPUT, key).await?;
        let sizes = outputs.asked_for();
        // A size of an older source may stay beside a source, for it is never served; without one there may be nothing.
        ensure!(sizes == 0 || self.source(source) != Source::Absent, "{claimed}: {sizes} sizes of no source");
        if let Some(difference) = outputs.planned().difference(expected) {
            bail!("{claimed} {key:?}, {:?}: {difference}", self.source(source));
        }
        Ok(())
    }

    /// Every event that waits is delivered, and then everything must be as it should be.
    async fn come_to_rest(&mut self) -> anyhow::Result<()> {
        while !self.waiting.is_empty() {
            self.deliver(0, false, &How::Well).await.context("coming to rest")?;
        }
        for source in 0..NAMES.len() {
            self.holds(source, "at rest").await?;
        }
        Ok(())
    }
}
