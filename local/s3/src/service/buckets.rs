//! Operations on buckets, and the read-only ones that consoles and command lines make before anything else. A bucket
//! here is one that was never configured, apart from its notifications.

use http::HeaderValue;
use s3s::dto::{
    Bucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput,
    DeleteBucketOutput, Event, FilterRule, FilterRuleName, GetBucketAccelerateConfigurationInput,
    GetBucketAccelerateConfigurationOutput, GetBucketAclInput, GetBucketAclOutput, GetBucketLocationInput,
    GetBucketLocationOutput, GetBucketLoggingInput, GetBucketLoggingOutput,
    GetBucketNotificationConfigurationInput, GetBucketNotificationConfigurationOutput,
    GetBucketOwnershipControlsInput, GetBucketOwnershipControlsOutput, GetBucketRequestPaymentInput,
    GetBucketRequestPaymentOutput, GetBucketVersioningInput, GetBucketVersioningOutput, HeadBucketInput,
    HeadBucketOutput, LambdaFunctionConfiguration, ListBucketsInput, ListBucketsOutput,
    NotificationConfigurationFilter, ObjectOwnership, OwnershipControls, OwnershipControlsRule, Payer,
    S3KeyFilter,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::attributes::timestamp;
use super::operations::{Operations, owner, owner_grants};
use crate::NotificationRule;
use crate::store::buckets::Creation;
use crate::store::failure::refuse;

/// The one region in which creating a bucket twice succeeds, and whose name `GetBucketLocation` leaves out.
const FIRST_REGION: &str = "us-east-1";
/// An account that nobody has.
const ACCOUNT: &str = "000000000000";

impl Operations {
    pub(super) async fn create(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let input = request.input;
        let location = input
            .create_bucket_configuration
            .and_then(|configuration| configuration.location_constraint)
            .map(|constraint| constraint.as_str().to_owned());
        let created = self.store.create_bucket(input.bucket.clone(), location).await?;
        if created == Creation::AlreadyOwned && self.region != FIRST_REGION {
            return Err(refuse(
                S3ErrorCode::BucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already own it.",
            ));
        }
        Ok(S3Response::new(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) }))
    }

    pub(super) async fn delete_empty(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        self.store.delete_bucket(request.input.bucket).await?;
        Ok(S3Response::new(DeleteBucketOutput::default()))
    }

    pub(super) async fn head_of_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        let record = self.store.find_bucket(request.input.bucket).await?;
        let region = record.location.unwrap_or_else(|| self.region.clone());
        let mut response = S3Response::new(HeadBucketOutput::default());
        if let Ok(region) = HeaderValue::from_str(&region) {
            response.headers.insert("x-amz-bucket-region", region);
        }
        Ok(response)
    }

    pub(super) async fn list_all(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let input = request.input;
        let prefix = input.prefix.unwrap_or_default();
        let after = input.continuation_token.unwrap_or_default();
        let max_buckets =
            input.max_buckets.and_then(|max| usize::try_from(max).ok()).unwrap_or(10_000).max(1);
        let found = self.store.list_buckets().await?;
        let mut rest = found
            .into_iter()
            .filter(|(name, _)| name.starts_with(&prefix) && *name > after)
            .map(|(name, record)| Bucket {
                name: Some(name),
                creation_date: Some(timestamp(record.created_ms)),
                bucket_region: Some(record.location.unwrap_or_else(|| self.region.clone())),
            })
            .peekable();
        let page: Vec<_> = rest.by_ref().take(max_buckets).collect();
        let more = rest.peek().is_some();
        Ok(S3Response::new(ListBucketsOutput {
            continuation_token: page.last().and_then(|bucket| bucket.name.clone()).filter(|_| more),
            buckets: Some(page),
            owner: Some(owner()),
            prefix: Some(prefix).filter(|prefix| !prefix.is_empty()),
        }))
    }

    pub(super) async fn location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let record = self.store.find_bucket(request.input.bucket).await?;
        let region = record.location.unwrap_or_else(|| self.region.clone());
        let location_constraint = (region != FIRST_REGION).then(|| BucketLocationConstraint::from(region));
        Ok(S3Response::new(GetBucketLocationOutput { location_constraint }))
    }

    pub(super) async fn versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        self.store.find_bucket(request.input.bucket).await?;
        Ok(S3Response::new(GetBucketVersioningOutput::default()))
    }

    pub(super) async fn bucket_acl(
        &self,
        request: S3Request<GetBucketAclInput>,
    ) -> S3Result<S3Response<GetBucketAclOutput>> {
        self.store.find_bucket(request.input.bucket).await?;
        Ok(S3Response::new(GetBucketAclOutput { owner: Some(owner()), grants: Some(owner_grants()) }))
    }

    pub(super) async fn notification_configuration(
        &self,
        request: S3Request<GetBucketNotificationConfigurationInput>,
    ) -> S3Result<S3Response<GetBucketNotificationConfigurationOutput>> {
        let bucket = request.input.bucket;
        self.store.find_bucket(bucket.clone()).await?;
        let rules: Vec<_> =
            self.store.notifications().rules_of(&bucket).map(|rule| show_rule(rule, &self.region)).collect();
        Ok(S3Response::new(GetBucketNotificationConfigurationOutput {
            lambda_function_configurations: (!rules.is_empty()).then_some(rules),
            ..Default::default()
        }))
    }

    pub(super) async fn acceleration(
        &self,
        request: S3Request<GetBucketAccelerateConfigurationInput>,
    ) -> S3Result<S3Response<GetBucketAccelerateConfigurationOutput>> {
        self.store.find_bucket(request.input.bucket).await?;
        Ok(S3Response::new(GetBucketAccelerateConfigurationOutput::default()))
    }

    pub(super) async fn logging(
        &self,
        request: S3Request<GetBucketLoggingInput>,
    ) -> S3Result<S3Response<GetBucketLoggingOutput>> {
        self.store.find_bucket(request.input.bucket).await?;
        Ok(S3Response::new(GetBucketLoggingOutput::default()))
    }

    pub(super) async fn request_payment(
        &self,
        request: S3Request<GetBucketRequestPaymentInput>,
    ) -> S3Result<S3Response<GetBucketRequestPaymentOutput>> {
        self.store.find_bucket(request.input.bucket).await?;
        Ok(S3Response::new(GetBucketRequestPaymentOutput {
            payer: Some(Payer::from_static(Payer::BUCKET_OWNER)),
        }))
    }

    pub(super) async fn ownership(
        &self,
        request: S3Request<GetBucketOwnershipControlsInput>,
    ) -> S3Result<S3Response<GetBucketOwnershipControlsOutput>> {
        self.store.find_bucket(request.input.bucket).await?;
        let object_ownership = ObjectOwnership::from_static(ObjectOwnership::BUCKET_OWNER_ENFORCED);
        let rules = vec![OwnershipControlsRule { object_ownership }];
        Ok(S3Response::new(GetBucketOwnershipControlsOutput {
            ownership_controls: Some(OwnershipControls { rules }),
        }))
    }

    /// Answers a question about a bucket's configuration as S3 does for a bucket that has none of it.
    pub(super) async fn never_configured<T>(
        &self,
        bucket: String,
        code: &'static str,
        message: &'static str,
    ) -> S3Result<T> {
        self.store.find_bucket(bucket).await?;
        let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
        error.set_status_code(http::StatusCode::NOT_FOUND);
        Err(error)
    }
}

fn show_rule(rule: &NotificationRule, region: &str) -> LambdaFunctionConfiguration {
    let filter = |name: &'static str, value: &Option<String>| {
        let value = value.clone()?;
        Some(FilterRule { name: Some(FilterRuleName::from_static(name)), value: Some(value) })
    };
    let filter_rules: Vec<_> = filter(FilterRuleName::PREFIX, &rule.prefix)
        .into_iter()
        .chain(filter(FilterRuleName::SUFFIX, &rule.suffix))
        .collect();
    let lambda_function_arn = if rule.target.starts_with("arn:") {
        rule.target.clone()
    } else {
        format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{}", rule.target)
    };
    LambdaFunctionConfiguration {
        id: Some(rule.id.clone()),
        events: rule.events.iter().map(|event| Event::from(event.clone())).collect(),
        filter: (!filter_rules.is_empty()).then_some(NotificationConfigurationFilter {
            key: Some(S3KeyFilter { filter_rules: Some(filter_rules) }),
        }),
        lambda_function_arn,
    }
}
