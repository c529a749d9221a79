//! What was found, for people and for machines.

use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Serialize;

use crate::check::Finding;

/// How wide a table gets where the output's width is unknown.
const WIDTH: u16 = 80;

/// A check that has run.
#[derive(Debug, Serialize)]
pub(crate) struct Ran {
    /// The check.
    pub(crate) check: &'static str,
    /// What is promised.
    pub(crate) promise: &'static str,
    /// Whether it held.
    pub(crate) holds: bool,
    /// How long it took.
    pub(crate) seconds: f64,
    /// What was found.
    #[serde(flatten)]
    pub(crate) finding: Finding,
}

impl Ran {
    /// A check that came to an end, or, where it could not be run, what was in its way.
    pub(crate) fn new(
        check: &'static str,
        promise: &'static str,
        elapsed: Duration,
        result: anyhow::Result<Finding>,
    ) -> Ran {
        let finding = result.unwrap_or_else(|error| Finding {
            figure: "could not be run".to_owned(),
            violations: vec![format!("{error:#}")],
            ..Finding::default()
        });
        Ran { check, promise, holds: finding.holds(), seconds: elapsed.as_secs_f64(), finding }
    }
}

/// One line for each check.
pub(crate) fn table(ran: &[Ran]) -> String {
    let mut table = Table::new();
    let width = console::Term::stdout().size_checked().map_or(WIDTH, |(_, columns)| columns.clamp(60, 160));
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(["CHECK", "CASES", "FIGURE", "", "SECONDS"]);
    for Ran { check, holds, seconds, finding, .. } in ran {
        table.add_row([
            (*check).to_owned(),
            finding.cases.to_string(),
            finding.figure.clone(),
            if *holds { "holds" } else { "DOES NOT HOLD" }.to_owned(),
            format!("{seconds:.1}"),
        ]);
    }
    for column in [1, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}
