//! The blob folder: one file for the bytes of each upload that is too large for the index.
//!
//! A file's name is a random number, never anything that a client sent, so no key can reach outside the folder or meet
//! another key's bytes. A file is written once and belongs to one record of the index; files that no record names are
//! left over from uploads that never finished, and are removed when the folder is opened.
//!
//! A reader may still be sending a file when its object is overwritten or removed. It therefore pins the files it
//! needs while it looks them up, and a pinned file is removed when its last reader is done.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The random name of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct BlobId(u128);

impl BlobId {
    pub(crate) fn random() -> Self {
        Self(Uuid::new_v4().as_u128())
    }

    pub(crate) fn number(self) -> u128 {
        self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

impl FromStr for BlobId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_name
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten()
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not the name of a blob, which is 32 hexadecimal digits"))
    }
}

impl TryFrom<String> for BlobId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<BlobId> for String {
    fn from(id: BlobId) -> Self {
        id.to_string()
    }
}

/// The folder.
#[derive(Debug)]
pub(crate) struct Blobs {
    root: PathBuf,
    pins: Mutex<Pins>,
}

#[derive(Debug, Default)]
struct Pins {
    readers: HashMap<BlobId, usize>,
    doomed: HashSet<BlobId>,
}

impl Blobs {
    /// Opens the folder, with the sub-folders that the files are spread over: one for each first byte of a name, so
    /// that no folder grows beyond what file systems and people handle well.
    pub(crate) fn open(root: PathBuf) -> io::Result<Self> {
        for first in 0..=u8::MAX {
            fs::create_dir_all(root.join(format!("{first:02x}")))?;
        }
        sync_folder(&root)?;
        Ok(Self { root, pins: Mutex::default() })
    }

    pub(crate) fn path(&self, id: BlobId) -> PathBuf {
        let name = id.to_string();
        let folder = name.get(..2).unwrap_or_default();
        self.root.join(folder).join(&name)
    }

    /// A new file, which removes itself unless the index takes it over.
    pub(crate) fn create(&self) -> io::Result<(File, StagedFile)> {
        let id = BlobId::random();
        let path = self.path(id);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok((file, StagedFile { id, path, kept: false }))
    }

    fn duplicate(&self, id: BlobId) -> io::Result<StagedFile> {
        let copy = BlobId::random();
        let path = self.path(copy);
        let original = self.path(id);
        let staged = StagedFile { id: copy, path, kept: false };
        if fs::hard_link(&original, &staged.path).is_err() {
            // Not every file system has hard links.
            fs::copy(&original, &staged.path)?;
            File::open(&staged.path)?.sync_all()?;
        }
        staged.sync_name()?;
        Ok(staged)
    }

    /// Removes every file that the index does not name.
    pub(crate) fn sweep(&self, named: &HashSet<BlobId>) -> io::Result<usize> {
        let mut removed = 0;
        for folder in fs::read_dir(&self.root)? {
            let folder = folder?.path();
            if !folder.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder)? {
                let file = file?;
                let id = file.file_name().to_str().and_then(|name| name.parse().ok());
                // Anything else in there is not ours to remove.
                if id.is_some_and(|id| !named.contains(&id)) {
                    fs::remove_file(file.path())?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    /// Holds back the removal of files while `find` looks up which of them are needed, and pins those.
    ///
    /// A file that `find` sees in the index is thereby there until the pins are dropped: its removal comes after the
    /// commit that dropped it from the index, and waits for this lock.
    pub(crate) fn pin<T, E>(
        self: &Arc<Self>,
        find: impl FnOnce() -> Result<(T, Vec<BlobId>), E>,
    ) -> Result<(T, PinnedFiles), E> {
        let mut pins = self.pins();
        let (found, ids) = find()?;
        for id in &ids {
            *pins.readers.entry(*id).or_default() += 1;
        }
        drop(pins);
        Ok((found, PinnedFiles { blobs: Arc::clone(self), ids }))
    }

    /// Removes files that the index no longer names, now or when their last reader is done.
    pub(crate) fn remove(&self, ids: Vec<BlobId>) {
        let mut removable = Vec::with_capacity(ids.len());
        {
            let mut pins = self.pins();
            for id in ids {
                if pins.readers.contains_key(&id) {
                    pins.doomed.insert(id);
                } else {
                    removable.push(id);
                }
            }
        }
        self.remove_files(&removable);
    }

    fn remove_files(&self, ids: &[BlobId]) {
        for id in ids {
            // What cannot be removed now is swept when the folder is opened again.
            if let Err(error) = fs::remove_file(self.path(*id)) {
                tracing::warn!(blob = %id, %error, "a blob that nothing refers to could not be removed");
            }
        }
    }

    fn pins(&self) -> MutexGuard<'_, Pins> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Files that are kept while this lives.
#[derive(Debug)]
pub(crate) struct PinnedFiles {
    blobs: Arc<Blobs>,
    ids: Vec<BlobId>,
}

impl PinnedFiles {
    pub(crate) fn path(&self, id: BlobId) -> PathBuf {
        self.blobs.path(id)
    }

    /// A second name for the bytes of a pinned file, under which they live on when the first is removed.
    pub(crate) fn duplicate(&self, id: BlobId) -> io::Result<StagedFile> {
        self.blobs.duplicate(id)
    }
}

impl Drop for PinnedFiles {
    fn drop(&mut self) {
        let mut removable = Vec::new();
        {
            let mut pins = self.blobs.pins();
            for id in &self.ids {
                let last = match pins.readers.get_mut(id) {
                    Some(readers) if *readers > 1 => {
                        *readers -= 1;
                        false
                    }
                    _ => true,
                };
                if last {
                    pins.readers.remove(id);
                    if pins.doomed.remove(id) {
                        removable.push(*id);
                    }
                }
            }
        }
        self.blobs.remove_files(&removable);
    }
}

/// A file that no record names yet.
#[derive(Debug)]
pub(crate) struct StagedFile {
    id: BlobId,
    path: PathBuf,
    kept: bool,
}

impl StagedFile {
    pub(crate) fn id(&self) -> BlobId {
        self.id
    }

    /// Makes the file's name durable; its bytes are its writer's business.
    pub(crate) fn sync_name(&self) -> io::Result<()> {
        self.path.parent().map_or(Ok(()), sync_folder)
    }

    /// Leaves the file in place, for the index names it now.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.kept {
            // Absent already, or swept when the folder is opened again.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn write(blobs: &Blobs, bytes: &[u8]) -> BlobId {
        let (mut file, staged) = blobs.create().unwrap();
        file.write_all(bytes).unwrap();
        let id = staged.id();
        staged.keep();
        id
    }

    #[test]
    fn a_staged_file_that_nobody_takes_over_disappears() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path().to_owned()).unwrap();
        let (_, staged) = blobs.create().unwrap();
        let path = blobs.path(staged.id());
        assert!(path.exists());
        drop(staged);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_being_read_is_removed_when_its_last_reader_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Arc::new(Blobs::open(folder.path().to_owned()).unwrap());
        let id = write(&blobs, b"bytes");
        let ((), first) = blobs.pin(|| Ok::<_, ()>(((), vec![id]))).unwrap();
        let ((), second) = blobs.pin(|| Ok::<_, ()>(((), vec![id]))).unwrap();
        blobs.remove(vec![id]);
        drop(first);
        assert!(second.path(id).exists());
        drop(second);
        assert!(!blobs.path(id).exists());
    }

    #[test]
    fn sweeping_removes_what_the_index_does_not_name_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path().to_owned()).unwrap();
        let (named, leftover) = (write(&blobs, b"named"), write(&blobs, b"leftover"));
        let foreign = folder.path().join("00").join("README");
        fs::write(&foreign, "not ours").unwrap();
        assert_eq!(blobs.sweep(&HashSet::from([named])).unwrap(), 1);
        assert!(blobs.path(named).exists() && foreign.exists() && !blobs.path(leftover).exists());
    }

    #[test]
    fn a_duplicate_outlives_its_original() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path().to_owned()).unwrap();
        let original = write(&blobs, b"bytes");
        let copy = blobs.duplicate(original).unwrap();
        blobs.remove(vec![original]);
        assert_eq!(fs::read(blobs.path(copy.id())).unwrap(), b"bytes");
    }
}
