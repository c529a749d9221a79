//! Which format a client gets that leaves the choice to us.

use thumbline_imaging::OutputFormat;

/// Those that not everybody can show, the smaller first.
const MODERN: [OutputFormat; 2] = [OutputFormat::Avif, OutputFormat::WebP];

/// The best of the formats that a client says it can show; `None` where it names neither AVIF nor WebP, and gets what
/// everybody can show.
///
/// A wildcard says nothing: programs send `*/*` that know neither.
/// <https://www.rfc-editor.org/rfc/rfc9110#name-accept>
pub fn best_format(accept: &str) -> Option<OutputFormat> {
    let ranges: Vec<(&str, u16)> = accept.split(',').map(range).collect();
    let weight = |format: OutputFormat| {
        let named = ranges.iter().filter(|(range, _)| range.eq_ignore_ascii_case(format.content_type()));
        named.map(|(_, weight)| *weight).max().unwrap_or_default()
    };
    let named = MODERN.into_iter().filter(|format| weight(*format) > 0);
    // Of equal weights the last wins.
    named.rev().max_by_key(|format| weight(*format))
}

/// A media range and its weight in thousandths.
fn range(text: &str) -> (&str, u16) {
    let mut parts = text.split(';');
    let range = parts.next().unwrap_or_default().trim();
    let weight = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| thousandths(value.trim()))
    });
    (range, weight.unwrap_or(1000))
}

/// `0.8` as 800; 0 where it is no weight.
fn thousandths(text: &str) -> u16 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{decimals:0<3}");
    let is_weight = decimals.len() <= 3 && digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|weight| is_weight && *weight <= 1000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_that_is_named_wins_unless_weights_say_otherwise() {
        for (accept, expected) in [
            ("image/avif,image/webp,image/apng,image/*,*/*;q=0.8", Some(OutputFormat::Avif)),
            ("image/webp,*/*", Some(OutputFormat::WebP)),
            ("image/webp;q=0.9, image/avif;q=0.8", Some(OutputFormat::WebP)),
            ("image/avif;q=0, image/webp;q=0.001", Some(OutputFormat::WebP)),
            ("IMAGE/AVIF ; Q=1.000", Some(OutputFormat::Avif)),
            ("image/avif;q=7", None),
            ("image/jpeg,image/png", None),
            ("*/*", None),
            ("", None),
            (";;q=,=", None),
        ] {
            assert_eq!(best_format(accept), expected, "{accept}");
        }
    }
}
