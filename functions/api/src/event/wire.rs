//! The fields of the events that are read, as they are written in JSON.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

/// An event of payload 2.0 or 1.0, told apart by the fields that they must have.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Event {
    Http(Box<HttpEvent>),
    Rest(Box<RestEvent>),
}

/// Payload 2.0: HTTP APIs and function URLs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HttpEvent {
    pub(super) raw_path: String,
    #[serde(default)]
    pub(super) raw_query_string: String,
    #[serde(default)]
    pub(super) headers: Pairs,
    pub(super) request_context: HttpContext,
    pub(super) body: Option<String>,
    #[serde(default)]
    pub(super) is_base64_encoded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HttpContext {
    pub(super) http: HttpDescription,
    pub(super) stage: Option<String>,
    pub(super) domain_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HttpDescription {
    pub(super) method: String,
    pub(super) source_ip: Option<String>,
}

/// Payload 1.0: REST APIs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestEvent {
    pub(super) http_method: String,
    pub(super) path: String,
    /// The resource's path in the API's definition, such as `/images` or `/images/{proxy+}`.
    pub(super) resource: Option<String>,
    #[serde(default)]
    pub(super) headers: Pairs,
    #[serde(default)]
    pub(super) multi_value_headers: Pairs,
    #[serde(default, rename = "queryStringParameters")]
    pub(super) query: Pairs,
    #[serde(default, rename = "multiValueQueryStringParameters")]
    pub(super) multi_value_query: Pairs,
    #[serde(default)]
    pub(super) path_parameters: Pairs,
    #[serde(default)]
    pub(super) request_context: RestContext,
    pub(super) body: Option<String>,
    #[serde(default)]
    pub(super) is_base64_encoded: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RestContext {
    pub(super) path: Option<String>,
    pub(super) domain_name: Option<String>,
    pub(super) identity: Identity,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Identity {
    pub(super) api_key: Option<String>,
    pub(super) source_ip: Option<String>,
}

/// A JSON object of strings or of lists of strings, in the order in which it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs(Vec<(String, Vec<String>)>);

impl Pairs {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first value of a name.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        let (_, values) = self.0.iter().find(|(found, _)| found == name)?;
        values.first().map(String::as_str)
    }

    /// One pair for each value.
    pub(super) fn flat(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name.as_str(), value.as_str())))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
    // A parameter without a value, as some senders write it.
    None,
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings or lists of strings, or null")
            }

            fn visit_unit<E>(self) -> Result<Pairs, E> {
                Ok(Pairs::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, values)) = map.next_entry::<String, OneOrMany>()? {
                    pairs.push((
                        name,
                        match values {
                            OneOrMany::One(value) => vec![value],
                            OneOrMany::Many(values) => values,
                            OneOrMany::None => vec![String::new()],
                        },
                    ));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_any(InOrder)
    }
}
