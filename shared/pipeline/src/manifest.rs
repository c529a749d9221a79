//! The manifest: the last thing written for a source, and so the record that its outputs are complete.
//!
//! A front end builds its `srcset` from it; the convergence protocol, backfill and `verify` hold it against the ETags that
//! a listing shows. It carries no time and no random id, so that the same source and recipe give the same bytes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use thumbline_imaging::Limits;

use crate::layout::Layout;
use crate::recipe::Recipe;
use crate::rejection::{Bounds, Rejection};
use crate::store::{ETag, Listing};

/// The form of the manifest itself.
pub const MANIFEST_VERSION: u32 = 1;

/// What was made of a source, or why nothing was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_VERSION`].
    pub version: u32,
    /// Whether there are thumbnails.
    pub status: Status,
    /// Why not, for a rejected source.
    #[serde(flatten)]
    pub rejection: Option<Rejection>,
    /// The source that was read.
    pub source: SourceFacts,
    /// What the thumbnails were made with.
    pub recipe: Recipe,
    /// For a rejected source that other limits may admit: those that it was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Bounds>,
    /// The picture's ThumbHash, in Base64: what a front end shows until a thumbnail has come.
    /// <https://evanw.github.io/thumbhash/>
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbhash: Option<String>,
    /// One for each preset, in the presets' order; none for a rejected source.
    pub thumbnails: Vec<ThumbnailFacts>,
}

/// Whether there are thumbnails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All presets' thumbnails exist.
    Ready,
    /// The source can't become thumbnails, and has none.
    Rejected,
}

/// The source as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFacts {
    /// Its key in full, also where the outputs lie under a hash of it.
    pub key: String,
    /// Its ETag when it was read.
    pub etag: ETag,
    /// Its length.
    pub bytes: u64,
    /// Pixels across, as seen after EXIF orientation. Absent where the header could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels down, as seen after EXIF orientation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The format found in the bytes, such as `jpeg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// A thumbnail as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThumbnailFacts {
    /// The preset's name.
    pub preset: String,
    /// Its key in the output bucket.
    pub key: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Its length.
    pub bytes: u64,
    /// Its media type.
    pub content_type: String,
    /// Its ETag when it was written.
    pub etag: ETag,
}

impl Manifest {
    /// Reads a manifest. `None` where the bytes are none of ours, or of another version: the outputs are then made anew.
    pub fn parse(bytes: &[u8]) -> Option<Manifest> {
        serde_json::from_slice::<Manifest>(bytes).ok().filter(|manifest| manifest.version == MANIFEST_VERSION)
    }

    /// The bytes to write.
    ///
    /// # Errors
    /// None that these fields can cause; the signature is the serialiser's.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec_pretty(self)
    }

    /// Whether the picture can be seen through somewhere, as its ThumbHash has it: bit 23 of its header.
    /// <https://github.com/evanw/thumbhash/blob/main/js/thumbhash.js>
    pub fn is_transparent(&self) -> bool {
        let thumbhash = self.thumbhash.as_ref().and_then(|text| BASE64_STANDARD.decode(text).ok());
        thumbhash.and_then(|bytes| bytes.get(2).copied()).is_some_and(|byte| byte & 0x80 != 0)
    }

    /// Whether this is no more to be believed because limits have been raised since: a source that was too large may not be
    /// now. Lower limits change nothing, so that functions with more and with less memory do not contradict each other
    /// without end.
    pub fn is_outgrown(&self, limits: &Limits) -> bool {
        self.limits.is_some_and(|held| Bounds::from(limits).admit_more_than(&held))
    }

    /// Whether the outputs that a listing shows are exactly those that this manifest names, made with this recipe.
    ///
    /// The manifest's word alone is not enough: a writer that died between thumbnail and manifest, and a source that then
    /// returned to older bytes, would leave it naming an ETag that is current beside a thumbnail that is not.
    pub fn matches(&self, recipe: &Recipe, layout: &Layout, listing: &Listing) -> bool {
        let named = self.thumbnails.iter().all(|t| listing.etag(&t.key) == Some(&t.etag));
        // Only on-demand sizes may lie there besides; whoever serves one holds its stamp against the source.
        let nothing_else = listing.keys().all(|key| {
            key == layout.manifest()
                || layout.is_on_demand(key)
                || self.thumbnails.iter().any(|t| t.key == key)
        });
        self.recipe == *recipe && named && nothing_else
    }
}
