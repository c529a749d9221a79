//! What caches are told.

use std::time::Duration;

use crate::access::Access;

/// How long what carries no `max-age` of its own may be kept.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The `Cache-Control` of a thumbnail, given that of all thumbnails.
///
/// What takes a key or a signature is for who has it and not for a cache that others ask, and is kept no longer than the
/// signature is good for.
pub fn cache_control(access: Access, of_thumbnails: &str) -> String {
    let max_age = max_age(of_thumbnails).unwrap_or(DAY);
    match access {
        Access::Open => of_thumbnails.to_owned(),
        Access::Key => format!("private, max-age={}", max_age.as_secs()),
        Access::Signed(left) => format!("private, max-age={}", max_age.min(left).as_secs()),
    }
}

fn max_age(cache_control: &str) -> Option<Duration> {
    let mut directives = cache_control.split(',').map(str::trim);
    if directives.clone().any(|directive| matches!(directive, "no-store" | "no-cache")) {
        return Some(Duration::ZERO);
    }
    let seconds = directives.find_map(|directive| directive.strip_prefix("max-age="))?;
    seconds.parse().ok().map(Duration::from_secs)
}

/// Whether one of the tags of `If-None-Match` is this one. Weak and strong tags are compared alike.
/// <https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match>
pub fn has_match(if_none_match: &str, version: &str) -> bool {
    if_none_match.split(',').map(str::trim).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')) == Some(version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_for_everybody_is_private_and_lasts_as_long_as_the_signature() {
        let all = "public, max-age=86400, immutable";
        assert_eq!(cache_control(Access::Open, all), all);
        assert_eq!(cache_control(Access::Key, all), "private, max-age=86400");
        assert_eq!(cache_control(Access::Signed(Duration::from_secs(60)), all), "private, max-age=60");
        assert_eq!(cache_control(Access::Signed(DAY * 9), "public"), "private, max-age=86400");
        assert_eq!(cache_control(Access::Key, "no-store"), "private, max-age=0");
    }

    #[test]
    fn tags_are_found_in_lists_weak_or_not() {
        for tags in ["\"v\"", "W/\"v\"", "\"a\", \"v\"", "*"] {
            assert!(has_match(tags, "v"), "{tags}");
        }
        for tags in ["", "v", "\"w\"", "\"v", "\"a,v\""] {
            assert!(!has_match(tags, "v"), "{tags}");
        }
    }
}
