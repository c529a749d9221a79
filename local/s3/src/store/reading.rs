//! Reading objects: finding the bytes of a range in one blob or across the parts of a multipart upload, and sending
//! them from the disk a block at a time, however large the object is.

use std::collections::VecDeque;
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::{Stream, stream};
use redb::ReadableDatabase as _;
use s3s::{S3Error, S3ErrorCode, S3Result, dto};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::blobs::{BlobId, PinnedFiles};
use super::conditions::{Freshness, ReadConditions};
use super::failure::{Failure, refuse};
use super::index::{Blob, Content, Index, ObjectRecord};
use super::{Store, off_runtime};

/// Bytes read from the disk at a time.
const BLOCK_BYTES: usize = 256 * 1024;

/// Which bytes of an object are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    All,
    Range(dto::Range),
    /// The bytes that this part of the upload brought, counted from 1.
    Part(u16),
}

/// An object found, and the bytes that were asked for.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) record: ObjectRecord,
    pub(crate) freshness: Freshness,
    pub(crate) span: Range<u64>,
    pub(crate) reader: Reader,
}

impl Store {
    pub(crate) async fn find_object(&self, bucket: String, key: String) -> S3Result<ObjectRecord> {
        self.read(move |index| index.find_object(&bucket, &key)).await
    }

    /// Finds an object and pins the bytes that are wanted of it, which then stay readable whatever happens to the key.
    pub(crate) async fn open_object(
        &self,
        bucket: String,
        key: String,
        conditions: ReadConditions,
        wanted: Wanted,
    ) -> S3Result<Opened> {
        let (database, blobs) = (Arc::clone(&self.database), Arc::clone(&self.blobs));
        off_runtime(move || {
            let (found, files) = blobs.pin(|| {
                let index = database.begin_read()?;
                let record = index.find_object(&bucket, &key)?;
                let freshness = conditions.check(&record)?;
                let (span, segments) = match freshness {
                    Freshness::NotModified => (0..0, VecDeque::new()),
                    Freshness::Modified => locate(&index, &record, wanted)?,
                };
                let files = segments.iter().filter_map(Segment::file).collect();
                Ok::<_, Failure>(((record, freshness, span, segments), files))
            })?;
            let (record, freshness, span, segments) = found;
            Ok(Opened { record, freshness, span, reader: Reader { segments, files, open: None } })
        })
        .await
    }
}

/// A run of bytes in one place.
#[derive(Debug)]
enum Segment {
    Memory(Bytes),
    File { id: BlobId, offset: u64, length: u64 },
}

impl Segment {
    fn file(&self) -> Option<BlobId> {
        match self {
            Self::Memory(_) => None,
            Self::File { id, .. } => Some(*id),
        }
    }
}

/// Finds the wanted bytes of an object.
fn locate(
    index: &impl Index,
    record: &ObjectRecord,
    wanted: Wanted,
) -> Result<(Range<u64>, VecDeque<Segment>), Failure> {
    let pieces = match &record.content {
        Content::Whole(blob) => vec![(*blob, record.size)],
        Content::Parts { upload_id, .. } => {
            index.find_parts(upload_id)?.into_iter().map(|(_, part)| (part.blob, part.size)).collect()
        }
    };
    let span = match wanted {
        Wanted::All => 0..record.size,
        Wanted::Range(range) => resolve_range(range, record.size)?,
        Wanted::Part(number) => {
            let before = usize::from(number).checked_sub(1).filter(|before| *before < pieces.len());
            let before = before.ok_or_else(invalid_part_number)?;
            let start: u64 = pieces.iter().take(before).map(|(_, size)| size).sum();
            start..start + pieces.get(before).map_or(0, |(_, size)| *size)
        }
    };
    let mut segments = VecDeque::new();
    let mut start = 0;
    for (blob, size) in pieces {
        let piece = span.start.max(start)..span.end.min(start + size);
        if piece.start < piece.end {
            segments.push_back(cut(index, blob, piece.start - start..piece.end - start)?);
        }
        start += size;
    }
    Ok((span, segments))
}

fn cut(index: &impl Index, blob: Blob, range: Range<u64>) -> Result<Segment, Failure> {
    match blob {
        Blob::File(id) => Ok(Segment::File { id, offset: range.start, length: range.end - range.start }),
        Blob::Inline(id) => {
            let bytes = Bytes::from(index.find_inline(id)?);
            let within = |position: u64| usize::try_from(position).ok().filter(|at| *at <= bytes.len());
            match (within(range.start), within(range.end)) {
                (Some(start), Some(end)) => Ok(Segment::Memory(bytes.slice(start..end))),
                _ => Err(Failure::broken(format!("the small blob {id} is shorter than its record says"))),
            }
        }
    }
}

/// The bytes that a range means in an object of this size, as S3 understands it: a suffix longer than the object is the
/// whole object, and no range of an empty object can be satisfied.
fn resolve_range(range: dto::Range, size: u64) -> S3Result<Range<u64>> {
    range
        .check(size)
        .ok()
        .filter(|span| span.start < span.end)
        .ok_or_else(|| refuse(S3ErrorCode::InvalidRange, "The requested range is not satisfiable"))
}

fn invalid_part_number() -> S3Error {
    let mut error = refuse(
        S3ErrorCode::Custom("InvalidPartNumber".into()),
        "The requested partnumber is not satisfiable",
    );
    error.set_status_code(http::StatusCode::RANGE_NOT_SATISFIABLE);
    error
}

/// Sends the bytes of an object, in order.
#[derive(Debug)]
pub(crate) struct Reader {
    segments: VecDeque<Segment>,
    files: PinnedFiles,
    /// The file being read, and how many of its bytes are still wanted.
    open: Option<(File, u64)>,
}

impl Reader {
    pub(crate) fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
        stream::try_unfold(
            self,
            |mut reader| async move { Ok(reader.read().await?.map(|block| (block, reader))) },
        )
    }

    /// The next block, or nothing at the end.
    async fn read(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some((file, left)) = &mut self.open {
                let block = read_block(file, *left).await?;
                *left -= block.len() as u64;
                if *left == 0 {
                    self.open = None;
                }
                return Ok(Some(block));
            }
            match self.segments.pop_front() {
                None => return Ok(None),
                Some(Segment::Memory(bytes)) => return Ok(Some(bytes)),
                Some(Segment::File { id, offset, length }) => {
                    let mut file = File::open(self.files.path(id)).await?;
                    file.seek(SeekFrom::Start(offset)).await?;
                    self.open = Some((file, length));
                }
            }
        }
    }
}

async fn read_block(file: &mut File, left: u64) -> io::Result<Bytes> {
    let capacity = usize::try_from(left).map_or(BLOCK_BYTES, |left| left.min(BLOCK_BYTES));
    let mut block = BytesMut::with_capacity(capacity);
    while block.len() < capacity {
        let wanted = (capacity - block.len()) as u64;
        if file.take(wanted).read_buf(&mut block).await? == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "a blob is shorter than its record says",
            ));
        }
    }
    Ok(block.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_mean_what_s3_says() {
        let range =
            |text: &str, size| dto::Range::parse(text).ok().and_then(|range| resolve_range(range, size).ok());
        assert_eq!(range("bytes=0-4", 10), Some(0..5));
        assert_eq!(range("bytes=4-", 10), Some(4..10));
        assert_eq!(range("bytes=-3", 10), Some(7..10));
        assert_eq!(range("bytes=-30", 10), Some(0..10));
        assert_eq!(range("bytes=5-500", 10), Some(5..10));
        assert_eq!(range("bytes=10-", 10), None);
        assert_eq!(range("bytes=-0", 10), None);
        assert_eq!(range("bytes=0-0", 0), None);
        assert_eq!(range("bytes=-1", 0), None);
    }
}
