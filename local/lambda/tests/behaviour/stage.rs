//! A Lambda with one obedient function, and the means to watch it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use redb::Database;
use serde_json::{Value, json};
use tempfile::TempDir;
use thumbline_local_lambda::{
    Account, Attempt, EventSource, FunctionConfig, InvocationRecord, Lambda, LambdaOptions, LogLine, LogSink,
    QueueConfig, Sqs,
};
use tokio::sync::{broadcast, mpsc};

/// Everything that should come soon comes within this, or the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Stage {
    pub(crate) lambda: Lambda,
    pub(crate) queues: Sqs,
    pub(crate) database: Arc<Database>,
    pub(crate) folder: Arc<TempDir>,
    logs: mpsc::UnboundedReceiver<LogLine>,
    records: broadcast::Receiver<Arc<InvocationRecord>>,
}

pub(crate) struct Plan {
    pub(crate) function: FunctionConfig,
    pub(crate) queues: Vec<QueueConfig>,
    pub(crate) sources: Vec<EventSource>,
    pub(crate) idle_limit: Duration,
}

pub(crate) fn account() -> Account {
    Account {
        id: "000000000000".into(),
        region: "us-east-1".into(),
        access_key_id: "thumbline".into(),
        secret_access_key: "thumbline-local".into(),
    }
}

/// The example `obedient`, which `cargo test` builds beside the tests.
fn bootstrap() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let bootstrap = tests.parent().and_then(Path::parent).unwrap().join("examples/obedient");
    assert!(bootstrap.exists(), "{} is missing: cargo build --example obedient", bootstrap.display());
    bootstrap
}

impl Plan {
    /// One function, `obedient`, that is retried twice at once, and a queue, `failures`, for what is given up.
    pub(crate) fn new() -> Self {
        let mut function = FunctionConfig::new("obedient", bootstrap(), std::env::temp_dir());
        function.timeout = Duration::from_secs(30);
        function.asynchronous.retry_delays = vec![Duration::from_millis(1); 2];
        function.asynchronous.on_failure = Some("failures".into());
        Self {
            function,
            queues: vec![QueueConfig::new("failures")],
            sources: Vec::new(),
            idle_limit: Duration::from_secs(600),
        }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut FunctionConfig)) -> Self {
        change(&mut self.function);
        self
    }

    pub(crate) async fn start(self) -> Stage {
        let folder = Arc::new(TempDir::new().unwrap());
        let database = Database::create(folder.path().join("index.redb")).unwrap();
        self.start_on(Arc::new(database), folder).await
    }

    pub(crate) async fn start_on(self, database: Arc<Database>, folder: Arc<TempDir>) -> Stage {
        let queues = Sqs::open(database.clone(), account(), self.queues).await.unwrap();
        let (lines, logs) = mpsc::unbounded_channel();
        let lambda = Lambda::start(LambdaOptions {
            account: account(),
            database: database.clone(),
            queues: queues.clone(),
            functions: vec![self.function],
            sources: self.sources,
            idle_limit: self.idle_limit,
            logs: LogSink::new(move |line| {
                let _ = lines.send(line);
            }),
        })
        .await
        .unwrap();
        let records = lambda.subscribe();
        Stage { lambda, queues, database, folder, logs, records }
    }
}

impl Stage {
    pub(crate) async fn invoke(&self, event: &Value) -> Attempt {
        self.lambda.invoke("obedient", event.to_string().into()).await.unwrap()
    }

    pub(crate) async fn enqueue(&self, event: &Value) -> String {
        self.lambda.enqueue("obedient", &event.to_string()).await.unwrap()
    }

    /// The next finished invocation.
    pub(crate) async fn record(&mut self) -> Arc<InvocationRecord> {
        soon("an invocation to finish", self.records.recv()).await.unwrap()
    }

    /// Waits until a line with this text is logged, and returns it with those before it.
    pub(crate) async fn logged(&mut self, text: &str) -> Vec<LogLine> {
        let mut lines = Vec::new();
        loop {
            let line = soon(text, self.logs.recv()).await.unwrap();
            let found = line.text.contains(text);
            lines.push(line);
            if found {
                return lines;
            }
        }
    }

    /// All lines logged so far that were not asked for yet.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.logs.try_recv().ok()).map(|line| line.text).collect()
    }

    pub(crate) async fn idle(&self) {
        soon("everything to be done", self.lambda.idle()).await;
    }

    /// The one message of a queue, as JSON. There must not be more.
    pub(crate) async fn only_message(&self, queue: &str) -> Value {
        let messages = self.queues.receive(queue, 10, Duration::ZERO, None).await.unwrap();
        assert_eq!(messages.len(), 1, "{messages:?}");
        serde_json::from_str(&messages[0].body).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Waits, but not for ever.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// The response of a successful attempt, as JSON.
pub(crate) fn response(attempt: &Attempt) -> Value {
    serde_json::from_slice(attempt.outcome.as_ref().unwrap()).unwrap()
}

/// The error document of a failed attempt, as JSON.
pub(crate) fn failure(attempt: &Attempt) -> Value {
    serde_json::from_str(&attempt.outcome.as_ref().unwrap_err().document).unwrap()
}

pub(crate) fn context() -> Value {
    json!({ "answer": "context" })
}

/// Sends a signal to a process by its number.
pub(crate) fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Waits until a process has ended, whether or not its parent has noticed.
pub(crate) async fn ended(pid: u32) {
    let alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The state follows the name, which is in parentheses.
        stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
    };
    let ended = async {
        while alive() {
            tokio::task::yield_now().await;
        }
    };
    soon("a process to end", ended).await;
}
