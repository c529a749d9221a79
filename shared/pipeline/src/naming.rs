//! How a process names keys to those who run it: as they are, or as a hash of them.
//!
//! Keys can be people's names, customers' numbers, titles of what is not out yet. Logs are read by more people than the buckets
//! are, and kept elsewhere. With [`Naming::Hashed`] no line of a log and no error that Lambda keeps has a key in it; all that is
//! said of one key can still be found, for the same key always has the same name.
//!
//! The choice is the process's, as is where its log goes: errors that name keys are made in all of its parts, and are logged in
//! others. It is made once, by [`crate::telemetry::init`]; until then, and in programs that never make it, keys are plain.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use crate::layout::hex;

/// Digits of the hash: 64 bits, so that two of a hundred million keys have the same name in one of 3,700 cases.
const DIGITS: usize = 16;

static IN_FORCE: OnceLock<Naming> = OnceLock::new();

/// How keys are named in logs and errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// As they are.
    #[default]
    Plain,
    /// As `sha256:` and the first 16 hexadecimal digits of the SHA-256 of their UTF-8.
    Hashed,
}

impl FromStr for Naming {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "plain" => Ok(Self::Plain),
            "hashed" => Ok(Self::Hashed),
            _ => Err(format!("{text:?} is neither of the two")),
        }
    }
}

impl Naming {
    /// Names keys so from now on. The first choice stays.
    pub(crate) fn choose(self) {
        // A second choice comes from a second start of the log, which is refused as well.
        let _ = IN_FORCE.set(self);
    }

    /// How this process names keys.
    pub fn in_force() -> Naming {
        IN_FORCE.get().copied().unwrap_or_default()
    }

    /// A key's name.
    pub fn name(self, key: &str) -> Named<'_> {
        Named { key, naming: self }
    }

    /// What somebody else says of a request or of data, who may quote keys: `None` where keys are not to be seen.
    pub fn quote(self, words: &str) -> Option<&str> {
        match self {
            Self::Plain => Some(words),
            Self::Hashed => None,
        }
    }
}

/// A key, or a part of one, as this process names it.
pub fn named(key: &str) -> Named<'_> {
    Naming::in_force().name(key)
}

/// What reading JSON says, which quotes values that are not what they should be.
pub fn told(error: &serde_json::Error) -> String {
    let words = error.to_string();
    Naming::in_force()
        .quote(&words)
        .unwrap_or("a field is missing, or not of the type that it should be")
        .to_owned()
}

/// A key's name: as text, and with [`fmt::Debug`] in quotes where it is the key itself.
#[derive(Clone, Copy)]
pub struct Named<'a> {
    key: &'a str,
    naming: Naming,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.naming {
            Naming::Plain => f.write_str(self.key),
            Naming::Hashed => {
                let digest = hex(&Sha256::digest(self.key.as_bytes()));
                write!(f, "sha256:{digest:.DIGITS$}")
            }
        }
    }
}

impl fmt::Debug for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.naming {
            Naming::Plain => write!(f, "{:?}", self.key),
            Naming::Hashed => write!(f, "{self}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hashed_key_is_the_beginning_of_what_sha256sum_prints() {
        let name = Naming::Hashed.name("holiday/photo.jpg").to_string();
        // printf %s holiday/photo.jpg | sha256sum
        assert_eq!(name, "sha256:d177c7b03e9ae38c");
        assert_eq!(format!("{:?}", Naming::Hashed.name("holiday/photo.jpg")), name);
    }

    #[test]
    fn a_plain_key_is_itself_and_quoted_where_it_is_to_be_told_from_words() {
        assert_eq!(Naming::Plain.name("a b.jpg").to_string(), "a b.jpg");
        assert_eq!(format!("{:?}", Naming::Plain.name("a b.jpg")), "\"a b.jpg\"");
    }

    #[test]
    fn other_people_s_words_are_quoted_only_where_keys_may_be_seen() {
        assert_eq!(Naming::Plain.quote("on arn:aws:s3:::b/a.jpg"), Some("on arn:aws:s3:::b/a.jpg"));
        assert_eq!(Naming::Hashed.quote("on arn:aws:s3:::b/a.jpg"), None);
    }

    #[test]
    fn there_are_two_ways_and_no_third() {
        assert_eq!("hashed".parse(), Ok(Naming::Hashed));
        assert!("sha256".parse::<Naming>().is_err());
    }
}
