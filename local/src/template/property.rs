//! A template's values after all functions are evaluated, each with the place that it comes from.

use std::str::FromStr;

use super::problem::Problem;

/// A value, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) line: usize,
    pub(crate) path: String,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    List(Vec<Property>),
    Map(Vec<(String, Property)>),
}

impl Property {
    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(self.line, &self.path, message)
    }

    pub(crate) fn text(&self) -> Result<&str, Problem> {
        match &self.value {
            Value::Text(text) => Ok(text),
            Value::List(_) => Err(self.problem("is a list, but must be text")),
            Value::Map(_) => Err(self.problem("is a map, but must be text")),
        }
    }

    /// A whole number within limits, in a unit that the caller knows.
    pub(crate) fn number<N>(&self, min: N, max: N) -> Result<N, Problem>
    where
        N: FromStr + PartialOrd + std::fmt::Display + Copy,
    {
        let text = self.text()?;
        text.parse()
            .ok()
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| self.problem(format!("`{text}` is not a whole number from {min} to {max}")))
    }

    pub(crate) fn flag(&self) -> Result<bool, Problem> {
        match self.text()? {
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" => Ok(false),
            other => Err(self.problem(format!("`{other}` is neither true nor false"))),
        }
    }

    pub(crate) fn items(&self) -> Result<&[Self], Problem> {
        match &self.value {
            Value::List(items) => Ok(items),
            _ => Err(self.problem("must be a list")),
        }
    }

    /// The texts of a list; one text alone is a list of one, as SAM takes it.
    pub(crate) fn texts(&self) -> Result<Vec<String>, Problem> {
        match &self.value {
            Value::Text(text) => Ok(vec![text.clone()]),
            _ => self.items()?.iter().map(|item| item.text().map(str::to_owned)).collect(),
        }
    }

    pub(crate) fn entries(&self) -> Result<&[(String, Self)], Problem> {
        match &self.value {
            Value::Map(entries) => Ok(entries),
            _ => Err(self.problem("must be a map")),
        }
    }

    /// The value of a key of a map.
    pub(crate) fn get(&self, key: &str) -> Result<Option<&Self>, Problem> {
        Ok(self.entries()?.iter().find(|(name, _)| name == key).map(|(_, value)| value))
    }

    /// The value at the end of a way through maps.
    pub(crate) fn find(&self, keys: &[&str]) -> Result<Option<&Self>, Problem> {
        let mut place = Some(self);
        for key in keys {
            place = match place {
                Some(property) => property.get(key)?,
                None => None,
            };
        }
        Ok(place)
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&self, key: &str) -> Result<&Self, Problem> {
        self.get(key)?.ok_or_else(|| self.problem(format!("`{key}` is missing")))
    }

    /// The value as JSON, for properties that are documents.
    pub(crate) fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Self::json).collect(),
            Value::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), value.json())).collect(),
        }
    }
}
