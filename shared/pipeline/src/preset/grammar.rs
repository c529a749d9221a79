//! How a preset is written: `name=200x200:cover:attention:webp:q80`.
//!
//! Words may come in any order, each kind of them once at most. What is printed is in full and in a fixed order, since the
//! recipe is a hash of it.

use std::fmt;
use std::str::FromStr;

use thumbline_imaging::{Fit, Focus, Output, OutputFormat, Position, Rendition, Rgb};

use super::{Preset, PresetError};

/// The form of a preset, for messages and help.
pub const PRESET_FORM: &str = "name=WIDTHxHEIGHT[:inside|cover|contain|fill][:attention|focus=X,Y|north|south-east|…]\
     [:webp|jpeg|png|avif|auto][:q1..q100][:lossless][:progressive][:animated][:enlarge][:bg#RRGGBB], where one of the sides may be left out";

/// The largest side that can be asked for, in pixels: WebP's own limit.
/// <https://developers.google.com/speed/webp/docs/riff_container>
const MAX_SIDE_PIXELS: u32 = 16_383;

/// The longest name of a preset. Names count towards the 1,024 bytes of an S3 key: long ones would leave little room for
/// the source's own key.
const MAX_NAME_BYTES: usize = 128;

const FITS: [Fit; 4] = [Fit::Inside, Fit::Cover, Fit::Contain, Fit::Fill];

impl FromStr for Preset {
    type Err = PresetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map_err(|problem| PresetError { preset: text.to_owned(), problem })
    }
}

/// In full and in a fixed order, whatever was left out when it was written.
impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let r = &self.rendition;
        let side = |side: Option<u32>| side.map(|s| s.to_string()).unwrap_or_default();
        write!(f, "{}={}x{}:{}", self.name, side(r.width), side(r.height), r.fit.name())?;
        match r.position {
            Position::Centre => {}
            Position::Focus(focus) => {
                write!(f, ":focus={},{}", share(focus.x_per_mille()), share(focus.y_per_mille()))?;
            }
            position => write!(f, ":{}", position.name())?,
        }
        write!(f, ":{}:q{}", r.format.name(), r.quality)?;
        for (word, is_set) in flags(r) {
            if is_set {
                write!(f, ":{word}")?;
            }
        }
        if let Some(Rgb([red, green, blue])) = r.background {
            write!(f, ":bg#{red:02x}{green:02x}{blue:02x}")?;
        }
        Ok(())
    }
}

/// A rendition as a preset describes it, without a name: in full and in a fixed order.
pub(crate) fn description(rendition: &Rendition) -> String {
    let nameless = Preset { name: String::new(), rendition: rendition.clone() };
    nameless.to_string().trim_start_matches('=').to_owned()
}

/// The words that are there or not.
fn flags(rendition: &Rendition) -> [(&'static str, bool); 4] {
    [
        ("lossless", rendition.lossless),
        ("progressive", rendition.progressive),
        ("animated", rendition.animated),
        ("enlarge", rendition.enlarge),
    ]
}

/// Thousandths, as short as they can be written: `0.3`, `1`.
fn share(per_mille: u16) -> String {
    let digits = format!("{}.{:03}", per_mille / 1000, per_mille % 1000);
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What a preset's words have set so far, so that a second word of a kind is noticed.
#[derive(Default)]
struct Words {
    fit: Option<Fit>,
    position: Option<Position>,
    format: Option<Output>,
    quality: Option<u8>,
    background: Option<Rgb>,
    flags: Vec<&'static str>,
}

impl Words {
    fn take(&mut self, word: &str) -> Result<(), String> {
        if let Some(fit) = FITS.into_iter().find(|fit| fit.name() == word) {
            set(&mut self.fit, fit, word, "fit")
        } else if let Some(position) = parse_position(word) {
            set(&mut self.position, position?, word, "position")
        } else if let Some(format) = parse_format(word) {
            set(&mut self.format, format, word, "format")
        } else if let Some((flag, _)) =
            flags(&Rendition::new(None, None)).into_iter().find(|(f, _)| *f == word)
        {
            self.flags.push(flag);
            Ok(())
        } else if let Some(colour) = word.strip_prefix("bg#") {
            set(&mut self.background, parse_colour(colour)?, word, "background")
        } else if let Some(quality) = word.strip_prefix('q') {
            set(&mut self.quality, parse_quality(quality)?, word, "quality")
        } else {
            Err(format!("{word:?} is none of {}", all_words().join(", ")))
        }
    }

    /// The rendition that the words describe, if they can be had together.
    fn describe(self, (width, height): (Option<u32>, Option<u32>)) -> Result<Rendition, String> {
        let mut rendition = Rendition::new(width, height)
            .with_fit(self.fit.unwrap_or_default())
            .with_position(self.position.unwrap_or_default())
            .with_format(self.format.unwrap_or_default())
            .with_background(self.background)
            .with_lossless(self.flags.contains(&"lossless"))
            .with_progressive(self.flags.contains(&"progressive"))
            .with_animated(self.flags.contains(&"animated"))
            .with_enlarge(self.flags.contains(&"enlarge"));
        if let Some(quality) = self.quality {
            rendition = rendition.with_quality(quality);
        }
        let (fit, position, format) = (rendition.fit, rendition.position, rendition.format);
        let crops = fit == Fit::Cover;
        let is_fixed = Position::GRAVITIES.contains(&position);
        if position != Position::Centre && !crops && !(is_fixed && fit == Fit::Contain) {
            let fits = if is_fixed { "cover and contain" } else { "cover" };
            return Err(format!("{:?} goes with {fits}, and the fit is {}", position.name(), fit.name()));
        }
        if rendition.lossless && (format.may_be(OutputFormat::Jpeg) || format.may_be(OutputFormat::Avif)) {
            return Err(format!("\"lossless\" goes with webp, png and auto, and the format is {format}"));
        }
        if rendition.progressive && format != Output::Fixed(OutputFormat::Jpeg) {
            return Err(format!("\"progressive\" goes with jpeg, and the format is {format}"));
        }
        if rendition.animated && !format.may_be(OutputFormat::WebP) {
            return Err(format!("\"animated\" goes with webp and auto, and the format is {format}"));
        }
        Ok(rendition)
    }
}

fn set<T>(slot: &mut Option<T>, value: T, word: &str, kind: &str) -> Result<(), String> {
    if slot.replace(value).is_some() { Err(format!("{word:?} is a second {kind}")) } else { Ok(()) }
}

/// All that a word can be, for messages.
fn all_words() -> Vec<&'static str> {
    let fits = FITS.into_iter().map(Fit::name);
    let gravities = Position::GRAVITIES.iter().map(|position| position.name());
    let formats = OutputFormat::ALL.iter().map(|format| format.name());
    let flags = flags(&Rendition::new(None, None)).map(|(word, _)| word);
    fits.chain(["attention", "focus=X,Y"])
        .chain(gravities)
        .chain(formats)
        .chain(["auto", "qNN"])
        .chain(flags)
        .chain(["bg#RRGGBB"])
        .collect()
}

fn parse(text: &str) -> Result<Preset, String> {
    let (name, description) = text.split_once('=').ok_or("there is no `=` after the name")?;
    check_name(name)?;
    let mut words = description.split(':');
    let sides = parse_size(words.next().unwrap_or_default())?;
    let mut found = Words::default();
    words.try_for_each(|word| found.take(word))?;
    Ok(Preset { name: name.to_owned(), rendition: found.describe(sides)? })
}

fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(allowed) {
        return Err(format!("the name {name:?} may have letters, digits, - and _ only"));
    }
    if name == "manifest" {
        return Err("the name \"manifest\" is taken by manifest.json".to_owned());
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(format!("the name is {} characters long; {} at most", name.len(), MAX_NAME_BYTES));
    }
    Ok(())
}

pub(crate) fn parse_size(text: &str) -> Result<(Option<u32>, Option<u32>), String> {
    let (width, height) =
        text.split_once('x').ok_or_else(|| format!("{text:?} is no size such as 200x200, 640x or x480"))?;
    let side = |digits: &str| match digits {
        "" => Ok(None),
        digits => match digits.parse::<u32>() {
            Ok(pixels) if (1..=MAX_SIDE_PIXELS).contains(&pixels) => Ok(Some(pixels)),
            _ => Err(format!("{digits:?} is no side between 1 and {MAX_SIDE_PIXELS} pixels")),
        },
    };
    match (side(width)?, side(height)?) {
        (None, None) => Err("at least one side is needed".to_owned()),
        sides => Ok(sides),
    }
}

/// `None` where the word is about something else.
fn parse_position(word: &str) -> Option<Result<Position, String>> {
    if let Some(point) = word.strip_prefix("focus=") {
        let focus = point.split_once(',').and_then(|(x, y)| Focus::per_mille(per_mille(x)?, per_mille(y)?));
        let focus = focus.map(Position::Focus);
        return Some(focus.ok_or_else(|| {
            format!("{word:?} is no point such as focus=0.3,0.7: shares of the width and height, from 0 to 1")
        }));
    }
    match word {
        "attention" => Some(Ok(Position::Attention)),
        // The other spelling, too.
        "center" => Some(Ok(Position::Centre)),
        word => Position::GRAVITIES.iter().find(|position| position.name() == word).map(|found| Ok(*found)),
    }
}

/// A decimal fraction from 0 to 1, with three decimals at most.
fn per_mille(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > 3 {
        return None;
    }
    let whole = whole.parse::<u16>().ok().filter(|whole| *whole <= 1)?;
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    Some(whole * 1000 + decimals).filter(|share| *share <= 1000)
}

fn parse_format(word: &str) -> Option<Output> {
    match word {
        "auto" => Some(Output::Auto),
        "jpg" => Some(OutputFormat::Jpeg.into()),
        word => OutputFormat::ALL.iter().find(|format| format.name() == word).map(|found| (*found).into()),
    }
}

fn parse_quality(digits: &str) -> Result<u8, String> {
    match digits.parse::<u8>() {
        Ok(quality) if (1..=100).contains(&quality) => Ok(quality),
        _ => Err(format!("\"q{digits}\" is no quality between q1 and q100")),
    }
}

fn parse_colour(digits: &str) -> Result<Rgb, String> {
    let value = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6);
    let [_, red, green, blue] =
        value.ok_or_else(|| format!("\"bg#{digits}\" is no colour such as bg#ffffff"))?.to_be_bytes();
    Ok(Rgb([red, green, blue]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(written: &str) -> String {
        written.parse::<Preset>().unwrap().to_string()
    }

    fn problem(written: &str) -> String {
        written.parse::<Preset>().unwrap_err().problem
    }

    #[test]
    fn what_is_printed_reads_back_the_same() {
        let mut written = vec![
            "a=200x200:cover:jpeg:q77:progressive:enlarge:bg#00ff7f".to_owned(),
            "b=x480:inside:png:q80".to_owned(),
            "c=640x:fill:auto:q80:lossless:animated".to_owned(),
            "d=64x64:cover:attention:webp:q80:lossless".to_owned(),
            "e=64x64:cover:focus=0.3,0.725:webp:q80".to_owned(),
            "f=64x64:cover:focus=0,1:webp:q80".to_owned(),
        ];
        let gravities = Position::GRAVITIES.iter().filter(|position| **position != Position::Centre);
        written.extend(gravities.map(|position| format!("g=9x9:contain:{}:webp:q80", position.name())));
        written.extend(OutputFormat::ALL.iter().map(|format| format!("h=9x:inside:{format}:q80")));
        for written in written {
            assert_eq!(printed(&written), written);
        }
    }

    #[test]
    fn the_order_and_the_spelling_of_words_do_not_matter() {
        assert_eq!(printed("a=9x9:q70:auto:north-east:cover"), printed("a=9x9:cover:north-east:auto:q70"));
        assert_eq!(printed("a=9x9:cover:center:jpg"), "a=9x9:cover:jpeg:q80");
        assert_eq!(printed("a=9x9:cover:focus=0.500,1.000"), "a=9x9:cover:focus=0.5,1:webp:q80");
    }

    #[test]
    fn a_mistake_names_the_word_and_what_is_possible() {
        for (written, expected) in [
            ("a=9x9:cover:nort", "\"nort\" is none of inside, cover"),
            ("a=9x9:tiff", "png, webp"),
            ("a=9x9:cover:focus=0.3", "\"focus=0.3\" is no point such as focus=0.3,0.7"),
            ("a=9x9:cover:focus=0.3,1.001", "from 0 to 1"),
            ("a=9x9:cover:focus=-0.3,1", "from 0 to 1"),
            ("a=9x9:cover:focus=0.3333,1", "from 0 to 1"),
            ("a=9x9:attention", "\"attention\" goes with cover, and the fit is inside"),
            ("a=9x9:contain:focus=0,0", "\"focus\" goes with cover"),
            ("a=9x9:fill:north", "\"north\" goes with cover and contain, and the fit is fill"),
            ("a=9x9:jpeg:lossless", "\"lossless\" goes with webp, png and auto"),
            ("a=9x9:webp:progressive", "\"progressive\" goes with jpeg, and the format is webp"),
            ("a=9x9:png:animated", "\"animated\" goes with webp and auto, and the format is png"),
            ("a=9x9:cover:inside", "\"inside\" is a second fit"),
            ("a=9x9:jpeg:auto", "\"auto\" is a second format"),
            ("a=9x9:q101", "no quality between q1 and q100"),
        ] {
            let problem = problem(written);
            assert!(problem.contains(expected), "{written}: {problem}");
        }
    }
}
