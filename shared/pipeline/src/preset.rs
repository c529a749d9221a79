//! Presets: the thumbnails that every source gets, written as
//! `small=200x200:cover:webp:q80 medium=640x:webp large=1280x:webp`.

use std::fmt;
use std::str::FromStr;

use thumbline_imaging::{Fit, OutputFormat, Rendition, Rgb};

/// The form of a preset, for messages and help.
pub const PRESET_FORM: &str = "name=WIDTHxHEIGHT[:inside|cover|contain|fill][:webp|jpeg|png][:q1..q100][:enlarge][:bg#RRGGBB], \
     where one of the sides may be left out";

/// The largest side that can be asked for, in pixels: WebP's own limit.
/// <https://developers.google.com/speed/webp/docs/riff_container>
const MAX_SIDE_PIXELS: u32 = 16_383;

/// The longest name of a preset. Names count towards the 1,024 bytes of an S3 key: long ones would leave little room for
/// the source's own key.
const MAX_NAME_BYTES: usize = 128;

/// A thumbnail that every source gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Letters, digits, `-` and `_`; the thumbnail's file name.
    pub name: String,
    /// What it looks like.
    pub rendition: Rendition,
}

/// At least one preset, all with different names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presets(Vec<Preset>);

/// A mistake in one preset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{preset:?}: {problem}")]
pub struct PresetError {
    /// The preset as it was written.
    pub preset: String,
    /// What is wrong with it.
    pub problem: String,
}

/// All the mistakes in a list of presets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresetErrors(pub Vec<PresetError>);

impl fmt::Display for PresetErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join("; "))
    }
}

impl std::error::Error for PresetErrors {}

impl Presets {
    /// The presets in the order in which they were written.
    pub fn iter(&self) -> std::slice::Iter<'_, Preset> {
        self.0.iter()
    }

    /// What to ask of the engine, in the presets' order.
    pub fn renditions(&self) -> Vec<Rendition> {
        self.0.iter().map(|preset| preset.rendition.clone()).collect()
    }

    /// Reads presets written one by one.
    ///
    /// # Errors
    /// [`PresetErrors`], every mistake in every one of them.
    pub fn parse_all<'a>(written: impl IntoIterator<Item = &'a str>) -> Result<Presets, PresetErrors> {
        let mut presets: Vec<Preset> = Vec::new();
        let mut errors = Vec::new();
        for text in written {
            match text.parse::<Preset>() {
                Ok(preset) if presets.iter().any(|p| p.name == preset.name) => errors.push(PresetError {
                    preset: text.to_owned(),
                    problem: format!("a second preset named {:?}", preset.name),
                }),
                Ok(preset) => presets.push(preset),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() && presets.is_empty() {
            errors.push(PresetError {
                preset: String::new(),
                problem: "at least one preset is needed".to_owned(),
            });
        }
        if errors.is_empty() { Ok(Presets(presets)) } else { Err(PresetErrors(errors)) }
    }
}

impl<'a> IntoIterator for &'a Presets {
    type Item = &'a Preset;
    type IntoIter = std::slice::Iter<'a, Preset>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Default for Presets {
    /// A square for lists, and two widths for pages.
    fn default() -> Self {
        let preset = |name: &str, width, height, fit| Preset {
            name: name.to_owned(),
            rendition: Rendition::new(Some(width), height).with_fit(fit),
        };
        Presets(vec![
            preset("small", 200, Some(200), Fit::Cover),
            preset("medium", 640, None, Fit::Inside),
            preset("large", 1280, None, Fit::Inside),
        ])
    }
}

impl FromStr for Presets {
    type Err = PresetErrors;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Presets::parse_all(text.split_whitespace())
    }
}

impl fmt::Display for Presets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join(" "))
    }
}

impl FromStr for Preset {
    type Err = PresetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map_err(|problem| PresetError { preset: text.to_owned(), problem })
    }
}

/// In full and in a fixed order, whatever was left out when it was written: the recipe is a hash of this.
impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let r = &self.rendition;
        let side = |side: Option<u32>| side.map(|s| s.to_string()).unwrap_or_default();
        write!(
            f,
            "{}={}x{}:{}:{}:q{}",
            self.name,
            side(r.width),
            side(r.height),
            r.fit.name(),
            r.format.name(),
            r.quality
        )?;
        if r.enlarge {
            f.write_str(":enlarge")?;
        }
        if let Some(Rgb([red, green, blue])) = r.background {
            write!(f, ":bg#{red:02x}{green:02x}{blue:02x}")?;
        }
        Ok(())
    }
}

const FITS: [Fit; 4] = [Fit::Inside, Fit::Cover, Fit::Contain, Fit::Fill];

fn parse(text: &str) -> Result<Preset, String> {
    let (name, description) = text.split_once('=').ok_or("there is no `=` after the name")?;
    check_name(name)?;
    let mut words = description.split(':');
    let (width, height) = parse_size(words.next().unwrap_or_default())?;
    let mut rendition = Rendition::new(width, height);
    for word in words {
        if let Some(fit) = FITS.into_iter().find(|fit| fit.name() == word) {
            rendition.fit = fit;
        } else if let Some(format) = parse_format(word) {
            rendition.format = format;
        } else if let Some(quality) = word.strip_prefix('q') {
            rendition.quality = parse_quality(quality)?;
        } else if let Some(colour) = word.strip_prefix("bg#") {
            rendition.background = Some(parse_colour(colour)?);
        } else if word == "enlarge" {
            rendition.enlarge = true;
        } else {
            return Err(format!(
                "{word:?} is none of inside, cover, contain, fill, webp, jpeg, png, qNN, enlarge, bg#RRGGBB"
            ));
        }
    }
    Ok(Preset { name: name.to_owned(), rendition })
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

fn parse_size(text: &str) -> Result<(Option<u32>, Option<u32>), String> {
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

fn parse_format(word: &str) -> Option<OutputFormat> {
    match word {
        "webp" => Some(OutputFormat::WebP),
        "jpeg" | "jpg" => Some(OutputFormat::Jpeg),
        "png" => Some(OutputFormat::Png),
        _ => None,
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

    #[test]
    fn the_default_is_what_the_documentation_says() {
        let written = "small=200x200:cover:webp:q80 medium=640x:webp large=1280x:webp";
        assert_eq!(Presets::default(), written.parse().unwrap());
    }

    #[test]
    fn what_is_printed_reads_back_the_same() {
        let written = "a=200x200:cover:jpeg:q77:enlarge:bg#00ff7f b=x480:png c=640x:fill";
        let presets: Presets = written.parse().unwrap();
        assert_eq!(presets.to_string().parse::<Presets>().unwrap(), presets);
    }

    #[test]
    fn every_mistake_is_reported_with_its_preset() {
        let errors =
            "small=200 big=0x9 b=10x10:sharp m@=1x1 manifest=1x1 q=1x1:q101 c=1x1:bg#12 a=1x1 a=2x2 e=x"
                .parse::<Presets>()
                .unwrap_err();
        let presets: Vec<&str> = errors.0.iter().map(|e| e.preset.as_str()).collect();
        assert_eq!(
            presets,
            [
                "small=200",
                "big=0x9",
                "b=10x10:sharp",
                "m@=1x1",
                "manifest=1x1",
                "q=1x1:q101",
                "c=1x1:bg#12",
                "a=2x2",
                "e=x"
            ]
        );
        assert!(" ".parse::<Presets>().is_err());
    }
}
