//! Tables for people.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table};

/// How wide a table gets where the output's width is unknown.
const WIDTH: u16 = 80;

/// A plain table under these headings, which wraps what does not fit.
pub(crate) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width())
        .set_header(headings);
    table
}

/// Keeps a column as wide as what is in it, at the others' expense.
pub(crate) fn whole(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
}

/// Aligns a column of numbers.
pub(crate) fn right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// The terminal's width, or 80 columns in a pipe.
fn width() -> u16 {
    console::Term::stdout().size_checked().map_or(WIDTH, |(_, columns)| columns.clamp(60, 160))
}

/// A length in the unit that people read it in.
pub(crate) fn bytes(length: u64) -> String {
    indicatif::DecimalBytes(length).to_string()
}
