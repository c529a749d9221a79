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
pub(super) const LOG_KEYS: Key = Key {
    name: "log_keys",
    default: Some("plain"),
    form: "plain or hashed",
    about: "How keys are named in logs and errors: as they are, or as sha256: and the first 16 digits of their SHA-256.",
};

/// The value that leaves something out.
pub(super) const NONE: &str = "none";

const SECRET_FORM: &str =
    "the name or ARN of a secret in Secrets Manager, ssm:NAME of a parameter, file:PATH, or none";

pub(super) const API_READING: Key = Key {
    name: "api_reading",
    default: Some("open"),
    form: "open, signed or key",
    about: "Who may read thumbnails and manifests through the API: everybody, who has a signed URL, or who has an API key.",
};
pub(super) const API_SIZES: Key = Key {
    name: "api_sizes",
    default: Some("160x 320x 640x 1280x 200x200"),
    form: "sizes such as 640x, x480 or 200x200, separated by spaces, or *",
    about: "The sizes that the API makes without a signature. *: any, which lets strangers make you pay for work.",
};
pub(super) const API_SIGNING_SECRET: Key = Key {
    name: "api_signing_secret",
    default: Some(NONE),
    form: SECRET_FORM,
    about: "Where the keys are that sign URLs: one or two lines of ID:BASE64, or a JSON object of the same.",
};
pub(super) const API_KEY_SECRET: Key = Key {
    name: "api_key_secret",
    default: Some(NONE),
    form: SECRET_FORM,
    about: "Where the key is that writing takes behind an HTTP API or a function URL, which check none themselves.",
};
pub(super) const API_PAGE: Key = Key {
    name: "api_page",
    default: Some("off"),
    form: "on or off",
    about: "Whether the API serves a page to upload pictures and see what became of them.",
};
pub(super) const API_ORIGINS: Key = Key {
    name: "api_origins",
    default: Some(NONE),
    form: "origins such as https://example.com with commas between them, *, or none",
    about: "Other sites whose pages may use the API.",
};
pub(super) const API_UPLOAD_PREFIX: Key = Key {
    name: "api_upload_prefix",
    default: Some(""),
    form: "what a key may begin with; empty is every key",
    about: "What the keys of pictures that are uploaded through the API begin with.",
};
pub(super) const FAILURE_QUEUE: Key = Key {
    name: "failure_queue",
    default: Some(NONE),
    form: "the URL of an SQS queue, or none",
    about: "The queue that keeps failed events, which the API shows and redrives.",
};

pub(super) const RESIZE_FUNCTION: Key = Key {
    name: "resize_function",
    default: Some(NONE),
    form: "the name or ARN of a Lambda function, or none",
    about: "The function that the backfill function has pictures made by.",
};
pub(super) const KEY_PREFIX: Key = Key {
    name: "key_prefix",
    default: Some(""),
    form: "what a key may begin with; empty is every key",
    about: "What the keys of pictures begin with, of which the backfill function takes care.",
};
pub(super) const KEY_SUFFIX: Key = Key {
    name: "key_suffix",
    default: Some(""),
    form: "what a key may end with; empty is every key",
    about: "What the keys of pictures end with, of which the backfill function takes care.",
};

/// All settings, in the order in which people read them.
pub const KEYS: [Key; 21] = [
    INPUT_BUCKET,
    OUTPUT_BUCKET,
    PRESETS,
    MAX_SOURCE_BYTES,
    MAX_PIXELS,
    MAX_SIDE_PIXELS,
    MAX_MEMORY_MB,
    CACHE_CONTROL,
    LOG,
    LOG_KEYS,
    API_READING,
    API_SIZES,
    API_SIGNING_SECRET,
    API_KEY_SECRET,
    API_PAGE,
    API_ORIGINS,
    API_UPLOAD_PREFIX,
    FAILURE_QUEUE,
    RESIZE_FUNCTION,
    KEY_PREFIX,
    KEY_SUFFIX,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Presets;
    use thumbline_imaging::Limits;

    #[test]
    fn every_setting_is_in_the_documentation() {
        let page = include_str!("../../../../docs/settings.md");
        for key in KEYS {
            let row = format!("| `{}` | `{}` |", key.name, key.variable());
            assert!(page.contains(&row), "docs/settings.md has no row {row}");
        }
    }

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
