//! The operations of S3 that there are, each handed on to the function that does it. The protocol's trait wants them all in
//! one place; every operation that is not in this list is answered with `NotImplemented`, by the trait itself.

use std::sync::Arc;

use s3s::dto::{self, Grant, Grantee, Owner, Permission, Type};
use s3s::{S3, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::notifications::OWNER_ID;
use crate::store::Store;
use crate::store::failure::refuse;

/// The store, as the protocol sees it.
#[derive(Debug, Clone)]
pub(super) struct Operations {
    pub(super) store: Arc<Store>,
    pub(super) region: String,
}

impl Operations {
    pub(super) fn new(store: Arc<Store>, region: String) -> Self {
        Self { store, region }
    }
}

/// Implements the protocol's trait from two lists: operations with the functions that do them, and questions about
/// configurations that no bucket here has, with the code and the words that S3 answers then.
macro_rules! operations {
    (
        done: { $($operation:ident: $input:ident => $output:ident, $function:ident;)+ }
        never configured: { $($question:ident: $about:ident => $never:ident, $code:literal, $message:literal;)+ }
    ) => {
        #[async_trait::async_trait]
        impl S3 for Operations {
            $(
                async fn $operation(
                    &self,
                    request: S3Request<dto::$input>,
                ) -> S3Result<S3Response<dto::$output>> {
                    self.$function(request).await
                }
            )+
            $(
                async fn $question(
                    &self,
                    request: S3Request<dto::$about>,
                ) -> S3Result<S3Response<dto::$never>> {
                    self.never_configured(request.input.bucket, $code, $message).await
                }
            )+
        }
    };
}

operations! {
    done: {
        abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput, abort_upload;
        complete_multipart_upload: CompleteMultipartUploadInput =>
            CompleteMultipartUploadOutput, complete_upload;
        copy_object: CopyObjectInput => CopyObjectOutput, copy;
        create_bucket: CreateBucketInput => CreateBucketOutput, create;
        create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput, create_upload;
        delete_bucket: DeleteBucketInput => DeleteBucketOutput, delete_empty;
        delete_object: DeleteObjectInput => DeleteObjectOutput, delete;
        delete_object_tagging: DeleteObjectTaggingInput => DeleteObjectTaggingOutput, delete_tags;
        delete_objects: DeleteObjectsInput => DeleteObjectsOutput, delete_many;
        get_bucket_accelerate_configuration: GetBucketAccelerateConfigurationInput =>
            GetBucketAccelerateConfigurationOutput, acceleration;
        get_bucket_acl: GetBucketAclInput => GetBucketAclOutput, bucket_acl;
        get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput, location;
        get_bucket_logging: GetBucketLoggingInput => GetBucketLoggingOutput, logging;
        get_bucket_notification_configuration: GetBucketNotificationConfigurationInput =>
            GetBucketNotificationConfigurationOutput, notification_configuration;
        get_bucket_ownership_controls: GetBucketOwnershipControlsInput =>
            GetBucketOwnershipControlsOutput, ownership;
        get_bucket_request_payment: GetBucketRequestPaymentInput =>
            GetBucketRequestPaymentOutput, request_payment;
        get_bucket_versioning: GetBucketVersioningInput => GetBucketVersioningOutput, versioning;
        get_object: GetObjectInput => GetObjectOutput, get;
        get_object_acl: GetObjectAclInput => GetObjectAclOutput, get_acl;
        get_object_attributes: GetObjectAttributesInput => GetObjectAttributesOutput, get_attributes;
        get_object_tagging: GetObjectTaggingInput => GetObjectTaggingOutput, get_tags;
        head_bucket: HeadBucketInput => HeadBucketOutput, head_of_bucket;
        head_object: HeadObjectInput => HeadObjectOutput, head;
        list_buckets: ListBucketsInput => ListBucketsOutput, list_all;
        list_multipart_uploads: ListMultipartUploadsInput => ListMultipartUploadsOutput, list_uploads;
        list_object_versions: ListObjectVersionsInput => ListObjectVersionsOutput, list_versions;
        list_objects: ListObjectsInput => ListObjectsOutput, list_v1;
        list_objects_v2: ListObjectsV2Input => ListObjectsV2Output, list_v2;
        list_parts: ListPartsInput => ListPartsOutput, list_parts;
        post_object: PostObjectInput => PostObjectOutput, post;
        put_object: PutObjectInput => PutObjectOutput, put;
        put_object_tagging: PutObjectTaggingInput => PutObjectTaggingOutput, put_tags;
        upload_part: UploadPartInput => UploadPartOutput, put_part;
        upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput, copy_part;
    }
    never configured: {
        get_bucket_cors: GetBucketCorsInput => GetBucketCorsOutput,
            "NoSuchCORSConfiguration", "The CORS configuration does not exist";
        get_bucket_encryption: GetBucketEncryptionInput => GetBucketEncryptionOutput,
            "ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found";
        get_bucket_lifecycle_configuration: GetBucketLifecycleConfigurationInput =>
            GetBucketLifecycleConfigurationOutput,
            "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist";
        get_bucket_policy: GetBucketPolicyInput => GetBucketPolicyOutput,
            "NoSuchBucketPolicy", "The bucket policy does not exist";
        get_bucket_replication: GetBucketReplicationInput => GetBucketReplicationOutput,
            "ReplicationConfigurationNotFoundError", "The replication configuration was not found";
        get_bucket_tagging: GetBucketTaggingInput => GetBucketTaggingOutput,
            "NoSuchTagSet", "The TagSet does not exist";
        get_bucket_website: GetBucketWebsiteInput => GetBucketWebsiteOutput,
            "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration";
        get_object_lock_configuration: GetObjectLockConfigurationInput => GetObjectLockConfigurationOutput,
            "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket";
        get_public_access_block: GetPublicAccessBlockInput => GetPublicAccessBlockOutput,
            "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found";
    }
}

/// Everything here belongs to one owner.
pub(super) fn owner() -> Owner {
    Owner { id: Some(OWNER_ID.to_owned()), display_name: Some(OWNER_ID.to_owned()) }
}

/// What a resource grants whose access was never configured: everything to its owner.
pub(super) fn owner_grants() -> Vec<Grant> {
    let grantee = Grantee {
        id: Some(OWNER_ID.to_owned()),
        display_name: Some(OWNER_ID.to_owned()),
        type_: Type::from_static(Type::CANONICAL_USER),
        email_address: None,
        uri: None,
    };
    vec![Grant {
        grantee: Some(grantee),
        permission: Some(Permission::from_static(Permission::FULL_CONTROL)),
    }]
}

/// Refuses a version other than the only one that an object without versioning has.
pub(super) fn check_version(version_id: Option<&str>) -> S3Result<()> {
    match version_id {
        None | Some("" | "null") => Ok(()),
        Some(_) => Err(refuse(S3ErrorCode::InvalidArgument, "Invalid version id specified")),
    }
}

/// Refuses encryption with a key that the client brings: to take the object and not encrypt it would be a lie.
pub(super) fn refuse_customer_key(algorithm: Option<&String>) -> S3Result<()> {
    match algorithm {
        None => Ok(()),
        Some(_) => Err(refuse(
            S3ErrorCode::NotImplemented,
            "Server-side encryption with customer-provided keys is not implemented.",
        )),
    }
}
