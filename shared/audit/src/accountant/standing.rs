//! A source, its manifest and what is listed of its outputs, held against each other.

use thumbline::layout::Layout;
use thumbline::manifest::Status;
use thumbline::store::Listing;
use thumbline::{ETag, Manifest, Presets, Recipe};
use thumbline_imaging::Limits;

use crate::state::{Stale, State};
use crate::walk::Output;

/// What there is of a source's outputs, and what they should be made with.
pub(super) struct Standing<'a> {
    pub(super) key: &'a str,
    pub(super) layout: &'a Layout,
    pub(super) listing: &'a Listing,
    pub(super) recipe: &'a Recipe,
    pub(super) presets: &'a Presets,
    pub(super) limits: &'a Limits,
}

impl Standing<'_> {
    /// How the source with this ETag stands, and which outputs lie beside those that it should have.
    pub(super) fn of(&self, etag: &ETag, manifest: Option<&Manifest>) -> (State, Vec<Output>) {
        let Some(manifest) = manifest.filter(|manifest| manifest.source.key == self.key) else {
            return (State::Missing { outputs: self.expected_and_missing() }, Vec::new());
        };
        let state = self.state(etag, manifest);
        // Whatever is to be made anew has its strays removed on the way.
        let strays = if state.is_settled() { self.strays(manifest) } else { Vec::new() };
        (state, strays)
    }

    fn state(&self, etag: &ETag, manifest: &Manifest) -> State {
        if manifest.source.etag != *etag {
            return State::Stale(Stale::OtherSource { etag: manifest.source.etag.to_string() });
        }
        if manifest.recipe != *self.recipe {
            return State::OtherRecipe { recipe: manifest.recipe.to_string() };
        }
        if manifest.is_outgrown(self.limits) {
            return State::Outgrown;
        }
        let named = || manifest.thumbnails.iter();
        let keys_where = |holds: &dyn Fn(Option<&ETag>, &ETag) -> bool| -> Vec<String> {
            let found = named().filter(|named| holds(self.listing.etag(&named.key), &named.etag));
            found.map(|named| named.key.clone()).collect()
        };
        let missing = keys_where(&|listed, _| listed.is_none());
        if !missing.is_empty() {
            return State::Missing { outputs: missing };
        }
        let changed = keys_where(&|listed, named| listed.is_some_and(|listed| listed != named));
        if !changed.is_empty() {
            return State::Stale(Stale::OtherOutputs { outputs: changed });
        }
        match (manifest.status, &manifest.rejection) {
            (Status::Rejected, Some(rejection)) => State::Rejected { reason: rejection.code.clone() },
            (Status::Rejected, None) => State::Rejected { reason: "unknown".to_owned() },
            (Status::Ready, _) => State::Current,
        }
    }

    /// What is missing where no manifest says what there should be. A picture that was rejected has nothing but its manifest;
    /// so thumbnails are expected only where one of them shows that it was not.
    fn expected_and_missing(&self) -> Vec<String> {
        let is_listed = |key: &String| self.listing.etag(key).is_some();
        let (mut missing, mut is_any_there) = (Vec::new(), false);
        for preset in self.presets {
            let formats = preset.rendition.format.formats();
            let possible: Vec<String> =
                formats.map(|format| self.layout.thumbnail(&preset.name, format)).collect();
            if possible.iter().any(is_listed) {
                is_any_there = true;
            } else if let [only] = &possible[..] {
                missing.push(only.clone());
            }
        }
        if !is_any_there {
            missing.clear();
        }
        if self.listing.etag(&self.layout.manifest()).is_none() || missing.is_empty() {
            missing.insert(0, self.layout.manifest());
        }
        missing
    }

    fn strays(&self, manifest: &Manifest) -> Vec<Output> {
        let own = |key: &str| {
            key == self.layout.manifest()
                || self.layout.is_on_demand(key)
                || manifest.thumbnails.iter().any(|thumbnail| thumbnail.key == key)
        };
        let strays = self.listing.iter().filter(|(key, _)| !own(key));
        strays.map(|(key, etag)| Output { key: key.to_owned(), etag: etag.clone() }).collect()
    }
}
