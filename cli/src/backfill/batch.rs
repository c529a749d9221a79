//! The work by S3 Batch Operations: a job over a list of what is not current, followed to its end.
//!
//! S3 calls the resize function for each object, tries again what fails for now, and keeps a report. All of that lies in
//! the output bucket under `~/batch/`, which the job's role may read and write.

mod completion;
mod control;

use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::stream::TryStreamExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tempfile::NamedTempFile;
use thumbline::Aws;
use thumbline_audit::Tally;
use uuid::Uuid;

use self::control::{Control, JobAsk, Role};
use super::Arguments;
use super::here::{Begun, begin};
use super::sums::{Progress, Sums};
use super::survey::{Surely, survey};
use super::work::Work;
use crate::Ending;
use crate::interrupt::Interrupt;

/// What Ctrl-C is answered.
const STOPPING: &str = "\nthe job goes on without this command";

/// Where jobs have what is theirs, in the output bucket.
const FOLDER: &str = "~/batch/";

/// Between two looks at the job, at first and at most.
const FIRST_LOOK: Duration = Duration::from_millis(500);
const LONGEST_BETWEEN_LOOKS: Duration = Duration::from_secs(30);

/// Keys in manifests are form-urlencoded, as those in S3's events are. Slashes may stay as they are.
const IN_MANIFEST: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a job takes.
#[derive(clap::Args)]
pub(crate) struct BatchArguments {
    /// The role that S3 takes, for --via batch: the stack's output `BatchRoleArn`
    #[arg(long, value_name = "ARN")]
    role: Option<Role>,
}

pub(super) async fn run(arguments: Arguments) -> Result<Ending> {
    let Some(role) = arguments.batch.role.clone() else {
        bail!(
            "--via batch takes --role ARN, the role that S3 calls the function with: the stack's output BatchRoleArn"
        );
    };
    let interrupt = Interrupt::listen(STOPPING)?;
    let Some(Begun { work, .. }) = begin(&arguments).await? else { return Ok(Ending::Well) };
    let aws = Aws::from_environment().await;
    let control = Control::new(aws.clone(), role.account());
    let progress = Progress::new(arguments.json);

    let (before, list) = list(&work, &progress, &interrupt).await?;
    let Some((list, pictures)) = list else {
        progress.clear();
        return Sums::new(before, None).finish(arguments.json, interrupt.is_asked());
    };
    let bucket = &work.pipeline.settings().output_bucket;
    let token = Uuid::new_v4().to_string();
    let key = format!("{FOLDER}{token}.csv");
    let store = aws.s3();
    let etag = store.put_file(bucket, &key, "text/csv", list.path()).await?;
    let partition = role.partition();
    let function_arn =
        function_arn(&arguments.lambda.function, &role, aws.region().map_err(anyhow::Error::msg)?);
    let ask = JobAsk {
        token,
        description: format!("Thumbline: {pictures} pictures"),
        manifest_arn: format!("arn:{partition}:s3:::{bucket}/{key}"),
        manifest_etag: etag.as_str().to_owned(),
        report_bucket_arn: format!("arn:{partition}:s3:::{bucket}"),
        report_prefix: format!("{FOLDER}reports"),
        function_arn,
        role_arn: role.to_string(),
    };
    let job = control.create(&ask).await.context("the job was not created")?;
    progress.say(format!("job {job}"));
    let mut sums = Sums::new(before, None);
    sums.tell("job", job.as_str());
    let ended = follow(&control, &job, &progress, &interrupt).await?;
    let Some(ended) = ended else {
        progress.clear();
        return sums.finish(arguments.json, true);
    };
    sums.tell("job's status", ended.status.as_str());
    sums.tell("tasks that succeeded", ended.succeeded);
    sums.tell("tasks that failed", ended.failed);
    for reason in ended.reasons {
        sums.tell("why", reason);
    }
    for failure in completion::failures(&store, bucket, &format!("{FOLDER}reports/job-{job}/")).await? {
        sums.tell(&failure.key, format!("{}: {}", failure.code, failure.message));
    }
    sums.look(survey(&work, Surely::Asked).await?).await?;
    progress.clear();
    sums.finish(arguments.json, interrupt.is_asked())
}

/// Writes down what is not current, and how many pictures that are; `None` where there are none.
async fn list(
    work: &Arc<Work>,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<(Tally, Option<(NamedTempFile, u64)>)> {
    let mut before = Tally::default();
    let mut pictures = 0;
    let mut file = BufWriter::new(NamedTempFile::new().context("there is no room for temporary files")?);
    let bucket = &work.pipeline.settings().input_bucket;
    let mut accounts = survey(work, Surely::Listed).await?;
    while let Some(account) = accounts.try_next().await? {
        if interrupt.is_asked() {
            return Ok((before, None));
        }
        before.add_state(&account.state);
        progress.listed(before.sources);
        if !account.state.is_settled() {
            pictures += 1;
            writeln!(file, "{bucket},{}", utf8_percent_encode(&account.key, IN_MANIFEST))?;
        }
    }
    let file = file.into_inner().map_err(|error| anyhow::anyhow!("the list can't be written: {error}"))?;
    Ok((before, (pictures > 0).then_some((file, pictures))))
}

/// Looks at the job until it is over; `None` if somebody asks to stop before.
async fn follow(
    control: &Control,
    job: &str,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<Option<control::JobState>> {
    let mut pause = FIRST_LOOK;
    loop {
        let state = control.describe(job).await.with_context(|| format!("job {job}"))?;
        if state.is_over() {
            return Ok(Some(state));
        }
        let (done, total) = (state.succeeded + state.failed, state.total);
        progress.say(format!("job {job} {}: {done} of {total}", state.status.to_lowercase()));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = interrupt.clone().asked() => return Ok(None),
        }
        pause = (pause * 2).min(LONGEST_BETWEEN_LOOKS);
    }
}

/// A function's whole ARN, which S3 wants, of a name, `NAME:ALIAS` or the ARN itself.
fn function_arn(function: &str, role: &Role, region: &str) -> String {
    if function.starts_with("arn:") {
        return function.to_owned();
    }
    format!("arn:{}:lambda:{region}:{}:function:{function}", role.partition(), role.account())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_in_full_in_the_account_of_the_role() {
        let role: Role = "arn:aws-cn:iam::123456789012:role/thumbline-BatchRole".parse().unwrap();
        let expected = "arn:aws-cn:lambda:cn-north-1:123456789012:function:thumbline-resize:live";
        assert_eq!(function_arn("thumbline-resize:live", &role, "cn-north-1"), expected);
        assert_eq!(function_arn(expected, &role, "elsewhere"), expected);
        for wrong in ["BatchRole", "arn:aws:iam::1:user/x", "arn:aws:iam::123456789012:role"] {
            assert!(wrong.parse::<Role>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_stand_in_a_list_as_s3_encodes_them() {
        assert_eq!(
            utf8_percent_encode("a b+c/%,\"ü\n.jpg", IN_MANIFEST).to_string(),
            "a%20b%2Bc/%25%2C%22%C3%BC%0A.jpg"
        );
    }
}
