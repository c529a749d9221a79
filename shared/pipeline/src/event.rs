//! The envelopes in which word of a picture arrives, and what is taken out of them: bucket and key, nothing else.
//!
//! One picture can be announced by an S3 notification, by the same wrapped in SNS, SQS, EventBridge or a record of
//! Lambda's failure queue (or several of these around each other), or by an S3 Batch Operations job. They differ in how
//! they encode keys and in what answer they want, and [`Envelope`] keeps just that difference.

mod batch;
mod notification;
mod read;

pub use batch::{BatchJob, BatchTask, Schema};
pub use read::{Envelope, EnvelopeError, QueueMessage};

/// Word that something changed under a key. Never data about it: whoever acts on a hint asks S3 what is true.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hint {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, decoded: exactly the bytes that S3 has.
    pub key: String,
}
