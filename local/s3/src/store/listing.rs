//! Listings: keys in the order of their UTF-8 bytes, with everything between a prefix and a delimiter rolled up into
//! one entry. What is rolled up is stepped over in one seek, so a listing of ten folders costs ten look-ups however
//! many objects are in them.

use redb::ReadableTable as _;
use s3s::S3Result;

use super::Store;
use super::failure::Failure;
use super::index::{Index, OBJECTS, ObjectRecord};

/// What to list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    pub(crate) delimiter: Option<String>,
    /// Only entries that sort after this: a key, or a common prefix that an earlier page ended with.
    pub(crate) after: Option<String>,
    pub(crate) max_entries: usize,
}

/// One page of a listing.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) objects: Vec<(String, ObjectRecord)>,
    pub(crate) common_prefixes: Vec<String>,
    /// The last entry of this page, if there are more.
    pub(crate) next: Option<String>,
}

impl Store {
    pub(crate) async fn list(&self, listing: Listing) -> S3Result<Page> {
        self.read(move |index| list(index, &listing)).await
    }
}

fn list(index: &impl Index, listing: &Listing) -> Result<Page, Failure> {
    index.find_bucket(&listing.bucket)?;
    let mut page = Page::default();
    if listing.max_entries == 0 {
        return Ok(page);
    }
    let table = index.table(OBJECTS)?;
    let after = listing.after.as_deref().unwrap_or_default();
    let mut start = Some(after.max(listing.prefix.as_str()).to_owned());
    let mut last = None;
    while let Some(from) = start.take() {
        for entry in table.range((listing.bucket.as_str(), from.as_str())..)? {
            let (id, record) = entry?;
            let (bucket, key) = id.value();
            if bucket != listing.bucket || !key.starts_with(&listing.prefix) {
                return Ok(page);
            }
            let delimiter = listing.delimiter.as_deref();
            let common = delimiter.and_then(|delimiter| common_prefix(key, &listing.prefix, delimiter));
            let name = common.unwrap_or(key);
            if listing.after.is_none() || name > after {
                if page.objects.len() + page.common_prefixes.len() == listing.max_entries {
                    page.next = last;
                    return Ok(page);
                }
                last = Some(name.to_owned());
                match common {
                    Some(common) => page.common_prefixes.push(common.to_owned()),
                    None => page.objects.push((key.to_owned(), serde_json::from_slice(record.value())?)),
                }
            }
            if let Some(common) = common {
                start = successor(common);
                break;
            }
        }
    }
    Ok(page)
}

/// What a key under a prefix is rolled up into, if it is.
pub(crate) fn common_prefix<'k>(key: &'k str, prefix: &str, delimiter: &str) -> Option<&'k str> {
    let rest = key.get(prefix.len()..)?;
    key.get(..prefix.len() + rest.find(delimiter)? + delimiter.len())
}

/// The smallest text that sorts after everything that starts with this one; none if there is no such text.
pub(crate) fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // Surrogates are no characters: the range steps over them.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_of_a_prefix_sorts_right_after_everything_under_it() {
        assert_eq!(successor("a/").as_deref(), Some("a0"));
        assert_eq!(successor("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{10FFFF}"), None);
        assert!("a/\u{10FFFF}\u{10FFFF}" < successor("a/").unwrap().as_str());
    }

    #[test]
    fn a_key_is_rolled_up_at_the_first_delimiter_after_the_prefix() {
        assert_eq!(common_prefix("a/b/c", "", "/"), Some("a/"));
        assert_eq!(common_prefix("a/b/c", "a/", "/"), Some("a/b/"));
        assert_eq!(common_prefix("a/b", "a/", "/"), None);
        assert_eq!(common_prefix("a//b", "a/", "/"), Some("a//"));
        assert_eq!(common_prefix("a--b--c", "", "--"), Some("a--"));
    }
}
