//! Multipart uploads.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use crate::server::{BUCKET, Server, code};

const PART_BYTES: usize = 5 * 1024 * 1024;

/// An upload in progress.
struct Upload<'s> {
    server: &'s Server,
    id: String,
    parts: Vec<CompletedPart>,
}

type CompleteError = aws_sdk_s3::error::SdkError<
    aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadError,
>;

impl<'s> Upload<'s> {
    async fn begin(server: &'s Server) -> Self {
        let answer = server.client.create_multipart_upload().bucket(BUCKET).key("k").send().await.unwrap();
        Self { server, id: answer.upload_id.unwrap(), parts: Vec::new() }
    }

    async fn put(&mut self, number: i32, bytes: Vec<u8>) {
        let put =
            self.server.client.upload_part().bucket(BUCKET).key("k").upload_id(&self.id).part_number(number);
        let answer = put.body(ByteStream::from(bytes)).send().await.unwrap();
        self.parts.retain(|part| part.part_number() != Some(number));
        self.parts.push(
            CompletedPart::builder()
                .part_number(number)
                .set_e_tag(answer.e_tag)
                .set_checksum_crc32(answer.checksum_crc32)
                .build(),
        );
    }

    async fn complete(&self, parts: Vec<CompletedPart>) -> Result<String, CompleteError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete =
            self.server.client.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&self.id);
        complete.multipart_upload(parts).send().await.map(|answer| answer.e_tag.unwrap())
    }
}

fn bytes(seed: u8, length: usize) -> Vec<u8> {
    (seed..=u8::MAX).chain(0..seed).cycle().take(length).collect()
}

#[tokio::test]
async fn parts_become_one_object_in_the_order_of_their_numbers() {
    let server = Server::start().await;
    let mut upload = Upload::begin(&server).await;
    upload.put(7, bytes(7, 100)).await;
    upload.put(2, bytes(0, PART_BYTES)).await;
    upload.put(2, bytes(2, PART_BYTES)).await;
    upload.put(3, bytes(3, PART_BYTES + 1)).await;
    upload.put(9, bytes(9, 200_000)).await;
    assert_eq!(server.get("k").await, None, "nothing is seen before completion");
    let listed = server.client.list_multipart_uploads().bucket(BUCKET).send().await.unwrap();
    assert_eq!(listed.uploads().len(), 1);
    let listed = server
        .client
        .list_parts()
        .bucket(BUCKET)
        .key("k")
        .upload_id(&upload.id)
        .max_parts(2)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.parts().iter().map(|part| part.part_number().unwrap()).collect::<Vec<_>>(), [2, 3]);
    assert_eq!((listed.is_truncated(), listed.next_part_number_marker()), (Some(true), Some("3")));

    let part =
        |number: i32| upload.parts.iter().find(|part| part.part_number() == Some(number)).unwrap().clone();
    let etag = upload.complete(vec![part(2), part(3), part(7)]).await.unwrap();
    assert!(etag.ends_with("-3\""), "{etag}");
    let whole = [bytes(2, PART_BYTES), bytes(3, PART_BYTES + 1), bytes(7, 100)].concat();
    assert!(server.get("k").await.unwrap() == whole);
    // The replaced part and the unnamed one are gone, and the last is in the index.
    server.has_files(2).await;

    let range = |range: &str| server.client.get_object().bucket(BUCKET).key("k").range(range).send();
    let (first, last) = (PART_BYTES - 10, 2 * PART_BYTES + 50);
    let across = range(&format!("bytes={first}-{last}")).await.unwrap();
    assert_eq!(across.content_range(), Some(format!("bytes {first}-{last}/{}", whole.len()).as_str()));
    assert!(across.body.collect().await.unwrap().to_vec() == whole[first..=last]);
    let second = server.client.get_object().bucket(BUCKET).key("k").part_number(2).send().await.unwrap();
    assert_eq!(second.parts_count(), Some(3));
    assert!(second.body.collect().await.unwrap().to_vec() == bytes(3, PART_BYTES + 1));

    assert_eq!(
        upload.complete(vec![part(2), part(3), part(7)]).await.unwrap(),
        etag,
        "asked again, the same answer"
    );
    let copy = server.client.copy_object().bucket(BUCKET).key("copy").copy_source(format!("{BUCKET}/k"));
    let copied = copy.send().await.unwrap().copy_object_result.unwrap().e_tag.unwrap();
    assert!(!copied.contains('-'), "a copy is of one part");
    server.client.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert!(server.get("copy").await.unwrap() == whole);
    server.has_files(1).await;
}

#[tokio::test]
async fn a_completion_that_does_not_fit_its_parts_is_refused_and_can_be_put_right() {
    let server = Server::start().await;
    server.put("k", "old").await;
    let mut upload = Upload::begin(&server).await;
    upload.put(1, bytes(1, PART_BYTES)).await;
    upload.put(2, bytes(2, 10)).await;
    upload.put(3, bytes(3, 10)).await;
    let parts = upload.parts.clone();
    let refused = async |parts: Vec<CompletedPart>| code(&upload.complete(parts).await.unwrap_err());
    let named = |number: i32, etag: &str| CompletedPart::builder().part_number(number).e_tag(etag).build();
    assert_eq!(refused(vec![parts[1].clone(), parts[0].clone()]).await, "InvalidPartOrder");
    assert_eq!(refused(parts.clone()).await, "EntityTooSmall");
    assert_eq!(refused(vec![named(1, "\"d41d8cd98f00b204e9800998ecf8427e\"")]).await, "InvalidPart");
    assert_eq!(refused(vec![named(4, parts[0].e_tag().unwrap())]).await, "InvalidPart");
    assert_eq!(refused(Vec::new()).await, "MalformedXML");
    assert_eq!(server.get("k").await.unwrap(), b"old");
    upload.complete(vec![parts[0].clone(), parts[1].clone()]).await.unwrap();
    assert_eq!(server.get("k").await.unwrap().len(), PART_BYTES + 10);
}

#[tokio::test]
async fn an_aborted_upload_is_gone_with_its_parts() {
    let server = Server::start().await;
    let mut upload = Upload::begin(&server).await;
    upload.put(1, bytes(1, 200_000)).await;
    server.has_files(1).await;
    let abort =
        || server.client.abort_multipart_upload().bucket(BUCKET).key("k").upload_id(&upload.id).send();
    abort().await.unwrap();
    assert_eq!(code(&abort().await.unwrap_err()), "NoSuchUpload");
    let parts = upload.parts.clone();
    assert_eq!(code(&upload.complete(parts).await.unwrap_err()), "NoSuchUpload");
    server.has_files(0).await;
}

#[tokio::test]
async fn a_completion_under_a_condition_is_decided_like_any_write() {
    let server = Server::start().await;
    let mut upload = Upload::begin(&server).await;
    upload.put(1, bytes(1, 10)).await;
    server.put("k", "meanwhile").await;
    let complete = || {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(upload.parts.clone())).build();
        let complete =
            server.client.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&upload.id);
        complete.multipart_upload(parts)
    };
    assert_eq!(code(&complete().if_none_match("*").send().await.unwrap_err()), "PreconditionFailed");
    assert_eq!(server.get("k").await.unwrap(), b"meanwhile");
    server.client.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    complete().if_none_match("*").send().await.unwrap();
    assert_eq!(server.get("k").await.unwrap(), bytes(1, 10));
}
