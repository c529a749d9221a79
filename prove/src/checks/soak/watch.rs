//! What processes hold on to, second by second.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use thumbline_local::lambda::RunningEnvironment;

/// What memory may grow by, after warming up: a tenth of what it is, and this.
const MEMORY_SLACK_KIB: u64 = 4 * 1024;

/// What the number of descriptors may grow by: connections come and go.
const DESCRIPTOR_SLACK: u64 = 4;

/// Fewer looks at a process say nothing about a trend.
const LEAST_LOOKS: usize = 15;

/// What a process holds at one moment.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// Resident memory. <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
    memory_kib: u64,
    descriptors: u64,
}

/// What was seen so far.
#[derive(Debug)]
pub(super) struct Watch {
    temporary: PathBuf,
    processes: BTreeMap<(String, u32), Vec<Held>>,
    most_temporary: usize,
}

/// What the sights come to.
pub(super) struct Judgement {
    pub(super) figure: String,
    pub(super) lines: Vec<String>,
    pub(super) violations: Vec<String>,
}

impl Watch {
    pub(super) fn new(temporary: PathBuf) -> Watch {
        Watch { temporary, processes: BTreeMap::new(), most_temporary: 0 }
    }

    /// Looks at every process once. One that has just ended is not there any more.
    pub(super) fn look(&mut self, running: &[RunningEnvironment]) {
        for environment in running {
            if let Some(held) = held(environment.pid) {
                let process = (environment.function.clone(), environment.pid);
                self.processes.entry(process).or_default().push(held);
            }
        }
        self.most_temporary = self.most_temporary.max(files(&self.temporary));
    }

    pub(super) fn judge(&self) -> Judgement {
        let (mut lines, mut violations) = (Vec::new(), Vec::new());
        let (mut most_memory, mut most_descriptors) = (0, 0);
        for ((function, pid), looks) in &self.processes {
            if looks.len() < LEAST_LOOKS {
                continue;
            }
            let memory = Trend::of(looks, |held| held.memory_kib);
            let descriptors = Trend::of(looks, |held| held.descriptors);
            lines.push(format!(
                "{function} {pid}: {} s, memory {} → {} KiB, descriptors {} → {}",
                looks.len(),
                memory.warm,
                memory.last,
                descriptors.warm,
                descriptors.last
            ));
            most_memory = most_memory.max(memory.growth());
            most_descriptors = most_descriptors.max(descriptors.growth());
            if memory.last > memory.warm + memory.warm / 10 + MEMORY_SLACK_KIB {
                violations
                    .push(format!("{function}: memory grew from {} to {} KiB", memory.warm, memory.last));
            }
            if descriptors.growth() > DESCRIPTOR_SLACK {
                violations.push(format!(
                    "{function}: descriptors grew from {} to {}",
                    descriptors.warm, descriptors.last
                ));
            }
        }
        if lines.is_empty() {
            violations.push(format!("no process was seen {LEAST_LOOKS} times"));
        }
        let left = files(&self.temporary);
        if left > 0 {
            violations.push(format!("{left} temporary files are left"));
        }
        lines.push(format!("temporary files: at most {}, {left} at the end", self.most_temporary));
        let figure = format!(
            "growth: memory {most_memory} KiB, descriptors {most_descriptors}, temporary files {left}"
        );
        Judgement { figure, lines, violations }
    }
}

/// The medians of the fifth after warming up, and of the last.
struct Trend {
    warm: u64,
    last: u64,
}

impl Trend {
    fn of(looks: &[Held], what: impl Fn(&Held) -> u64) -> Trend {
        let fifth = looks.len() / 5;
        let median = |part: &[Held]| {
            let mut values: Vec<u64> = part.iter().map(&what).collect();
            values.sort_unstable();
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        let warm = looks.get(fifth * 2..fifth * 3).unwrap_or_default();
        let last = looks.get(looks.len() - fifth..).unwrap_or_default();
        Trend { warm: median(warm), last: median(last) }
    }

    fn growth(&self) -> u64 {
        self.last.saturating_sub(self.warm)
    }
}

fn held(pid: u32) -> Option<Held> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let memory_kib = line.trim().trim_end_matches(" kB").parse().ok()?;
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64;
    Some(Held { memory_kib, descriptors })
}

/// Files in a folder, and below it.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grows(by: u64) -> Judgement {
        let looks = (0..100).map(|n| Held { memory_kib: 50_000 + n * by, descriptors: 20 + n * by / 1000 });
        let processes = BTreeMap::from([(("resize".to_owned(), 1), looks.collect())]);
        Watch { temporary: PathBuf::from("/nowhere"), processes, most_temporary: 0 }.judge()
    }

    #[test]
    fn growth_is_found_and_what_stays_is_not() {
        assert!(grows(0).violations.is_empty() && grows(10).violations.is_empty());
        let found = grows(400).violations;
        assert!(
            found.len() == 2 && found[0].contains("memory") && found[1].contains("descriptors"),
            "{found:?}"
        );
    }

    #[test]
    fn this_process_holds_something() {
        let held = held(std::process::id()).unwrap();
        assert!(held.memory_kib > 100 && held.descriptors > 2, "{held:?}");
    }
}
