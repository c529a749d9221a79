//! S3 Control over HTTP: what the SDKs and the AWS CLI send for jobs.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use quick_xml::escape::escape;
use thumbline_local_lambda::verify_signature;
use uuid::Uuid;

use super::Jobs;
use super::job::{CreateJob, Job, Status};
use super::worker;

/// What every path of the API begins with.
const PREFIX: &str = "/v20180820/jobs";
const NAMESPACE: &str = "http://awss3control.amazonaws.com/doc/2018-08-20/";

type Answer = Response<Full<Bytes>>;

impl Jobs {
    /// Whether a request is for S3 Control: by its path, and by a header that S3's own requests do not have.
    pub(crate) fn claims<B>(request: &Request<B>) -> bool {
        request.uri().path().starts_with(PREFIX) && request.headers().contains_key("x-amz-account-id")
    }

    /// Answers one request.
    pub(crate) fn handle(&self, request: Request<Bytes>) -> Answer {
        let (parts, body) = request.into_parts();
        if let Err(refusal) = verify_signature(&self.account, "s3", &parts, &body) {
            return fail(refusal.status(), refusal.code(), &refusal.to_string());
        }
        let account = parts.headers.get("x-amz-account-id").and_then(|id| id.to_str().ok());
        if account != Some(self.account.id.as_str()) {
            return fail(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied: it is another account");
        }
        let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
        let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match (&parts.method, &path[..]) {
            (&Method::POST, []) => self.create(&body),
            (&Method::GET, []) => self.list(),
            (&Method::GET, [id]) => self.describe(id),
            (&Method::POST, [id, "status"]) => self.cancel(id, &parts),
            _ => {
                let message =
                    format!("the local stack's S3 Control has no {} {}", parts.method, parts.uri.path());
                fail(StatusCode::NOT_IMPLEMENTED, "NotImplemented", &message)
            }
        }
    }

    fn create(&self, body: &[u8]) -> Answer {
        let asked = std::str::from_utf8(body).map_err(|error| error.to_string());
        let asked =
            asked.and_then(|text| quick_xml::de::from_str::<CreateJob>(text).map_err(|e| e.to_string()));
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => {
                return fail(StatusCode::BAD_REQUEST, "InvalidRequest", &format!("Malformed XML: {error}"));
            }
        };
        if let Some(mistake) = asked.mistake() {
            return fail(StatusCode::BAD_REQUEST, "InvalidRequest", &mistake);
        }
        let mut state = self.lock();
        let same =
            state.jobs.values().find(|job| job.asked.client_request_token == asked.client_request_token);
        let id = if let Some(job) = same {
            // The same request, sent once more.
            job.id.clone()
        } else {
            let id = Uuid::new_v4().to_string();
            let job = Job {
                id: id.clone(),
                asked,
                status: Status::New,
                total: 0,
                succeeded: 0,
                failed: 0,
                reason: None,
            };
            state.jobs.insert(id.clone(), job);
            let work = worker::run(self.clone(), id.clone());
            state.workers.spawn(work);
            id
        };
        xml(
            StatusCode::OK,
            &format!("<CreateJobResult xmlns=\"{NAMESPACE}\"><JobId>{id}</JobId></CreateJobResult>"),
        )
    }

    fn list(&self) -> Answer {
        let state = self.lock();
        let members: Vec<String> =
            state.jobs.values().map(|job| format!("<member>{}</member>", summary(job))).collect();
        let members = members.concat();
        xml(
            StatusCode::OK,
            &format!("<ListJobsResult xmlns=\"{NAMESPACE}\"><Jobs>{members}</Jobs></ListJobsResult>"),
        )
    }

    fn describe(&self, id: &str) -> Answer {
        match self.lock().jobs.get(id) {
            Some(job) => xml(
                StatusCode::OK,
                &format!(
                    "<DescribeJobResult xmlns=\"{NAMESPACE}\"><Job>{}</Job></DescribeJobResult>",
                    description(job)
                ),
            ),
            None => no_job(id),
        }
    }

    fn cancel(&self, id: &str, parts: &Parts) -> Answer {
        if !parts
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .any(|pair| pair == "requestedJobStatus=Cancelled")
        {
            let message = "here, a job can only be cancelled";
            return fail(StatusCode::BAD_REQUEST, "InvalidRequest", message);
        }
        let cancelled = self.update(id, |job| {
            if !job.status.is_over() {
                job.status = Status::Cancelled;
            }
            job.status
        });
        match cancelled {
            Some(status) => xml(
                StatusCode::OK,
                &format!(
                    "<UpdateJobStatusResult xmlns=\"{NAMESPACE}\"><JobId>{id}</JobId><Status>{status:?}</Status>\
                     </UpdateJobStatusResult>"
                ),
            ),
            None => no_job(id),
        }
    }
}

fn summary(job: &Job) -> String {
    let Job { id, asked, status, total, succeeded, failed, .. } = job;
    let description = asked.description.as_deref().unwrap_or_default();
    format!(
        "<JobId>{id}</JobId><Description>{}</Description><Operation>LambdaInvoke</Operation><Priority>{}</Priority>\
         <Status>{status:?}</Status><ProgressSummary><TotalNumberOfTasks>{total}</TotalNumberOfTasks>\
         <NumberOfTasksSucceeded>{succeeded}</NumberOfTasksSucceeded><NumberOfTasksFailed>{failed}</NumberOfTasksFailed>\
         </ProgressSummary>",
        escape(description),
        asked.priority,
    )
}

fn description(job: &Job) -> String {
    let summary = summary(job).replace("<Operation>LambdaInvoke</Operation>", "");
    let reasons = job.reason.as_deref().map_or_else(String::new, |reason| {
        let reason = escape(reason);
        format!(
            "<FailureReasons><member><FailureCode>JobFailed</FailureCode><FailureReason>{reason}</FailureReason></member>\
             </FailureReasons>"
        )
    });
    let invoke = &job.asked.operation.lambda_invoke;
    format!(
        "{summary}{reasons}<RoleArn>{}</RoleArn><Operation><LambdaInvoke><FunctionArn>{}</FunctionArn>\
         <InvocationSchemaVersion>{}</InvocationSchemaVersion></LambdaInvoke></Operation>",
        escape(&job.asked.role_arn),
        escape(&invoke.function_arn),
        invoke.invocation_schema_version
    )
}

fn no_job(id: &str) -> Answer {
    fail(StatusCode::NOT_FOUND, "NoSuchJob", &format!("The specified job does not exist: {id}"))
}

fn fail(status: StatusCode, code: &str, message: &str) -> Answer {
    let message = escape(message);
    xml(
        status,
        &format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        ),
    )
}

fn xml(status: StatusCode, text: &str) -> Answer {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}");
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        answer.headers_mut().insert("x-amz-request-id", id);
    }
    answer
}
