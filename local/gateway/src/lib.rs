//! An API Gateway for one machine: a REST API whose methods are functions.
//!
//! A request becomes the event that a Lambda proxy integration makes of it, a function answers, and its answer becomes the
//! response. A function that works here because a path comes decoded, or because parameters come in the order in which
//! they were sent, would fail when deployed; so what AWS does is done here, also where it is odd.
//!
//! # What AWS does
//!
//! From the API Gateway developer guide:
//!
//! * "Lambda proxy integrations in API Gateway": the event, and that "the order of the request parameters is not
//!   preserved". Here they are sorted. The answer: `statusCode`, `headers`, `multiValueHeaders`, `body`,
//!   `isBase64Encoded` and nothing else; what has another form is answered with 502.
//! * "Binary media types for REST APIs" and "Return binary media from a Lambda proxy integration": a body goes to the
//!   function as Base64 if the request's `Content-Type` is one of the API's binary types, and a Base64 body comes back
//!   decoded if the first type in the request's `Accept` is. `*/*` among the binary types stands for all.
//! * "Gateway response types": 403 for a missing or wrong API key and for a path that leads nowhere, 413 for what is too
//!   large, 504 when the integration takes too long; all as `{"message": …}`.
//! * "Amazon API Gateway quotas": a payload of 10 MB, 29 seconds. Lambda itself takes 6 MB, as JSON with Base64 in it.
//! * "Amazon API Gateway important notes": `|`, `{` and `}` must be encoded in a query, `;` splits it.
//! * "Choose an API key source": the key comes in `x-api-key`, must be enabled, and must belong to a usage plan of the stage.
//!   `identity.apiKey` is null where the method needs none ("Variables for data transformations").
//!
//! From events of real REST APIs, recorded in the test-suites of LocalStack (`test_apigateway_lambda.snapshot.json`) and
//! floci (pull requests 1863 and 3548): `path`, `requestContext.path` and path parameters are as they were sent, still
//! percent-encoded; a `/` at the end stays in `path` and is not in the parameter; parameters of the query are decoded, `+`
//! is a space; of a name that comes several times, the single-value map has the last value; `Content-Length` and
//! `Connection` are not among the headers.
//!
//! # Where it differs from AWS
//!
//! HTTP without TLS, and says so in `X-Forwarded-Proto`. Names of headers come in lower case, as HTTP/2 has them. When all
//! environments of a function are busy, requests wait, since there are fewer here than on AWS; the 29 seconds go on
//! meanwhile. Nobody is throttled. `GET /` leads to the stage; on AWS it is forbidden.

mod answer;
mod api;
mod event;
mod gateway;
mod media;
mod query;
mod refusal;
mod routes;

pub use api::{ApiKey, Method, RestApi};
pub use gateway::Gateway;
