//! An S3 Inventory: what S3 writes about a bucket once a day, as CSV.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html>. Its keys are URL-encoded, like
//! those of events, and it is a day old: what it says is only where to look.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use csv::{ReaderBuilder, StringRecord};
use flate2::read::MultiGzDecoder;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use tempfile::NamedTempFile;
use thumbline::S3Store;

/// A manifest names its data files, and there may be thousands.
const MAX_MANIFEST_BYTES: u64 = 64 * 1024 * 1024;

/// Data files of an inventory, and what is in their columns.
pub(in crate::backfill) struct Inventory {
    files: Vec<DataFile>,
    columns: Arc<Columns>,
    store: S3Store,
}

/// Where a data file is.
#[derive(Clone, Debug)]
enum DataFile {
    Here(PathBuf),
    InS3 { bucket: String, key: String },
}

/// Which column is what, and whose inventory it is.
#[derive(Debug)]
struct Columns {
    bucket: usize,
    key: usize,
    is_latest: Option<usize>,
    is_delete_marker: Option<usize>,
    /// The bucket that it must be of.
    expected: String,
}

/// The `manifest.json` of an inventory, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    file_format: String,
    file_schema: String,
    files: Vec<ManifestFile>,
    /// `arn:aws:s3:::bucket`
    destination_bucket: String,
}

#[derive(Deserialize)]
struct ManifestFile {
    key: String,
}

impl Inventory {
    /// The inventory of `bucket` whose `manifest.json` lies at `s3://…`, or whose data files these are.
    pub(super) async fn of(parts: &[String], bucket: &str, store: S3Store) -> Result<Inventory> {
        match parts {
            [manifest] if manifest.starts_with("s3://") => {
                Inventory::of_manifest(manifest, bucket, store).await
            }
            files => {
                for file in files {
                    ensure!(
                        !file.starts_with("s3://"),
                        "{file}: of an inventory in S3, name its manifest.json alone"
                    );
                    File::open(file).with_context(|| format!("{file} can't be read"))?;
                }
                let files = files.iter().map(|file| DataFile::Here(file.into())).collect();
                // What S3 begins every line with; only a manifest says what comes after.
                let columns = Columns::of("Bucket, Key", bucket)?;
                Ok(Inventory { files, columns: Arc::new(columns), store })
            }
        }
    }

    async fn of_manifest(url: &str, bucket: &str, store: S3Store) -> Result<Inventory> {
        let (place, key) = url
            .strip_prefix("s3://")
            .and_then(|rest| rest.split_once('/'))
            .with_context(|| format!("{url} is no address such as s3://bucket/prefix/date/manifest.json"))?;
        let copy = NamedTempFile::new().context("there is no room for temporary files")?;
        let bytes = store.save(place, key, copy.path(), MAX_MANIFEST_BYTES).await?;
        ensure!(bytes.is_some(), "{url} is not there, or far too long for a manifest");
        let text = std::fs::read(copy.path())?;
        let manifest: Manifest =
            serde_json::from_slice(&text).with_context(|| format!("{url} is no manifest of an inventory"))?;
        ensure!(
            manifest.file_format == "CSV",
            "{url}: the inventory is written as {}; CSV can be read",
            manifest.file_format
        );
        let place = manifest.destination_bucket.rsplit(':').next().unwrap_or(place).to_owned();
        let files = manifest.files.into_iter();
        let files = files.map(|file| DataFile::InS3 { bucket: place.clone(), key: file.key }).collect();
        Ok(Inventory { files, columns: Arc::new(Columns::of(&manifest.file_schema, bucket)?), store })
    }

    /// The keys, data file by data file.
    pub(super) fn read(&self) -> BoxStream<'static, Result<String>> {
        let (columns, store) = (Arc::clone(&self.columns), self.store.clone());
        let opened = stream::iter(self.files.clone()).then(move |file| {
            let store = store.clone();
            async move { file.open(&store).await }
        });
        let keys = opened.map_ok(move |rows| {
            let columns = Arc::clone(&columns);
            stream::iter(rows.filter_map(move |row| row.and_then(|row| columns.key(&row)).transpose()))
        });
        keys.try_flatten().boxed()
    }
}

/// The rows of a data file; the file, if it is a copy, goes with them.
struct Rows {
    records: csv::StringRecordsIntoIter<Box<dyn Read + Send>>,
    name: String,
    _copy: Option<NamedTempFile>,
}

impl Iterator for Rows {
    type Item = Result<StringRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.records.next()?;
        Some(row.with_context(|| format!("{} can't be read", self.name)))
    }
}

impl DataFile {
    async fn open(self, store: &S3Store) -> Result<Rows> {
        let (path, name, copy) = match self {
            DataFile::Here(path) => (path.clone(), path.display().to_string(), None),
            DataFile::InS3 { bucket, key } => {
                let copy = NamedTempFile::new().context("there is no room for temporary files")?;
                let name = format!("s3://{bucket}/{key}");
                let bytes = store.save(&bucket, &key, copy.path(), u64::MAX).await?;
                bytes.ok_or_else(|| anyhow!("{name} is not there, and the inventory's manifest names it"))?;
                // A copy has a name of its own; what the data is shows by the original's.
                (copy.path().to_owned(), name, Some(copy))
            }
        };
        let file = File::open(&path).with_context(|| format!("{name} can't be read"))?;
        let is_packed = Path::new(&name).extension().is_some_and(|end| end.eq_ignore_ascii_case("gz"));
        let bytes: Box<dyn Read + Send> =
            if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let records =
            ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes).into_records();
        Ok(Rows { records, name, _copy: copy })
    }
}

impl Columns {
    /// By a schema such as `Bucket, Key, Size`.
    fn of(schema: &str, expected: &str) -> Result<Columns> {
        let names: Vec<&str> = schema.split(',').map(str::trim).collect();
        let place = |name: &str| names.iter().position(|found| *found == name);
        let (Some(bucket), Some(key)) = (place("Bucket"), place("Key")) else {
            bail!("the inventory has no columns Bucket and Key: {schema}");
        };
        let (is_latest, is_delete_marker) = (place("IsLatest"), place("IsDeleteMarker"));
        Ok(Columns { bucket, key, is_latest, is_delete_marker, expected: expected.to_owned() })
    }

    /// The key in a row; `None` where it is of an older version, or of what has been removed.
    fn key(&self, row: &StringRecord) -> Result<Option<String>> {
        let (bucket, key) = (row.get(self.bucket).unwrap_or_default(), row.get(self.key));
        ensure!(
            bucket == self.expected,
            "the inventory is of bucket {bucket:?}, and the pictures are in {:?}",
            self.expected
        );
        let key = key.with_context(|| format!("a row of the inventory has no key: {row:?}"))?;
        let says = |column: Option<usize>, word: &str| {
            column.and_then(|column| row.get(column)).is_some_and(|said| said.eq_ignore_ascii_case(word))
        };
        if says(self.is_latest, "false") || says(self.is_delete_marker, "true") {
            return Ok(None);
        }
        let spaced = key.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8();
        Ok(Some(decoded.with_context(|| format!("{key:?} is no key: not UTF-8"))?.into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(schema: &str, text: &str) -> Result<Vec<String>> {
        let columns = Columns::of(schema, "pictures")?;
        let rows = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes())
            .into_records();
        rows.filter_map(|row| columns.key(&row.unwrap()).transpose()).collect()
    }

    #[test]
    fn keys_are_decoded_and_may_be_quoted() {
        let text = "\"pictures\",\"a+b%2Bc%2C.jpg\",\"12\"\npictures,%C3%BC/%F0%9F%98%80.png\n";
        assert_eq!(keys("Bucket, Key, Size", text).unwrap(), ["a b+c,.jpg", "ü/😀.png"]);
    }

    #[test]
    fn older_versions_and_removals_are_passed_over() {
        let text = "pictures,a,v2,true,false\npictures,a,v1,false,false\npictures,b,v1,true,true\n";
        assert_eq!(keys("Bucket, Key, VersionId, IsLatest, IsDeleteMarker", text).unwrap(), ["a"]);
    }

    #[test]
    fn another_bucket_s_inventory_is_refused() {
        let error = keys("Bucket, Key", "other,a\n").unwrap_err().to_string();
        assert!(error.contains("\"other\""), "{error}");
        assert!(Columns::of("Key, Size", "pictures").is_err());
    }
}
