//! What a case has in its hands: a client, an empty bucket, and short words for what nearly every case does.

use std::fmt::Debug;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::complete_multipart_upload::{
    CompleteMultipartUploadError, CompleteMultipartUploadOutput,
};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use crate::server::{Door, Server};
use crate::signing::Signer;
use crate::wire::Request;

/// Where one case takes place.
#[derive(Clone)]
pub(crate) struct Stage {
    /// The SDK's client, which never retries: a case sees what the server answered.
    pub(crate) s3: Client,
    /// An empty bucket that no other case uses.
    pub(crate) bucket: String,
    /// Where the server is, and who may enter.
    pub(crate) door: Door,
}

impl Stage {
    /// Makes the bucket of one case, named after it.
    pub(crate) async fn set(server: &Server, number: usize, name: &str) -> Self {
        let words: String = name.replace('_', "-").chars().take(48).collect();
        let bucket = format!("c{number:03}-{}", words.trim_end_matches('-'));
        let s3 = server.door.client();
        s3.create_bucket().bucket(&bucket).send().await.expect("a bucket for the case");
        Self { s3, bucket, door: server.door.clone() }
    }

    /// Puts an object and gives its `ETag`, quotes included.
    pub(crate) async fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> String {
        let put = self.s3.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(body.into()));
        let put = put.send().await.unwrap_or_else(|refused| panic!("PUT {key:?}: {refused:?}"));
        put.e_tag.unwrap_or_else(|| panic!("no ETag for {key:?}"))
    }

    /// An object's bytes.
    pub(crate) async fn bytes(&self, key: &str) -> Vec<u8> {
        let got = self.s3.get_object().bucket(&self.bucket).key(key).send().await;
        let got = got.unwrap_or_else(|refused| panic!("GET {key:?}: {refused:?}"));
        got.body.collect().await.expect("the whole body").to_vec()
    }

    /// An object's bytes as text.
    pub(crate) async fn text(&self, key: &str) -> String {
        String::from_utf8(self.bytes(key).await).expect("text")
    }

    /// The keys of the bucket, in the order that they are listed in.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let mut pages = self.s3.list_objects_v2().bucket(&self.bucket).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let contents = page.expect("a page of the listing").contents.unwrap_or_default();
            keys.extend(contents.into_iter().map(|object| object.key.expect("a key")));
        }
        keys
    }

    /// Whether a HEAD finds the object. Any answer but 200 and 404 is a failure.
    pub(crate) async fn has(&self, key: &str) -> bool {
        match self.s3.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(_) => true,
            Err(refused) => {
                assert_eq!(status(&refused), 404, "HEAD {key:?}: {refused:?}");
                false
            }
        }
    }

    /// Begins a multipart upload and gives its id.
    pub(crate) async fn begin(&self, key: &str) -> String {
        let created = self.s3.create_multipart_upload().bucket(&self.bucket).key(key).send().await;
        created.expect("an upload").upload_id.expect("the upload's id")
    }

    /// Uploads a part and gives it as a completion names it.
    pub(crate) async fn part(
        &self,
        key: &str,
        upload: &str,
        number: i32,
        body: impl Into<Vec<u8>>,
    ) -> CompletedPart {
        let part = self.s3.upload_part().bucket(&self.bucket).key(key).upload_id(upload).part_number(number);
        let part = part.body(ByteStream::from(body.into())).send().await.expect("the part to be taken");
        CompletedPart::builder().part_number(number).e_tag(part.e_tag.expect("the part's ETag")).build()
    }

    /// What a completion names, in this order.
    pub(crate) fn parts(parts: Vec<CompletedPart>) -> CompletedMultipartUpload {
        CompletedMultipartUpload::builder().set_parts(Some(parts)).build()
    }

    /// Completes an upload of these parts.
    pub(crate) async fn complete(
        &self,
        key: &str,
        upload: &str,
        parts: Vec<CompletedPart>,
    ) -> Result<CompleteMultipartUploadOutput, SdkError<CompleteMultipartUploadError>> {
        let complete = self.s3.complete_multipart_upload().bucket(&self.bucket).key(key).upload_id(upload);
        complete.multipart_upload(Self::parts(parts)).send().await
    }

    /// A request to this bucket (`key` empty) or to an object in it, for what the SDK would never send.
    pub(crate) fn request(&self, method: &'static str, key: &str) -> Request {
        Request::new(method, &self.door.host, &self.bucket, key)
    }

    /// Signs as the owner of the bucket.
    pub(crate) fn signer(&self) -> Signer {
        Signer::new(&self.door)
    }
}

/// The HTTP status of a refusal; a failure of another kind (no connection, no answer) has none and panics.
#[track_caller]
pub(crate) fn status<E: Debug>(refused: &SdkError<E>) -> u16 {
    refused.raw_response().unwrap_or_else(|| panic!("no answer at all: {refused:?}")).status().as_u16()
}

/// Requires that S3 refused, with this HTTP status and this error code.
#[track_caller]
pub(crate) fn assert_refused<T: Debug, E>(result: Result<T, SdkError<E>>, expected: u16, code: &str)
where
    E: ProvideErrorMetadata + Debug,
{
    let refused = result.expect_err("the request should have been refused");
    assert_eq!((status(&refused), refused.code().unwrap_or_default()), (expected, code), "{refused:?}");
}

/// Requires an answer with this HTTP status where there is no body to hold a code: HEAD, and 304.
#[track_caller]
pub(crate) fn assert_status<T: Debug, E: Debug>(result: Result<T, SdkError<E>>, expected: u16) {
    let refused = result.expect_err("the request should have been refused");
    assert_eq!(status(&refused), expected, "{refused:?}");
}
