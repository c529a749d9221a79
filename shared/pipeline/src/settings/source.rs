//! Where settings come from: the package's file, the environment, the defaults.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::Mistake;
use super::key::{KEYS, Key, PREFIX};

/// The file's name in a function's package.
pub const FILE_NAME: &str = "thumbline.toml";

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// This file.
    File(PathBuf),
    /// Its environment variable.
    Environment,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Environment => f.write_str("environment"),
        }
    }
}

/// A setting's value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The setting.
    pub key: Key,
    /// Its value as written. `None`: it has no default and nobody set it.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

/// All that was found, not yet checked.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    file: Option<(PathBuf, BTreeMap<String, String>)>,
    environment: BTreeMap<String, String>,
    function_memory_mb: Option<u64>,
    mistakes: Vec<Mistake>,
}

/// What Lambda tells a function about its memory, in megabytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
const FUNCTION_MEMORY: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

impl Sources {
    /// What this process was started with: `thumbline.toml` in `LAMBDA_TASK_ROOT`, if there is one, and the environment.
    pub fn of_this_process() -> Sources {
        let package = std::env::var_os("LAMBDA_TASK_ROOT").map(PathBuf::from);
        // Variables that are no UTF-8 can't be ours: all our names and values are ASCII or UTF-8.
        let variables =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Sources::read(package.map(|package| package.join(FILE_NAME)).as_deref(), variables)
    }

    /// A file, which may be missing, and variables.
    pub fn read(file: Option<&Path>, variables: impl IntoIterator<Item = (String, String)>) -> Sources {
        let text = file.map(|path| (path.to_owned(), std::fs::read_to_string(path)));
        match text {
            Some((path, Ok(text))) => Sources::new(Some((path, text)), variables),
            Some((path, Err(error))) if error.kind() != std::io::ErrorKind::NotFound => {
                let mut sources = Sources::new(None, variables);
                sources.file_mistake(&path, format!("it can't be read: {error}"));
                sources
            }
            _ => Sources::new(None, variables),
        }
    }

    /// The text of a file, and variables. Variables that do not begin with `THUMBLINE_` are somebody else's; of those,
    /// only the memory that Lambda gives a function is looked at.
    pub fn new(
        file: Option<(PathBuf, String)>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Sources {
        let mut sources = Sources::default();
        for (name, value) in variables {
            if name == FUNCTION_MEMORY {
                sources.function_memory_mb = value.parse().ok();
            } else if name.starts_with(PREFIX) {
                sources.environment.insert(name, value);
            }
        }
        if let Some((path, text)) = file {
            sources.add_file(path, &text);
        }
        sources
    }

    fn add_file(&mut self, path: PathBuf, text: &str) {
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => return self.file_mistake(&path, error.to_string().trim().replace('\n', " ")),
        };
        let mut values = BTreeMap::new();
        for (name, value) in table {
            if let Some(text) = plain(&value) {
                values.insert(name, text);
            } else {
                let kind = value.type_str();
                let problem =
                    format!("{name} is a {kind}; expected: a string, a number or a list of strings");
                self.file_mistake(&path, problem);
            }
        }
        self.file = Some((path, values));
    }

    fn file_mistake(&mut self, path: &Path, problem: String) {
        self.mistakes.push(Mistake {
            variable: FILE_NAME.to_owned(),
            origin: Origin::File(path.to_owned()),
            problem,
        });
    }

    /// Megabytes of memory of the Lambda function that this process is; `None` where it is none.
    pub(super) fn function_memory_mb(&self) -> Option<u64> {
        self.function_memory_mb
    }

    /// The value of one setting. `None` for a key that is not in [`KEYS`].
    pub(super) fn in_force(&self, key: Key) -> Option<InForce> {
        self.all_in_force().into_iter().find(|in_force| in_force.key == key)
    }

    /// The value of every setting, checked or not, in the order of [`KEYS`].
    pub fn all_in_force(&self) -> Vec<InForce> {
        KEYS.into_iter()
            .map(|key| {
                let from_file = || {
                    let (path, values) = self.file.as_ref()?;
                    Some((values.get(key.name)?.clone(), Origin::File(path.clone())))
                };
                let from_environment =
                    self.environment.get(&key.variable()).cloned().map(|v| (v, Origin::Environment));
                match from_environment.or_else(from_file) {
                    Some((value, origin)) => InForce { key, value: Some(value), origin },
                    None => InForce { key, value: key.default.map(str::to_owned), origin: Origin::Default },
                }
            })
            .collect()
    }

    /// Mistakes that do not belong to any known setting.
    pub(super) fn unknown_names(&self) -> Vec<Mistake> {
        let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
        let in_environment =
            self.environment.keys().filter(|v| !known.contains(v)).map(|v| (v.clone(), Origin::Environment));
        let in_file = self.file.iter().flat_map(|(path, values)| {
            let unknown = values.keys().filter(|name| !KEYS.iter().any(|key| key.name == *name));
            unknown.map(|name| (format!("{PREFIX}{}", name.to_uppercase()), Origin::File(path.clone())))
        });
        let unknown = in_environment.chain(in_file).map(|(variable, origin)| Mistake {
            variable,
            origin,
            problem: format!("there is no such setting; expected one of {}", known.join(", ")),
        });
        self.mistakes.iter().cloned().chain(unknown).collect()
    }
}

/// A value as it would be written in an environment variable.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Array(items) => {
            items.iter().map(toml::Value::as_str).collect::<Option<Vec<_>>>().map(|items| items.join(" "))
        }
        _ => None,
    }
}
