//! `thumbline config`: the settings in force, and where each came from.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;
use thumbline::Settings;
use thumbline::settings::{FILE_NAME, InForce, SettingsError, Sources};

use crate::Ending;
use crate::table::{table, whole};

/// Show the settings in force and where each came from
///
/// Reads what the functions read: thumbline.toml, and THUMBLINE_* variables over it. All mistakes are reported together.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  thumbline config\n  \
    THUMBLINE_PRESETS=\"thumb=300x300:cover:jpeg:q75\" thumbline config --file functions/resize/package/thumbline.toml\n\n\
    Exit code: 0 when a function would start with these settings, 1 when it would not.")]
pub(crate) struct Arguments {
    /// The settings file of a function's package [default: thumbline.toml here, if there is one]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ending> {
    if let Some(file) = &arguments.file {
        // The default file may be missing, one that was named may not.
        std::fs::metadata(file).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    }
    let file = arguments.file.clone().unwrap_or_else(|| FILE_NAME.into());
    let variables =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let sources = Sources::read(Some(&file), variables);
    let checked = Settings::load(&sources);
    let in_force = sources.all_in_force();
    if arguments.json {
        println!("{}", as_json(&in_force, checked.as_ref().err()));
    } else {
        let mut table = table(&["variable", "value", "from"]);
        for InForce { key, value, origin } in &in_force {
            table.add_row([
                key.variable(),
                value.clone().unwrap_or_else(|| "(not set)".to_owned()),
                origin.to_string(),
            ]);
        }
        whole(&mut table, 0);
        println!("{table}");
    }
    match checked {
        Ok(_) => Ok(Ending::Well),
        Err(error) => {
            if !arguments.json {
                println!("\n{error}");
            }
            Ok(Ending::NotWell)
        }
    }
}

fn as_json(in_force: &[InForce], mistakes: Option<&SettingsError>) -> serde_json::Value {
    let settings: Vec<_> = in_force
        .iter()
        .map(|InForce { key, value, origin }| {
            let (variable, origin) = (key.variable(), origin.to_string());
            json!({ "variable": variable, "value": value, "origin": origin, "about": key.about, "form": key.form })
        })
        .collect();
    json!({ "settings": settings, "mistakes": mistakes.map(ToString::to_string) })
}
