//! What SQS refuses, and how it says so.
//!
//! The JSON protocol names an error by its shape; clients written against the older query protocol know it by another
//! code, which goes into `x-amzn-query-error`. Both are those of the SQS API reference and the service model.

use http::StatusCode;

use crate::database::StoreError;

/// Why a request to a queue failed.
#[derive(Debug, thiserror::Error)]
pub enum SqsError {
    /// There is no such queue.
    #[error("The specified queue does not exist.")]
    QueueDoesNotExist,
    /// It exists with another configuration.
    #[error(
        "A queue already exists with the same name and a different value for attribute(s) of the request"
    )]
    QueueNameExists,
    /// The handle was not given out by this queue.
    #[error("The input receipt handle \"{0}\" is not a valid receipt handle.")]
    ReceiptHandleIsInvalid(String),
    /// A parameter has a value that it cannot have.
    #[error("{0}")]
    InvalidParameterValue(String),
    /// A parameter is missing.
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    /// There is no such attribute of a queue.
    #[error("Unknown Attribute {0}.")]
    InvalidAttributeName(String),
    /// The message has characters that XML does not allow.
    #[error(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )]
    InvalidMessageContents,
    /// A batch with nothing in it.
    #[error("There should be at least one entry in the request.")]
    EmptyBatchRequest,
    /// A batch with more than ten entries.
    #[error("Maximum number of entries per request are 10. You have sent {0}.")]
    TooManyEntriesInBatchRequest(usize),
    /// Two entries of a batch share an id.
    #[error("Id {0} repeated.")]
    BatchEntryIdsNotDistinct(String),
    /// All entries of a batch together are too long.
    #[error("Batch requests cannot be longer than {max} bytes. You have sent {sent} bytes.")]
    BatchRequestTooLong {
        /// The limit in bytes.
        max: usize,
        /// What was sent, in bytes.
        sent: usize,
    },
    /// The stack's SQS does not know the operation.
    #[error("The action {0} is not valid for this endpoint.")]
    InvalidAction(String),
    /// The body is not what the operation takes.
    #[error("{0}")]
    Serialization(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SqsError {
    /// The shape that the JSON protocol names the error by.
    pub(crate) fn shape(&self) -> &'static str {
        match self {
            Self::QueueDoesNotExist => "com.amazonaws.sqs#QueueDoesNotExist",
            Self::QueueNameExists => "com.amazonaws.sqs#QueueNameExists",
            Self::ReceiptHandleIsInvalid(_) => "com.amazonaws.sqs#ReceiptHandleIsInvalid",
            Self::InvalidParameterValue(_) => "com.amazon.coral.service#InvalidParameterValueException",
            Self::MissingParameter(_) => "com.amazon.coral.service#MissingRequiredParameterException",
            Self::InvalidAttributeName(_) => "com.amazonaws.sqs#InvalidAttributeName",
            Self::InvalidMessageContents => "com.amazonaws.sqs#InvalidMessageContents",
            Self::EmptyBatchRequest => "com.amazonaws.sqs#EmptyBatchRequest",
            Self::TooManyEntriesInBatchRequest(_) => "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
            Self::BatchEntryIdsNotDistinct(_) => "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong { .. } => "com.amazonaws.sqs#BatchRequestTooLong",
            Self::InvalidAction(_) => "com.amazon.coral.service#UnknownOperationException",
            Self::Serialization(_) => "com.amazon.coral.service#SerializationException",
            Self::Store(_) => "com.amazon.coral.service#InternalFailure",
        }
    }

    /// The code that the query protocol knows the error by.
    pub(crate) fn query_code(&self) -> &'static str {
        match self {
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            Self::QueueNameExists => "QueueAlreadyExists",
            Self::ReceiptHandleIsInvalid(_) => "ReceiptHandleIsInvalid",
            Self::InvalidParameterValue(_) => "InvalidParameterValue",
            Self::MissingParameter(_) => "MissingParameter",
            Self::InvalidAttributeName(_) => "InvalidAttributeName",
            Self::InvalidMessageContents => "InvalidMessageContents",
            Self::EmptyBatchRequest => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::TooManyEntriesInBatchRequest(_) => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            Self::BatchEntryIdsNotDistinct(_) => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong { .. } => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::InvalidAction(_) => "InvalidAction",
            Self::Serialization(_) => "MalformedInput",
            Self::Store(_) => "InternalFailure",
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Whether the sender is at fault, rather than the service.
    pub(crate) fn is_senders_fault(&self) -> bool {
        self.status().is_client_error()
    }
}
