//! A job at work: the manifest, a task for each of its lines, the report.

use std::time::Duration;

use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Jobs;
use super::job::{CreateJob, Status};
use super::report::{self, Ended, Line};

/// Tasks at once.
const AT_ONCE: usize = 4;
/// How often a task is tried that fails for now.
const ATTEMPTS: u32 = 3;
/// Before it is tried again. On AWS that takes longer.
const AFTER_A_FAILURE: Duration = Duration::from_millis(100);

/// Does all of a job.
pub(super) async fn run(jobs: Jobs, id: String) {
    let Some(asked) = jobs.update(&id, |job| {
        job.status = Status::Preparing;
        job.asked.clone()
    }) else {
        return;
    };
    if let Err(reason) = work(&jobs, &id, &asked).await {
        jobs.update(&id, |job| {
            job.status = Status::Failed;
            job.reason = Some(reason);
        });
    }
}

async fn work(jobs: &Jobs, id: &str, asked: &CreateJob) -> Result<(), String> {
    let function_arn = &asked.operation.lambda_invoke.function_arn;
    let may = |action: &str, resource: &str| {
        if jobs.allows(&asked.role_arn, action, resource) {
            Ok(())
        } else {
            Err(format!("the role {} may not {action} {resource}", asked.role_arn))
        }
    };
    may("s3:GetObject", &asked.manifest.location.object_arn)?;
    may("lambda:InvokeFunction", function_arn)?;
    if let (true, Some(bucket)) = (asked.report.enabled, &asked.report.bucket) {
        may("s3:PutObject", &format!("{bucket}/{}", report::folder(asked, id)))?;
    }
    let lines = manifest(jobs, asked).await?;
    let total = lines.len() as u64;
    jobs.update(id, |job| {
        job.total = total;
        // Somebody may have cancelled it meanwhile.
        if job.status == Status::Preparing {
            job.status = Status::Active;
        }
    });
    let ended: Vec<Ended> = stream::iter(lines)
        .map(|line| async move {
            let is_on = jobs.update(id, |job| job.status == Status::Active) == Some(true);
            let ended = if is_on { task(jobs, id, asked, line).await } else { Ended::not_begun(line) };
            if is_on {
                jobs.update(id, |job| {
                    *(if ended.is_well() { &mut job.succeeded } else { &mut job.failed }) += 1;
                });
            }
            ended
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    if asked.report.enabled {
        report::write(&jobs.s3, asked, id, &ended).await?;
    }
    jobs.update(id, |job| {
        if job.status == Status::Active {
            job.status = Status::Complete;
        }
    });
    Ok(())
}

/// The lines of the manifest, which must still be the one that was meant.
async fn manifest(jobs: &Jobs, asked: &CreateJob) -> Result<Vec<Line>, String> {
    let location = &asked.manifest.location;
    let place = location.object_arn.split_once(":::").and_then(|(_, place)| place.split_once('/'));
    let (bucket, key) = place.ok_or_else(|| format!("{:?} is no ARN of an object", location.object_arn))?;
    let etag = format!("\"{}\"", location.etag.trim_matches('"'));
    let got = jobs.s3.get_object().bucket(bucket).key(key).if_match(etag).send().await;
    let got = got.map_err(|error| format!("the manifest can't be read: {}", error.into_service_error()))?;
    let body = got.body.collect().await.map_err(|error| format!("the manifest can't be read: {error}"))?;
    let body = body.into_bytes();
    let mut lines = Vec::new();
    for record in csv::ReaderBuilder::new().has_headers(false).from_reader(&body[..]).into_records() {
        let record = record.map_err(|error| format!("the manifest: {error}"))?;
        match (record.get(0), record.get(1), record.len()) {
            (Some(bucket), Some(key), 2) => {
                lines.push(Line { bucket: bucket.to_owned(), key: key.to_owned() });
            }
            _ => return Err(format!("the manifest: line {} is not Bucket,Key", lines.len() + 1)),
        }
    }
    Ok(lines)
}

/// Calls the function for one object, more than once if it says that this may help.
async fn task(jobs: &Jobs, id: &str, asked: &CreateJob, line: Line) -> Ended {
    let invoke = &asked.operation.lambda_invoke;
    let named = invoke.function_arn.rsplit_once(":function:").map_or("", |(_, named)| named);
    let name = named.split(':').next().unwrap_or_default();
    let task_id = Uuid::new_v4().simple().to_string();
    let event = event(&invoke.invocation_schema_version, id, &task_id, &line).to_string();
    let mut attempt = 1;
    loop {
        let answered = jobs.lambda.invoke_when_free(name, event.clone().into()).await;
        let (code, said) = match answered.map(|attempt| attempt.outcome) {
            Ok(Ok(answer)) => read(&serde_json::from_slice(&answer).unwrap_or_default(), &task_id),
            Ok(Err(error)) => {
                ("TemporaryFailure".to_owned(), format!("Lambda returned function error: {}", error.document))
            }
            Err(error) => ("PermanentFailure".to_owned(), error.to_string()),
        };
        if code == "TemporaryFailure" && attempt < ATTEMPTS {
            attempt += 1;
            tokio::time::sleep(AFTER_A_FAILURE).await;
            continue;
        }
        return Ended { line, code, said };
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>
fn event(schema: &str, job: &str, task_id: &str, line: &Line) -> Value {
    let mut task = json!({ "taskId": task_id, "s3Key": line.key, "s3VersionId": null });
    let mut about = json!({ "id": job });
    if schema == "2.0" {
        task["s3Bucket"] = line.bucket.as_str().into();
        about["userArguments"] = json!({});
    } else {
        task["s3BucketArn"] = format!("arn:aws:s3:::{}", line.bucket).into();
    }
    json!({
        "invocationSchemaVersion": schema,
        "invocationId": Uuid::new_v4().simple().to_string(),
        "job": about,
        "tasks": [task],
    })
}

/// The result for a task in what the function has answered.
fn read(answer: &Value, task_id: &str) -> (String, String) {
    let results = answer["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    let result = results.iter().find(|result| result["taskId"] == task_id);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match result {
        Some(result) => (text(&result["resultCode"]), text(&result["resultString"])),
        None => (text(&answer["treatMissingKeysAs"]), "the function has said nothing of it".to_owned()),
    }
}
