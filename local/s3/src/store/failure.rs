//! What can go wrong inside the store, in the two kinds that a transaction must tell apart: a request that is refused
//! changes nothing and leaves its neighbours in the same transaction alone, while a broken index takes the whole
//! transaction down.

use s3s::{S3Error, S3ErrorCode, StdError};

/// Why a step of a transaction did not happen.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request asked for something that S3 answers with this error. Nothing was written.
    Refused(S3Error),
    /// The index, the disk or the event sink failed; the transaction cannot be trusted.
    Broken(StdError),
}

impl Failure {
    pub(crate) fn broken(error: impl Into<StdError>) -> Self {
        Self::Broken(error.into())
    }
}

impl From<S3Error> for Failure {
    fn from(error: S3Error) -> Self {
        Self::Refused(error)
    }
}

macro_rules! broken_by {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Broken(error.into())
            }
        })+
    };
}

broken_by!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    serde_json::Error,
    std::io::Error,
    tokio::task::JoinError,
);

impl From<Failure> for S3Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Broken(source) => {
                tracing::error!(error = %source, "the store failed");
                let mut error = Self::with_message(
                    S3ErrorCode::InternalError,
                    "We encountered an internal error. Please try again.",
                );
                error.set_source(source);
                error
            }
        }
    }
}

/// An S3 error with the words that S3 uses for it.
pub(crate) fn refuse(code: S3ErrorCode, message: &'static str) -> S3Error {
    S3Error::with_message(code, message)
}

pub(crate) fn no_such_bucket() -> S3Error {
    refuse(S3ErrorCode::NoSuchBucket, "The specified bucket does not exist")
}

pub(crate) fn no_such_key() -> S3Error {
    refuse(S3ErrorCode::NoSuchKey, "The specified key does not exist.")
}

pub(crate) fn no_such_upload() -> S3Error {
    refuse(
        S3ErrorCode::NoSuchUpload,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    )
}

pub(crate) fn precondition_failed() -> S3Error {
    refuse(S3ErrorCode::PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}
