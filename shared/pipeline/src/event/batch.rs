//! Jobs of S3 Batch Operations, invocation schema 1.0 and 2.0.
//!
//! `aws_lambda_events::s3::batch_job::S3BatchJobTask` knows schema 1.0 only; 2.0 sends the bucket's name instead of its
//! ARN. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>

use serde::Deserialize;

use super::notification::{form_decoded, hint};
use super::{EnvelopeError, Hint};
use crate::naming::told;

/// The invocation schema of a job, which the answer repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Tasks carry `s3BucketArn`.
    V1,
    /// Tasks carry `s3Bucket`.
    V2,
}

impl Schema {
    /// As it is written in `invocationSchemaVersion`.
    pub fn version(self) -> &'static str {
        match self {
            Schema::V1 => "1.0",
            Schema::V2 => "2.0",
        }
    }
}

/// One invocation for a job.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchJob {
    /// The schema, repeated in the answer.
    pub schema: Schema,
    /// The invocation's id, repeated in the answer.
    pub invocation_id: String,
    /// S3 sends one task per invocation today, and reserves the right to send more.
    pub tasks: Vec<BatchTask>,
}

/// One object of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchTask {
    /// Names the task in the answer.
    pub task_id: String,
    /// The object, or why the task can't be read.
    pub hint: Result<Hint, EnvelopeError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobMessage {
    invocation_schema_version: String,
    invocation_id: String,
    tasks: Vec<TaskMessage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaskMessage {
    task_id: String,
    s3_key: String,
    s3_bucket_arn: Option<String>,
    s3_bucket: Option<String>,
}

impl BatchJob {
    pub(super) fn read(message: serde_json::Value) -> Result<BatchJob, EnvelopeError> {
        let job: JobMessage = serde_json::from_value(message)
            .map_err(|e| EnvelopeError::Malformed { what: "S3 Batch Operations job", detail: told(&e) })?;
        let schema = match job.invocation_schema_version.as_str() {
            "1.0" => Schema::V1,
            "2.0" => Schema::V2,
            other => {
                return Err(EnvelopeError::Malformed {
                    what: "S3 Batch Operations job",
                    detail: format!("invocationSchemaVersion is {other:?}; 1.0 and 2.0 are known"),
                });
            }
        };
        let tasks = job.tasks.into_iter().map(TaskMessage::task).collect();
        Ok(BatchJob { schema, invocation_id: job.invocation_id, tasks })
    }
}

impl TaskMessage {
    fn task(self) -> BatchTask {
        let bucket = match (self.s3_bucket, self.s3_bucket_arn) {
            (Some(name), _) => Ok(name),
            // arn:aws:s3:::name
            (None, Some(arn)) => Ok(arn.rsplit(':').next().unwrap_or_default().to_owned()),
            (None, None) => Err(EnvelopeError::Malformed {
                what: "S3 Batch Operations task",
                detail: format!("task {:?} has neither s3Bucket nor s3BucketArn", self.task_id),
            }),
        };
        let hint = bucket.and_then(|bucket| hint(bucket, form_decoded(&self.s3_key)?));
        BatchTask { task_id: self.task_id, hint }
    }
}
