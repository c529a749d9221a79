//! How long things take.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thumbline_local::InvocationRecord;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Durations by operation.
#[derive(Debug, Default)]
pub(super) struct Latencies(Mutex<BTreeMap<&'static str, Vec<Duration>>>);

impl Latencies {
    pub(super) fn add(&self, operation: &'static str, duration: Duration) {
        self.durations().entry(operation).or_default().push(duration);
    }

    pub(super) fn count(&self) -> u64 {
        self.durations().values().map(|durations| durations.len() as u64).sum()
    }

    /// A line for each operation.
    pub(super) fn table(&self) -> Vec<String> {
        let mut lines =
            vec![format!("{:28} {:>7} {:>8} {:>8} {:>8}", "latency (ms)", "count", "p50", "p95", "p99")];
        for (operation, durations) in self.durations().iter_mut() {
            durations.sort_unstable();
            let of = |hundredth| percentile(durations, hundredth).as_secs_f64() * 1000.0;
            lines.push(format!(
                "{operation:28} {:>7} {:>8.1} {:>8.1} {:>8.1}",
                durations.len(),
                of(50),
                of(95),
                of(99)
            ));
        }
        lines
    }

    fn durations(&self) -> MutexGuard<'_, BTreeMap<&'static str, Vec<Duration>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The least of the durations, in order, that so many hundredths of them do not exceed.
fn percentile(sorted: &[Duration], hundredth: usize) -> Duration {
    let rank = (sorted.len() * hundredth).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// Notes how long a function's invocations take, by what came of them, until the stack ends.
pub(super) async fn listen(
    mut records: Receiver<Arc<InvocationRecord>>,
    function: String,
    latencies: Arc<Latencies>,
) {
    loop {
        match records.recv().await {
            Ok(record) if record.function == function => {
                let operation = match &record.outcome {
                    Ok(answer) => outcome(answer),
                    Err(_) => "event: failed, comes again",
                };
                latencies.add(operation, record.duration);
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn outcome(answer: &[u8]) -> &'static str {
    let answer: serde_json::Value = serde_json::from_slice(answer).unwrap_or_default();
    match answer["outcomes"][0]["outcome"].as_str() {
        Some("made") => "event: made",
        Some("up_to_date") => "event: up to date",
        Some("removed") => "event: removed",
        Some("rejected") => "event: rejected",
        _ => "event: other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_durations_that_were_measured() {
        let sorted: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        let of = |hundredth| percentile(&sorted, hundredth).as_millis();
        assert_eq!((of(50), of(95), of(99), of(100)), (100, 190, 198, 200));
        assert_eq!(percentile(&sorted[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }
}
