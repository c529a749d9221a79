//! What there should be for a source: decided from the source alone, before anything is written.

use std::sync::Arc;

use thumbline_imaging::{Error as ImagingError, Rendered, Thumbnail};

use super::Convergence;
use crate::manifest::SourceFacts;
use crate::outcome::{Ignored, Outcome, Retry};
use crate::rejection::Rejection;
use crate::render::{Permit, render};
use crate::store::{Body, Object, Store};

/// What should be in the output bucket for a source, decided from the source alone.
pub(super) enum Wanted {
    Thumbnails { facts: SourceFacts, thumbhash: Vec<u8>, thumbnails: Vec<Thumbnail> },
    Rejection { facts: SourceFacts, rejection: Rejection },
    Nothing(Outcome),
}

impl<S: Store> Convergence<'_, S> {
    /// Decides what there should be for a source that was read.
    pub(super) async fn wanted(&mut self, object: Object<Body>, permit: &Permit) -> Result<Wanted, Retry> {
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
        let (limits, renditions) = (self.settings.limits, self.settings.presets.renditions());
        let rendering = render(body, object.size, renditions, limits, Arc::clone(permit)).await?;
        if let Some(header) = rendering.header {
            facts.width = Some(header.size().width);
            facts.height = Some(header.size().height);
            facts.format = Some(header.format.name().to_owned());
            self.effort.source_pixels += header.size().pixels();
        }
        self.effort.render += rendering.took;
        self.effort.decodes += 1;
        match rendering.rendered {
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
