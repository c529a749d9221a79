//! What is wrong with a template, and where.

use std::fmt;
use std::path::PathBuf;

/// One mistake in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line in the template, counted from 1.
    pub line: usize,
    /// The way to the property, for example `Resources.ResizeFunction.Properties.Timeout`.
    pub path: String,
    /// What is wrong, and what is expected.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(line: usize, path: &str, message: impl Into<String>) -> Self {
        Self { line, path: path.to_owned(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.path.as_str()) {
            (0, "") => formatter.write_str(&self.message),
            (0, path) => write!(formatter, "{path}: {}", self.message),
            (line, "") => write!(formatter, "line {line}: {}", self.message),
            (line, path) => write!(formatter, "line {line}, {path}: {}", self.message),
        }
    }
}

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("cannot read the template {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It has mistakes: all that were found.
    #[error("{name} has mistakes:\n  {}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "))]
    Mistakes {
        /// The template's file name.
        name: String,
        /// What is wrong.
        problems: Vec<Problem>,
    },
}
