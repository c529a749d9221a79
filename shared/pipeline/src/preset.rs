//! Presets: the thumbnails that every source gets, written as
//! `small=200x200:cover:webp:q80 medium=640x:webp large=1280x:webp`.

mod grammar;

use std::fmt;
use std::str::FromStr;

use thumbline_imaging::{Fit, Rendition};

pub use grammar::PRESET_FORM;
pub(crate) use grammar::{description, parse_size};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_what_the_documentation_says() {
        let written = "small=200x200:cover:webp:q80 medium=640x:webp large=1280x:webp";
        assert_eq!(Presets::default(), written.parse().unwrap());
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
