//! A job: what was asked for, and how far it is.

use serde::{Deserialize, Serialize};

/// What `CreateJob` is sent.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateJob.html>
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateJob {
    pub(super) client_request_token: String,
    pub(super) operation: Operation,
    pub(super) manifest: Manifest,
    pub(super) report: Report,
    pub(super) priority: u32,
    pub(super) role_arn: String,
    #[serde(default)]
    pub(super) description: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Operation {
    pub(super) lambda_invoke: LambdaInvoke,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LambdaInvoke {
    pub(super) function_arn: String,
    #[serde(default = "first_schema")]
    pub(super) invocation_schema_version: String,
}

fn first_schema() -> String {
    "1.0".to_owned()
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Manifest {
    pub(super) spec: Spec,
    pub(super) location: Location,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Spec {
    pub(super) format: String,
    #[serde(default)]
    pub(super) fields: Members,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Members {
    #[serde(default)]
    pub(super) member: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Location {
    pub(super) object_arn: String,
    #[serde(rename = "ETag")]
    pub(super) etag: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Report {
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) bucket: Option<String>,
    #[serde(default)]
    pub(super) prefix: Option<String>,
    #[serde(default, rename = "ReportScope")]
    pub(super) scope: Option<String>,
}

/// A job's status, by the name that AWS gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Status {
    New,
    Preparing,
    Active,
    Cancelled,
    Complete,
    Failed,
}

impl Status {
    pub(super) fn is_over(self) -> bool {
        matches!(self, Status::Cancelled | Status::Complete | Status::Failed)
    }
}

/// A job.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) asked: CreateJob,
    pub(super) status: Status,
    pub(super) total: u64,
    pub(super) succeeded: u64,
    pub(super) failed: u64,
    /// Why the job itself has failed.
    pub(super) reason: Option<String>,
}

impl CreateJob {
    /// What is wrong with it, in S3 Control's words where they are known.
    pub(super) fn mistake(&self) -> Option<String> {
        let LambdaInvoke { function_arn, invocation_schema_version } = &self.operation.lambda_invoke;
        if !function_arn.starts_with("arn:") || !function_arn.contains(":function:") {
            return Some(format!("{function_arn:?} is no ARN of a Lambda function"));
        }
        if !["1.0", "2.0"].contains(&invocation_schema_version.as_str()) {
            return Some(format!(
                "InvocationSchemaVersion is {invocation_schema_version:?}; it is 1.0 or 2.0"
            ));
        }
        let Spec { format, fields } = &self.manifest.spec;
        if format != "S3BatchOperations_CSV_20180820" || fields.member != ["Bucket", "Key"] {
            return Some("only CSV manifests of Bucket and Key are known here".to_owned());
        }
        if self.report.enabled && self.report.bucket.is_none() {
            return Some("a report needs a bucket".to_owned());
        }
        None
    }
}
