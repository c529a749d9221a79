//! What there should be for a source: decided from the source alone, before anything is written.

use std::sync::Arc;
use std::time::Instant;

use thumbline_imaging::{Error as ImagingError, Rendered, Thumbnail};

use super::Convergence;
use crate::manifest::SourceFacts;
use crate::outcome::{Ignored, Outcome, Retry};
use crate::rejection::Rejection;
use crate::render::{Permit, render};
use crate::store::{Object, Store};

/// What should be in the output bucket for a source, decided from the source alone.
pub(super) enum Wanted {
    Thumbnails { facts: SourceFacts, thumbhash: Vec<u8>, thumbnails: Vec<Thumbnail> },
    Rejection { facts: SourceFacts, rejection: Rejection },
    Nothing(Outcome),
}

impl<S: Store> Convergence<'_, S> {
    /// Decides what there should be for a source that was read.
    pub(super) async fn wanted(&mut self, object: Object, permit: &Permit) -> Result<Wanted, Retry> {
        if object.stamp.is_some() {
            return Ok(Wanted::Nothing(Outcome::Ignored(Ignored::OwnOutput)));
        }
        if object.size == 0 && self.hint.key.ends_with('/') {
            return Ok(Wanted::Nothing(Outcome::Ignored(Ignored::FolderMarker)));
        }
        let mut facts = SourceFacts {
            key: self.hint.key.clone(),
            etag: object.etag,
            bytes: object.size,
            width: None,
            height: None,
            format: None,
        };
        let Some(body) = object.body else {
            let limit = self.settings.limits.max_source_bytes;
            let error = ImagingError::TooLarge { what: "bytes", actual: object.size, limit };
            return Ok(Wanted::Rejection { facts, rejection: Rejection::from(&error) });
        };
        self.effort.source_bytes += object.size;
        let limits = self.settings.limits;
        if let Ok(header) = thumbline_imaging::probe(&body, &limits) {
            facts.width = Some(header.size().width);
            facts.height = Some(header.size().height);
            facts.format = Some(header.format.name().to_owned());
            self.effort.source_pixels += header.size().pixels();
        }
        let began = Instant::now();
        let rendered = render(body, self.settings.presets.renditions(), limits, Arc::clone(permit)).await;
        self.effort.render += began.elapsed();
        self.effort.decodes += 1;
        match rendered? {
            Ok(Rendered { thumbhash, thumbnails, .. }) => {
                Ok(Wanted::Thumbnails { facts, thumbhash, thumbnails })
            }
            Err(error) if error.is_about_the_picture() => {
                Ok(Wanted::Rejection { facts, rejection: Rejection::from(&error) })
            }
            Err(ImagingError::Interrupted { .. }) => Err(Retry::deadline()),
            Err(error) => Err(Retry::internal(error.to_string())),
        }
    }
}
