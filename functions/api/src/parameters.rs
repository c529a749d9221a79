//! The parameters of a thumbnail: which there are, what they may be, and what is said where they are not.
//!
//! Values that mean nothing together (a gravity, where nothing is cut off) are no mistake: they are taken for their absence,
//! so that what comes to the same is stored once.

use http::StatusCode;
use thumbline::signing::{EXPIRES, KEY_ID, SIGNATURE};
use thumbline::{Preset, Presets};
use thumbline_imaging::{Fit, Output, OutputFormat, Position, Rendition};

use crate::problem::Problem;

/// The longest side that can be asked for, in pixels, before `dpr`.
pub const MAX_SIDE_PIXELS: u32 = 4096;
/// The longest side that comes of it: a higher `dpr` is taken for the one that leads there.
const MAX_MULTIPLIED_PIXELS: f64 = 8192.0;
/// The highest `dpr`.
pub const MAX_DPR: f64 = 4.0;
/// The qualities that may be asked for without a signature: multiples of this.
pub const UNSIGNED_QUALITY_STEP: u8 = 5;

/// The names of the fits.
pub const FITS: [Fit; 4] = [Fit::Inside, Fit::Cover, Fit::Contain, Fit::Fill];

/// All parameters, those of a signature last.
pub const NAMES: [&str; 11] =
    ["preset", "w", "h", "fit", "q", "dpr", "format", "gravity", EXPIRES, KEY_ID, SIGNATURE];

/// The value of `format` that leaves it to [negotiation](crate::negotiation).
pub const AUTO: &str = "auto";

/// What a request for a thumbnail asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A preset, as it is.
    Preset(Preset),
    /// A size. Its format is in the rendition, unless it is to be negotiated.
    Size {
        /// Everything but a negotiated format.
        rendition: Rendition,
        /// Whether the format is to be negotiated.
        negotiate: bool,
    },
}

impl Asked {
    /// Reads the parameters of a thumbnail. What goes with a preset changes that of it which it names.
    ///
    /// # Errors
    /// 400, naming the parameter and what it may be.
    pub fn read(query: &[(String, String)], presets: &Presets) -> Result<Asked, Problem> {
        check_names(query, &NAMES)?;
        let value = |name: &str| {
            let found = query.iter().find(|(found, _)| found == name);
            found.map(|(_, value)| value.as_str())
        };
        let named = presets.iter().map(|preset| (preset.name.as_str(), preset));
        let preset = one_of("preset", value("preset"), named)?;
        let width = value("w").map(|text| number("w", text, 1, MAX_SIDE_PIXELS)).transpose()?;
        let height = value("h").map(|text| number("h", text, 1, MAX_SIDE_PIXELS)).transpose()?;
        let dpr = value("dpr").map(ratio).transpose()?;
        let fit = one_of("fit", value("fit"), FITS.map(|fit| (fit.name(), fit)))?;
        let position = one_of("gravity", value("gravity"), positions())?;
        let quality = value("q").map(quality).transpose()?;
        let formats = OutputFormat::ALL.iter().map(|format| (format.name(), Some(*format)));
        let format = one_of("format", value("format"), formats.chain([(AUTO, None)]))?;
        let asks_more = (width, height, fit) != (None, None, None)
            || (dpr, position, quality) != (None, None, None)
            || format.is_some();
        if let Some(preset) = preset
            && !asks_more
        {
            return Ok(Asked::Preset(preset.clone()));
        }
        let of_preset = preset.map(|preset| preset.rendition.clone());
        let mut rendition = of_preset.unwrap_or_else(|| Rendition::new(None, None));
        if (width, height) != (None, None) {
            (rendition.width, rendition.height) = (width, height);
        }
        multiply(&mut rendition, dpr.unwrap_or(1.0));
        rendition.fit = fit.unwrap_or(rendition.fit);
        rendition.position = position.unwrap_or(rendition.position);
        rendition.quality = quality.unwrap_or(rendition.quality);
        let format = match (format, preset.map(|preset| preset.rendition.format)) {
            (Some(format), _) => format,
            (None, Some(Output::Fixed(format))) => Some(format),
            (None, _) => None,
        };
        if format.map(Output::Fixed) != Some(rendition.format) {
            // Each is a word of the preset's own format.
            rendition.lossless = false;
            rendition.progressive = false;
            rendition.animated = false;
        }
        simplify(&mut rendition);
        let rendition = rendition.with_format(format.unwrap_or_default());
        Ok(Asked::Size { rendition, negotiate: format.is_none() })
    }
}

/// Multiplies the sides, both alike.
fn multiply(rendition: &mut Rendition, dpr: f64) {
    let longest = rendition.width.max(rendition.height).map_or(1.0, f64::from);
    let dpr = dpr.min((MAX_MULTIPLIED_PIXELS / longest).max(1.0));
    // From 1 to 16,384 by all that goes in.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let multiplied = |side: u32| (f64::from(side) * dpr).round().max(1.0) as u32;
    rendition.width = rendition.width.map(multiplied);
    rendition.height = rendition.height.map(multiplied);
}

/// Leaves out what has no effect.
fn simplify(rendition: &mut Rendition) {
    if rendition.width.is_none() || rendition.height.is_none() {
        rendition.fit = Fit::Inside;
    }
    let is_fixed = Position::GRAVITIES.contains(&rendition.position);
    let matters = rendition.fit == Fit::Cover || (rendition.fit == Fit::Contain && is_fixed);
    if !matters {
        rendition.position = Position::Centre;
    }
}

/// The names of the gravities.
pub fn positions() -> impl Iterator<Item = (&'static str, Position)> {
    let all = Position::GRAVITIES.iter().copied().chain([Position::Attention]);
    all.map(|position| (position.name(), position))
}

/// Refuses parameters that there are not, and any that is there twice.
///
/// # Errors
/// 400
pub fn check_names(query: &[(String, String)], known: &[&'static str]) -> Result<(), Problem> {
    for (index, (name, _)) in query.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            let shown: String = name.chars().take(40).collect();
            let detail = format!("there is no parameter {shown:?}");
            let problem = Problem::new(StatusCode::BAD_REQUEST, "unknown_parameter", detail);
            return Err(problem.allowing(known));
        }
        if query.iter().skip(index + 1).any(|(other, _)| other == name) {
            let detail = format!("the parameter {name} is there twice");
            return Err(Problem::new(StatusCode::BAD_REQUEST, "repeated_parameter", detail));
        }
    }
    Ok(())
}

/// A whole number in a range, written with digits and nothing else.
///
/// # Errors
/// 400
pub fn number(name: &'static str, text: &str, least: u32, most: u32) -> Result<u32, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u32>().ok().filter(|number| digits && (least..=most).contains(number));
    number.ok_or_else(|| {
        Problem::parameter(name, format!("{name} is a whole number from {least} to {most}"))
            .allowing([format!("{least}..{most}")])
    })
}

fn one_of<'a, T>(
    name: &'static str,
    text: Option<&str>,
    values: impl IntoIterator<Item = (&'a str, T)>,
) -> Result<Option<T>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    let mut names = Vec::new();
    for (value_name, value) in values {
        if value_name == text {
            return Ok(Some(value));
        }
        names.push(value_name);
    }
    Err(Problem::parameter(name, format!("{name} is one of {}", names.join(", "))).allowing(names))
}

/// A number from 1 to [`MAX_DPR`], in decimal digits.
fn ratio(text: &str) -> Result<f64, Problem> {
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let ratio = text.parse::<f64>().ok().filter(|ratio| is_decimal && (1.0..=MAX_DPR).contains(ratio));
    ratio.ok_or_else(|| {
        let detail = format!("dpr is a number from 1 to {MAX_DPR}, in decimal digits");
        Problem::parameter("dpr", detail).allowing([format!("1..{MAX_DPR}")])
    })
}

fn quality(text: &str) -> Result<u8, Problem> {
    let quality = number("q", text, 1, 100)?;
    Ok(u8::try_from(quality).unwrap_or(Rendition::DEFAULT_QUALITY))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRESETS: &str = "small=200x200:cover:attention:webp:q75:lossless wide=640x:auto";

    fn read(text: &str) -> Result<Asked, Problem> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pair = |pair: &str| pair.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap();
        Asked::read(&pairs.map(pair).collect::<Vec<_>>(), &PRESETS.parse().unwrap())
    }

    fn rendition(text: &str) -> Rendition {
        match read(text).unwrap() {
            Asked::Size { rendition, .. } => rendition,
            Asked::Preset(_) => panic!("a preset"),
        }
    }

    #[test]
    fn a_size_is_what_its_parameters_say() {
        let all = rendition("w=200&h=100&fit=cover&q=70&dpr=1.5&format=avif&gravity=north");
        assert_eq!((all.width, all.height, all.quality), (Some(300), Some(150), 70));
        assert_eq!((all.fit, all.position), (Fit::Cover, Position::North));
        assert!(matches!(read("w=1"), Ok(Asked::Size { negotiate: true, .. })));
        assert!(matches!(read("w=1&format=webp"), Ok(Asked::Size { negotiate: false, .. })));
        assert_eq!((rendition("").width, rendition("").height), (None, None));
    }

    #[test]
    fn what_goes_with_a_preset_changes_it() {
        assert!(matches!(read("preset=small"), Ok(Asked::Preset(preset)) if preset.name == "small"));
        let Asked::Size { rendition: changed, negotiate } = read("preset=small&dpr=2").unwrap() else {
            panic!()
        };
        assert_eq!((changed.width, changed.height, changed.fit), (Some(400), Some(400), Fit::Cover));
        assert_eq!((changed.quality, changed.lossless, negotiate), (75, true, false));
        let jpeg = rendition("preset=small&format=jpeg");
        assert_eq!((jpeg.width, jpeg.lossless), (Some(200), false));
        assert!(matches!(read("preset=wide&q=50"), Ok(Asked::Size { negotiate: true, .. })));
        assert_eq!(rendition("preset=small&h=90").width, None);
    }

    #[test]
    fn what_comes_to_the_same_is_the_same() {
        assert_eq!(rendition("w=400"), rendition("w=200&dpr=2&fit=cover&gravity=attention"));
        assert_eq!(rendition("w=400&q=80&dpr=1.00&gravity=centre"), rendition("w=400"));
        assert_eq!(rendition("w=9&h=9&fit=contain&gravity=attention"), rendition("w=9&h=9&fit=contain"));
        assert_eq!(rendition("w=9&h=9&fit=fill&gravity=north"), rendition("w=9&h=9&fit=fill"));
    }

    #[test]
    fn a_high_dpr_multiplies_both_sides_alike_as_far_as_it_may() {
        let largest = rendition("w=4096&h=2048&dpr=4");
        assert_eq!((largest.width, largest.height), (Some(8192), Some(4096)));
    }

    #[test]
    fn a_mistake_names_the_parameter_and_what_it_may_be() {
        for (text, parameter, expected) in [
            ("w=0", "w", "1..4096"),
            ("w=4097", "w", "1..4096"),
            ("w=+5", "w", "1..4096"),
            ("h=1e3", "h", "1..4096"),
            ("w=1&dpr=0.5", "dpr", "1..4"),
            ("w=1&dpr=1e0", "dpr", "1..4"),
            ("w=1&dpr=NaN", "dpr", "1..4"),
            ("w=1&dpr=", "dpr", "1..4"),
            ("w=1&q=101", "q", "1..100"),
            ("w=1&h=1&fit=crop", "fit", "cover"),
            ("w=1&format=svg", "format", "avif"),
            ("w=1&gravity=up", "gravity", "north"),
            ("preset=large", "preset", "small"),
        ] {
            let problem = read(text).unwrap_err();
            assert_eq!(
                (problem.status, problem.parameter),
                (StatusCode::BAD_REQUEST, Some(parameter)),
                "{text}"
            );
            assert!(problem.allowed.contains(&expected.to_owned()), "{text}: {:?}", problem.allowed);
        }
        for text in ["w=1&width=1", "w=1&w=1", "w=1&W=1"] {
            assert_eq!(read(text).unwrap_err().status, StatusCode::BAD_REQUEST, "{text}");
        }
    }
}
