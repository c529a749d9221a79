//! What a run takes, told in the same lines before and after: expected by `--dry-run`, measured by the run itself.

use anyhow::Result;
use comfy_table::Table;
use serde_json::{Value, json};
use thumbline_audit::{Prices, Requests};

use crate::table::{bytes, right, table, whole};

/// What a run takes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bill {
    /// Pictures that are worked on.
    pub(super) pictures: u64,
    /// What S3 is asked.
    pub(super) requests: Requests,
    /// Time on this machine's processors.
    pub(super) processor_seconds: f64,
    /// Time on the clock.
    pub(super) seconds: f64,
}

/// What that costs.
pub(super) struct Cost {
    /// S3's requests.
    pub(super) s3_dollars: f64,
    /// What functions would take for the same work.
    gb_seconds: f64,
    /// What they would cost, besides S3's requests.
    pub(super) lambda_dollars: f64,
    prices: Prices,
}

impl Bill {
    pub(super) fn cost(&self) -> Result<Cost> {
        let prices = Prices::current()?;
        let seconds = if self.pictures == 0 { 0.0 } else { self.processor_seconds };
        let gb_seconds = Prices::gb_seconds(self.pictures, seconds);
        Ok(Cost {
            s3_dollars: prices.of_requests(&self.requests),
            gb_seconds,
            lambda_dollars: prices.of_functions(self.pictures, gb_seconds),
            prices,
        })
    }

    pub(super) fn to_json(self) -> Result<Value> {
        let cost = self.cost()?;
        Ok(json!({
            "pictures": self.pictures,
            "requests": self.requests,
            "processor_seconds": rounded(self.processor_seconds, 3),
            "seconds": rounded(self.seconds, 3),
            "s3_dollars": rounded(cost.s3_dollars, 9),
            "lambda": { "gb_seconds": rounded(cost.gb_seconds, 3), "dollars": rounded(cost.lambda_dollars, 9) },
            "prices": { "of": cost.prices.of, "region": cost.prices.region },
        }))
    }

    /// For people; `title` says whether it is expected or measured.
    pub(super) fn to_table(self, title: &str) -> Result<Table> {
        let Requests { list, get, head, put, delete, read_bytes, written_bytes } = self.requests;
        let cost = self.cost()?;
        let mut lines = table(&[title, "", ""]);
        right(&mut lines, 1);
        whole(&mut lines, 0);
        let kinds = format!("{list} LIST, {get} GET, {head} HEAD, {put} PUT, {delete} DELETE");
        lines.add_row(["S3 requests", &dollars(cost.s3_dollars), &kinds]);
        lines.add_row(["read, written", &bytes(read_bytes), &bytes(written_bytes)]);
        lines.add_row(["processors here", &duration(self.processor_seconds), ""]);
        lines.add_row(["time here", &duration(self.seconds), ""]);
        let functions = format!("{:.1} GB-seconds, besides S3's requests", cost.gb_seconds);
        lines.add_row(["by functions", &dollars(cost.lambda_dollars), &functions]);
        let prices = format!("prices of {}, {}", cost.prices.of, cost.prices.region);
        lines.add_row(["", "", &prices]);
        Ok(lines)
    }
}

/// Processor time that this process has taken so far, in seconds.
pub(super) fn processor_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    std::time::Duration::try_from(time).map_or(0.0, |time| time.as_secs_f64())
}

fn rounded(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}

/// Sums of money as they are read: cents, and for small change what it takes to be seen.
pub(super) fn dollars(amount: f64) -> String {
    if amount >= 0.1 || amount == 0.0 { format!("${amount:.2}") } else { format!("${amount:.5}") }
}

/// `1.4 s`, `3 min 12 s`, `5 h 20 min`.
fn duration(seconds: f64) -> String {
    if seconds < 100.0 {
        return format!("{seconds:.1} s");
    }
    let minutes = (seconds / 60.0).floor();
    if minutes < 100.0 {
        format!("{minutes:.0} min {:.0} s", seconds - minutes * 60.0)
    } else {
        format!("{:.0} h {:.0} min", (minutes / 60.0).floor(), minutes % 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_and_sums_are_told_as_people_read_them() {
        assert_eq!(["1.4 s", "3 min 12 s", "5 h 20 min"], [1.44, 192.0, 19_200.0].map(duration));
        assert_eq!(["$0.00", "$0.00026", "$2.58"], [0.0, 0.000_258, 2.58].map(dollars));
    }

    #[test]
    fn nothing_made_costs_no_function_anything() {
        let bill = Bill { processor_seconds: 3.0, ..Bill::default() };
        assert_eq!(bill.to_json().unwrap()["lambda"]["gb_seconds"], 0.0);
    }
}
