//! What a check is: a promise, and a way to try to break it that counts how often it tried.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::Serialize;

/// How much of a check is run. Both forms check the same things; the long one more of them, or for longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// Minutes: what each change goes through.
    Short,
    /// An hour or more.
    Long,
}

impl Length {
    /// One of two numbers.
    pub(crate) fn of<T>(self, short: T, long: T) -> T {
        match self {
            Self::Short => short,
            Self::Long => long,
        }
    }
}

/// What a check is run with.
#[derive(Debug)]
pub(crate) struct Terms {
    /// How much of it.
    pub(crate) length: Length,
    /// Where everything that is drawn at random begins: the same seed draws the same.
    pub(crate) seed: u64,
    /// An empty folder of the check's own, removed after it.
    pub(crate) folder: PathBuf,
    /// The project's own folder, where the template, the samples and the sources are.
    pub(crate) project: PathBuf,
    /// The folder of the executables that were built with this one: `bootstrap`, `thumbline`.
    pub(crate) executables: PathBuf,
}

impl Terms {
    /// The executable that the functions of a stack run: the layer's.
    pub(crate) fn bootstrap(&self) -> PathBuf {
        self.executables.join("bootstrap")
    }

    /// The `thumbline` command.
    pub(crate) fn thumbline(&self) -> PathBuf {
        self.executables.join("thumbline")
    }

    /// The stack that is deployed.
    pub(crate) fn template(&self) -> PathBuf {
        self.project.join("template.yaml")
    }

    /// A folder in the check's own.
    pub(crate) fn subfolder(&self, name: &Path) -> std::io::Result<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// A line about how far a check has come.
pub(crate) fn progress(line: &str) {
    eprintln!("    {line}");
}

/// What a check has come to.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Finding {
    /// How many cases were tried.
    pub(crate) cases: u64,
    /// What was measured, in a few words: "9 of 9 broken protocols found", "at most 41 MiB".
    pub(crate) figure: String,
    /// What did not hold, with what is needed to see it again; the promise holds when there is nothing here.
    pub(crate) violations: Vec<String>,
}

impl Finding {
    /// Whether the promise held.
    pub(crate) fn holds(&self) -> bool {
        self.violations.is_empty()
    }
}

/// A promise, and how it is checked.
#[async_trait]
pub(crate) trait Check: Sync {
    /// What it is called on the command line: a word or two, with `-` between them.
    fn name(&self) -> &'static str;

    /// What is promised, in one line.
    fn promise(&self) -> &'static str;

    /// Tries to break the promise.
    ///
    /// An error means that nothing can be said, as where a process can't be started; a promise that was found broken is a
    /// [`Finding`] with violations.
    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding>;
}
