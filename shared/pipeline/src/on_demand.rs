//! Thumbnails that somebody asks for now: found where they are stored, and made where they are not.
//!
//! What is served is always of the source as it was when it was asked for, and not before: every output carries its
//! source's ETag and its recipe ([`Stamp`]), and both are held against a HEAD of the source that is sent with the request
//! for the output. So an output that a dead or slow writer left behind is never served, whatever its key says.
//!
//! A preset's thumbnail that is missing is made as for an upload, by [`Pipeline::process`], with all the others and the
//! manifest. A size that nobody planned is made of a source whose manifest is current, so that one that can't become
//! thumbnails is refused by what its manifest says, and not decoded again for everybody who asks. It is stored beside the
//! presets' outputs, under conditions as they are:
//!
//! 1. HEAD the source; GET the output. If its stamp names that source and this recipe, it is served.
//! 2. Otherwise GET the manifest, and the source meanwhile. If the manifest is not that source's, bring its outputs up to
//!    date, and GET it anew. Render.
//! 3. PUT, on the condition that the output still is what step 1 found. 412: somebody else made it; begin again.
//! 4. HEAD the source. If it is no longer what was read, remove what was put, and begin again.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use thumbline_imaging::{Error as ImagingError, Output, OutputFormat, Rendition};

use crate::converge::{MAX_CONFLICTS, MAX_MANIFEST_BYTES, pause};
use crate::event::Hint;
use crate::layout::Layout;
use crate::manifest::{Manifest, Status};
use crate::naming::named;
use crate::outcome::{Outcome, Retry};
use crate::pipeline::{Call, Pipeline};
use crate::preset::Preset;
use crate::recipe::Recipe;
use crate::rejection::Rejection;
use crate::render::{Permit, render};
use crate::store::{
    Condition, ETag, META_RECIPE, META_SOURCE_ETAG, NewObject, Object, Read, Stamp, Store, Written,
};

/// What somebody wants to see of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// One of the presets' thumbnails.
    Preset(Preset),
    /// Exactly this. Its format is fixed.
    Size(Rendition),
    /// This, in what every program can show: JPEG, or PNG where the picture is transparent.
    Anywhere(Rendition),
}

/// A thumbnail that is as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Its key in the output bucket.
    pub key: String,
    /// Its length.
    pub bytes: u64,
    /// The bytes, if there are no more of them than were wanted.
    pub body: Option<Bytes>,
    /// Its format.
    pub format: OutputFormat,
    /// The source that it was made of, which was the source at [`Served::checked`].
    pub source_etag: ETag,
    /// Names the thumbnail's bytes: they follow from the source, the recipe and what was asked for.
    pub version: String,
    /// When the source was asked for its ETag.
    pub checked: Instant,
    /// Whether it was made for this request.
    pub was_made: bool,
}

/// Where the output for a wish lies, and what its stamp must say.
struct Target {
    key: String,
    recipe: String,
    format: OutputFormat,
    /// `None` for a preset, whose thumbnail is made with all the others.
    rendition: Option<Rendition>,
}

impl Target {
    fn version(&self, source_etag: &ETag) -> String {
        version(source_etag, &self.recipe, &self.key)
    }
}

/// A name for the bytes of an output, for `ETag` headers.
fn version(source_etag: &ETag, recipe: &str, key: &str) -> String {
    use sha2::{Digest, Sha256};
    let text = format!("{source_etag}\n{recipe}\n{key}");
    crate::layout::hex(&Sha256::digest(text.as_bytes())[..16])
}

impl<S: Store> Pipeline<S> {
    /// What the thumbnail that a wish is about is called now, without looking whether it is there: the version that
    /// [`Pipeline::serve`] would give, if it gives one.
    ///
    /// `None` where the format follows from the picture.
    ///
    /// # Errors
    /// [`Outcome::Removed`] where there is no source, [`Outcome::Retry`] where S3 fails.
    pub async fn current_version(&self, key: &str, wish: &Wish) -> Result<Option<(String, ETag)>, Outcome> {
        let Some(target) = self.fixed_target(key, wish) else {
            return Ok(None);
        };
        let source = self.store().head(&self.settings().input_bucket, key).await.map_err(retry)?;
        let source = source.ok_or(Outcome::Removed)?;
        Ok(Some((target.version(&source), source)))
    }

    /// The thumbnail that somebody wants of a source. Bodies longer than `max_bytes` are not read.
    ///
    /// # Errors
    /// The [`Outcome`] that is in its way: the source is gone, rejected or not a picture at all, or it did not work in time.
    pub async fn serve(
        &self,
        key: &str,
        wish: &Wish,
        max_bytes: u64,
        call: &Call,
    ) -> Result<Served, Outcome> {
        // Boxed, like all that is long and waited for seldom: futures that lie inside one another grow with each.
        let served = Box::pin(self.served(key, wish, max_bytes, call));
        let served = tokio::time::timeout_at(call.deadline.into(), served);
        served.await.unwrap_or_else(|_| Err(Outcome::Retry(Retry::deadline())))
    }

    async fn served(&self, key: &str, wish: &Wish, max_bytes: u64, call: &Call) -> Result<Served, Outcome> {
        let settings = self.settings();
        let hint = Hint { bucket: settings.input_bucket.clone(), key: key.to_owned() };
        for round in 1_u32.. {
            let target = match self.fixed_target(key, wish) {
                Some(target) => target,
                None => self.target_by_manifest(&hint, wish, call).await?,
            };
            let checked = Instant::now();
            let (source, stored) = tokio::join!(
                self.store().head(&settings.input_bucket, key),
                self.store().get(&settings.output_bucket, &target.key, &Condition::Always, max_bytes)
            );
            let stored = match stored.map_err(retry)? {
                Read::Found(object) => Some(object),
                Read::Absent | Read::NotModified | Read::Moved | Read::Archived => None,
            };
            let Some(source) = source.map_err(retry)? else {
                if stored.is_some() {
                    // Its removal has not been told yet, or a writer died: nothing of it may stay.
                    self.process(&hint, call).await;
                }
                return Err(Outcome::Removed);
            };
            let wanted = Stamp { source_etag: source, recipe: target.recipe.clone() };
            if let Some(object) = &stored
                && object.stamp.as_ref() == Some(&wanted)
            {
                return Ok(served(&target, &wanted.source_etag, object.clone(), checked));
            }
            let made = match &target.rendition {
                None => {
                    let manifest = self.brought_up_to_date(&hint, call).await?;
                    self.made_preset(&target, &manifest, max_bytes).await?
                }
                Some(rendition) => {
                    let as_found = stored.map_or(Condition::Absent, |object| Condition::Is(object.etag));
                    self.make(&hint, &wanted.source_etag, &target, rendition, &as_found, call).await?
                }
            };
            if let Some(made) = made {
                return Ok(made);
            }
            tracing::debug!(round, key = %named(&target.key), "somebody else moved on; beginning again");
            tokio::time::sleep(pause(round, &target.key)).await;
        }
        Err(Outcome::Retry(Retry::deadline()))
    }

    /// Where a wish's output lies, if that can be said without knowing the picture.
    fn fixed_target(&self, key: &str, wish: &Wish) -> Option<Target> {
        let layout = Layout::of(key, &self.settings().presets);
        match wish {
            Wish::Preset(Preset { name, rendition }) => match rendition.format {
                Output::Fixed(format) => Some(Target {
                    key: layout.thumbnail(name, format),
                    recipe: self.recipe().to_string(),
                    format,
                    rendition: None,
                }),
                _ => None,
            },
            Wish::Size(rendition) => match rendition.format {
                Output::Fixed(format) => Some(Target {
                    key: layout.on_demand(rendition, format),
                    recipe: Recipe::of_one(rendition).to_string(),
                    format,
                    rendition: Some(rendition.clone()),
                }),
                _ => None,
            },
            Wish::Anywhere(_) => None,
        }
    }

    /// Where a wish's output lies that depends on the picture, as its manifest describes it.
    async fn target_by_manifest(&self, hint: &Hint, wish: &Wish, call: &Call) -> Result<Target, Outcome> {
        let manifest = self.current_manifest(hint, call).await?;
        match wish {
            Wish::Preset(preset) => {
                let thumbnail = manifest.thumbnails.iter().find(|thumbnail| thumbnail.preset == preset.name);
                let format = thumbnail.and_then(|thumbnail| {
                    OutputFormat::ALL.iter().find(|format| format.content_type() == thumbnail.content_type)
                });
                let (thumbnail, format) = thumbnail.zip(format).ok_or_else(|| {
                    Outcome::Retry(Retry::internal(format!("the manifest does not name {:?}", preset.name)))
                })?;
                let (key, recipe) = (thumbnail.key.clone(), self.recipe().to_string());
                Ok(Target { key, recipe, format: *format, rendition: None })
            }
            Wish::Size(rendition) | Wish::Anywhere(rendition) => {
                let format = if manifest.is_transparent() { OutputFormat::Png } else { OutputFormat::Jpeg };
                let rendition = rendition.clone().with_format(format);
                let layout = Layout::of(&hint.key, &self.settings().presets);
                Ok(Target {
                    key: layout.on_demand(&rendition, format),
                    recipe: Recipe::of_one(&rendition).to_string(),
                    format,
                    rendition: Some(rendition),
                })
            }
        }
    }

    /// The manifest of the source as it is now, which is made if need be.
    async fn current_manifest(&self, hint: &Hint, call: &Call) -> Result<Manifest, Outcome> {
        let (source, manifest) =
            tokio::join!(self.store().head(&hint.bucket, &hint.key), self.manifest(&hint.key));
        let source = source.map_err(retry)?.ok_or(Outcome::Removed)?;
        match manifest?.filter(|manifest| self.is_ready(manifest, &source)) {
            Some(manifest) => Ok(manifest),
            None => self.brought_up_to_date(hint, call).await,
        }
    }

    /// Whether a manifest says that this version of its source has become thumbnails as the presets are now.
    fn is_ready(&self, manifest: &Manifest, source: &ETag) -> bool {
        manifest.status == Status::Ready
            && manifest.source.etag == *source
            && manifest.recipe == *self.recipe()
    }

    /// The manifest of a source whose outputs have just been brought up to date.
    async fn brought_up_to_date(&self, hint: &Hint, call: &Call) -> Result<Manifest, Outcome> {
        match self.process(hint, call).await.outcome {
            Outcome::Made(manifest) | Outcome::UpToDate(manifest) => Ok(*manifest),
            in_its_way => Err(in_its_way),
        }
    }

    /// What a source's manifest says, which may be about an older source.
    ///
    /// # Errors
    /// [`Outcome::Retry`]
    pub async fn manifest(&self, key: &str) -> Result<Option<Manifest>, Outcome> {
        let settings = self.settings();
        let name = Layout::of(key, &settings.presets).manifest();
        let read = self.store().get(&settings.output_bucket, &name, &Condition::Always, MAX_MANIFEST_BYTES);
        Ok(match read.await.map_err(retry)? {
            Read::Found(Object { body: Some(body), .. }) => {
                Manifest::parse(&body).filter(|manifest| manifest.source.key == key)
            }
            _ => None,
        })
    }

    /// A preset's thumbnail that has just been made, or found to be up to date. `None` where it has moved on since.
    async fn made_preset(
        &self,
        target: &Target,
        manifest: &Manifest,
        max_bytes: u64,
    ) -> Result<Option<Served>, Outcome> {
        let checked = Instant::now();
        let Some(thumbnail) = manifest.thumbnails.iter().find(|thumbnail| thumbnail.key == target.key) else {
            return Ok(None);
        };
        let (bucket, is) = (&self.settings().output_bucket, Condition::Is(thumbnail.etag.clone()));
        Ok(match self.store().get(bucket, &target.key, &is, max_bytes).await.map_err(retry)? {
            Read::Found(object) => {
                Some(Served { was_made: true, ..served(target, &manifest.source.etag, object, checked) })
            }
            Read::Absent | Read::Moved | Read::NotModified | Read::Archived => None,
        })
    }

    /// Makes a size that nobody planned, of this version of the source, and stores it. `None` where somebody else moved on.
    async fn make(
        &self,
        hint: &Hint,
        source: &ETag,
        target: &Target,
        rendition: &Rendition,
        as_found: &Condition,
        call: &Call,
    ) -> Result<Option<Served>, Outcome> {
        let limits = self.settings().limits;
        let as_asked = Condition::Is(source.clone());
        let read = || self.store().open(&hint.bucket, &hint.key, &as_asked, limits.max_source_bytes);
        let mut permit = self.permit().await?;
        let (mut object, manifest) = tokio::join!(read(), self.manifest(&hint.key));
        if !manifest?.is_some_and(|manifest| self.is_ready(&manifest, source)) {
            // Whoever brings the outputs up to date needs a permit as well.
            drop((object, permit));
            self.brought_up_to_date(hint, call).await?;
            permit = self.permit().await?;
            object = read().await;
        }
        let Read::Found(Object { etag, size, body: Some(body), .. }) = object.map_err(retry)? else {
            return Ok(None);
        };
        let rendering = render(body, size, vec![rendition.clone()], limits, permit).await;
        let thumbnail = match rendering.map_err(Outcome::Retry)?.rendered {
            Ok(rendered) => rendered.thumbnails.into_iter().next(),
            Err(error) if error.is_about_the_picture() => {
                return Err(Outcome::Rejected(Rejection::from(&error)));
            }
            Err(ImagingError::Interrupted { .. }) => return Err(Outcome::Retry(Retry::deadline())),
            Err(error) => return Err(internal(error.to_string())),
        };
        let body = thumbnail.map(|thumbnail| Bytes::from(thumbnail.bytes));
        let body = body.ok_or_else(|| internal("a rendition without a thumbnail".to_owned()))?;
        let object = NewObject {
            body: body.clone(),
            content_type: target.format.content_type(),
            cache_control: Some(self.settings().cache_control.clone()),
            metadata: vec![(META_SOURCE_ETAG, etag.to_string()), (META_RECIPE, target.recipe.clone())],
        };
        let Some(written) = self.put_on_demand(&target.key, &object, as_found).await? else {
            return Ok(None);
        };
        let checked = Instant::now();
        let source = self.store().head(&hint.bucket, &hint.key).await.map_err(retry)?;
        if source.as_ref() != Some(&etag) {
            // Whoever handled the change may have listed the outputs before this one was there.
            let (bucket, is) = (&self.settings().output_bucket, Condition::Is(written));
            self.store().delete(bucket, &target.key, &is).await.map_err(retry)?;
            return Ok(None);
        }
        Ok(Some(Served {
            key: target.key.clone(),
            bytes: body.len() as u64,
            body: Some(body),
            format: target.format,
            version: target.version(&etag),
            source_etag: etag,
            checked,
            was_made: true,
        }))
    }

    /// Leave to hold a source in memory and decode it.
    async fn permit(&self) -> Result<Permit, Outcome> {
        let permit = Arc::clone(self.decoders()).acquire_owned().await;
        permit.map(Arc::new).map_err(|closed| internal(closed.to_string()))
    }

    /// The ETag of what was written; `None` where the output is no longer as it was found.
    async fn put_on_demand(
        &self,
        key: &str,
        object: &NewObject,
        as_found: &Condition,
    ) -> Result<Option<ETag>, Outcome> {
        let bucket = &self.settings().output_bucket;
        for conflicts in 1..=MAX_CONFLICTS {
            match self.store().put(bucket, key, object.clone(), as_found).await.map_err(retry)? {
                Written::Done(Some(etag)) => return Ok(Some(etag)),
                Written::Done(None) => return Err(internal("S3 wrote without an ETag".to_owned())),
                Written::Moved => return Ok(None),
                Written::Conflict => tokio::time::sleep(pause(conflicts, key)).await,
            }
        }
        Ok(None)
    }
}

fn served(target: &Target, source_etag: &ETag, object: Object, checked: Instant) -> Served {
    Served {
        key: target.key.clone(),
        bytes: object.size,
        body: object.body,
        format: target.format,
        version: target.version(source_etag),
        source_etag: source_etag.clone(),
        checked,
        was_made: false,
    }
}

fn retry(error: crate::store::StoreError) -> Outcome {
    Outcome::Retry(error.into())
}

fn internal(message: String) -> Outcome {
    Outcome::Retry(Retry::internal(message))
}
