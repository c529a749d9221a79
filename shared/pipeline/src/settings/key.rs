//! The names of the settings, with all that messages, `thumbline config` and docs/settings.md say about each.

use crate::preset::PRESET_FORM;

/// A setting's name, and what people are told about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The name in `thumbline.toml`, such as `max_pixels`.
    pub name: &'static str,
    /// What is in force when nobody sets it. `None`: it must be set.
    pub default: Option<&'static str>,
    /// The form that is expected.
    pub form: &'static str,
    /// What it decides.
    pub about: &'static str,
}

impl Key {
    /// The environment variable that overrides the file.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_uppercase())
    }
}

/// What the variables begin with.
pub(super) const PREFIX: &str = "THUMBLINE_";

const BUCKET_FORM: &str = "3 to 63 lower-case letters, digits, dots and hyphens";
/// The value that leaves a decision to Thumbline.
pub(super) const AUTO: &str = "auto";

const NUMBER_FORM: &str = "a whole number above 0";

pub(super) const INPUT_BUCKET: Key = Key {
    name: "input_bucket",
    default: None,
    form: BUCKET_FORM,
    about: "The bucket that people upload pictures to.",
};
pub(super) const OUTPUT_BUCKET: Key = Key {
    name: "output_bucket",
    default: None,
    form: BUCKET_FORM,
    about: "The bucket for thumbnails and manifests. Another than the input bucket.",
};
pub(super) const PRESETS: Key = Key {
    name: "presets",
    default: Some("small=200x200:cover:webp:q80 medium=640x:webp large=1280x:webp"),
    form: PRESET_FORM,
    about: "The thumbnails that every picture gets, separated by spaces, or a list of strings in the file.",
};
pub(super) const MAX_SOURCE_BYTES: Key = Key {
    name: "max_source_bytes",
    default: Some("104857600"),
    form: NUMBER_FORM,
    about: "Larger sources are rejected before they are read.",
};
pub(super) const MAX_PIXELS: Key = Key {
    name: "max_pixels",
    default: Some("120000000"),
    form: NUMBER_FORM,
    about: "Pictures with more pixels, by their header, are rejected before they are decoded.",
};
pub(super) const MAX_SIDE_PIXELS: Key = Key {
    name: "max_side_pixels",
    default: Some("65535"),
    form: NUMBER_FORM,
    about: "Pictures with a longer side, by their header, are rejected before they are decoded.",
};
pub(super) const MAX_MEMORY_MB: Key = Key {
    name: "max_memory_mb",
    default: Some(AUTO),
    form: "a whole number above 0, or auto",
    about: "Pictures that would take more megabytes to render, by their header, are rejected before they are decoded. \
            auto: what the function's memory leaves for each, and 1024 outside of Lambda.",
};
pub(super) const CACHE_CONTROL: Key = Key {
    name: "cache_control",
    default: Some("public, max-age=86400"),
    form: "the value of a Cache-Control header",
    about: "The Cache-Control header of the thumbnails.",
};
pub(super) const LOG: Key = Key {
    name: "log",
    default: Some("info"),
    form: "a filter such as info or warn,thumbline=debug",
    about: "What is logged.",
};

/// All settings, in the order in which people read them.
pub const KEYS: [Key; 9] = [
    INPUT_BUCKET,
    OUTPUT_BUCKET,
    PRESETS,
    MAX_SOURCE_BYTES,
    MAX_PIXELS,
    MAX_SIDE_PIXELS,
    MAX_MEMORY_MB,
    CACHE_CONTROL,
    LOG,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Presets;
    use thumbline_imaging::Limits;

    #[test]
    fn the_defaults_told_to_people_are_those_of_the_engine() {
        let limits = Limits::default();
        assert_eq!(MAX_SOURCE_BYTES.default, Some(limits.max_source_bytes.to_string().as_str()));
        assert_eq!(MAX_PIXELS.default, Some(limits.max_pixels.to_string().as_str()));
        assert_eq!(MAX_SIDE_PIXELS.default, Some(limits.max_side_pixels.to_string().as_str()));
        assert_eq!(limits.max_memory_bytes, 1024 * 1024 * 1024);
        assert_eq!(PRESETS.default.unwrap().parse::<Presets>().unwrap(), Presets::default());
    }
}
