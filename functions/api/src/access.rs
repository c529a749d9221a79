//! Who may do what. Decided before anything is asked of S3.

use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thumbline::settings::Reading;
use thumbline::signing::{EXPIRES, KEY_ID, SIGNATURE, SignatureError, SigningKeys};

use crate::event::Request;
use crate::problem::Problem;

/// The header in which API keys come.
const API_KEY: &str = "x-api-key";

/// On what ground somebody may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody may.
    Open,
    /// The URL is signed, and is good for as long.
    Signed(Duration),
    /// An API key was checked.
    Key,
}

/// What decides it.
#[derive(Debug)]
pub struct Doorkeeper {
    reading: Reading,
    signing_keys: Option<SigningKeys>,
    shared_key: Option<SharedKey>,
}

/// A key that is compared without telling how much of it was right.
struct SharedKey([u8; 32]);

impl std::fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedKey")
    }
}

impl SharedKey {
    fn matches(&self, given: &str) -> bool {
        let given: [u8; 32] = Sha256::digest(given.as_bytes()).into();
        self.0.ct_eq(&given).into()
    }
}

impl Doorkeeper {
    /// `shared_key` is for senders that check no keys themselves.
    pub fn new(reading: Reading, signing_keys: Option<SigningKeys>, shared_key: Option<&str>) -> Doorkeeper {
        let shared_key = shared_key.map(|key| SharedKey(Sha256::digest(key.trim().as_bytes()).into()));
        Doorkeeper { reading, signing_keys, shared_key }
    }

    /// Whether somebody may read thumbnails and manifests.
    ///
    /// # Errors
    /// 403, where a signature is wrong even if none was needed: who signs means it.
    pub fn admit_reader(&self, request: &Request) -> Result<Access, Problem> {
        if request.query.iter().any(|(name, _)| [EXPIRES, KEY_ID, SIGNATURE].contains(&name.as_str())) {
            return self.verify(request).map(Access::Signed).map_err(|error| refused(&error));
        }
        match self.reading {
            _ if self.has_key(request) => Ok(Access::Key),
            Reading::Open => Ok(Access::Open),
            Reading::Signed => Err(refused(&SignatureError::Missing)),
            Reading::Key => Err(key_needed()),
        }
    }

    /// Whether somebody may do all the rest.
    ///
    /// # Errors
    /// 403
    pub fn admit_owner(&self, request: &Request) -> Result<(), Problem> {
        if self.has_key(request) { Ok(()) } else { Err(key_needed()) }
    }

    fn has_key(&self, request: &Request) -> bool {
        let given = request.header(API_KEY).unwrap_or_default();
        request.key_checked || self.shared_key.as_ref().is_some_and(|key| key.matches(given))
    }

    fn verify(&self, request: &Request) -> Result<Duration, SignatureError> {
        let keys = self.signing_keys.as_ref().ok_or(SignatureError::NotInUse)?;
        keys.verify(&request.path, &request.query, request.query_is_as_sent, SystemTime::now())
    }
}

fn refused(error: &SignatureError) -> Problem {
    Problem { parameter: Some(SIGNATURE), ..Problem::forbidden("signature", error.to_string()) }
}

fn key_needed() -> Problem {
    let detail = format!("an API key is needed, in the header {API_KEY}");
    Problem { parameter: Some(API_KEY), ..Problem::forbidden("api_key", detail) }
}
