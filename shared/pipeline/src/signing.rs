//! Signed URLs: who has a key says what may be fetched and until when, and nobody can change a letter of it.
//!
//! # What is signed
//!
//! One line of ASCII: the path below the API's base, then `?`, then all parameters but `signature` in the order of their
//! names, joined by `&`. The path and every name and value are percent-encoded from their decoded form, so that each has
//! but one form: all bytes but `A–Z a–z 0–9 - . _ ~` and the path's `/` become `%XX` in capitals.
//!
//! ```text
//! /thumbnails/trip/a%20b.jpg?expires=1893456000&fit=cover&h=200&kid=2026a&w=200
//! ```
//!
//! The URL is this line, `&signature=`, and the HMAC-SHA256 of the line in base64url without padding.
//!
//! # What is refused
//!
//! Everything else: a parameter twice, parameters in another order, an expiry in another form or past, an unknown key.
//! A REST API of API Gateway does not preserve the order of parameters; there it can't be seen, and need not be, for the
//! signature is over the parameters in the order of their names.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use sha2::Sha256;

/// The parameter that says until when, in seconds since 1970.
pub const EXPIRES: &str = "expires";
/// The parameter that names the key.
pub const KEY_ID: &str = "kid";
/// The parameter that holds the signature.
pub const SIGNATURE: &str = "signature";

/// Keys that are valid at the same time: the one in use, and the one before or after it.
const MAX_KEYS: usize = 2;
/// Fewer bytes can be guessed; HMAC-SHA256 gains nothing by more than 64.
const MIN_KEY_BYTES: usize = 16;

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const ENCODED_IN_PATH: &AsciiSet = &ENCODED.remove(b'/');

/// The keys that URLs are signed with.
#[derive(Clone)]
pub struct SigningKeys(Vec<SigningKey>);

#[derive(Clone)]
struct SigningKey {
    id: String,
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

/// What is wrong with a text that should be keys. The text itself is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the signing keys can't be read: {0}; expected: one or two lines of ID:BASE64, or a JSON object of the same, \
     with at least {MIN_KEY_BYTES} bytes in each key"
)]
pub struct KeysError(String);

/// Why a signature is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("a signature is needed: the parameters {EXPIRES}, {KEY_ID} and {SIGNATURE}")]
    Missing,
    /// No keys are configured.
    #[error("signed URLs are not in use here")]
    NotInUse,
    /// A parameter is there twice.
    #[error("the parameter {0} is there twice")]
    Repeated(String),
    /// The parameters are not in the order in which they were signed.
    #[error("the parameters are not in the order of their names, with {SIGNATURE} last")]
    Order,
    /// The expiry is no number of seconds.
    #[error("{EXPIRES} is not a number of seconds since 1970, as it is written without zeros before it")]
    Expires,
    /// It has expired.
    #[error("the URL has expired")]
    Expired,
    /// The key is not known.
    #[error("the key {KEY_ID} is not, or no longer, valid")]
    UnknownKey,
    /// The signature is not that of this URL.
    #[error("the signature is not that of this path and these parameters")]
    Mismatch,
}

impl SigningKeys {
    /// Reads keys, as they are kept in a secret. The first of them is the one to sign with.
    ///
    /// # Errors
    /// [`KeysError`]
    pub fn parse(text: &str) -> Result<SigningKeys, KeysError> {
        let pairs: Vec<(String, String)> = match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(object) => object
                .into_iter()
                .map(|(id, secret)| match secret {
                    Value::String(secret) => Ok((id, secret)),
                    _ => Err(KeysError(format!("the key {id:?} is not a string"))),
                })
                .collect::<Result<_, _>>()?,
            Err(_) => text
                .split_whitespace()
                .map(|line| line.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned())))
                .collect::<Option<_>>()
                .ok_or_else(|| KeysError("a line has no `:` after an id".to_owned()))?,
        };
        let keys = pairs.into_iter().map(|(id, secret)| SigningKey::read(id, &secret));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        match keys.as_slice() {
            [] => Err(KeysError("there is none".to_owned())),
            [a, b] if a.id == b.id => Err(KeysError(format!("{:?} is there twice", a.id))),
            _ if keys.len() > MAX_KEYS => Err(KeysError(format!("there are more than {MAX_KEYS}"))),
            _ => Ok(SigningKeys(keys)),
        }
    }

    /// The ids of the keys, the one to sign with first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    /// The path and query of a signed URL, to be put after the API's base. `None` where there is no key of this id.
    ///
    /// `path` is decoded and begins with `/`; `parameters` are decoded too, and none of the three that are added here.
    pub fn sign(
        &self,
        key_id: Option<&str>,
        path: &str,
        parameters: &[(String, String)],
        expires: u64,
    ) -> Option<String> {
        let key = match key_id {
            Some(id) => self.0.iter().find(|key| key.id == id)?,
            None => self.0.first()?,
        };
        let mut parameters = parameters.to_vec();
        parameters.push((EXPIRES.to_owned(), expires.to_string()));
        parameters.push((KEY_ID.to_owned(), key.id.clone()));
        parameters.sort();
        let line = signed_line(path, &parameters);
        let signature = BASE64_URL_SAFE_NO_PAD.encode(key.mac(&line).finalize().into_bytes());
        Some(format!("{line}&{SIGNATURE}={signature}"))
    }

    /// Checks a URL. `query` is decoded; its order is held against the signed one if it is `as_sent`.
    ///
    /// The answer is how long the URL is still good for.
    ///
    /// # Errors
    /// [`SignatureError`]
    pub fn verify(
        &self,
        path: &str,
        query: &[(String, String)],
        as_sent: bool,
        now: SystemTime,
    ) -> Result<Duration, SignatureError> {
        check_repetition(query)?;
        if as_sent {
            check_order(query)?;
        }
        let value = |wanted: &str| {
            let found = query.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
            found.ok_or(SignatureError::Missing)
        };
        let (signature, id, expires) = (value(SIGNATURE)?, value(KEY_ID)?, value(EXPIRES)?);
        let seconds: u64 = expires.parse().map_err(|_| SignatureError::Expires)?;
        if seconds.to_string() != expires {
            return Err(SignatureError::Expires);
        }
        let key = self.0.iter().find(|key| key.id == id).ok_or(SignatureError::UnknownKey)?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| SignatureError::Mismatch)?;
        let parameters: Vec<_> = query.iter().filter(|(name, _)| name != SIGNATURE).cloned().collect();
        // In constant time: how much of it was right must not be told by how long it took.
        let is_right = key.mac(&signed_line(path, &parameters)).verify_slice(&signature);
        is_right.map_err(|_| SignatureError::Mismatch)?;
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let left = Duration::from_secs(seconds).checked_sub(now).filter(|left| !left.is_zero());
        left.ok_or(SignatureError::Expired)
    }
}

impl SigningKey {
    fn read(id: String, secret: &str) -> Result<SigningKey, KeysError> {
        let is_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !is_id {
            return Err(KeysError(format!("the id {id:?} may have letters, digits, `-`, `_` and `.` only")));
        }
        let secret = BASE64_STANDARD.decode(secret).or_else(|_| BASE64_URL_SAFE_NO_PAD.decode(secret));
        let secret = secret.map_err(|_| KeysError(format!("the key {id:?} is not Base64")))?;
        if secret.len() < MIN_KEY_BYTES {
            return Err(KeysError(format!("the key {id:?} has {} bytes", secret.len())));
        }
        let mac = Hmac::new_from_slice(&secret).map_err(|error| KeysError(format!("{id:?}: {error}")))?;
        Ok(SigningKey { id, mac })
    }

    fn mac(&self, line: &str) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(line.as_bytes());
        mac
    }
}

fn check_repetition(query: &[(String, String)]) -> Result<(), SignatureError> {
    let mut names: Vec<&str> = query.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let twice = names.iter().zip(names.iter().skip(1)).find(|(name, next)| name == next);
    twice.map_or(Ok(()), |(name, _)| Err(SignatureError::Repeated((*name).to_owned())))
}

/// Parameters in the order of their names, and the signature last.
fn check_order(query: &[(String, String)]) -> Result<(), SignatureError> {
    match query.split_last() {
        Some(((last, _), signed)) if last == SIGNATURE && signed.is_sorted_by_key(|(name, _)| name) => Ok(()),
        _ if query.iter().any(|(name, _)| name == SIGNATURE) => Err(SignatureError::Order),
        _ => Err(SignatureError::Missing),
    }
}

fn signed_line(path: &str, parameters: &[(String, String)]) -> String {
    let mut parameters = parameters.to_vec();
    parameters.sort();
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    format!("{}?{}", encoded_path(path), pairs.join("&"))
}

/// A path as URLs have it, from its decoded form.
pub fn encoded_path(path: &str) -> String {
    utf8_percent_encode(path, ENCODED_IN_PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/thumbnails/trip/a b+ü/%41.jpg";

    fn keys() -> SigningKeys {
        SigningKeys::parse("2026a:MDEyMzQ1Njc4OWFiY2RlZg==\n2026b:ZmVkY2JhOTg3NjU0MzIxMA==").unwrap()
    }

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    type Query = Vec<(String, String)>;

    fn pairs(pairs: &[(&str, &str)]) -> Query {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// What a server is given of a URL: its query, decoded.
    fn query(url: &str) -> Query {
        let decoded =
            |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let pairs = url.split_once('?').unwrap().1.split('&').map(|pair| pair.split_once('=').unwrap());
        pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
    }

    fn signed(key_id: Option<&str>) -> Query {
        let parameters = pairs(&[("w", "640"), ("format", "auto"), ("fit", "cover")]);
        query(&keys().sign(key_id, PATH, &parameters, 1_800_000_060).unwrap())
    }

    #[test]
    fn a_signed_url_is_as_documented() {
        let url = keys().sign(None, "/thumbnails/a b~!.jpg", &pairs(&[("w", "640")]), 1_893_456_000).unwrap();
        let (line, signature) = url.split_once("&signature=").unwrap();
        assert_eq!(line, "/thumbnails/a%20b~%21.jpg?expires=1893456000&kid=2026a&w=640");
        // openssl dgst -sha256 -hmac 0123456789abcdef -binary | basenc --base64url, of that line
        assert_eq!(signature, "QutwHnXL2M_ji9ll6ha75ZSg1IhofEFy9HIF0aDyPPo");
    }

    #[test]
    fn both_keys_are_valid_and_a_removed_one_is_not() {
        let (first, second) = (signed(None), signed(Some("2026b")));
        assert_eq!(keys().verify(PATH, &first, true, now()), Ok(Duration::from_secs(60)));
        assert_eq!(keys().verify(PATH, &second, true, now()), Ok(Duration::from_secs(60)));
        let rotated = SigningKeys::parse(r#"{"2026b":"ZmVkY2JhOTg3NjU0MzIxMA=="}"#).unwrap();
        assert_eq!(rotated.verify(PATH, &first, true, now()), Err(SignatureError::UnknownKey));
        assert!(rotated.verify(PATH, &second, true, now()).is_ok());
        assert_eq!(keys().sign(Some("2025"), PATH, &[], 1), None);
    }

    #[test]
    fn every_change_is_refused() {
        let changed = |change: &dyn Fn(&mut Query)| {
            let mut query = signed(None);
            change(&mut query);
            keys().verify(PATH, &query, true, now())
        };
        assert!(changed(&|_| ()).is_ok());
        assert_eq!(changed(&|query| query.swap(0, 1)), Err(SignatureError::Order));
        assert_eq!(
            changed(&|query| query.insert(0, ("signature".into(), "x".into()))),
            Err(SignatureError::Repeated("signature".into()))
        );
        assert_eq!(
            changed(&|query| query.push(("w".into(), "9".into()))),
            Err(SignatureError::Repeated("w".into()))
        );
        for parameter in 0..signed(None).len() {
            let result = changed(&|query| query[parameter].1.push('1'));
            assert!(result.is_err(), "{parameter}");
            let result = changed(&|query| drop(query.remove(parameter)));
            assert!(result.is_err(), "without {parameter}");
        }
        for path in [
            "/thumbnails/trip/a b+ü/A.jpg",
            "/manifests/trip/a b+ü/%41.jpg",
            "/thumbnails/trip/a b+ü/%41.jpg/",
        ] {
            assert_eq!(
                keys().verify(path, &signed(None), true, now()),
                Err(SignatureError::Mismatch),
                "{path}"
            );
        }
        assert_eq!(
            keys().verify(PATH, &signed(None), true, now() + Duration::from_secs(60)),
            Err(SignatureError::Expired)
        );
    }

    #[test]
    fn where_the_order_is_lost_it_is_not_asked_for() {
        let mut query = signed(None);
        query.sort();
        assert_eq!(keys().verify(PATH, &query, true, now()), Err(SignatureError::Order));
        assert!(keys().verify(PATH, &query, false, now()).is_ok());
    }

    #[test]
    fn an_expiry_has_one_form() {
        for expires in ["+1800000060", "01800000060", " 1800000060", "1.8e9", "", "99999999999999999999"] {
            let query = pairs(&[("expires", expires), ("kid", "2026a"), ("signature", "x")]);
            assert_eq!(keys().verify(PATH, &query, true, now()), Err(SignatureError::Expires), "{expires}");
        }
    }

    #[test]
    fn keys_are_one_or_two_and_long_enough() {
        let good = "0123456789abcdef";
        let encoded = BASE64_STANDARD.encode(good);
        assert!(SigningKeys::parse(&format!("a:{encoded}")).is_ok());
        for wrong in [
            String::new(),
            "{}".to_owned(),
            encoded.clone(),
            format!("a:{}", BASE64_STANDARD.encode("short")),
            format!("a:{encoded} a:{encoded}"),
            format!("a:{encoded} b:{encoded} c:{encoded}"),
            format!("a b:{encoded}"),
            r#"{"a":1}"#.to_owned(),
        ] {
            let error = SigningKeys::parse(&wrong).unwrap_err().to_string();
            assert!(!error.contains(&encoded), "{error}");
        }
    }
}
