//! From S3 to Lambda: an object and the event about it are one transaction.

use std::error::Error;

use redb::WriteTransaction;
use thumbline_local_lambda::Lambda;
use thumbline_local_s3::EventSink;

/// Hands notifications to the functions that their rules name.
pub(crate) struct Functions(pub(crate) Lambda);

impl EventSink for Functions {
    fn enqueue(
        &self,
        transaction: &WriteTransaction,
        target: &str,
        payload: &str,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.enqueue_in(transaction, target, payload)?;
        Ok(())
    }

    fn committed(&self) {
        self.0.wake();
    }
}
