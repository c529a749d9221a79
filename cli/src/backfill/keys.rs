//! Sources by name, from a file with a key on each line.

use std::path::Path;

use anyhow::{Context, Error, Result};
use futures::stream::{self, BoxStream, StreamExt};
use tokio::io::{AsyncBufReadExt, BufReader};

/// The keys in a file. They are read as they are needed: there may be millions.
pub(super) async fn read(file: &Path) -> Result<BoxStream<'static, Result<String>>> {
    let opened = tokio::fs::File::open(file).await;
    let bytes = opened.with_context(|| format!("{} can't be read", file.display()))?;
    let name = file.display().to_string();
    let lines = stream::try_unfold((BufReader::new(bytes).lines(), name), |(mut lines, name)| async move {
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
