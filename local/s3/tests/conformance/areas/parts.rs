//! The parts of a multipart upload: `UploadPart`, `UploadPartCopy`, `ListParts`, and what `CompleteMultipartUpload` demands.

use aws_sdk_s3::types::CompletedPart;

use super::multipart::LEAST;
use crate::report::cases;
use crate::stage::{Stage, assert_refused};

cases![
    a_part_that_is_not_the_last_must_have_five_mebibytes,
    parts_must_be_named_in_ascending_order,
    a_part_must_be_named_with_its_etag,
    a_part_uploaded_again_replaces_the_first,
    a_part_that_is_not_named_is_left_out,
    a_part_number_is_from_one_to_ten_thousand,
    a_refused_completion_leaves_the_upload_open,
    parts_are_listed_page_by_page,
    a_part_may_be_copied_from_an_object,
    a_part_may_be_copied_from_a_range_of_an_object,
    an_object_can_be_read_part_by_part,
];

async fn a_part_that_is_not_the_last_must_have_five_mebibytes(stage: Stage) {
    let upload = stage.begin("k").await;
    let small = stage.part("k", &upload, 1, vec![b'a'; LEAST - 1]).await;
    let last = stage.part("k", &upload, 2, "last").await;
    assert_refused(stage.complete("k", &upload, vec![small, last]).await, 400, "EntityTooSmall");
    assert!(stage.keys().await.is_empty());
}

async fn parts_must_be_named_in_ascending_order(stage: Stage) {
    let upload = stage.begin("k").await;
    let one = stage.part("k", &upload, 1, vec![b'a'; LEAST]).await;
    let two = stage.part("k", &upload, 2, vec![b'b'; LEAST]).await;
    for wrong in [vec![two.clone(), one.clone()], vec![one.clone(), one.clone()]] {
        assert_refused(stage.complete("k", &upload, wrong).await, 400, "InvalidPartOrder");
    }
    assert!(stage.keys().await.is_empty());
}

async fn a_part_must_be_named_with_its_etag(stage: Stage) {
    let upload = stage.begin("k").await;
    stage.part("k", &upload, 1, "x").await;
    let named = |number: i32, etag: &str| CompletedPart::builder().part_number(number).e_tag(etag).build();
    let other = "\"0123456789abcdef0123456789abcdef\"";
    assert_refused(stage.complete("k", &upload, vec![named(1, other)]).await, 400, "InvalidPart");
    assert_refused(stage.complete("k", &upload, vec![named(2, other)]).await, 400, "InvalidPart");
    assert!(stage.keys().await.is_empty());
}

async fn a_part_uploaded_again_replaces_the_first(stage: Stage) {
    let upload = stage.begin("k").await;
    let first = stage.part("k", &upload, 1, "first").await;
    let second = stage.part("k", &upload, 1, "second").await;
    assert_refused(stage.complete("k", &upload, vec![first]).await, 400, "InvalidPart");
    stage.complete("k", &upload, vec![second]).await.unwrap();
    assert_eq!(stage.text("k").await, "second");
}

async fn a_part_that_is_not_named_is_left_out(stage: Stage) {
    let upload = stage.begin("k").await;
    stage.part("k", &upload, 1, "left out").await;
    let two = stage.part("k", &upload, 2, "kept").await;
    stage.complete("k", &upload, vec![two]).await.unwrap();
    assert_eq!(stage.text("k").await, "kept");
}

async fn a_part_number_is_from_one_to_ten_thousand(stage: Stage) {
    let upload = stage.begin("k").await;
    for number in [0, -1, 10_001] {
        let part =
            stage.s3.upload_part().bucket(&stage.bucket).key("k").upload_id(&upload).part_number(number);
        assert_refused(part.body(b"x".to_vec().into()).send().await, 400, "InvalidArgument");
    }
}

async fn a_refused_completion_leaves_the_upload_open(stage: Stage) {
    let upload = stage.begin("k").await;
    let part = stage.part("k", &upload, 1, "x").await;
    let absent = CompletedPart::builder().part_number(9).e_tag(part.e_tag().unwrap()).build();
    assert_refused(stage.complete("k", &upload, vec![part.clone(), absent]).await, 400, "InvalidPart");
    stage.complete("k", &upload, vec![part]).await.unwrap();
    assert_eq!(stage.text("k").await, "x");
}

async fn parts_are_listed_page_by_page(stage: Stage) {
    let upload = stage.begin("k").await;
    let mut etags = Vec::new();
    for number in [2, 5, 9] {
        etags.push(stage.part("k", &upload, number, format!("part {number}")).await.e_tag.unwrap());
    }
    let ask = || stage.s3.list_parts().bucket(&stage.bucket).key("k").upload_id(&upload).max_parts(2);
    let first = ask().send().await.unwrap();
    assert_eq!((first.is_truncated, first.next_part_number_marker()), (Some(true), Some("5")));
    let second = ask().part_number_marker("5").send().await.unwrap();
    assert_eq!(second.is_truncated, Some(false));
    let listed = first.parts().iter().chain(second.parts());
    let listed: Vec<_> =
        listed.map(|part| (part.part_number(), part.e_tag().unwrap(), part.size())).collect();
    let expected =
        [(Some(2), &*etags[0], Some(6)), (Some(5), &etags[1], Some(6)), (Some(9), &etags[2], Some(6))];
    assert_eq!(listed, expected);
}

async fn a_part_may_be_copied_from_an_object(stage: Stage) {
    let etag = stage.put("a b+c/from", "copied").await;
    let upload = stage.begin("k").await;
    let copy = stage.s3.upload_part_copy().bucket(&stage.bucket).key("k").upload_id(&upload).part_number(1);
    let copied = copy.copy_source(format!("{}/a%20b%2Bc/from", stage.bucket)).send().await.unwrap();
    let copied = copied.copy_part_result.unwrap();
    assert_eq!(copied.e_tag, Some(etag));
    let part = CompletedPart::builder().part_number(1).set_e_tag(copied.e_tag).build();
    stage.complete("k", &upload, vec![part]).await.unwrap();
    assert_eq!(stage.text("k").await, "copied");
}

async fn a_part_may_be_copied_from_a_range_of_an_object(stage: Stage) {
    stage.put("from", "0123456789").await;
    let upload = stage.begin("k").await;
    let copy = |range: &str| {
        let copy =
            stage.s3.upload_part_copy().bucket(&stage.bucket).key("k").upload_id(&upload).part_number(1);
        copy.copy_source(format!("{}/from", stage.bucket)).copy_source_range(range).send()
    };
    let copied = copy("bytes=2-4").await.unwrap().copy_part_result.unwrap();
    let part = CompletedPart::builder().part_number(1).set_e_tag(copied.e_tag).build();
    stage.complete("k", &upload, vec![part]).await.unwrap();
    assert_eq!(stage.text("k").await, "234");
}

/// API reference, `GetObject`: `partNumber` is a range by another name, and the answer counts the parts.
async fn an_object_can_be_read_part_by_part(stage: Stage) {
    let upload = stage.begin("k").await;
    let one = stage.part("k", &upload, 1, vec![b'a'; LEAST]).await;
    let two = stage.part("k", &upload, 2, "the second").await;
    stage.complete("k", &upload, vec![one, two]).await.unwrap();
    let got = stage.s3.get_object().bucket(&stage.bucket).key("k").part_number(2).send().await.unwrap();
    assert_eq!((got.parts_count, got.content_length), (Some(2), Some(10)));
    assert_eq!(got.content_range.as_deref(), Some(&*format!("bytes {LEAST}-{}/{}", LEAST + 9, LEAST + 10)));
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"the second");
}
