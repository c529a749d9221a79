//! Where a walk is: all that it has seen and not handed out yet.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use thumbline::layout;
use thumbline::store::Entry;

use super::{Group, MAX_GROUP_OUTPUTS, Output};

/// Where a walk is. Its size is bounded by what is open and held back, whatever the buckets hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// What the keys of the sources begin with.
    prefix: String,
    /// The last key taken from the sources' listing.
    sources_after: Option<String>,
    /// The last key taken from the outputs' listing.
    outputs_after: Option<String>,
    /// Sources that later ones may come before, each the beginning of the next.
    held: Vec<Entry>,
    /// The source that comes next.
    due: Option<Entry>,
    /// What may still get outputs, each below the one before.
    open: Vec<Group>,
    /// What is complete.
    ready: VecDeque<Group>,
}

impl Position {
    /// Before all sources whose keys begin with `prefix`.
    pub fn start(prefix: &str) -> Position {
        Position { prefix: prefix.to_owned(), ..Position::default() }
    }

    /// What the keys of the walk's sources begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The last source that the walk has seen, though perhaps not handed out yet: what to show people of how far it is.
    pub fn sources_after(&self) -> Option<&str> {
        self.sources_after.as_deref()
    }

    pub(super) fn outputs_after(&self) -> Option<&str> {
        self.outputs_after.as_deref()
    }

    pub(super) fn take_ready(&mut self) -> Option<Group> {
        self.ready.pop_front()
    }

    pub(super) fn has_due(&self) -> bool {
        self.due.is_some()
    }

    /// Whether one of the sources held back comes before `next` and all that the listing shows after it; if so, it is due.
    pub(super) fn is_due_before(&mut self, next: Option<&Entry>) -> bool {
        let stays = |held: &Entry| next.is_some_and(|next| sorts_before(&next.key, &held.key));
        if self.held.last().is_some_and(|held| !stays(held)) {
            self.due = self.held.pop();
        }
        self.due.is_some()
    }

    /// Holds the next source of the listing back.
    pub(super) fn hold(&mut self, source: Entry) {
        self.sources_after = Some(source.key.clone());
        self.held.push(source);
    }

    /// Opens the source that is due, if its outputs come before or at `output`.
    pub(super) fn open_due(&mut self, output: Option<&Entry>) -> bool {
        let is_next = |source: &mut Entry| {
            output.is_none_or(|output| source.key.bytes().chain([b'/']).le(output.key.bytes()))
        };
        let Some(source) = self.due.take_if(is_next) else {
            return false;
        };
        let prefix = format!("{}/", source.key);
        self.leave(&prefix);
        self.open.push(Group { prefix, source: Some(source), outputs: Vec::new(), is_part: false });
        true
    }

    /// Adds the next output of the listing to the group that it belongs to.
    pub(super) fn add(&mut self, output: Entry) {
        self.outputs_after = Some(output.key.clone());
        self.leave(&output.key);
        let prefix = output.key.get(..=output.key.rfind('/').unwrap_or_default()).unwrap_or_default();
        let prefix = if prefix.ends_with('/') { prefix } else { "" };
        let is_open = self.open.last().is_some_and(|group| group.prefix == prefix);
        if !is_open {
            self.open.push(Group {
                prefix: prefix.to_owned(),
                source: None,
                outputs: Vec::new(),
                is_part: false,
            });
        }
        let Some(group) = self.open.last_mut() else { return };
        // Without a source, much may lie under a prefix that was not made by Thumbline. Under a hash it is all needed at
        // once, to see what it belongs to, and is no more than a source has.
        let is_full = group.outputs.len() >= MAX_GROUP_OUTPUTS && !layout::is_hashed_prefix(prefix);
        if is_full && group.source.is_some() {
            let name = output.key.get(prefix.len()..).unwrap_or_default();
            if layout::is_on_demand_name(name) {
                group.is_part = true;
                return;
            }
        } else if is_full {
            group.is_part = true;
            let part = Group { outputs: std::mem::take(&mut group.outputs), ..group.clone() };
            group.outputs.push(Output::from(output));
            self.close(part);
            return;
        }
        group.outputs.push(Output::from(output));
    }

    /// Closes what is open. `false` where nothing was, and nothing is to be handed out.
    pub(super) fn close_all(&mut self) -> bool {
        while let Some(group) = self.open.pop() {
            self.close(group);
        }
        !self.ready.is_empty()
    }

    /// Closes all that this key, and so no later one, lies under.
    fn leave(&mut self, key: &str) {
        while let Some(group) =
            self.open.pop_if(|group| group.prefix.is_empty() || !key.starts_with(&group.prefix))
        {
            self.close(group);
        }
    }

    fn close(&mut self, group: Group) {
        // Part of a listing by prefix are also outputs of sources that are not: `a/b.webp` of `a`, where the prefix is `a/b`.
        let is_walked = self.prefix.is_empty()
            || group.source.is_some()
            || group.prefix.strip_suffix('/').is_some_and(|key| key.starts_with(&self.prefix));
        if is_walked && (group.source.is_some() || !group.outputs.is_empty()) {
            self.ready.push_back(group);
        }
    }
}

/// Whether a key that the listing shows after `held` comes before it once both end in `/`: it begins with it, and goes on
/// with something that sorts before `/`.
fn sorts_before(later: &str, held: &str) -> bool {
    later.strip_prefix(held).and_then(|rest| rest.bytes().next()).is_some_and(|byte| byte < b'/')
}
