//! What a function is: the part of its configuration that changes how it runs.
//!
//! The environment variables are those that Lambda's documentation lists for a custom runtime ("Defined runtime
//! environment variables"). Nothing is inherited from the process that runs the stack: a function that works here only
//! because of a variable in somebody's shell would fail when deployed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::account::Account;

/// A function, as the template describes it.
#[derive(Debug, Clone)]
pub struct FunctionConfig {
    /// The name it is invoked by.
    pub name: String,
    /// The alias that the function may also be invoked by. Like no alias at all, it stands for the only version there is.
    pub alias: Option<String>,
    /// What `_HANDLER` says.
    pub handler: String,
    /// The executable that speaks the runtime API.
    pub bootstrap: PathBuf,
    /// The folder of the function's own package: its working directory and `LAMBDA_TASK_ROOT`.
    pub task_root: PathBuf,
    /// The function's own variables. They may not replace what Lambda reserves.
    pub environment: BTreeMap<String, String>,
    /// After this long an invocation is killed.
    pub timeout: Duration,
    /// What `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` says. It is not enforced: peak memory is reported.
    pub memory_mb: u32,
    /// How many environments may run at a time, at least 1.
    pub concurrency: usize,
    /// What happens to events that were accepted for later.
    pub asynchronous: AsyncConfig,
}

/// How Lambda deals with asynchronous events of one function.
#[derive(Debug, Clone)]
pub struct AsyncConfig {
    /// The wait before each further attempt; as many attempts follow the first as there are delays.
    pub retry_delays: Vec<Duration>,
    /// An event older than this is given up without another attempt.
    pub max_event_age: Duration,
    /// The queue, by name or ARN, that receives what was given up.
    pub on_failure: Option<String>,
}

impl Default for AsyncConfig {
    /// Two more attempts, after one and then two minutes, within six hours: Lambda's defaults.
    fn default() -> Self {
        Self {
            retry_delays: vec![Duration::from_mins(1), Duration::from_mins(2)],
            max_event_age: Duration::from_hours(6),
            on_failure: None,
        }
    }
}

/// The only version of a function that the stack knows.
pub(crate) const LATEST: &str = "$LATEST";

impl FunctionConfig {
    /// A function with Lambda's defaults: 3 seconds, 128 MB.
    pub fn new(
        name: impl Into<String>,
        bootstrap: impl Into<PathBuf>,
        task_root: impl Into<PathBuf>,
    ) -> Self {
        let name = name.into();
        Self {
            handler: name.clone(),
            alias: None,
            name,
            bootstrap: bootstrap.into(),
            task_root: task_root.into(),
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            concurrency: 1,
            asynchronous: AsyncConfig::default(),
        }
    }

    /// All variables that a process of this function sees. Lambda's own win over the function's, except that the
    /// function may set `TZ`, `PATH`, `LANG` and its endpoint.
    pub(crate) fn variables(
        &self,
        account: &Account,
        runtime_api: &str,
        log_stream: &str,
    ) -> BTreeMap<String, String> {
        let open = [("LANG", "en_US.UTF-8"), ("PATH", "/usr/local/bin:/usr/bin:/bin"), ("TZ", ":UTC")];
        let task_root = self.task_root.to_string_lossy();
        let memory = self.memory_mb.to_string();
        let log_group = format!("/aws/lambda/{}", self.name);
        let reserved = [
            ("AWS_ACCESS_KEY_ID", account.access_key_id.as_str()),
            ("AWS_DEFAULT_REGION", &account.region),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_LAMBDA_FUNCTION_NAME", &self.name),
            ("AWS_LAMBDA_FUNCTION_VERSION", LATEST),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &log_group),
            ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream),
            ("AWS_LAMBDA_RUNTIME_API", runtime_api),
            ("AWS_REGION", &account.region),
            ("AWS_SECRET_ACCESS_KEY", &account.secret_access_key),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LAMBDA_TASK_ROOT", &task_root),
            ("_HANDLER", &self.handler),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut variables: BTreeMap<_, _> = open.into_iter().map(owned).collect();
        variables.extend(self.environment.clone());
        variables.extend(reserved.into_iter().map(owned));
        variables
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_sees_its_own_variables_but_cannot_replace_lambdas() {
        let account = Account {
            id: "000000000000".into(),
            region: "us-east-1".into(),
            access_key_id: "key".into(),
            secret_access_key: "secret".into(),
        };
        let mut function = FunctionConfig::new("resize", "/bin/true", "/tmp");
        for (name, value) in [("PRESETS", "small"), ("TZ", "Asia/Tokyo"), ("_HANDLER", "other")] {
            function.environment.insert(name.into(), value.into());
        }
        let variables = function.variables(&account, "127.0.0.1:9001", "stream");
        assert_eq!(variables["PRESETS"], "small");
        assert_eq!(variables["TZ"], "Asia/Tokyo");
        assert_eq!(variables["_HANDLER"], "resize");
        assert_eq!(variables["AWS_LAMBDA_RUNTIME_API"], "127.0.0.1:9001");
        assert!(!variables.contains_key("HOME"), "nothing comes from this process");
    }
}
