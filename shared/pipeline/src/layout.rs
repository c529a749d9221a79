//! Where a source's outputs lie in the output bucket.
//!
//! The full source key comes first, `{source key}/{preset}.{ext}`, so that `a.png` and `a.jpg` never collide, one prefix
//! holds all that belongs to a picture, and one wildcard invalidates it in a CDN.

use hex_simd::AsciiCase;
use sha2::{Digest, Sha256};
use thumbline_imaging::{OutputFormat, Rendition};

use crate::preset::{Presets, description};

/// The longest key that S3 takes, in bytes of UTF-8.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
pub const MAX_KEY_BYTES: usize = 1024;

/// The manifest's name under a source's prefix.
pub const MANIFEST_NAME: &str = "manifest.json";

/// What the outputs of sources with over-long keys lie under. Everything here is Thumbline's own: no source's key leads to it.
pub const RESERVED_ROOT: &str = "~/";

/// Digits of a SHA-256 in hexadecimal.
const HASH_DIGITS: usize = 64;

/// What operators and functions keep in the output bucket, and no walk takes for outputs: the records of a backfill, and the
/// manifests and reports of S3 Batch Operations.
pub const RECORD_FOLDERS: [&str; 2] = ["~/backfill/", "~/batch/"];

/// What the names of on-demand sizes begin with, and those of presets can't.
const ON_DEMAND: char = '@';

/// The keys of one source's outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    prefix: String,
}

impl Layout {
    /// The layout for a source. It depends on the presets only through the longest of their names: if one of the outputs
    /// would not fit under the source's own key, all of them go to `~/{SHA-256 of the key}/`. So do those of a source whose
    /// key would lead there by itself.
    pub fn of(source_key: &str, presets: &Presets) -> Layout {
        let longest_name = presets
            .iter()
            .flat_map(|preset| {
                preset.rendition.format.formats().map(|format| file_name(&preset.name, format).len())
            })
            .chain([MANIFEST_NAME.len()])
            .max()
            .unwrap_or_default();
        let fits = source_key.len() + 1 + longest_name <= MAX_KEY_BYTES;
        let prefix = if fits && !is_reserved(source_key) {
            format!("{source_key}/")
        } else {
            format!("{RESERVED_ROOT}{}/", hex(&Sha256::digest(source_key.as_bytes())))
        };
        Layout { prefix }
    }

    /// Whether the outputs lie under a hash of the source's key, which they then can't be told from.
    pub fn is_hashed(&self) -> bool {
        self.prefix.starts_with(RESERVED_ROOT)
    }

    /// What all the outputs' keys begin with. It ends in `/`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The manifest's key.
    pub fn manifest(&self) -> String {
        format!("{}{MANIFEST_NAME}", self.prefix)
    }

    /// The key of a thumbnail at a size that somebody asked for: what was asked for, such as `@640x480_cover_q80.webp`.
    ///
    /// Where that would be longer than an S3 key may be, a few digits of its hash stand for it, which are no longer than
    /// `manifest.json`, so that it always lies under the source's prefix and goes with it. If two come to the same digits,
    /// they take turns: each is told from the other by its recipe.
    pub fn on_demand(&self, rendition: &Rendition, format: OutputFormat) -> String {
        let name = on_demand_name(rendition);
        let key = self.thumbnail(&name, format);
        if key.len() <= MAX_KEY_BYTES {
            return key;
        }
        let digits = hex(&Sha256::digest(name.as_bytes()));
        self.thumbnail(&format!("{ON_DEMAND}{digits:.7}"), format)
    }

    /// Whether a key is that of a thumbnail made at a size that somebody asked for, rather than of a preset.
    pub fn is_on_demand(&self, key: &str) -> bool {
        key.strip_prefix(&self.prefix).is_some_and(is_on_demand_name)
    }

    /// The key of a preset's thumbnail.
    pub fn thumbnail(&self, preset: &str, format: OutputFormat) -> String {
        format!("{}{}", self.prefix, file_name(preset, format))
    }
}

/// Whether an output of this name, without its source's prefix, was made at a size that somebody asked for.
pub fn is_on_demand_name(name: &str) -> bool {
    name.starts_with(ON_DEMAND)
}

/// What stands for a rendition in a file's name.
fn on_demand_name(rendition: &Rendition) -> String {
    let description = description(rendition);
    let words = description.split(':').filter(|word| *word != rendition.format.name());
    format!("{ON_DEMAND}{}", words.collect::<Vec<_>>().join("_"))
}

fn file_name(preset: &str, format: OutputFormat) -> String {
    format!("{preset}.{}", format.extension())
}

/// Whether a source's own key would lead its outputs to where those of hashed keys and the product's records lie.
fn is_reserved(source_key: &str) -> bool {
    source_key.starts_with(RESERVED_ROOT) || Some(source_key) == RESERVED_ROOT.strip_suffix('/')
}

/// Whether this is the prefix of some source's outputs under a hash of its key: `~/{64 hexadecimal digits}/`.
pub fn is_hashed_prefix(prefix: &str) -> bool {
    let digits = prefix.strip_prefix(RESERVED_ROOT).and_then(|rest| rest.strip_suffix('/'));
    digits.is_some_and(|digits| {
        digits.len() == HASH_DIGITS
            && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    hex_simd::encode_to_string(bytes, AsciiCase::Lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presets() -> Presets {
        "small=200x200:cover:webp:q80 medium=640x:webp".parse().unwrap()
    }

    #[test]
    fn outputs_lie_under_the_full_source_key() {
        let layout = Layout::of("trip/a b+c.jpg", &presets());
        assert_eq!(layout.manifest(), "trip/a b+c.jpg/manifest.json");
        assert_eq!(layout.thumbnail("small", OutputFormat::Jpeg), "trip/a b+c.jpg/small.jpg");
    }

    #[test]
    fn sources_that_differ_in_their_extension_alone_do_not_collide() {
        assert_ne!(Layout::of("a.png", &presets()).prefix(), Layout::of("a.jpg", &presets()).prefix());
    }

    #[test]
    fn the_longest_output_decides_whether_a_key_is_hashed() {
        let fits = "k".repeat(MAX_KEY_BYTES - 1 - MANIFEST_NAME.len());
        assert_eq!(Layout::of(&fits, &presets()).manifest().len(), MAX_KEY_BYTES);
        let too_long = format!("{fits}k");
        let layout = Layout::of(&too_long, &presets());
        assert!(layout.prefix().starts_with("~/") && layout.prefix().len() == 2 + 64 + 1, "{layout:?}");
        assert!(layout.thumbnail("small", OutputFormat::WebP).ends_with("/small.webp"));
    }

    #[test]
    fn where_the_format_is_chosen_the_longest_extension_counts() {
        let auto = |name: &str| format!("{name}=9x:auto").parse::<Presets>().unwrap();
        let name = "n".repeat(40);
        let fits = "k".repeat(MAX_KEY_BYTES - 1 - name.len() - ".webp".len());
        assert!(Layout::of(&fits, &auto(&name)).prefix().starts_with('k'));
        assert!(Layout::of(&format!("{fits}k"), &auto(&name)).prefix().starts_with('~'));
    }

    #[test]
    fn a_size_that_somebody_asks_for_is_named_by_it_and_fits_wherever_a_manifest_does() {
        let rendition: crate::Preset = "a=640x480:cover:north:avif:q70".parse().unwrap();
        let name =
            |key: &str| Layout::of(key, &presets()).on_demand(&rendition.rendition, OutputFormat::Avif);
        assert_eq!(name("a.jpg"), "a.jpg/@640x480_cover_north_q70.avif");
        let longest = "k".repeat(MAX_KEY_BYTES - 1 - MANIFEST_NAME.len());
        let shortened = name(&longest);
        assert!(shortened.len() <= MAX_KEY_BYTES && shortened.starts_with(&format!("{longest}/@")));
        assert!(Layout::of(&longest, &presets()).is_on_demand(&shortened));
    }

    #[test]
    fn a_source_named_like_a_hashed_prefix_does_not_share_it() {
        let long = "k".repeat(1024);
        let prefix = Layout::of(&long, &presets()).prefix().to_owned();
        assert!(is_hashed_prefix(&prefix));
        let impostor = prefix.trim_end_matches('/');
        assert_ne!(Layout::of(impostor, &presets()).prefix(), prefix);
    }

    #[test]
    fn no_source_leads_to_where_hashed_keys_and_records_lie() {
        for key in ["~", "~/", "~/backfill", "~/backfill/run", "~/x.jpg", "~//"] {
            let layout = Layout::of(key, &presets());
            assert!(layout.is_hashed() && is_hashed_prefix(layout.prefix()), "{key}: {layout:?}");
        }
        for key in ["~a", "a/~/b", "~~/b"] {
            assert!(!Layout::of(key, &presets()).is_hashed(), "{key}");
        }
        assert!(RECORD_FOLDERS.iter().all(|folder| !is_hashed_prefix(folder)));
    }
}
