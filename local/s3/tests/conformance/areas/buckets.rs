//! Buckets: `CreateBucket`, `HeadBucket`, `ListBuckets`, `GetBucketLocation`, `DeleteBucket`.

use crate::report::cases;
use crate::stage::{Stage, assert_refused, assert_status};

cases![
    a_bucket_is_there_from_its_creation_to_its_deletion,
    creating_a_bucket_that_one_owns_keeps_what_is_in_it,
    a_bucket_with_an_object_in_it_is_not_deleted,
    nothing_can_be_done_in_a_bucket_that_does_not_exist,
    names_that_are_no_bucket_names_are_refused,
    buckets_are_listed_in_order_with_their_creation_dates,
    the_location_of_a_bucket_in_us_east_1_is_empty,
];

async fn a_bucket_is_there_from_its_creation_to_its_deletion(stage: Stage) {
    let bucket = format!("{}-2", stage.bucket);
    assert_status(stage.s3.head_bucket().bucket(&bucket).send().await, 404);
    stage.s3.create_bucket().bucket(&bucket).send().await.unwrap();
    stage.s3.head_bucket().bucket(&bucket).send().await.unwrap();
    stage.s3.delete_bucket().bucket(&bucket).send().await.unwrap();
    assert_status(stage.s3.head_bucket().bucket(&bucket).send().await, 404);
    assert_refused(stage.s3.delete_bucket().bucket(&bucket).send().await, 404, "NoSuchBucket");
}

/// us-east-1 answers 200 for compatibility, all other regions `BucketAlreadyOwnedByYou` (API reference, `CreateBucket`).
async fn creating_a_bucket_that_one_owns_keeps_what_is_in_it(stage: Stage) {
    stage.put("kept.txt", "kept").await;
    let again = stage.s3.create_bucket().bucket(&stage.bucket).send().await;
    if again.is_err() {
        assert_refused(again, 409, "BucketAlreadyOwnedByYou");
    }
    assert_eq!(stage.text("kept.txt").await, "kept");
}

async fn a_bucket_with_an_object_in_it_is_not_deleted(stage: Stage) {
    stage.put("a/b", "in the way").await;
    assert_refused(stage.s3.delete_bucket().bucket(&stage.bucket).send().await, 409, "BucketNotEmpty");
    assert_eq!(stage.text("a/b").await, "in the way");
    stage.s3.delete_object().bucket(&stage.bucket).key("a/b").send().await.unwrap();
    stage.s3.delete_bucket().bucket(&stage.bucket).send().await.unwrap();
}

async fn nothing_can_be_done_in_a_bucket_that_does_not_exist(stage: Stage) {
    let (s3, bucket) = (&stage.s3, "no-such-bucket-anywhere");
    assert_refused(s3.get_object().bucket(bucket).key("k").send().await, 404, "NoSuchBucket");
    assert_refused(s3.put_object().bucket(bucket).key("k").send().await, 404, "NoSuchBucket");
    assert_refused(s3.delete_object().bucket(bucket).key("k").send().await, 404, "NoSuchBucket");
    assert_refused(s3.list_objects_v2().bucket(bucket).send().await, 404, "NoSuchBucket");
    assert_refused(s3.list_objects().bucket(bucket).send().await, 404, "NoSuchBucket");
    assert_refused(s3.create_multipart_upload().bucket(bucket).key("k").send().await, 404, "NoSuchBucket");
    assert_status(s3.head_object().bucket(bucket).key("k").send().await, 404);
}

/// User guide, "General purpose bucket naming rules".
async fn names_that_are_no_bucket_names_are_refused(stage: Stage) {
    let too_long = "b".repeat(64);
    for name in ["ab", "Upper-Case", "-hyphen-first", "two..dots", "under_score", "192.168.5.4", &too_long] {
        let mut request = stage.request("PUT", "");
        request.target = format!("/{name}");
        let answer = stage.signer().sign(request).send().await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "InvalidBucketName"), "{name}: {answer:?}");
    }
}

async fn buckets_are_listed_in_order_with_their_creation_dates(stage: Stage) {
    for suffix in ["c", "a", "b"] {
        let bucket = format!("{}-{suffix}", stage.bucket);
        stage.s3.create_bucket().bucket(bucket).send().await.unwrap();
    }
    let buckets = stage.s3.list_buckets().send().await.unwrap().buckets.unwrap();
    let names: Vec<_> = buckets.iter().map(|bucket| bucket.name.clone().unwrap()).collect();
    assert!(names.is_sorted(), "{names:?}");
    let ours = names.iter().filter(|name| name.starts_with(&stage.bucket)).count();
    assert_eq!(ours, 4, "{names:?}");
    assert!(
        buckets.iter().all(|bucket| bucket.creation_date.is_some_and(|date| date.secs() > 1_700_000_000))
    );
}

/// API reference, `GetBucketLocation`: us-east-1 has a null `LocationConstraint`.
async fn the_location_of_a_bucket_in_us_east_1_is_empty(stage: Stage) {
    let location = stage.s3.get_bucket_location().bucket(&stage.bucket).send().await.unwrap();
    let region = location.location_constraint.map(|region| region.as_str().to_owned()).unwrap_or_default();
    assert_eq!(region, "");
}
