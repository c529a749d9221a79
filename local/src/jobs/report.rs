//! The completion report: what became of each task.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-examples-reports.html>

use aws_sdk_s3::Client;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::job::CreateJob;

/// An object of the manifest, its key as it stands there: form-urlencoded.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) bucket: String,
    pub(super) key: String,
}

/// A task that has ended.
pub(super) struct Ended {
    pub(super) line: Line,
    /// `Succeeded`, or the code of a failure.
    pub(super) code: String,
    /// What the function said.
    pub(super) said: String,
}

impl Ended {
    /// The job was cancelled before.
    pub(super) fn not_begun(line: Line) -> Ended {
        Ended { line, code: "NotBegun".to_owned(), said: String::new() }
    }

    pub(super) fn is_well(&self) -> bool {
        self.code == "Succeeded"
    }
}

/// Where a job's report goes, below its bucket.
pub(super) fn folder(asked: &CreateJob, id: &str) -> String {
    let prefix = asked.report.prefix.as_deref().unwrap_or_default().trim_end_matches('/');
    if prefix.is_empty() { format!("job-{id}/") } else { format!("{prefix}/job-{id}/") }
}

/// Writes the report of a job: a list for those that went well, if they are asked for, one for those that did not, and a
/// manifest that names the lists.
pub(super) async fn write(s3: &Client, asked: &CreateJob, id: &str, ended: &[Ended]) -> Result<(), String> {
    let bucket = asked.report.bucket.as_deref().and_then(|arn| arn.rsplit(':').next()).unwrap_or_default();
    let folder = folder(asked, id);
    let all = asked.report.scope.as_deref() != Some("FailedTasksOnly");
    let begun: Vec<&Ended> = ended.iter().filter(|ended| ended.code != "NotBegun").collect();
    let mut results = Vec::new();
    for (status, is_well) in [("succeeded", true), ("failed", false)] {
        let some: Vec<&&Ended> = begun.iter().filter(|ended| ended.is_well() == is_well).collect();
        if some.is_empty() || (is_well && !all) {
            continue;
        }
        let key = format!("{folder}results/{}.csv", Uuid::new_v4().simple());
        put(s3, bucket, &key, list(&some, status)?).await?;
        results
            .push(json!({ "TaskExecutionStatus": status, "Bucket": bucket, "MD5Checksum": "", "Key": key }));
    }
    let manifest = json!({
        "Format": "Report_CSV_20180820",
        "ReportCreationDate": OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
        "Results": results,
        "ReportSchema": "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage",
    });
    put(s3, bucket, &format!("{folder}manifest.json"), manifest.to_string().into_bytes()).await
}

fn list(ended: &[&&Ended], status: &str) -> Result<Vec<u8>, String> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for Ended { line, code, said } in ended {
        // In AWS's own examples the status of the request comes before the code, whatever the schema says.
        let code = if code == "Succeeded" { "" } else { code };
        let row = [&line.bucket, &line.key, "", status, "200", code, said];
        writer.write_record(row).map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

async fn put(s3: &Client, bucket: &str, key: &str, body: Vec<u8>) -> Result<(), String> {
    let put = s3.put_object().bucket(bucket).key(key).body(body.into()).send().await;
    put.map(drop).map_err(|error| format!("the report can't be written: {}", error.into_service_error()))
}
