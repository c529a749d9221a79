//! What the other implementation does differently from S3, case by case.
//!
//! moto's server is made to test programs, not to keep data: it holds requests to nothing that only an attacker or a
//! broken network would do. What it agrees on is the second opinion that this suite wants.

use crate::report::Difference;

const fn always(case: &'static str, instead: &'static str) -> Difference {
    Difference { case, instead, always: true }
}

const fn sometimes(case: &'static str, instead: &'static str) -> Difference {
    Difference { case, instead, always: false }
}

const NO_SIGNATURES: &str = "takes any signature by any access key as good";
const NO_POLICIES: &str = "does not read the policy of a form";
const NO_LOCK: &str =
    "checks a condition and then writes, with nothing to keep another request from coming between";

/// moto's server, at the version that `tests/clients/requirements.txt` names.
pub(crate) const OF_MOTO: &[Difference] = &[
    always(
        "names_that_are_no_bucket_names_are_refused",
        "creates buckets with upper-case letters in their names",
    ),
    always(
        "buckets_are_listed_in_order_with_their_creation_dates",
        "lists buckets in the order of their creation",
    ),
    always("a_put_without_a_length_is_refused", "reads a body of unknown length to its end and stores it"),
    always("a_key_with_control_characters", "answers 404 to a key with a line feed in it"),
    always("a_key_of_1025_bytes_is_too_long", "takes keys of any length"),
    always("a_listing_repeats_what_it_was_asked", "does not repeat the continuation token"),
    always("a_page_never_holds_more_than_a_thousand_keys", "gives as many keys in a page as it is asked for"),
    always(
        "v1_names_the_next_marker_only_with_a_delimiter",
        "names an opaque NextMarker without a delimiter too",
    ),
    always(
        "v1_after_a_common_prefix_as_marker_skips_all_of_it",
        "does not count common prefixes towards max-keys",
    ),
    always("url_encoding_applies_to_keys_prefixes_and_delimiters", "does not encode the delimiter"),
    always("a_max_keys_that_is_no_number_is_refused", "fails with 500"),
    always("a_continuation_token_that_was_never_given_is_refused", "fails with 500"),
    always(
        "v1_pages_of_any_size_add_up_to_the_whole_listing",
        "gives all common prefixes in every page, whatever max-keys says",
    ),
    always("no_range_of_an_empty_object_can_be_satisfied", "answers 200 with nothing"),
    always("more_than_two_kilobytes_of_user_metadata_are_refused", "has no limit on user metadata"),
    always("a_put_if_none_match_of_an_etag_is_not_implemented", "ignores If-None-Match unless it is `*`"),
    always("a_delete_if_match_star_needs_an_object", "compares `*` with the ETag, so that it never matches"),
    always("a_deletion_of_many_takes_a_condition_for_each", "ignores the ETags in a DeleteObjects request"),
    always(
        "an_etag_that_matches_outweighs_a_date_that_does_not",
        "answers 412, as if If-Unmodified-Since stood alone",
    ),
    always("a_completion_if_match_replaces_only_that_version", "ignores If-Match in CompleteMultipartUpload"),
    always(
        "a_copy_takes_conditions_on_its_source",
        "knows none of the conditions on the source but if-none-match",
    ),
    always("a_copy_takes_conditions_on_its_target", "ignores the conditions on the target"),
    always(
        "an_aborted_upload_leaves_nothing",
        "fails with 500 when parts of an aborted upload are completed",
    ),
    always(
        "uploads_under_way_are_listed",
        "lists uploads in the order of their creation instead of their keys",
    ),
    always("an_upload_that_never_was_is_no_such_upload", "fails with 500"),
    always("an_upload_belongs_to_its_key", "completes the upload whatever key is named"),
    always("parts_must_be_named_in_ascending_order", "takes parts in any order"),
    always("a_part_number_is_from_one_to_ten_thousand", "answers NoSuchUpload to a part number below 1"),
    always("parts_are_listed_page_by_page", "answers ListParts with a root element that S3 does not use"),
    always("an_object_can_be_read_part_by_part", "ignores partNumber and gives the whole object"),
    always("a_quiet_deletion_names_nothing", "names what was deleted in quiet mode too"),
    always("more_than_a_thousand_are_refused_and_none_is_deleted", "deletes any number of objects"),
    always("a_deletion_without_a_checksum_is_refused", "requires no checksum"),
    always("a_deletion_with_a_wrong_checksum_deletes_nothing", "does not verify Content-MD5, and deletes"),
    always(
        "a_wrong_checksum_is_refused_and_the_older_object_stays",
        "does not verify checksums, and stores the object",
    ),
    always("a_checksum_that_is_none_is_refused", "takes any text for a checksum"),
    always(
        "a_wrong_content_md5_is_refused_and_the_older_object_stays",
        "does not verify Content-MD5, and stores the object",
    ),
    always("a_content_md5_that_is_none_is_refused", "does not read Content-MD5"),
    always("a_part_with_a_wrong_checksum_is_refused", "does not verify the checksums of parts"),
    always(
        "an_upload_in_parts_has_a_checksum_of_checksums",
        "does not compare the checksums named at the completion",
    ),
    always("a_chunk_changed_after_it_was_signed_is_refused", "does not verify the signatures of chunks"),
    always("a_stream_that_ends_before_its_last_chunk_leaves_nothing", "stores as much as has come"),
    always("a_stream_shorter_than_it_said_leaves_nothing", "ignores x-amz-decoded-content-length"),
    always(
        "a_wrong_checksum_after_the_body_is_refused_and_the_older_object_stays",
        "does not verify checksums after the body",
    ),
    always(
        "an_announced_checksum_that_does_not_come_is_refused",
        "does not miss a checksum that was announced",
    ),
    always("a_body_changed_after_it_was_signed_is_refused", "does not verify x-amz-content-sha256"),
    always("a_signature_with_a_wrong_secret_is_refused", NO_SIGNATURES),
    always("an_access_key_that_nobody_has_is_refused", NO_SIGNATURES),
    always("a_signature_for_another_key_is_refused", NO_SIGNATURES),
    always("a_signature_for_another_method_is_refused", NO_SIGNATURES),
    always("a_header_changed_after_it_was_signed_is_refused", NO_SIGNATURES),
    always("an_amz_header_that_is_not_signed_is_refused", NO_SIGNATURES),
    always("a_signature_for_another_region_is_refused", NO_SIGNATURES),
    always("a_url_with_anything_changed_is_refused", NO_SIGNATURES),
    always("a_url_signed_with_a_wrong_secret_is_refused", NO_SIGNATURES),
    always("a_presigned_put_holds_its_sender_to_the_signed_headers", NO_SIGNATURES),
    always(
        "a_request_without_a_signature_is_refused",
        "answers 403 to reads without a document that says why",
    ),
    always("a_signature_from_another_hour_is_refused", "does not look at the time of a signature"),
    always("an_authorization_that_makes_no_sense_is_refused", "fails with 500"),
    always("an_expired_url_is_refused", "does not look at the time of a presigned URL"),
    always("a_url_from_the_future_is_refused", "does not look at the time of a presigned URL"),
    always("a_url_for_more_than_a_week_is_refused", "takes any lifetime"),
    always("a_form_puts_an_object", "stores the object and answers without its ETag"),
    always("a_form_may_ask_for_an_answer", "answers 201 without a document"),
    always("a_form_with_an_expired_policy_is_refused", NO_POLICIES),
    always("a_form_with_a_field_that_the_policy_does_not_know_is_refused", NO_POLICIES),
    always("a_form_outside_of_the_policys_prefix_is_refused", NO_POLICIES),
    always("a_form_is_held_to_the_length_in_its_policy", NO_POLICIES),
    always("a_form_signed_with_a_wrong_secret_is_refused", NO_POLICIES),
    always(
        "an_error_is_a_document_with_code_message_and_request_id",
        "names the request in x-amzn-requestid instead of x-amz-request-id",
    ),
    always(
        "every_answer_has_a_request_id",
        "names the request in x-amzn-requestid instead of x-amz-request-id",
    ),
    always("a_body_that_is_no_xml_is_malformed", "fails with 500"),
    always("a_method_that_objects_do_not_have_is_refused", "fails with 500"),
    always(
        "writing_what_belongs_to_an_object_does_not_write_the_object",
        "takes PUT with a sub-resource that it does not know for a PUT of the object",
    ),
    always(
        "deleting_what_belongs_to_an_object_does_not_delete_the_object",
        "takes DELETE with a sub-resource that it does not know for a DELETE of the object",
    ),
    always("a_refused_upload_leaves_no_half_closed_connection", NO_SIGNATURES),
    sometimes("of_fifty_creations_at_once_one_wins", NO_LOCK),
    sometimes("of_fifty_replacements_of_one_version_one_wins", NO_LOCK),
    sometimes("of_a_deletion_and_a_replacement_of_one_version_one_wins", NO_LOCK),
    sometimes(
        "readers_see_one_whole_version_while_writers_replace_it",
        "fails with 500 where it writes and reads one key at the same time",
    ),
];
