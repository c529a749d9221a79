//! S3 Control's two requests for jobs, in the XML that it speaks.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateJob.html>

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result};
use http::Method;
use quick_xml::escape::escape;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thumbline::Aws;
use thumbline::aws::{Ask, AwsError, Service};

const PATH: &str = "/v20180820/jobs";
const NAMESPACE: &str = "http://awss3control.amazonaws.com/doc/2018-08-20/";

/// How often a request is made again that may work then. A token keeps a job from being created twice.
const ATTEMPTS: u32 = 4;

/// The ARN of a role, which also says in which account and partition everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    arn: String,
    partition: String,
    account: String,
}

impl Role {
    pub(super) fn partition(&self) -> &str {
        &self.partition
    }

    pub(super) fn account(&self) -> &str {
        &self.account
    }
}

impl FromStr for Role {
    type Err = String;

    /// `arn:PARTITION:iam::ACCOUNT:role/NAME`
    fn from_str(text: &str) -> Result<Role, String> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts[..] {
            ["arn", partition, "iam", "", account, name]
                if account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && name.strip_prefix("role/").is_some_and(|name| !name.is_empty()) =>
            {
                Ok(Role {
                    arn: text.to_owned(),
                    partition: partition.to_owned(),
                    account: account.to_owned(),
                })
            }
            _ => Err(format!("{text:?} is no role's ARN, such as arn:aws:iam::123456789012:role/NAME")),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

/// What a job is to be.
pub(super) struct JobAsk {
    /// Makes the same request sent twice one job.
    pub(super) token: String,
    pub(super) description: String,
    pub(super) manifest_arn: String,
    pub(super) manifest_etag: String,
    pub(super) report_bucket_arn: String,
    pub(super) report_prefix: String,
    pub(super) function_arn: String,
    pub(super) role_arn: String,
}

/// How a job stands.
pub(super) struct JobState {
    /// Such as `Active`.
    pub(super) status: String,
    pub(super) total: u64,
    pub(super) succeeded: u64,
    pub(super) failed: u64,
    /// Why the job as a whole has failed.
    pub(super) reasons: Vec<String>,
}

impl JobState {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-job-status.html>
    pub(super) fn is_over(&self) -> bool {
        ["Complete", "Failed", "Cancelled"].contains(&self.status.as_str())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    job_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    job: Job,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Job {
    status: String,
    #[serde(default)]
    progress_summary: Summary,
    #[serde(default)]
    failure_reasons: Reasons,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Summary {
    total_number_of_tasks: u64,
    number_of_tasks_succeeded: u64,
    number_of_tasks_failed: u64,
}

#[derive(Default, Deserialize)]
struct Reasons {
    #[serde(default)]
    member: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reason {
    #[serde(default)]
    failure_code: String,
    #[serde(default)]
    failure_reason: String,
}

/// S3 Control, for one account.
pub(super) struct Control {
    aws: Aws,
    account: String,
}

impl Control {
    pub(super) fn new(aws: Aws, account: &str) -> Control {
        Control { aws, account: account.to_owned() }
    }

    /// Creates a job, which begins by itself. Its id.
    pub(super) async fn create(&self, ask: &JobAsk) -> Result<String> {
        let answer: Created = self.ask("CreateJob", Method::POST, PATH, body(ask)).await?;
        Ok(answer.job_id)
    }

    /// How a job stands.
    pub(super) async fn describe(&self, id: &str) -> Result<JobState> {
        let answer: Described =
            self.ask("DescribeJob", Method::GET, &format!("{PATH}/{id}"), String::new()).await?;
        let Job { status, progress_summary: summary, failure_reasons } = answer.job;
        let reasons = failure_reasons.member.into_iter();
        Ok(JobState {
            status,
            total: summary.total_number_of_tasks,
            succeeded: summary.number_of_tasks_succeeded,
            failed: summary.number_of_tasks_failed,
            reasons: reasons.map(|r| format!("{}: {}", r.failure_code, r.failure_reason)).collect(),
        })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<T> {
        let ask = Ask::post(Service::S3Control, operation, path, body.into_bytes())
            .header("x-amz-account-id", &self.account)
            .header("content-type", "application/xml");
        let ask = Ask { method, host_prefix: format!("{}.", self.account), ..ask };
        let mut attempt = 1;
        let answer = loop {
            match self.aws.send(ask.clone()).await {
                Err(error) if attempt < ATTEMPTS && AwsError::may_pass(&error) => {
                    tokio::time::sleep(std::time::Duration::from_secs(1 << attempt)).await;
                    attempt += 1;
                }
                answer => break answer?,
            }
        };
        let text =
            String::from_utf8(answer.body).with_context(|| format!("{operation}: the answer is no text"))?;
        quick_xml::de::from_str(&text).with_context(|| format!("{operation}: the answer can't be read"))
    }
}

fn body(ask: &JobAsk) -> String {
    let JobAsk { token, description, manifest_arn, manifest_etag, .. } = ask;
    format!(
        "<CreateJobRequest xmlns=\"{NAMESPACE}\">\
         <ConfirmationRequired>false</ConfirmationRequired>\
         <Operation><LambdaInvoke><FunctionArn>{}</FunctionArn>\
         <InvocationSchemaVersion>2.0</InvocationSchemaVersion></LambdaInvoke></Operation>\
         <Report><Bucket>{}</Bucket><Format>Report_CSV_20180820</Format><Enabled>true</Enabled>\
         <Prefix>{}</Prefix><ReportScope>FailedTasksOnly</ReportScope></Report>\
         <ClientRequestToken>{}</ClientRequestToken>\
         <Manifest><Spec><Format>S3BatchOperations_CSV_20180820</Format>\
         <Fields><member>Bucket</member><member>Key</member></Fields></Spec>\
         <Location><ObjectArn>{}</ObjectArn><ETag>{}</ETag></Location></Manifest>\
         <Description>{}</Description><Priority>10</Priority><RoleArn>{}</RoleArn>\
         </CreateJobRequest>",
        escape(&ask.function_arn),
        escape(&ask.report_bucket_arn),
        escape(&ask.report_prefix),
        escape(token),
        escape(manifest_arn),
        escape(manifest_etag),
        escape(description),
        escape(&ask.role_arn),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_has_just_begun_says_little_of_itself() {
        let text = "<DescribeJobResult xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\"><Job><JobId>a</JobId>\
                    <Status>New</Status><FailureReasons/></Job></DescribeJobResult>";
        let described: Described = quick_xml::de::from_str(text).unwrap();
        assert_eq!(
            (described.job.status.as_str(), described.job.progress_summary.total_number_of_tasks),
            ("New", 0)
        );
        assert!(described.job.failure_reasons.member.is_empty());
    }
}
