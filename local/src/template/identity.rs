//! What resources are called: physical names, and what `Ref` and `Fn::GetAtt` give for each type.

use super::problem::Problem;
use super::scope::{Resource, Scope};

pub(crate) const BUCKET: &str = "AWS::S3::Bucket";
pub(crate) const QUEUE: &str = "AWS::SQS::Queue";
pub(crate) const FUNCTION: &str = "AWS::Serverless::Function";
pub(crate) const SOURCE: &str = "AWS::Lambda::EventSourceMapping";
pub(crate) const API: &str = "AWS::Serverless::Api";
pub(crate) const API_KEY: &str = "AWS::ApiGateway::ApiKey";
pub(crate) const USAGE_PLAN: &str = "AWS::ApiGateway::UsagePlan";
pub(crate) const USAGE_PLAN_KEY: &str = "AWS::ApiGateway::UsagePlanKey";
pub(crate) const ROLE: &str = "AWS::IAM::Role";

/// The property that names a resource of this type.
fn name_property(kind: &str) -> Option<&'static str> {
    Some(match kind {
        BUCKET => "BucketName",
        QUEUE => "QueueName",
        FUNCTION | "AWS::Lambda::Function" => "FunctionName",
        "AWS::Logs::LogGroup" => "LogGroupName",
        "AWS::Serverless::LayerVersion" => "LayerName",
        "AWS::SNS::Topic" => "TopicName",
        ROLE => "RoleName",
        _ => return None,
    })
}

/// The physical name: as the template gives it, or from the stack's and the resource's.
pub(crate) fn name(scope: &Scope<'_>, resource: &Resource<'_>, depth: usize) -> Result<String, Problem> {
    if let Some(property) = name_property(resource.kind)
        && let Some(node) = resource.property(property)
        && let Some(value) =
            scope.evaluate_at(node, &format!("{}.Properties.{property}", resource.path), depth + 1)?
    {
        return value.text().map(str::to_owned);
    }
    let stack = &scope.surroundings.stack_name;
    Ok(match resource.kind {
        // Names of buckets have no capital letters and are unique in the world.
        BUCKET => format!("{stack}-{}-{}", resource.id, scope.surroundings.account_id).to_lowercase(),
        // The first label of a host name.
        API => format!("{stack}-{}", resource.id).to_lowercase(),
        _ => format!("{stack}-{}", resource.id),
    })
}

/// What `Ref` gives.
pub(super) fn reference(scope: &Scope<'_>, resource: &Resource<'_>, depth: usize) -> Result<String, Problem> {
    let name = name(scope, resource, depth)?;
    Ok(match resource.kind {
        QUEUE => queue_url(scope, &name),
        "AWS::Serverless::LayerVersion" => format!("{}:1", arn(scope, "lambda", &format!("layer:{name}"))),
        "AWS::SNS::Topic" => arn(scope, "sns", &name),
        _ => name,
    })
}

/// What `Fn::GetAtt` gives; `None` for an attribute that is not known.
pub(super) fn attribute(
    scope: &Scope<'_>,
    resource: &Resource<'_>,
    attribute: &str,
    depth: usize,
) -> Result<Option<String>, Problem> {
    let name = name(scope, resource, depth)?;
    Ok(match (resource.kind, attribute) {
        (BUCKET, "Arn") => Some(format!("arn:aws:s3:::{name}")),
        (BUCKET, "DomainName") => Some(format!("{name}.s3.amazonaws.com")),
        (BUCKET, "RegionalDomainName") => {
            Some(format!("{name}.s3.{}.amazonaws.com", scope.surroundings.region))
        }
        (QUEUE, "Arn") => Some(arn(scope, "sqs", &name)),
        (QUEUE, "QueueName") => Some(name),
        (QUEUE, "QueueUrl") => Some(queue_url(scope, &name)),
        (FUNCTION | "AWS::Lambda::Function", "Arn") => {
            Some(arn(scope, "lambda", &format!("function:{name}")))
        }
        ("AWS::Logs::LogGroup", "Arn") => Some(arn(scope, "logs", &format!("log-group:{name}:*"))),
        (ROLE, "Arn") => Some(format!("arn:aws:iam::{}:role/{name}", scope.surroundings.account_id)),
        _ => None,
    })
}

/// What `Ref` gives for what SAM makes of a resource besides it, such as `ResizeFunction.Alias` or `Api.Stage`; `None` for what is not
/// known. <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html>
pub(super) fn generated(
    scope: &Scope<'_>,
    resource: &Resource<'_>,
    generated: &str,
    depth: usize,
) -> Result<Option<String>, Problem> {
    let property = match (resource.kind, generated) {
        (FUNCTION, "Alias") => "AutoPublishAlias",
        (API, "Stage") => "StageName",
        _ => return Ok(None),
    };
    let Some(node) = resource.property(property) else { return Ok(None) };
    let path = format!("{}.Properties.{property}", resource.path);
    let Some(value) = scope.evaluate_at(node, &path, depth + 1)? else { return Ok(None) };
    if resource.kind == API {
        return Ok(Some(value.text()?.to_owned()));
    }
    let function = name(scope, resource, depth)?;
    Ok(Some(arn(scope, "lambda", &format!("function:{function}:{}", value.text()?))))
}

/// The function's name in any of the forms in which Lambda takes it: an ARN or a name, with an alias or without.
pub(super) fn function_name(text: &str) -> &str {
    let name = text.split_once(":function:").map_or(text, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}

fn arn(scope: &Scope<'_>, service: &str, resource: &str) -> String {
    let surroundings = scope.surroundings;
    format!("arn:aws:{service}:{}:{}:{resource}", surroundings.region, surroundings.account_id)
}

fn queue_url(scope: &Scope<'_>, name: &str) -> String {
    format!("{}/{}/{name}", scope.surroundings.endpoint, scope.surroundings.account_id)
}
