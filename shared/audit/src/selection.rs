//! Which sources are meant, of all that are listed.

use thumbline::store::Entry;
use time::OffsetDateTime;

/// Which sources are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// What their keys begin with. S3 lists no others.
    pub prefix: String,
    /// What their keys end with.
    pub suffix: String,
    /// Those written at this time or later.
    pub modified_since: Option<OffsetDateTime>,
}

impl Selection {
    /// Whether a source is meant. One whose time can't be read is: to make too much is the smaller harm.
    pub fn admits(&self, source: &Entry) -> bool {
        let is_late = self.modified_since.is_none_or(|since| {
            source.written_nanos().is_none_or(|written| written >= since.unix_timestamp_nanos())
        });
        is_late && self.admits_key(&source.key)
    }

    /// Whether a source with this key is meant, whenever it was written.
    pub fn admits_key(&self, key: &str) -> bool {
        key.starts_with(&self.prefix) && key.ends_with(&self.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use thumbline::ETag;
    use time::macros::datetime;

    fn source(key: &str, last_modified: &str) -> Entry {
        let last_modified = Some(last_modified.to_owned());
        Entry { key: key.to_owned(), etag: ETag::new("e"), bytes: 1, last_modified, is_archived: false }
    }

    #[test]
    fn a_time_with_a_fraction_is_later_than_its_second() {
        let since = Some(datetime!(2026-11-01 12:00:00.5 UTC));
        let selection = Selection { modified_since: since, ..Selection::default() };
        assert!(selection.admits(&source("a", "2026-11-01T12:00:00.750Z")));
        assert!(!selection.admits(&source("a", "2026-11-01T12:00:00Z")));
        assert!(selection.admits(&source("a", "once upon a time")));
    }

    #[test]
    fn keys_are_told_by_both_ends() {
        let selection = Selection { prefix: "a/".into(), suffix: ".jpg".into(), modified_since: None };
        assert!(selection.admits_key("a/b.jpg"));
        assert!(!selection.admits_key("a/b.png") && !selection.admits_key("b/a.jpg"));
    }
}
