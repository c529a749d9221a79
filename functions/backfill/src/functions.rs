//! The functions that a run calls: the one that makes thumbnails, and itself.

use std::future::Future;

use serde_json::Value;
use thumbline::aws::AwsError;
use thumbline::invoke::announcement;
use thumbline::{Aws, Hint};

/// The functions that a run calls.
pub trait Functions: Sync {
    /// Has the resize function look at these pictures, later.
    fn announce(&self, hints: &[Hint]) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// Has this function go on with the run, later.
    fn go_on(&self, event: &Value) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// Lambda's.
#[derive(Clone, Debug)]
pub struct LambdaFunctions<'a> {
    /// What they are invoked through.
    pub aws: &'a Aws,
    /// The resize function, by name, `name:alias` or ARN.
    pub resize: &'a str,
    /// This function, as it was invoked.
    pub own: &'a str,
}

impl Functions for LambdaFunctions<'_> {
    async fn announce(&self, hints: &[Hint]) -> Result<(), AwsError> {
        self.aws.invoke_later(self.resize, &announcement(hints)).await
    }

    async fn go_on(&self, event: &Value) -> Result<(), AwsError> {
        self.aws.invoke_later(self.own, event).await
    }
}
