//! A job's completion report, of which the failures are told.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-examples-reports.html>

use anyhow::{Context, Result};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use thumbline::store::{Condition, Read};
use thumbline::{S3Store, Store};

/// How many failures are told.
const TOLD: usize = 20;
/// A list of failures that is longer is for other tools.
const MAX_LIST_BYTES: u64 = 256 << 20;

/// A task that failed.
pub(super) struct Failure {
    pub(super) key: String,
    /// Such as `PermanentFailure`.
    pub(super) code: String,
    /// What the function said.
    pub(super) message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    #[serde(default)]
    results: Vec<List>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    task_execution_status: String,
    bucket: String,
    key: String,
}

/// Some of the failures in the report that lies in this folder. A job without failures may have none.
pub(super) async fn failures(store: &S3Store, bucket: &str, folder: &str) -> Result<Vec<Failure>> {
    let Some(manifest) = read(store, bucket, &format!("{folder}manifest.json")).await? else {
        return Ok(Vec::new());
    };
    let manifest: Manifest = serde_json::from_slice(&manifest).context("the job's report can't be read")?;
    let mut failures = Vec::new();
    for list in manifest.results.iter().filter(|list| list.task_execution_status == "failed") {
        if let Some(rows) = read(store, &list.bucket, &list.key).await? {
            failures.extend(parse(&rows).take(TOLD - failures.len()));
        }
    }
    Ok(failures)
}

async fn read(store: &S3Store, bucket: &str, key: &str) -> Result<Option<Vec<u8>>> {
    Ok(match store.get(bucket, key, &Condition::Always, MAX_LIST_BYTES).await? {
        Read::Found(object) => object.body.map(|body| body.to_vec()),
        _ => None,
    })
}

/// The rows: bucket, key, version, status, then a code and a number in whichever order, then the message.
fn parse(rows: &[u8]) -> impl Iterator<Item = Failure> {
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(rows);
    reader.into_records().filter_map(|record| {
        let record = record.ok()?;
        // The documented schema has the code before the status of the request, its examples have it behind.
        let is_code = |text: &&str| !text.is_empty() && !text.bytes().all(|byte| byte.is_ascii_digit());
        let code = [record.get(4), record.get(5)].into_iter().flatten().find(is_code).unwrap_or("failed");
        let key = record.get(1)?.replace('+', " ");
        let key = percent_decode_str(&key).decode_utf8_lossy().into_owned();
        Some(Failure { key, code: code.to_owned(), message: record.get(6).unwrap_or_default().to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_is_documented_and_as_its_examples_are() {
        let rows = "b,a%20b+c.jpg,,failed,200,PermanentFailure,\"Lambda said: {\"\"x\"\"}\"\n\
                    b,d,,failed,PermanentFailure,200,gone\nshort\n";
        let told: Vec<(String, String, String)> =
            parse(rows.as_bytes()).map(|f| (f.key, f.code, f.message)).collect();
        let expected =
            |key: &str, message: &str| (key.to_owned(), "PermanentFailure".to_owned(), message.to_owned());
        assert_eq!(told, [expected("a b c.jpg", "Lambda said: {\"x\"}"), expected("d", "gone")]);
    }
}
