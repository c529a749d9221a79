//! The description of the API for machines: a document that is written by hand, and what of it depends on the settings.
//!
//! A test holds it against the code: its paths and methods against the routes, its enumerations against what is taken, and
//! a fuzzer holds the answers against its schemas.

use http::{StatusCode, header};
use serde_json::{Value, json};
use thumbline::Settings;
use thumbline::settings::Reading;

use crate::answer::Answer;
use crate::event::Request;

const DOCUMENT: &str = include_str!("openapi.json");

/// Answers with the document.
pub(crate) fn answer(settings: &Settings, request: &Request) -> Answer {
    let document = document(settings, &request.base);
    Answer::json(StatusCode::OK, &document).with(header::CACHE_CONTROL, "no-cache")
}

/// The document of an API with these settings at this address.
pub fn document(settings: &Settings, base: &str) -> Value {
    // The file is a part of this executable, and a test reads it.
    let mut document: Value = serde_json::from_str(DOCUMENT).unwrap_or_default();
    let presets: Vec<&str> = settings.presets.iter().map(|preset| preset.name.as_str()).collect();
    let reading = match settings.api.reading {
        Reading::Open => json!([]),
        Reading::Signed => json!([{ "signature": [] }]),
        Reading::Key => json!([{ "api_key": [] }]),
    };
    for (pointer, value) in [
        ("/info/version", json!(env!("CARGO_PKG_VERSION"))),
        ("/servers/0/url", json!(base)),
        ("/components/parameters/preset/schema/enum", json!(presets)),
        (
            "/components/schemas/Announcement/properties/bytes/maximum",
            json!(settings.limits.max_source_bytes),
        ),
        ("/paths/~1thumbnails~1{key}/get/security", reading.clone()),
        ("/paths/~1manifests~1{key}/get/security", reading),
    ] {
        if let Some(place) = document.pointer_mut(pointer) {
            *place = value;
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::Method;
    use thumbline::settings::Sources;
    use thumbline_imaging::OutputFormat;

    use super::*;
    use crate::parameters::{AUTO, FITS, MAX_SIDE_PIXELS, NAMES, positions};
    use crate::route::Route;
    use crate::uploads::content_types;

    fn settings(more: &[(&str, &str)]) -> Settings {
        let buckets = [("THUMBLINE_INPUT_BUCKET", "pictures"), ("THUMBLINE_OUTPUT_BUCKET", "thumbs")];
        let all = buckets.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(&Sources::new(None, all)).unwrap()
    }

    fn described() -> Value {
        document(&settings(&[]), "https://api.example/v1")
    }

    fn strings(value: &Value) -> Vec<&str> {
        value.as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect()
    }

    #[test]
    fn every_path_and_method_is_described_and_nothing_else() {
        let document = described();
        let paths = document["paths"].as_object().unwrap();
        for (path, operations) in paths {
            let path_of_one = path.replace("{key}", "a.jpg");
            let route = Route::find(&path_of_one).unwrap_or_else(|| panic!("{path} leads nowhere"));
            let methods = route.methods().iter().filter(|method| **method != Method::HEAD);
            let routed: BTreeSet<String> =
                methods.map(|method| method.as_str().to_ascii_lowercase()).collect();
            let described: BTreeSet<String> = operations
                .as_object()
                .unwrap()
                .keys()
                .filter(|name| *name != "parameters")
                .cloned()
                .collect();
            assert_eq!(routed, described, "{path}");
        }
        // Those of `Route`, but for the page, which is for people.
        assert_eq!(paths.len(), 9);
    }

    #[test]
    fn the_values_that_are_described_are_those_that_are_taken() {
        let document = described();
        let parameters = &document["components"]["parameters"];
        let of = |name: &str| strings(&parameters[name]["schema"]["enum"]);
        assert_eq!(of("fit"), FITS.map(thumbline_imaging::Fit::name));
        assert_eq!(of("gravity"), positions().map(|(name, _)| name).collect::<Vec<_>>());
        let formats: Vec<&str> = OutputFormat::ALL.iter().map(|format| format.name()).chain([AUTO]).collect();
        assert_eq!(of("format"), formats);
        assert_eq!(of("preset"), ["small", "medium", "large"]);
        assert_eq!(parameters["w"]["schema"]["maximum"], MAX_SIDE_PIXELS);
        let announced =
            &document["components"]["schemas"]["Announcement"]["properties"]["content_type"]["enum"];
        assert_eq!(strings(announced), content_types().collect::<Vec<_>>());
        let named = document["paths"]["/thumbnails/{key}"]["get"]["parameters"].as_array().unwrap();
        let named: Vec<&str> = named.iter().filter_map(|p| p["$ref"].as_str()?.rsplit('/').next()).collect();
        for name in NAMES {
            assert!(named.contains(&name), "{name}");
        }
    }

    #[test]
    fn who_may_read_is_described_as_it_is_set() {
        let reading = |reading: &str| {
            let secret = ("THUMBLINE_API_SIGNING_SECRET", "keys");
            let settings = settings(&[("THUMBLINE_API_READING", reading), secret]);
            document(&settings, "")["paths"]["/thumbnails/{key}"]["get"]["security"].clone()
        };
        assert_eq!(reading("open"), json!([]));
        assert_eq!(reading("signed"), json!([{ "signature": [] }]));
        assert_eq!(reading("key"), json!([{ "api_key": [] }]));
    }
}
