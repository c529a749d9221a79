//! Sources by name, from a file with a key on each line.

use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result};
use futures::stream::{self, BoxStream, StreamExt};
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, BufReader};

/// Keys in a file.
pub(in crate::backfill) struct Keys {
    path: PathBuf,
    /// As people know it.
    name: String,
    /// A copy of what can be read but once, such as a pipe.
    _copy: Option<NamedTempFile>,
}

impl Keys {
    /// The keys in this file.
    pub(super) async fn of(file: &Path) -> Result<Keys> {
        let name = file.display().to_string();
        let unreadable = || format!("{name} can't be read");
        let found = tokio::fs::metadata(file).await.with_context(unreadable)?;
        if found.is_file() {
            return Ok(Keys { path: file.to_owned(), name, _copy: None });
        }
        let copy = NamedTempFile::new().context("there is no room for temporary files")?;
        tokio::fs::copy(file, copy.path()).await.with_context(unreadable)?;
        Ok(Keys { path: copy.path().to_owned(), name, _copy: Some(copy) })
    }

    /// The keys. They are read as they are needed: there may be millions.
    pub(super) async fn read(&self) -> Result<BoxStream<'static, Result<String>>> {
        let name = self.name.clone();
        let opened = tokio::fs::File::open(&self.path).await;
        let opened = opened.with_context(|| format!("{name} can't be read"))?;
        let lines =
            stream::try_unfold((BufReader::new(opened).lines(), name), |(mut lines, name)| async move {
                loop {
                    let line = lines.next_line().await.with_context(|| format!("{name} can't be read"))?;
                    match line {
                        Some(empty) if empty.is_empty() => {}
                        Some(key) => return Ok::<_, Error>(Some((key, (lines, name)))),
                        None => return Ok(None),
                    }
                }
            });
        Ok(lines.boxed())
    }
}
