//! What the commands that work on two buckets have in common: the settings that the functions have, as this machine knows
//! them.

use std::path::PathBuf;

use anyhow::{Context, Result};
use thumbline::settings::{FILE_NAME, Sources};
use thumbline::{Presets, Settings};

/// The buckets, and what is made.
#[derive(clap::Args)]
pub(crate) struct EngineArguments {
    /// The bucket with the pictures
    #[arg(long, value_name = "BUCKET", env = "THUMBLINE_INPUT_BUCKET", hide_env_values = true)]
    input: Option<String>,
    /// The bucket with the thumbnails and manifests
    #[arg(long, value_name = "BUCKET", env = "THUMBLINE_OUTPUT_BUCKET", hide_env_values = true)]
    output: Option<String>,
    /// The thumbnails that every picture gets, as the function makes them
    #[arg(long, value_name = "PRESETS")]
    presets: Option<Presets>,
    /// The settings file of the function's package [default: thumbline.toml here, if there is one]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl EngineArguments {
    /// The settings in force: the file's, overridden by `THUMBLINE_*` variables, overridden by the options.
    pub(crate) fn settings(&self) -> Result<Settings> {
        if let Some(file) = &self.settings {
            // The default file may be missing, one that was named may not.
            std::fs::metadata(file).with_context(|| format!("{} can't be read", file.display()))?;
        }
        let file = self.settings.clone().unwrap_or_else(|| FILE_NAME.into());
        let variables =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let options = [
            ("THUMBLINE_INPUT_BUCKET", self.input.clone()),
            ("THUMBLINE_OUTPUT_BUCKET", self.output.clone()),
            ("THUMBLINE_PRESETS", self.presets.as_ref().map(ToString::to_string)),
        ];
        let options = options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Ok(Settings::load(&Sources::read(Some(&file), variables.chain(options)))?)
    }
}
