//! The query of a request, as REST APIs take it apart.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// Decoded names, each with its values in the order in which they came. Names are in the order of the alphabet, which is as
/// good as any: REST APIs don't preserve theirs.
pub(crate) type Parameters = BTreeMap<String, Vec<String>>;

/// Takes a query apart. `None` if it has characters that REST APIs refuse unless they are encoded.
pub(crate) fn parse(query: &str) -> Option<Parameters> {
    if query.contains(['|', '{', '}']) {
        return None;
    }
    let mut parameters = Parameters::new();
    for pair in query.split(['&', ';']).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.entry(decode(name)).or_default().push(decode(value));
    }
    Some(parameters)
}

/// What is no UTF-8 can't be in an event, which is JSON.
fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_once_and_sorted_and_keep_all_their_values() {
        let parsed = parse("z=1&email=a%2Bb@c&plus=a+b&z=2&double=%252F&empty&=x&last=").unwrap();
        let pairs: Vec<_> = parsed.iter().map(|(name, values)| (name.as_str(), values.join("|"))).collect();
        let expected = [
            ("", "x"),
            ("double", "%2F"),
            ("email", "a+b@c"),
            ("empty", ""),
            ("last", ""),
            ("plus", "a b"),
            ("z", "1|2"),
        ];
        assert_eq!(pairs, expected.map(|(name, values)| (name, values.to_owned())));
    }

    #[test]
    fn a_semicolon_splits_and_some_characters_are_refused() {
        assert_eq!(parse("a=1;b=2").unwrap().len(), 2);
        for refused in ["a=|", "{a}=1", "a=}"] {
            assert_eq!(parse(refused), None, "{refused}");
        }
        assert!(parse("a=%7C%7B%7D").is_some());
    }
}
