//! Where a secret is, and reading it: never in plain environment variables, which consoles and logs show.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde_json::json;

use crate::aws::{Aws, AwsError, Service};

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretReference {
    /// The name or ARN of a secret in Secrets Manager, whose text it is. Written as it is, or as `secretsmanager:NAME`.
    SecretsManager(String),
    /// The name of a `SecureString` in SSM's Parameter Store, written as `ssm:NAME`.
    ParameterStore(String),
    /// A file, for machines without AWS, written as `file:PATH`.
    File(PathBuf),
}

/// Why a secret can't be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// AWS does not give it.
    #[error("the secret {reference} can't be read: {source}")]
    Aws {
        /// Where it should be.
        reference: String,
        /// What AWS says.
        source: AwsError,
    },
    /// It has no text.
    #[error("the secret {0} has no text: store it as a string, and not as bytes")]
    NoText(String),
    /// The file can't be read.
    #[error("the secret {reference} can't be read: {source}")]
    File {
        /// Where it should be.
        reference: String,
        /// Why.
        source: std::io::Error,
    },
}

impl FromStr for SecretReference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = |name: &str| {
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
            if is_name { Ok(name.to_owned()) } else { Err(format!("{text:?} names no secret")) }
        };
        if let Some(path) = text.strip_prefix("file:") {
            return if path.is_empty() {
                Err(format!("{text:?} names no file"))
            } else {
                Ok(Self::File(path.into()))
            };
        }
        match text.strip_prefix("ssm:") {
            Some(name) => named(name).map(Self::ParameterStore),
            None => named(text.strip_prefix("secretsmanager:").unwrap_or(text)).map(Self::SecretsManager),
        }
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecretsManager(name) => write!(f, "secretsmanager:{name}"),
            Self::ParameterStore(name) => write!(f, "ssm:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl SecretReference {
    /// Reads the secret, and looks for AWS in the environment only if that is where it is: a machine without AWS would
    /// look for a while.
    ///
    /// # Errors
    /// [`SecretError`]
    pub async fn read_here(&self) -> Result<String, SecretError> {
        match self {
            Self::File(path) => read_file(path, self.to_string()).await,
            Self::SecretsManager(_) | Self::ParameterStore(_) => {
                self.read(&Aws::from_environment().await).await
            }
        }
    }

    /// Reads the secret.
    ///
    /// # Errors
    /// [`SecretError`]
    pub async fn read(&self, aws: &Aws) -> Result<String, SecretError> {
        let reference = self.to_string();
        let (answer, field) = match self {
            Self::File(path) => return read_file(path, reference).await,
            // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
            Self::SecretsManager(name) => (
                aws.call(Service::SecretsManager, "GetSecretValue", json!({ "SecretId": name })).await,
                "/SecretString",
            ),
            // https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
            Self::ParameterStore(name) => {
                let ask = json!({ "Name": name, "WithDecryption": true });
                (aws.call(Service::ParameterStore, "GetParameter", ask).await, "/Parameter/Value")
            }
        };
        let answer = answer.map_err(|source| SecretError::Aws { reference: reference.clone(), source })?;
        let text = answer.pointer(field).and_then(serde_json::Value::as_str);
        text.map(str::to_owned).ok_or(SecretError::NoText(reference))
    }
}

async fn read_file(path: &Path, reference: String) -> Result<String, SecretError> {
    let text = tokio::fs::read_to_string(path).await;
    text.map_err(|source| SecretError::File { reference, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_without_a_scheme_is_a_secret_of_secrets_manager() {
        let parsed = |text: &str| text.parse::<SecretReference>().map(|reference| reference.to_string());
        assert_eq!(parsed("thumbline/signing"), Ok("secretsmanager:thumbline/signing".to_owned()));
        let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:a-b12345";
        assert_eq!(parsed(arn), Ok(format!("secretsmanager:{arn}")));
        assert_eq!(parsed("ssm:/thumbline/keys"), Ok("ssm:/thumbline/keys".to_owned()));
        assert_eq!(parsed("file:keys.txt"), Ok("file:keys.txt".to_owned()));
        for wrong in ["", "file:", "ssm:", "two words"] {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }
}
