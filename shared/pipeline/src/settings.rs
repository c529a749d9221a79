//! What the person who deploys decides: read once at start, typed, all mistakes reported together.
//!
//! A setting comes from `thumbline.toml` in the function's package, and a `THUMBLINE_*` environment variable of the same
//! name overrides it. An unknown name is an error and not a shrug: a misspelt limit that is silently ignored is found out
//! on the day it was needed.

mod api;
mod key;
mod memory;
mod source;

use std::fmt;
use std::num::NonZero;

use thumbline_imaging::Limits;
use tracing_subscriber::filter::Targets;

pub use api::{ApiSettings, Origins, Reading, Sizes};
pub use key::{KEYS, Key};
pub use source::{FILE_NAME, InForce, Origin, Sources};

use crate::naming::Naming;
use crate::preset::Presets;

/// Everything that the pipeline needs to know besides the picture.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Where sources are. Events about another bucket are refused.
    pub input_bucket: String,
    /// Where thumbnails and manifests go. Never the input bucket: that is a loop.
    pub output_bucket: String,
    /// What every source gets.
    pub presets: Presets,
    /// What is refused before decoding.
    pub limits: Limits,
    /// Pictures that are held in memory, and decoded, at once.
    pub decoders: usize,
    /// The `Cache-Control` header of thumbnails.
    pub cache_control: String,
    /// What is logged: levels, of all or of targets, as `tracing` filters are written.
    pub log: String,
    /// How keys are named in what is logged.
    pub log_keys: Naming,
    /// What only the API needs to know.
    pub api: ApiSettings,
    /// What only the backfill function needs to know.
    pub backfill: BackfillSettings,
}

/// What only the backfill function needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackfillSettings {
    /// The function that makes pictures.
    pub resize_function: Option<String>,
    /// What the keys of pictures begin with: the filter of the trigger.
    pub key_prefix: String,
    /// What the keys of pictures end with.
    pub key_suffix: String,
}

/// One mistake in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The environment variable, also where the value came from the file.
    pub variable: String,
    /// Where the value came from.
    pub origin: Origin,
    /// What is wrong with it, and what form is expected.
    pub problem: String,
}

/// All the mistakes in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// At least one.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.mistakes.len();
        write!(f, "{n} mistake{} in the settings:", if n == 1 { "" } else { "s" })?;
        for mistake in &self.mistakes {
            write!(f, "\n  {}", mistake.variable)?;
            if mistake.origin != Origin::Default {
                write!(f, " ({})", mistake.origin)?;
            }
            write!(f, ": {}", mistake.problem)?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads and checks all settings.
    ///
    /// # Errors
    /// [`SettingsError`] with every mistake, not just the first.
    pub fn load(sources: &Sources) -> Result<Settings, SettingsError> {
        let mut taking = Taking { mistakes: sources.unknown_names(), sources };
        let input_bucket = taking.take(key::INPUT_BUCKET, bucket_name);
        let output_bucket = taking.take(key::OUTPUT_BUCKET, bucket_name);
        let presets = taking.take(key::PRESETS, |text| text.parse::<Presets>().map_err(|e| e.to_string()));
        let max_source_bytes = taking.take(key::MAX_SOURCE_BYTES, positive);
        let max_pixels = taking.take(key::MAX_PIXELS, positive);
        let max_side_pixels = taking.take(key::MAX_SIDE_PIXELS, |text| {
            positive(text)?.try_into().map_err(|_| format!("{text:?} is more than {}", u32::MAX))
        });
        let max_memory_mb = taking.take(key::MAX_MEMORY_MB, |text| {
            if text == key::AUTO { Ok(None) } else { positive(text).map(Some) }
        });
        let cache_control = taking.take(key::CACHE_CONTROL, header_value);
        let log = taking.take(key::LOG, |text| {
            let filter: Result<Targets, _> = text.parse();
            filter.map(|_| text.to_owned()).map_err(|e| format!("{text:?}: {e}"))
        });
        let log_keys = taking.take(key::LOG_KEYS, str::parse::<Naming>);
        let api = taking.take_api();
        let backfill = taking.take_backfill();
        if let (Some(input), Some(output)) = (&input_bucket, &output_bucket)
            && input == output
        {
            let problem = format!(
                "{output:?} is also THUMBLINE_INPUT_BUCKET: every thumbnail would be made into thumbnails, without end \
                 and at your cost; name two buckets"
            );
            taking.mistake(key::OUTPUT_BUCKET, &problem);
        }
        let settings = (|| {
            let mut limits = Limits::default();
            limits.max_source_bytes = max_source_bytes?;
            limits.max_pixels = max_pixels?;
            limits.max_side_pixels = max_side_pixels?;
            let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
            let function_mb = sources.function_memory_mb();
            let engine_default = limits.max_memory_bytes;
            let share =
                memory::share(function_mb, max_memory_mb?, limits.max_source_bytes, cores, engine_default);
            limits.max_memory_bytes = share.bytes_per_picture;
            Some(Settings {
                input_bucket: input_bucket?,
                output_bucket: output_bucket?,
                presets: presets?,
                limits,
                decoders: share.pictures,
                cache_control: cache_control?,
                log: log?,
                log_keys: log_keys?,
                api: api?,
                backfill: backfill?,
            })
        })();
        settings.filter(|_| taking.mistakes.is_empty()).ok_or(SettingsError { mistakes: taking.mistakes })
    }
}

/// Takes values one by one and keeps count of the mistakes.
struct Taking<'a> {
    sources: &'a Sources,
    mistakes: Vec<Mistake>,
}

impl Taking<'_> {
    fn take_api(&mut self) -> Option<ApiSettings> {
        let reading = self.take(key::API_READING, str::parse);
        let sizes = self.take(key::API_SIZES, str::parse);
        let signing_secret = self.take(key::API_SIGNING_SECRET, api::secret);
        let key_secret = self.take(key::API_KEY_SECRET, api::secret);
        let page = self.take(key::API_PAGE, api::switch);
        let origins = self.take(key::API_ORIGINS, str::parse);
        let upload_prefix = self.take(key::API_UPLOAD_PREFIX, api::key_prefix);
        let failure_queue = self.take(key::FAILURE_QUEUE, api::queue_url);
        if (reading, &signing_secret) == (Some(Reading::Signed), &Some(None)) {
            let problem = "THUMBLINE_API_READING is signed, and there are no keys to check signatures with";
            self.mistake(key::API_SIGNING_SECRET, problem);
        }
        Some(ApiSettings {
            reading: reading?,
            sizes: sizes?,
            signing_secret: signing_secret?,
            key_secret: key_secret?,
            page: page?,
            origins: origins?,
            upload_prefix: upload_prefix?,
            failure_queue: failure_queue?,
        })
    }

    fn take_backfill(&mut self) -> Option<BackfillSettings> {
        let resize_function = self.take(key::RESIZE_FUNCTION, function_name);
        let key_prefix = self.take(key::KEY_PREFIX, |text| Ok(text.to_owned()));
        let key_suffix = self.take(key::KEY_SUFFIX, |text| Ok(text.to_owned()));
        Some(BackfillSettings {
            resize_function: resize_function?,
            key_prefix: key_prefix?,
            key_suffix: key_suffix?,
        })
    }

    fn take<T>(&mut self, key: Key, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let Some(InForce { value: Some(text), .. }) = self.sources.in_force(key) else {
            self.mistake(key, "it is not set, and has no default");
            return None;
        };
        match parse(&text) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.mistake(key, &problem);
                None
            }
        }
    }

    fn mistake(&mut self, key: Key, problem: &str) {
        let origin = self.sources.in_force(key).map_or(Origin::Default, |in_force| in_force.origin);
        let problem = format!("{problem}; expected: {}", key.form);
        self.mistakes.push(Mistake { variable: key.variable(), origin, problem });
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>, for general purpose buckets.
fn bucket_name(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let good = (3..=63).contains(&text.len())
        && text.chars().all(allowed)
        && ends(text.chars().next())
        && ends(text.chars().next_back())
        && !text.contains("..");
    if good { Ok(text.to_owned()) } else { Err(format!("{text:?} is no bucket name")) }
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>: a name, a part of an ARN or all of it, and a version or alias.
fn function_name(text: &str) -> Result<Option<String>, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_:$".contains(c);
    match text {
        key::NONE => Ok(None),
        _ if (1..=170).contains(&text.len()) && text.chars().all(allowed) => Ok(Some(text.to_owned())),
        _ => Err(format!("{text:?} is no function's name")),
    }
}

fn positive(text: &str) -> Result<u64, String> {
    match text.replace('_', "").parse::<u64>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{text:?} is no whole number above 0")),
    }
}

fn header_value(text: &str) -> Result<String, String> {
    let printable = |c: char| c == ' ' || c.is_ascii_graphic();
    if text.chars().all(printable) && !text.trim().is_empty() {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} can't be a header's value"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Sources {
        Sources::new(None, pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    const BUCKETS: [(&str, &str); 2] =
        [("THUMBLINE_INPUT_BUCKET", "pictures"), ("THUMBLINE_OUTPUT_BUCKET", "thumbs")];

    #[test]
    fn two_buckets_are_enough() {
        let settings = Settings::load(&environment(&BUCKETS)).unwrap();
        assert_eq!(settings.presets, Presets::default());
        assert_eq!(settings.limits, Limits::default());
    }

    #[test]
    fn a_picture_may_take_what_the_function_has_or_what_somebody_set() {
        let memory = |pairs: &[(&str, &str)]| {
            let settings = Settings::load(&environment(&[&BUCKETS, pairs].concat())).unwrap();
            settings.limits.max_memory_bytes / (1024 * 1024)
        };
        assert_eq!(memory(&[]), 1024);
        assert_eq!(memory(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")]), 1024 - 128 - 100);
        let set = ("THUMBLINE_MAX_MEMORY_MB", "300");
        assert_eq!(memory(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"), set]), 300);
        assert_eq!(memory(&[set]), 300);
        let wrong = [BUCKETS[0], BUCKETS[1], ("THUMBLINE_MAX_MEMORY_MB", "much")];
        assert!(Settings::load(&environment(&wrong)).unwrap_err().to_string().contains("or auto"));
    }

    #[test]
    fn the_environment_overrides_the_file_and_the_file_the_default() {
        let file =
            "presets = [\"a=10x10\", \"b=20x\"]\nmax_pixels = 1_000\ncache_control = \"no-store\"".to_owned();
        let pairs = BUCKETS.into_iter().chain([("THUMBLINE_MAX_PIXELS", "2000")]);
        let sources = Sources::new(
            Some(("thumbline.toml".into(), file)),
            pairs.map(|(k, v)| (k.to_owned(), v.to_owned())),
        );
        let settings = Settings::load(&sources).unwrap();
        assert_eq!(settings.limits.max_pixels, 2000);
        assert_eq!(settings.cache_control, "no-store");
        assert_eq!(settings.presets.iter().count(), 2);
        let origins: Vec<Origin> = sources.all_in_force().into_iter().map(|i| i.origin).collect();
        assert!(origins.contains(&Origin::Default) && origins.contains(&Origin::Environment), "{origins:?}");
    }

    #[test]
    fn three_mistakes_are_all_named_with_variable_and_form() {
        let error = Settings::load(&environment(&[
            ("THUMBLINE_INPUT_BUCKET", "Pictures!"),
            ("THUMBLINE_OUTPUT_BUCKET", "thumbs"),
            ("THUMBLINE_PRESETS", "small=200"),
            ("THUMBLINE_MAX_PIXEL", "9"),
        ]))
        .unwrap_err();
        let text = error.to_string();
        assert_eq!(error.mistakes.len(), 3, "{text}");
        for expected in
            ["THUMBLINE_INPUT_BUCKET", "THUMBLINE_PRESETS", "THUMBLINE_MAX_PIXEL ", "WIDTHxHEIGHT"]
        {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }

    #[test]
    fn reading_by_signature_takes_keys() {
        let signed = [BUCKETS[0], BUCKETS[1], ("THUMBLINE_API_READING", "signed")];
        let error = Settings::load(&environment(&signed)).unwrap_err();
        assert!(error.to_string().contains("no keys to check"), "{error}");
        let with_keys = [&signed[..], &[("THUMBLINE_API_SIGNING_SECRET", "thumbline/signing")]].concat();
        assert!(Settings::load(&environment(&with_keys)).is_ok());
    }

    #[test]
    fn the_input_bucket_as_output_bucket_is_refused() {
        let error = Settings::load(&environment(&[
            ("THUMBLINE_INPUT_BUCKET", "pictures"),
            ("THUMBLINE_OUTPUT_BUCKET", "pictures"),
        ]))
        .unwrap_err();
        assert!(error.to_string().contains("without end"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_toml_is_a_mistake_with_its_line() {
        let sources = Sources::new(
            Some(("thumbline.toml".into(), "presets = [".to_owned())),
            BUCKETS.map(|(k, v)| (k.to_owned(), v.to_owned())),
        );
        let error = Settings::load(&sources).unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
    }
}
