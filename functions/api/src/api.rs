//! What the API is made of.

use thumbline::queue::FailureQueue;
use thumbline::secret::{SecretError, SecretReference};
use thumbline::signing::{KeysError, SigningKeys};
use thumbline::{Aws, Pipeline, S3Store, Settings};

use crate::access::Doorkeeper;

/// Everything that answers requests, made once per environment.
#[derive(Debug)]
pub struct Api {
    pipeline: Pipeline<S3Store>,
    doorkeeper: Doorkeeper,
    failures: Option<FailureQueue>,
}

/// Why the API can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A secret can't be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The secret that the settings name holds no keys.
    #[error("{reference}: {error}")]
    Keys {
        /// Which secret.
        reference: SecretReference,
        /// What is wrong with it.
        error: KeysError,
    },
    /// The secret that the settings name is empty.
    #[error("{0} is empty, and so no key to write with")]
    NoKey(SecretReference),
}

impl Api {
    /// Reads the secrets that the settings name.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(settings: Settings, aws: Aws) -> Result<Api, StartError> {
        let signing_keys = match &settings.api.signing_secret {
            Some(reference) => {
                let keys = SigningKeys::parse(&reference.read(&aws).await?);
                Some(keys.map_err(|error| StartError::Keys { reference: reference.clone(), error })?)
            }
            None => None,
        };
        let shared_key = match &settings.api.key_secret {
            Some(reference) => {
                let key = reference.read(&aws).await?;
                if key.trim().is_empty() {
                    return Err(StartError::NoKey(reference.clone()));
                }
                Some(key)
            }
            None => None,
        };
        let doorkeeper = Doorkeeper::new(settings.api.reading, signing_keys, shared_key.as_deref());
        let failures = settings.api.failure_queue.clone().map(|url| FailureQueue::new(aws.clone(), url));
        Ok(Api { pipeline: Pipeline::new(settings, aws.s3()), doorkeeper, failures })
    }

    /// The pipeline, which uploads go through as well.
    pub fn pipeline(&self) -> &Pipeline<S3Store> {
        &self.pipeline
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        self.pipeline.settings()
    }

    pub(crate) fn doorkeeper(&self) -> &Doorkeeper {
        &self.doorkeeper
    }

    pub(crate) fn failures(&self) -> Option<&FailureQueue> {
        self.failures.as_ref()
    }
}
