//! One execution environment: a process of the function's bootstrap, and the runtime API that it talks to.
//!
//! It takes one invocation at a time and is used again while it behaves. A process that ends, or is still working when
//! its time is over, takes its environment with it: as on Lambda, the next invocation gets a new one.
//!
//! The process leads a process group of its own. Ctrl-C in a terminal therefore does not reach it, and dropping the
//! environment kills it with everything it started. If this process itself is killed, the runtime API disappears with
//! it and a function's runtime ends because it cannot ask for work any more.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::process::{Pid, Signal as UnixSignal, kill_process_group};
use tokio::process::{Child, Command};

use crate::account::Account;
use crate::clock;
use crate::function::{FunctionConfig, LATEST};
use crate::invocation::{Attempt, FunctionError, Invocation, new_trace_id};
use crate::log::{LogSink, LogStream};
use crate::memory;
use crate::output::Output;
use crate::report::{Report, Status};
use crate::roster::{Entry, Roster};
use crate::runtime_api::{Job, RuntimeApi, Signal};

/// Lambda's limit for initialising. It then starts again within the function's timeout; here the first start simply
/// gets the longer of the two.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// What every environment of the stack shares.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) account: Account,
    pub(crate) logs: LogSink,
    pub(crate) roster: Arc<Roster>,
}

/// A process that is ready for work, or works.
#[derive(Debug)]
pub(crate) struct Environment {
    function: Arc<FunctionConfig>,
    function_arn: String,
    process: Process,
    runtime: RuntimeApi,
    output: Output,
    log: Arc<LogStream>,
    /// Until the first invocation has reported it.
    init_duration: Option<Duration>,
    peak_memory_mb: u64,
}

/// A process that could not be brought to ask for work.
#[derive(Debug)]
pub(crate) struct InitFailure {
    /// Made for the invocation that caused the start.
    error: FunctionError,
    status: Status,
    duration: Duration,
    log: Arc<LogStream>,
}

impl Environment {
    /// Starts a process and waits until it asks for work. `request_id` is the invocation that it is started for.
    pub(crate) async fn start(
        function: Arc<FunctionConfig>,
        surroundings: &Surroundings,
        request_id: &Arc<str>,
    ) -> Result<Self, InitFailure> {
        let started = Instant::now();
        let name = format!("{}[{LATEST}]{}", clock::iso(clock::now_ms()), uuid::Uuid::new_v4().simple());
        let log = Arc::new(LogStream::new(&function.name, &name, surroundings.logs.clone()));
        let failure =
            |error, status| InitFailure { error, status, duration: started.elapsed(), log: log.clone() };
        let invalid = |reason: &str| {
            let bootstrap = function.bootstrap.display();
            let message = format!("RequestId: {request_id} Error: cannot start {bootstrap}: {reason}");
            failure(FunctionError::stated("Runtime.InvalidEntrypoint", &message), Status::Error)
        };
        let mut runtime = RuntimeApi::listen().await.map_err(|error| invalid(&error.to_string()))?;
        let (output, stdout, stderr) =
            Output::capture(log.clone()).map_err(|error| invalid(&error.to_string()))?;
        let variables = function.variables(&surroundings.account, &runtime.address.to_string(), &name);
        let child = Command::new(&function.bootstrap)
            .env_clear()
            .envs(variables)
            .current_dir(&function.task_root)
            .stdin(std::process::Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| invalid(&error.to_string()))?;
        let mut process = Process::adopt(child, &surroundings.roster, &function.name, request_id);

        let limit = INIT_LIMIT.max(function.timeout);
        let (error, status) = tokio::select! {
            biased;
            signal = runtime.heard() => match signal {
                Signal::Next => {
                    let init_duration = Some(started.elapsed());
                    let peak_memory_mb = process.peak_memory_mb().unwrap_or(0);
                    let function_arn = surroundings.account.function_arn(&function.name);
                    return Ok(Self {
                        function, function_arn, process, runtime, output, log, init_duration, peak_memory_mb,
                    });
                }
                Signal::InitFailed(error) => (error, Status::Error),
                // Refused by the runtime API while there is no invocation.
                Signal::Finished(_) => {
                    let error = FunctionError::stated("Runtime.InitError", "answered before it was asked");
                    (error, Status::Error)
                }
            },
            status = process.exited() => (FunctionError::exited(request_id, status), Status::Error),
            () = tokio::time::sleep(limit) => (FunctionError::timed_out(request_id, limit), Status::Timeout),
        };
        process.kill().await;
        output.flush().await;
        Err(failure(error, status))
    }

    /// Runs one invocation. The second value says whether the environment can take another.
    pub(crate) async fn invoke(&mut self, invocation: &Invocation) -> (Attempt, bool) {
        let request_id = &invocation.request_id;
        let timeout = self.function.timeout;
        self.process.entry.set_request(Some(request_id.clone()));
        self.log.write(format!("START RequestId: {request_id} Version: {LATEST}"));
        let started = Instant::now();
        let deadline = tokio::time::Instant::from_std(started + timeout);
        let now_ms = clock::now_ms();
        self.runtime
            .hand_over(Job {
                request_id: request_id.clone(),
                deadline_ms: now_ms.saturating_add(clock::milliseconds(timeout)),
                function_arn: self.function_arn.clone(),
                trace_id: new_trace_id(now_ms),
                client_context: invocation.client_context.clone(),
                payload: invocation.payload.clone(),
            })
            .await;

        let (outcome, status, mut survives) = tokio::select! {
            // An answer that arrived counts, even if the process ended right after it or the time is just over.
            biased;
            outcome = answer(&mut self.runtime) => match outcome {
                Ok(response) => (Ok(response), Status::Success, true),
                Err(error) => (Err(error), Status::Error, true),
            },
            status = self.process.exited() => {
                (Err(FunctionError::exited(request_id, status)), Status::Error, false)
            }
            () = tokio::time::sleep_until(deadline) => {
                (Err(FunctionError::timed_out(request_id, timeout)), Status::Timeout, false)
            }
        };
        let duration = started.elapsed();
        if survives {
            // On Lambda too an invocation ends when the process asks for work again, within the same time limit.
            survives = tokio::select! {
                biased;
                signal = self.runtime.heard() => matches!(signal, Signal::Next),
                _ = self.process.exited() => false,
                () = tokio::time::sleep_until(deadline) => false,
            };
        }
        self.peak_memory_mb = self.process.peak_memory_mb().unwrap_or(self.peak_memory_mb);
        if !survives {
            self.process.kill().await;
        }
        self.output.flush().await;
        self.process.entry.set_request(None);
        let init_duration = self.init_duration.take();
        let report = Report {
            request_id,
            status,
            error: outcome.as_ref().err(),
            duration,
            init_duration,
            memory_mb: self.function.memory_mb,
            peak_memory_mb: self.peak_memory_mb,
            timeout,
        };
        report.write(&self.log);
        let peak_memory_mb = self.peak_memory_mb;
        let log_tail = self.log.take_tail();
        (Attempt { outcome, duration, init_duration, peak_memory_mb, log_tail }, survives)
    }

    /// Whether the process still lives, as far as is known.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.process.is_alive()
    }
}

/// The function's answer to the current invocation.
async fn answer(runtime: &mut RuntimeApi) -> Result<Bytes, FunctionError> {
    loop {
        match runtime.heard().await {
            Signal::Finished(outcome) => return outcome,
            // Asking for work, or failing to initialise, in the middle of an invocation: it will never be answered,
            // which the timeout finds.
            Signal::Next | Signal::InitFailed(_) => {}
        }
    }
}

impl InitFailure {
    /// The failure of the invocation that the process was started for.
    pub(crate) fn into_attempt(self, function: &FunctionConfig, invocation: &Invocation) -> Attempt {
        let request_id = &invocation.request_id;
        let milliseconds = self.duration.as_secs_f64() * 1000.0;
        self.log.write(format!(
            "INIT_REPORT Init Duration: {milliseconds:.2} ms\tPhase: init\tStatus: {}\tError Type: {}",
            self.status, self.error.kind
        ));
        self.log.write(format!("START RequestId: {request_id} Version: {LATEST}"));
        let report = Report {
            request_id,
            status: self.status,
            error: Some(&self.error),
            duration: Duration::ZERO,
            init_duration: Some(self.duration),
            memory_mb: function.memory_mb,
            peak_memory_mb: 0,
            timeout: function.timeout,
        };
        report.write(&self.log);
        Attempt {
            outcome: Err(self.error),
            duration: Duration::ZERO,
            init_duration: Some(self.duration),
            peak_memory_mb: 0,
            log_tail: self.log.take_tail(),
        }
    }
}

/// A child process with its group. Killed when dropped.
#[derive(Debug)]
struct Process {
    child: Child,
    group: Option<Pid>,
    entry: Entry,
}

impl Process {
    fn adopt(child: Child, roster: &Arc<Roster>, function: &str, request_id: &Arc<str>) -> Self {
        let id = child.id().unwrap_or(0);
        let group = i32::try_from(id).ok().and_then(Pid::from_raw);
        let entry = roster.enter(id, function, request_id.clone());
        Self { child, group, entry }
    }

    async fn exited(&mut self) -> ExitStatus {
        match self.child.wait().await {
            Ok(status) => status,
            Err(error) => {
                tracing::error!(%error, "cannot wait for a function's process");
                std::future::pending().await
            }
        }
    }

    fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn peak_memory_mb(&self) -> Option<u64> {
        self.child.id().and_then(memory::peak_mb)
    }

    fn kill_group(&mut self) {
        // Once the leader has been waited for its number may belong to somebody else, so the group is killed only while
        // the leader is unreaped, or right after it ended when members keep the group's number taken.
        if let Some(group) = self.group.take() {
            // Fails only if nobody is left.
            let _ = kill_process_group(group, UnixSignal::KILL);
        }
    }

    async fn kill(&mut self) {
        self.kill_group();
        let _ = self.child.wait().await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
    }
}
