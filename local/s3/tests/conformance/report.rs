//! Runs the cases one after the other, prints what came of each, and holds that against the differences listed.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::future::Future;
use std::panic;
use std::pin::Pin;
use std::sync::{LazyLock, Mutex, Once};
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::stage::Stage;

/// No case needs more than a few seconds; one that hangs must not hang the suite.
const CASE_DEADLINE: Duration = Duration::from_mins(2);

/// One statement about S3.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// The module that it stands in.
    pub(crate) area: &'static str,
    /// The function's name, which says what must hold.
    pub(crate) name: &'static str,
    /// Panics where the server does not do what the name says.
    pub(crate) run: fn(Stage) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Lists a module's cases. A case that is missing from its list is dead code, which the compiler reports.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        pub(crate) fn cases() -> Vec<crate::report::Case> {
            vec![$(crate::report::Case {
                area: module_path!().rsplit("::").next().unwrap_or_default(),
                name: stringify!($name),
                run: |stage| Box::pin($name(stage)),
            }),*]
        }
    };
}
pub(crate) use cases;

/// Where a known difference of a foreign S3 is named.
pub(crate) struct Difference {
    /// The name of the case that this implementation fails.
    pub(crate) case: &'static str,
    /// What it does, where S3 does as the case's name says.
    pub(crate) instead: &'static str,
    /// Whether it is seen every time; where two requests race, luck decides, and either verdict stands.
    pub(crate) always: bool,
}

/// What came of every case against one server.
pub(crate) struct Report {
    server: &'static str,
    verdicts: Vec<(Case, Result<(), String>)>,
}

/// Runs every case (or those that `CONFORMANCE_ONLY` selects), each in a bucket of its own.
pub(crate) async fn run(server: &Server, cases: Vec<Case>) -> Report {
    let mut names = BTreeSet::new();
    for case in &cases {
        assert!(names.insert(case.name), "two cases are called {}", case.name);
    }
    let only = std::env::var("CONFORMANCE_ONLY").unwrap_or_default();
    let mut verdicts = Vec::new();
    for (number, case) in cases.into_iter().enumerate() {
        if !case.area.contains(&only) && !case.name.contains(&only) {
            continue;
        }
        let started = Instant::now();
        let verdict = verdict(server, number, case).await;
        let line = match &verdict {
            Ok(()) => "agrees",
            Err(_) => "DIFFERS",
        };
        println!(
            "{:<8} {:<13} {:<78} {line} ({} ms)",
            server.name,
            case.area,
            case.name,
            started.elapsed().as_millis()
        );
        verdicts.push((case, verdict));
    }
    Report { server: server.name, verdicts }
}

/// One case on its own task, so that its panic ends it alone.
async fn verdict(server: &Server, number: usize, case: Case) -> Result<(), String> {
    remember_where_tasks_panic();
    let stage = Stage::set(server, number, case.name).await;
    let task = tokio::spawn(async move {
        tokio::time::timeout(CASE_DEADLINE, (case.run)(stage)).await.expect("the case to end in time");
    });
    let id = task.id();
    task.await.map_err(|ended| {
        let place = PANICKED_AT.lock().expect("no panic while locked").remove(&id).unwrap_or_default();
        let said = ended.try_into_panic().map(|payload| message(payload.as_ref())).unwrap_or_default();
        format!("{place}: {said}")
    })
}

/// Where the task of that id panicked: a panic's payload holds its message only.
static PANICKED_AT: LazyLock<Mutex<HashMap<tokio::task::Id, String>>> = LazyLock::new(Mutex::default);

fn remember_where_tasks_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| match (tokio::task::try_id(), panicked.location()) {
            (Some(task), Some(place)) => {
                let place = format!("{}:{}", place.file(), place.line());
                PANICKED_AT.lock().expect("no panic while locked").insert(task, place);
            }
            _ => usual(panicked),
        }));
    });
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("(no message)");
    // Assertions put what differs on lines of their own; one line per case reads better in a table.
    let line =
        text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" | ");
    line.chars().take(600).collect()
}

impl Report {
    /// Fails unless the cases that differ are exactly those listed.
    #[track_caller]
    pub(crate) fn must_agree_but_for(&self, listed: &[Difference]) {
        let listed: BTreeMap<_, _> = listed.iter().map(|difference| (difference.case, difference)).collect();
        let ran: BTreeSet<_> = self.verdicts.iter().map(|(case, _)| case.name).collect();
        let all: BTreeSet<_> = crate::cases().iter().map(|case| case.name).collect();
        let mut wrong = String::new();
        let mut differing = 0;
        for (case, verdict) in &self.verdicts {
            let name = case.name;
            match (verdict, listed.get(name)) {
                (Ok(()), None) => {}
                (Ok(()), Some(known)) if !known.always => {}
                (Ok(()), Some(_)) => _ = writeln!(wrong, "  {name} is listed as a difference and agrees"),
                (Err(why), None) => _ = writeln!(wrong, "  {name} differs, unlisted: {why}"),
                (Err(_), Some(known)) => {
                    differing += 1;
                    println!("  {name}: {}", known.instead);
                }
            }
        }
        for name in listed.keys().filter(|name| !all.contains(**name)) {
            let _ = writeln!(wrong, "  {name} is listed as a difference and is no case");
        }
        println!("{}: {} cases, {differing} known differences", self.server, ran.len());
        assert!(wrong.is_empty(), "{} is not what this suite says that it is:\n{wrong}", self.server);
    }
}
