//! Ranges of an object: RFC 9110 section 14, one range per request (API reference, `GetObject`).

use crate::report::cases;
use crate::stage::{Stage, assert_refused, assert_status};

cases![
    a_range_gives_those_bytes_and_says_which,
    an_open_range_goes_to_the_end,
    a_suffix_range_gives_the_last_bytes,
    a_range_that_ends_beyond_the_object_is_cut_to_it,
    a_range_that_starts_beyond_the_object_cannot_be_satisfied,
    no_range_of_an_empty_object_can_be_satisfied,
    a_head_of_a_range_says_its_length,
    a_range_under_a_condition_that_fails_is_not_given,
];

const OBJECT: &str = "0123456789";

/// Status, Content-Range and body.
async fn range(stage: &Stage, range: &str) -> (u16, String, String) {
    let answer = stage.signer().sign(stage.request("GET", "k").header("range", range)).send().await;
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    (answer.status, answer.header("content-range").to_owned(), body)
}

fn part(bytes: &str, of: &str) -> (u16, String, String) {
    (206, format!("bytes {bytes}/{}", OBJECT.len()), of.to_owned())
}

async fn a_range_gives_those_bytes_and_says_which(stage: Stage) {
    let etag = stage.put("k", OBJECT).await;
    assert_eq!(range(&stage, "bytes=0-0").await, part("0-0", "0"));
    assert_eq!(range(&stage, "bytes=2-4").await, part("2-4", "234"));
    assert_eq!(range(&stage, "bytes=9-9").await, part("9-9", "9"));
    assert_eq!(range(&stage, "bytes=0-9").await, part("0-9", OBJECT));
    let got = stage.s3.get_object().bucket(&stage.bucket).key("k").range("bytes=2-4").send().await.unwrap();
    assert_eq!((got.content_length, got.e_tag), (Some(3), Some(etag)));
}

async fn an_open_range_goes_to_the_end(stage: Stage) {
    stage.put("k", OBJECT).await;
    assert_eq!(range(&stage, "bytes=7-").await, part("7-9", "789"));
    assert_eq!(range(&stage, "bytes=0-").await, part("0-9", OBJECT));
}

async fn a_suffix_range_gives_the_last_bytes(stage: Stage) {
    stage.put("k", OBJECT).await;
    assert_eq!(range(&stage, "bytes=-3").await, part("7-9", "789"));
    assert_eq!(range(&stage, "bytes=-10").await, part("0-9", OBJECT));
    assert_eq!(range(&stage, "bytes=-9999").await, part("0-9", OBJECT));
}

async fn a_range_that_ends_beyond_the_object_is_cut_to_it(stage: Stage) {
    stage.put("k", OBJECT).await;
    assert_eq!(range(&stage, "bytes=8-10").await, part("8-9", "89"));
    assert_eq!(range(&stage, "bytes=8-999999999999").await, part("8-9", "89"));
}

async fn a_range_that_starts_beyond_the_object_cannot_be_satisfied(stage: Stage) {
    stage.put("k", OBJECT).await;
    for beyond in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
        let got = stage.s3.get_object().bucket(&stage.bucket).key("k").range(beyond).send().await;
        assert_refused(got, 416, "InvalidRange");
    }
}

async fn no_range_of_an_empty_object_can_be_satisfied(stage: Stage) {
    stage.put("k", "").await;
    for any in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
        let got = stage.s3.get_object().bucket(&stage.bucket).key("k").range(any).send().await;
        assert_refused(got, 416, "InvalidRange");
    }
}

async fn a_head_of_a_range_says_its_length(stage: Stage) {
    stage.put("k", OBJECT).await;
    let answer = stage.signer().sign(stage.request("HEAD", "k").header("range", "bytes=2-4")).send().await;
    assert_eq!((answer.status, answer.header("content-length")), (206, "3"), "{answer:?}");
}

async fn a_range_under_a_condition_that_fails_is_not_given(stage: Stage) {
    let etag = stage.put("k", OBJECT).await;
    let ask = || stage.s3.get_object().bucket(&stage.bucket).key("k").range("bytes=2-4");
    assert_refused(ask().if_match("\"of another\"").send().await, 412, "PreconditionFailed");
    assert_status(ask().if_none_match(&etag).send().await, 304);
    assert_eq!(ask().if_match(&etag).send().await.unwrap().content_length, Some(3));
}
