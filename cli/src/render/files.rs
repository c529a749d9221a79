//! Which files there are to render, what their thumbnails' folders are called, and writing one whole or not at all.

use std::io::Write;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use walkdir::WalkDir;

/// A picture to render.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its path below the folder that all sources have in common: the name of its thumbnails' folder.
    pub(crate) name: PathBuf,
}

/// The files named, and all files in the folders named, in order.
pub(crate) fn find(named: &[PathBuf]) -> Result<Vec<Source>> {
    let mut paths = Vec::new();
    for path in named {
        let kind = std::fs::metadata(path).with_context(|| format!("{} can't be read", path.display()))?;
        if kind.is_dir() {
            for entry in WalkDir::new(path).sort_by_file_name() {
                let entry = entry.with_context(|| format!("{} can't be listed", path.display()))?;
                if entry.path().is_file() {
                    paths.push(entry.into_path());
                }
            }
        } else {
            paths.push(path.clone());
        }
    }
    if paths.is_empty() {
        bail!(
            "there are no files in {}",
            named.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
        );
    }
    let absolute: Vec<PathBuf> =
        paths.iter().map(|path| std::path::absolute(path).map(|p| plain(&p))).collect::<Result<_, _>>()?;
    let common = common_folder(&absolute);
    let sources = paths.into_iter().zip(absolute).map(|(path, absolute)| {
        let name = absolute.strip_prefix(&common).map(Path::to_path_buf).unwrap_or(absolute);
        Source { path, name }
    });
    Ok(sources.collect())
}

/// The path without `..`, so that no name can lead out of the folder that it is used in.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// The deepest folder that holds all of the files.
fn common_folder(files: &[PathBuf]) -> PathBuf {
    let mut folders = files.iter().map(|file| file.parent().unwrap_or(file));
    let Some(first) = folders.next() else {
        return PathBuf::new();
    };
    folders.fold(first.to_path_buf(), |common, folder| {
        let shared = common.components().zip(folder.components()).take_while(|(a, b)| a == b);
        shared.map(|(component, _)| component).collect()
    })
}

/// Writes a file whole or not at all: a run that is stopped leaves no half thumbnail under a thumbnail's name.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any program would make it; the user's mask applies.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    written().with_context(|| format!("{} can't be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[&str]) -> Vec<PathBuf> {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = paths.iter().map(|path| folder.path().join(path)).collect();
        for path in &paths {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        }
        find(&paths).unwrap().into_iter().map(|source| source.name).collect()
    }

    #[test]
    fn files_of_the_same_name_in_two_folders_keep_apart() {
        assert_eq!(names(&["a/x.jpg", "b/x.jpg"]), [Path::new("a/x.jpg"), Path::new("b/x.jpg")]);
    }

    #[test]
    fn a_single_file_named_twice_has_its_own_name() {
        assert_eq!(names(&["a/x.jpg", "a/x.jpg"]), [Path::new("x.jpg"), Path::new("x.jpg")]);
        assert_eq!(names(&["a/../x.jpg"]), [Path::new("x.jpg")]);
    }

    #[test]
    fn a_folder_stands_for_the_files_below_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("deep/er")).unwrap();
        for name in ["b.jpg", "a.jpg", "deep/er/c.jpg"] {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        let found = find(&[folder.path().to_path_buf()]).unwrap();
        let names: Vec<&Path> = found.iter().map(|source| source.name.as_path()).collect();
        assert_eq!(names, [Path::new("a.jpg"), Path::new("b.jpg"), Path::new("deep/er/c.jpg")]);
    }

    #[test]
    fn a_file_that_is_not_there_is_named_in_the_error() {
        assert!(find(&["nowhere.jpg".into()]).unwrap_err().to_string().contains("nowhere.jpg"));
    }
}
