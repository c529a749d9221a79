//! What AWS asks for requests and for time, with the day of the price list: in one file, which docs/cost.md is made of too.

use serde::Deserialize;

use crate::metered::Requests;

/// Memory with which a function has one whole processor, in megabytes, and what the template gives it.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
pub const FUNCTION_MB: f64 = 1769.0;

/// Until S3 has answered, a function waits and is billed for it: the listing, the picture, the thumbnails at once, the
/// manifest, and the last look, of some 15 ms each. An assumption, as in docs/cost.md.
const WAITING_SECONDS: f64 = 5.0 * 0.015;

/// A price list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// When it was read.
    pub of: String,
    /// Where it holds.
    pub region: String,
    /// AWS Lambda.
    pub lambda: LambdaPrices,
    /// Amazon S3.
    pub s3: S3Prices,
}

/// US dollars.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LambdaPrices {
    /// For a gigabyte of memory and a second, on arm64.
    pub gb_second_arm64: f64,
    /// The same on `x86_64`.
    pub gb_second_x86_64: f64,
    /// For a call.
    pub invocation: f64,
}

/// US dollars.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Prices {
    /// For a PUT, COPY, POST or LIST.
    pub write: f64,
    /// For a GET, a HEAD or the like.
    pub read: f64,
}

impl Prices {
    /// The price list that this was built with.
    ///
    /// # Errors
    /// None that a build could have that passes its tests; the signature is the parser's.
    pub fn current() -> Result<Prices, toml::de::Error> {
        toml::from_str(include_str!("../prices.toml"))
    }

    /// What S3 asks for requests, in US dollars. What leaves its region is not in it.
    pub fn of_requests(&self, requests: &Requests) -> f64 {
        let Requests { list, get, head, put, .. } = *requests;
        number(list + put) * self.s3.write + number(get + head) * self.s3.read
    }

    /// The gigabyte-seconds of functions that make so many pictures with so much of a processor's time.
    pub fn gb_seconds(pictures: u64, processor_seconds: f64) -> f64 {
        (processor_seconds + number(pictures) * WAITING_SECONDS) * FUNCTION_MB / 1024.0
    }

    /// What functions on arm64 ask for that, called once for each picture, in US dollars.
    pub fn of_functions(&self, pictures: u64, gb_seconds: f64) -> f64 {
        gb_seconds * self.lambda.gb_second_arm64 + number(pictures) * self.lambda.invocation
    }
}

/// A count to calculate prices with.
#[allow(clippy::cast_precision_loss)]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_new_pictures_cost_what_the_page_about_costs_says() {
        let prices = Prices::current().unwrap();
        let requests = Requests { list: 1, get: 1, head: 1, put: 4, ..Requests::default() };
        assert!((prices.of_requests(&requests) * 1e6 - 25.80).abs() < 0.001);
        // 24 MP JPEG to WebP at 1769 MB: 75 ms.
        let dollars = prices.of_functions(1_000_000, Prices::gb_seconds(1_000_000, 75_000.0));
        assert!((dollars - 3.65).abs() < 0.01, "{dollars}");
    }
}
