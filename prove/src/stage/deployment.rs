//! A whole stack as it is deployed from template.yaml, with the layer's executable as real processes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::Context;
use aws_sdk_s3::Client;
use thumbline_local::{LogSink, Stack, StackOptions};
use tokio::process::Command;

use super::access::Access;
use super::pictures::PRESETS;
use crate::check::Terms;

/// A stack with its clients, ended with all its processes when it is dropped.
pub(crate) struct Deployment {
    pub(crate) stack: Stack,
    pub(crate) access: Access,
    pub(crate) client: Client,
}

impl Deployment {
    /// Starts a stack with the small presets, two environments, and hardly any waiting before further attempts.
    pub(crate) async fn start(
        terms: &Terms,
        change: impl FnOnce(&mut StackOptions),
    ) -> anyhow::Result<Deployment> {
        let data = terms.subfolder(Path::new("stack"))?;
        let mut options = StackOptions::new(terms.template(), data, terms.bootstrap());
        options.concurrency = 2;
        options.retry_delays = Some(vec![Duration::from_millis(10); 2]);
        // Thousands of lines that say that all is well; what is not shows in the outcomes.
        options.logs = LogSink::new(|_| ());
        options.parameters.insert("Presets".to_owned(), PRESETS.to_owned());
        change(&mut options);
        let stack = Stack::start(options).await.context("starting a stack")?;
        let access = Access::to(stack.endpoints());
        Ok(Deployment { client: access.client(), access, stack })
    }

    /// Puts a source, or removes it where there are no bytes.
    pub(crate) async fn change(&self, key: &str, source: Option<&[u8]>) -> anyhow::Result<()> {
        super::buckets::change(&self.client, self.input(), key, source).await
    }

    /// Where sources are.
    pub(crate) fn input(&self) -> &str {
        &self.stack.endpoints().input_bucket
    }

    /// Where outputs are.
    pub(crate) fn output(&self) -> &str {
        &self.stack.endpoints().output_bucket
    }

    /// The name of the function that makes thumbnails.
    pub(crate) fn function(&self) -> anyhow::Result<String> {
        let mut functions = self.stack.lambda().functions();
        let resize = functions.find(|function| function.handler == "resize");
        Ok(resize.context("the stack has no resize function")?.name.clone())
    }

    /// Runs the `thumbline` command on the stack, to its end.
    pub(crate) async fn run(&self, terms: &Terms, arguments: &[&str]) -> anyhow::Result<Output> {
        let inherited: BTreeMap<_, _> = std::env::vars_os()
            .filter(|(name, _)| !["THUMBLINE_", "AWS_"].iter().any(|p| name.to_string_lossy().starts_with(p)))
            .collect();
        let mut command = Command::new(terms.thumbline());
        command
            .args(arguments)
            .env_clear()
            .envs(inherited)
            .envs(self.access.variables())
            .env("THUMBLINE_INPUT_BUCKET", self.input())
            .env("THUMBLINE_OUTPUT_BUCKET", self.output())
            .env("THUMBLINE_PRESETS", PRESETS)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command.output().await.with_context(|| format!("running {}", terms.thumbline().display()))
    }
}
