//! The way of a request through the API: whose it is, who may, and who answers.

use std::time::{Duration, Instant};

use http::{Method, StatusCode, header};
use serde_json::json;
use thumbline::Call;

use crate::answer::Answer;
use crate::api::Api;
use crate::event::Request;
use crate::page;
use crate::parameters::check_names;
use crate::problem::Problem;
use crate::route::Route;
use crate::{cors, failures, images, manifests, openapi, thumbnails, uploads};

/// API Gateway gives up after 29 seconds, and says so itself. Before that the answer is ours.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
const ANSWER_WITHIN: Duration = Duration::from_secs(27);

impl Api {
    /// Answers one request, whatever becomes of it.
    pub async fn answer(&self, request: &Request, call: &Call) -> Answer {
        let deadline = call.deadline.min(Instant::now() + ANSWER_WITHIN);
        let call = Call { request_id: call.request_id.clone(), deadline };
        // What only asks S3 or SQS something is bounded here too; rendering keeps to the deadline by itself.
        let answer = tokio::time::timeout_at(deadline.into(), Box::pin(self.route(request, &call))).await;
        let answer =
            answer.unwrap_or_else(|_| Err(Problem::unavailable("deadline", "it took too long; try again")));
        let answer = answer.unwrap_or_else(|problem| problem.answer(&call.request_id));
        cors::allow(answer, request, &self.settings().api.origins)
            .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
    }

    /// Where browsers find S3: the origins of links to both buckets.
    async fn storage_origins(&self) -> Vec<String> {
        let buckets = [&self.settings().input_bucket, &self.settings().output_bucket];
        let mut origins = Vec::new();
        for bucket in buckets {
            // Signing asks nobody. Where it fails, so do uploads, and they say why.
            if let Ok(link) = self.pipeline().store().link_to_read(bucket, "x", Duration::from_secs(60)).await
                && let Some((scheme, rest)) = link.split_once("://")
                && let Some(host) = rest.split(['/', '?']).next()
            {
                origins.push(format!("{scheme}://{host}"));
            }
        }
        origins.dedup();
        origins
    }

    async fn route(&self, request: &Request, call: &Call) -> Result<Answer, Problem> {
        let nothing =
            || Problem::not_found("there is nothing under this path; GET openapi.json says what there is");
        let route = Route::find(&request.path).ok_or_else(nothing)?;
        if matches!(route, Route::Page(_)) && !self.settings().api.page {
            return Err(nothing());
        }
        if request.method == Method::OPTIONS {
            return Ok(cors::preflight(route.methods()));
        }
        if !route.methods().contains(&request.method) {
            let detail = format!("{} is not for this path", request.method);
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail);
            return Err(Problem { methods: route.methods().to_vec(), ..problem });
        }
        match route {
            Route::Thumbnail(key) => {
                let access = self.doorkeeper().admit_reader(request)?;
                thumbnails::get(self, request, key, access, call).await
            }
            Route::Manifest(key) => {
                self.doorkeeper().admit_reader(request)?;
                manifests::get(self, request, key).await
            }
            Route::Images | Route::Image(_) | Route::Failures | Route::Redrive => {
                self.doorkeeper().admit_owner(request)?;
                match route {
                    Route::Images if request.method == Method::POST => uploads::post(self, request).await,
                    Route::Images => images::list(self, request).await,
                    Route::Image(key) => uploads::delete(self, request, key).await,
                    Route::Failures => failures::list(self, request).await,
                    _ => failures::redrive(self, request, call).await,
                }
            }
            Route::Health => {
                check_names(&request.query, &[])?;
                let body = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
                Ok(Answer::json(StatusCode::OK, &body).with(header::CACHE_CONTROL, "no-store"))
            }
            Route::OpenApi => Ok(openapi::answer(self.settings(), request)),
            Route::Docs => Ok(page::docs()),
            Route::Page(asset) => Ok(asset.answer(&self.storage_origins().await)),
        }
    }
}
