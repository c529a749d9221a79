//! The gate between the protocol and the operations: who may pass, what each request is called, and which faults
//! strike it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::Errand;
use super::strictness::{check_signature, check_sub_resource};
use crate::store::failure::refuse;
use crate::{Credentials, Effect, Faults};

/// The one pair of keys.
pub(super) struct KeyRing {
    access_key_id: String,
    secret_key: SecretKey,
}

impl KeyRing {
    pub(super) fn new(credentials: &Credentials) -> Self {
        Self {
            access_key_id: credentials.access_key_id.clone(),
            secret_key: SecretKey::from(credentials.secret_access_key.clone()),
        }
    }
}

#[async_trait::async_trait]
impl S3Auth for KeyRing {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.access_key_id {
            return Ok(self.secret_key.clone());
        }
        Err(refuse(
            S3ErrorCode::InvalidAccessKeyId,
            "The AWS Access Key Id you provided does not exist in our records.",
        ))
    }
}

/// Whose requests may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// Those that are signed.
    Signed,
    /// All: their signatures have been checked already.
    Vouched,
}

/// Lets requests pass, unless a fault strikes them.
pub(super) struct Gate {
    admission: Admission,
    region: String,
    faults: Faults,
}

impl Gate {
    pub(super) fn new(admission: Admission, region: String, faults: Faults) -> Self {
        Self { admission, region, faults }
    }
}

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if self.admission == Admission::Signed && context.credentials().is_none() {
            return Err(refuse(S3ErrorCode::AccessDenied, "Access Denied"));
        }
        let operation = context.s3_op().name().to_owned();
        let errand = context.extensions_mut().get::<Arc<Errand>>().cloned();
        if let Some(errand) = &errand {
            // Set once only, as a request has one operation.
            let _ = errand.operation.set(operation.clone());
        }
        check_sub_resource(&operation, context.uri())?;
        if self.admission == Admission::Signed {
            check_signature(context.headers(), context.uri(), &self.region)?;
        }
        let effects = {
            let path = context.s3_path();
            self.faults.strike(&operation, path.get_bucket_name(), path.get_object_key())
        };
        for effect in effects {
            if let Effect::Delay(time) = effect {
                tokio::time::sleep(time).await;
            } else if let Some(error) = effect.error() {
                return Err(error);
            } else {
                if let Some(errand) = &errand {
                    errand.drop_connection.store(true, Ordering::Relaxed);
                }
                return Err(S3Error::new(S3ErrorCode::ServiceUnavailable));
            }
        }
        Ok(())
    }
}
