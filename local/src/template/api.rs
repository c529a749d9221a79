//! REST APIs: methods from a definition, keys from usage plans, and what pages of other origins may do with a bucket.
//!
//! An API is an `AWS::Serverless::Api` with an `OpenAPI` definition in it, of which those parts are read that API Gateway
//! reads: paths, methods, their `security`, and the integration. An API key without a value gets one from API Gateway
//! that nobody can foresee; here it gets one that everybody can.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use thumbline_local_gateway::{ApiKey, Method, RestApi};
use thumbline_local_s3::CorsRule;

use super::identity::function_name;
use super::problem::Problem;
use super::properties::Properties;
use super::property::Property;

/// A method of a definition that stands for all that are not named.
const ANY: &str = "x-amazon-apigateway-any-method";
const INTEGRATION: &str = "x-amazon-apigateway-integration";
/// How long an integration may take if it does not say, in milliseconds, and the least.
const TIMEOUT_MS: u64 = 29_000;
const MIN_TIMEOUT_MS: u64 = 50;

/// An API and its keys, while the template is read.
#[derive(Debug, Default)]
pub(super) struct Apis {
    found: Vec<RestApi>,
    keys: BTreeMap<String, String>,
    /// APIs and stages, by the plan's name.
    plans: BTreeMap<String, Vec<(String, String)>>,
    /// Plans and keys.
    members: BTreeSet<(String, String)>,
}

impl Apis {
    pub(super) fn add_api(&mut self, name: &str, properties: &Properties<'_>) -> Result<(), Problem> {
        let definition = properties.need("DefinitionBody")?;
        let types = properties.get("BinaryMediaTypes")?;
        let mut methods = Vec::new();
        for (resource, entries) in definition.need("paths")?.entries()? {
            for (name, method) in entries.entries()? {
                methods.push(read_method(resource, name, method, &definition)?);
            }
        }
        self.found.push(RestApi {
            id: name.to_owned(),
            stage: properties.need("StageName")?.text()?.to_owned(),
            // SAM takes `image~1png` for `image/png`.
            binary_media_types: types
                .map_or(Ok(Vec::new()), |types| types.texts())?
                .iter()
                .map(|each| each.replace("~1", "/"))
                .collect(),
            methods,
            keys: Vec::new(),
        });
        Ok(())
    }

    pub(super) fn add_key(
        &mut self,
        name: &str,
        stack: &str,
        properties: &Properties<'_>,
    ) -> Result<(), Problem> {
        let enabled = properties.get("Enabled")?.is_some_and(|enabled| enabled.flag().unwrap_or(false));
        if enabled {
            let value = properties.get("Value")?.map(|value| value.text().map(str::to_owned)).transpose()?;
            self.keys.insert(name.to_owned(), value.unwrap_or_else(|| format!("{stack}-local-key")));
        }
        Ok(())
    }

    pub(super) fn add_plan(&mut self, name: &str, properties: &Properties<'_>) -> Result<(), Problem> {
        let stages = properties.get("ApiStages")?;
        let stages = stages.as_ref().map_or(Ok(&[][..]), Property::items)?;
        let stages = stages.iter().map(|stage| {
            Ok((stage.need("ApiId")?.text()?.to_owned(), stage.need("Stage")?.text()?.to_owned()))
        });
        self.plans.insert(name.to_owned(), stages.collect::<Result<_, Problem>>()?);
        Ok(())
    }

    pub(super) fn add_member(&mut self, properties: &Properties<'_>) -> Result<(), Problem> {
        let text = |name| Ok::<_, Problem>(properties.need(name)?.text()?.to_owned());
        self.members.insert((text("UsagePlanId")?, text("KeyId")?));
        Ok(())
    }

    /// The APIs, each with the keys of its plans.
    pub(super) fn finish(mut self) -> Vec<RestApi> {
        for api in &mut self.found {
            let stage = (api.id.clone(), api.stage.clone());
            let plans = self.plans.iter().filter(|(_, stages)| stages.contains(&stage)).map(|(plan, _)| plan);
            let plans: BTreeSet<_> = plans.collect();
            let keys = self.members.iter().filter(|(plan, _)| plans.contains(plan)).map(|(_, key)| key);
            api.keys = keys
                .filter_map(|id| Some(ApiKey { id: id.clone(), value: self.keys.get(id)?.clone() }))
                .collect();
        }
        self.found
    }
}

fn read_method(
    resource: &str,
    name: &str,
    method: &Property,
    definition: &Property,
) -> Result<Method, Problem> {
    let integration = method.need(INTEGRATION)?;
    let kind = integration.need("type")?;
    if !kind.text()?.eq_ignore_ascii_case("aws_proxy") {
        return Err(kind.problem("the local stack knows integrations of the type aws_proxy only"));
    }
    let uri = integration.need("uri")?;
    let (_, called) = uri
        .text()?
        .rsplit_once("/functions/")
        .ok_or_else(|| uri.problem("is no URI of a function, ending in /functions/ARN/invocations"))?;
    let function = function_name(called.strip_suffix("/invocations").unwrap_or(called));
    let timeout = match integration.get("timeoutInMillis")? {
        Some(limit) => limit.number(MIN_TIMEOUT_MS, TIMEOUT_MS)?,
        None => TIMEOUT_MS,
    };
    let named = match name {
        ANY => None,
        name => Some(
            http::Method::from_bytes(name.to_ascii_uppercase().as_bytes())
                .map_err(|_| method.problem(format!("`{name}` is no HTTP method")))?,
        ),
    };
    Ok(Method {
        resource: resource.to_owned(),
        method: named,
        function: function.to_owned(),
        key_required: needs_key(method, definition)?,
        timeout: Duration::from_millis(timeout),
    })
}

/// Whether a method's `security` names a scheme that is an API key in the header `x-api-key`. No other can be checked here.
fn needs_key(method: &Property, definition: &Property) -> Result<bool, Problem> {
    let Some(security) = method.get("security")? else { return Ok(false) };
    let mut needed = false;
    for requirement in security.items()? {
        for (scheme, _) in requirement.entries()? {
            let described = definition.find(&["components", "securitySchemes", scheme])?;
            let described = described
                .ok_or_else(|| requirement.problem(format!("`{scheme}` is not among the securitySchemes")))?;
            let says = |key: &str| -> Result<String, Problem> {
                Ok(described.need(key)?.text()?.to_ascii_lowercase())
            };
            if (says("type")?, says("name")?) != ("apikey".to_owned(), "x-api-key".to_owned()) {
                return Err(described.problem("the local stack knows API keys in the header x-api-key only"));
            }
            needed = true;
        }
    }
    Ok(needed)
}

/// A bucket's `CorsConfiguration`.
pub(super) fn cors_rules(configuration: &Property) -> Result<Vec<CorsRule>, Problem> {
    let rules = configuration.need("CorsRules")?.items()?;
    let read = |rule: &Property| {
        let list = |name: &str| rule.get(name)?.map_or(Ok(Vec::new()), Property::texts);
        Ok(CorsRule {
            origins: rule.need("AllowedOrigins")?.texts()?,
            methods: rule.need("AllowedMethods")?.texts()?,
            headers: list("AllowedHeaders")?,
            exposed: list("ExposedHeaders")?,
            max_age_seconds: rule.get("MaxAge")?.map(|seconds| seconds.number(0, u32::MAX)).transpose()?,
        })
    };
    rules.iter().map(read).collect()
}
