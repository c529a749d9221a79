//! Every `unsafe` of our own, counted in the sources and held against docs/unsafe.md.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::check::Finding;

/// Where what was built lies, and what others have written.
const NOT_SOURCES: [&str; 4] = ["target", ".git", "demo-output", "node_modules"];
/// The list.
const PAGE: &str = "docs/unsafe.md";

/// Holds the list against the sources. How many there are in all.
pub(super) fn check(project: &Path, finding: &mut Finding) -> anyhow::Result<usize> {
    let mut found = BTreeMap::new();
    let mut folders = vec![project.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let path: PathBuf = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !NOT_SOURCES.contains(&name.as_str()) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let count = count(&std::fs::read_to_string(&path)?);
                let file = path.strip_prefix(project)?.to_string_lossy().into_owned();
                if count > 0 {
                    found.insert(file, count);
                }
            }
        }
    }
    let page = std::fs::read_to_string(project.join(PAGE)).with_context(|| format!("reading {PAGE}"))?;
    let listed = listed(&page);
    for (file, count) in &found {
        finding.cases += 1;
        match listed.get(file) {
            Some(told) if told == count => {}
            Some(told) => {
                finding.violations.push(format!("{file} has {count} unsafe, and {PAGE} says {told}"));
            }
            None => {
                finding.violations.push(format!("{file} has {count} unsafe, and {PAGE} does not list it"));
            }
        }
    }
    for file in listed.keys().filter(|file| !found.contains_key(*file)) {
        finding.violations.push(format!("{PAGE} lists {file}, which has none"));
    }
    Ok(found.values().sum())
}

/// The rows of the page's table: `` | `file` | count | … | ``.
fn listed(page: &str) -> BTreeMap<String, usize> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let file = cells.next()?.strip_suffix('`')?.to_owned();
        Some((file, cells.next()?.trim().parse().ok()?))
    };
    page.lines().filter_map(row).collect()
}

/// How often the word stands in code: not in comments, texts and longer words.
fn count(source: &str) -> usize {
    let code = without_comments_and_texts(source);
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    code.split(|c: char| !is_of_word(c)).filter(|word| *word == "unsafe").count()
}

/// The code with a space for each comment and each text; characters, and texts with `#` around them, among these.
fn without_comments_and_texts(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            end_of_block(rest)
        } else if let Some(hashes) = raw_text(rest) {
            let open = 2 + hashes;
            let close = format!("\"{}", "#".repeat(hashes));
            let inside = rest.get(open..).unwrap_or_default();
            open + inside.find(&close).map_or(inside.len(), |at| at + close.len())
        } else if first == '"' {
            end_of_text(rest)
        } else {
            0
        };
        if skipped > 0 {
            code.push(' ');
            rest = rest.get(skipped..).unwrap_or_default();
        } else if let Some(character) = character(rest) {
            rest = rest.get(character..).unwrap_or_default();
        } else {
            code.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    code
}

/// How many `#` there are before the quote of a text such as `r#"…"#`.
fn raw_text(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after.get(hashes..)?.starts_with('"').then_some(hashes)
}

/// Comments in comments end when the outermost does.
fn end_of_block(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        let step = here.chars().next().map_or(1, char::len_utf8);
        match here {
            here if here.starts_with("/*") => (depth, at) = (depth + 1, at + 2),
            here if here.starts_with("*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += step,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn end_of_text(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character in quotes, such as `'"'`; nothing for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    let mut characters = inside.char_indices();
    match characters.next()? {
        (_, '\\') => inside.get(2..)?.find('\'').map(|at| at + 4),
        _ => characters.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at + 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_counts_in_code_alone() {
        assert_eq!(count("unsafe { a() }\nunsafe fn b() {}\nunsafe impl C for D {}"), 3);
        assert_eq!(
            count("// unsafe\n/* unsafe /* unsafe */ unsafe */ let unsafe_code = \"unsafe \\\" unsafe\";"),
            0
        );
        assert_eq!(count("r#\"unsafe \" unsafe\"# '\"' unsafe {} '\\'' 'a: unsafe '\"'"), 2);
    }

    #[test]
    fn rows_are_read_and_headings_are_not() {
        let rows = listed("| file | count | why |\n|---|--:|---|\n| `a/b.rs` | 3 | because | Miri |\n");
        assert_eq!(rows, BTreeMap::from([("a/b.rs".to_owned(), 3)]));
    }
}
