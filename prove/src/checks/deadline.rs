//! Sources that come too slowly and pictures that take too long: the function stops by itself in time, says so, and lets go of
//! all that it had.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use async_trait::async_trait;
use thumbline_local::LogSink;
use tokio::sync::broadcast::Receiver;

use crate::check::{Check, Finding, Terms, progress};
use crate::stage::deployment::Deployment;
use crate::stage::front::{Front, Lie};
use crate::stage::pictures;

/// The shortest timeout that the template takes, in seconds.
const TIMEOUT: u64 = 10;
/// The sides of a picture that takes far longer than there is time, and how many thumbnails are made of it: each takes half a
/// second.
const LARGE: u32 = 1_100;
const THUMBNAILS: u32 = 64;
/// A source of which a byte comes each time.
const PAUSE: Duration = Duration::from_millis(100);
/// Threads for what blocks wait for ten seconds until they end.
const SETTLED: Duration = Duration::from_secs(12);
/// For how long a process is watched until it has let go.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(250);

/// The check.
pub(crate) struct Deadline;

#[async_trait]
impl Check for Deadline {
    fn name(&self) -> &'static str {
        "deadline"
    }

    fn promise(&self) -> &'static str {
        "what takes too long is left in time, to be tried again, and leaves nothing behind"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let front = Front::listen()?;
        // Small pictures are not enlarged, and take next to nothing.
        let presets: Vec<String> = (0..THUMBNAILS).map(|n| format!("p{n}={}x:avif", LARGE - n)).collect();
        let presets = presets.join(" ");
        let deployment = Deployment::start(terms, |options| {
            options.concurrency = 1;
            let timeout = TIMEOUT.to_string();
            for (name, value) in
                [("Presets", presets.as_str()), ("Timeout", &timeout), ("RetryAttempts", "0")]
            {
                options.parameters.insert(name.to_owned(), value.to_owned());
            }
            options.environment.insert("AWS_ENDPOINT_URL".to_owned(), front.url.clone());
            options.logs = LogSink::new(|_| ());
        })
        .await?;
        front.lead_to(&deployment.access.url);
        let mut stage = Stage { records: deployment.stack.lambda().subscribe(), deployment, front };
        let mut finding = Finding::default();
        stage.quick(&mut finding, "warm.png").await?;
        stage.quick(&mut finding, "warmer.png").await?;
        let (pid, before) = (stage.pid()?, stage.at_rest(None).await?);
        let mut slowest = Duration::ZERO;
        for round in 0..terms.length.of(2, 8) {
            slowest = slowest.max(stage.slow_source(&mut finding, &format!("slow-{round}.jpg")).await?);
            slowest = slowest.max(stage.slow_picture(&mut finding, &format!("large-{round}.png")).await?);
            stage.quick(&mut finding, &format!("quick-{round}.png")).await?;
        }
        let after = stage.at_rest(Some(&before)).await?;
        if stage.pid()? != pid {
            finding.violations.push("the process was replaced".to_owned());
        }
        if !after.is_no_more_than(&before) {
            finding.violations.push(format!("it had {before}, and afterwards {after}"));
        }
        finding.figure =
            format!("{:.1} s of {TIMEOUT} at most; {before} before, {after} after", slowest.as_secs_f64());
        Ok(finding)
    }
}

struct Stage {
    deployment: Deployment,
    front: Front,
    records: Receiver<std::sync::Arc<thumbline_local::InvocationRecord>>,
}

impl Stage {
    /// A picture like any other, which must still be made.
    async fn quick(&mut self, finding: &mut Finding, key: &str) -> anyhow::Result<()> {
        finding.cases += 1;
        self.deployment.change(key, Some(&pictures::picture(7)?)).await?;
        let (duration, failure) = self.outcome().await?;
        if let Some(failure) = failure {
            finding.violations.push(format!("{key} was not made after {duration:?}: {failure}"));
        }
        Ok(())
    }

    /// A source that comes a byte at a time, for longer than anybody waits.
    async fn slow_source(&mut self, finding: &mut Finding, key: &str) -> anyhow::Result<Duration> {
        let picture = vec![0xFF; 64 * 1024];
        let mut lie = Lie::of_length(&picture.len().to_string(), "\"slow\"", &picture, 0);
        lie.pause = PAUSE;
        self.front.lie(self.deployment.input(), key, Some(lie));
        self.deployment.change(key, Some(b"slow")).await?;
        let took = self.left_in_time(finding, key).await?;
        let began = Instant::now();
        while self.front.open() > 0 {
            anyhow::ensure!(began.elapsed() < PATIENCE, "the slow source is still being read");
            tokio::time::sleep(LOOK).await;
        }
        progress(&format!("a slow source was left after {took:?}"));
        Ok(took)
    }

    /// A picture that takes longer to encode than there is time.
    async fn slow_picture(&mut self, finding: &mut Finding, key: &str) -> anyhow::Result<Duration> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let shade = |x: u32, y: u32| {
            image::Rgb([x ^ y, x.wrapping_mul(y) >> 3, x + y].map(|value| value.to_le_bytes()[0]))
        };
        image::RgbImage::from_fn(LARGE, LARGE, shade).write_to(&mut bytes, image::ImageFormat::Jpeg)?;
        self.deployment.change(key, Some(&bytes.into_inner())).await?;
        let took = self.left_in_time(finding, key).await?;
        progress(&format!("a large picture was left after {took:?}"));
        Ok(took)
    }

    /// How long it took to answer that the time was not enough.
    async fn left_in_time(&mut self, finding: &mut Finding, key: &str) -> anyhow::Result<Duration> {
        finding.cases += 1;
        let (duration, failure) = self.outcome().await?;
        let failure = failure.unwrap_or_else(|| "a success".to_owned());
        if !failure.contains("Thumbline.Retry") || !failure.contains("retry deadline") {
            finding.violations.push(format!("{key} ended after {duration:?} with {failure}"));
        }
        if duration >= Duration::from_secs(TIMEOUT) {
            finding.violations.push(format!("{key} took {duration:?}"));
        }
        Ok(duration)
    }

    /// How long the next invocation took, and how it failed if it did.
    async fn outcome(&mut self) -> anyhow::Result<(Duration, Option<String>)> {
        let record = tokio::time::timeout(PATIENCE, self.records.recv()).await.context("no invocation")??;
        self.deployment.stack.idle().await;
        Ok((record.duration, record.outcome.as_ref().err().map(|error| error.document.clone())))
    }

    fn pid(&self) -> anyhow::Result<u32> {
        let running = self.deployment.stack.lambda().running();
        let name = self.deployment.function()?;
        let of_function = running.into_iter().find(|environment| environment.function == name);
        Ok(of_function.context("no process of the function")?.pid)
    }

    /// What the process has when it has come to rest, or down to what it had before.
    async fn at_rest(&self, before: Option<&Resources>) -> anyhow::Result<Resources> {
        let pid = self.pid()?;
        let began = Instant::now();
        let mut last = Resources::of(pid)?;
        loop {
            tokio::time::sleep(LOOK).await;
            let now = Resources::of(pid)?;
            let is_idle = now.cpu_ticks == last.cpu_ticks;
            let is_down = before.is_none_or(|before| now.is_no_more_than(before));
            let is_settled = before.is_some() || began.elapsed() > SETTLED;
            if is_idle && is_down && is_settled || began.elapsed() > PATIENCE {
                return Ok(now);
            }
            last = now;
        }
    }
}

/// What a process has of the system's. <https://man7.org/linux/man-pages/man5/proc.5.html>
struct Resources {
    files: usize,
    threads: usize,
    resident_mib: usize,
    cpu_ticks: u64,
}

/// Memory that a small picture has needed is kept for the next, on purpose: so much of it at the most. A picture that was left
/// has had many times as much.
const KEPT_MIB: usize = 32;

impl Resources {
    fn of(pid: u32) -> anyhow::Result<Resources> {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let read = |name: &str| {
            std::fs::read_to_string(folder.join(name)).with_context(|| format!("of process {pid}"))
        };
        let stat = read("stat")?;
        // Behind the name, which is in parentheses and may have spaces: the 14th and 15th field are the times.
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let number =
            |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
        let status = read("status")?;
        let of_status = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim().trim_end_matches("kB").trim().parse::<usize>().unwrap_or_default()
        };
        Ok(Resources {
            files: std::fs::read_dir(folder.join("fd"))?.count(),
            threads: of_status("Threads:"),
            resident_mib: of_status("VmRSS:") / 1024,
            cpu_ticks: number(11) + number(12),
        })
    }

    fn is_no_more_than(&self, before: &Resources) -> bool {
        self.files <= before.files
            && self.threads <= before.threads
            && self.resident_mib <= before.resident_mib + KEPT_MIB
    }
}

impl std::fmt::Display for Resources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} files, {} threads, {} MiB", self.files, self.threads, self.resident_mib)
    }
}
