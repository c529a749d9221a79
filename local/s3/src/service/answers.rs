//! The last touches to an answer: what S3 puts on every one of them, and what the protocol layer leaves out.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, SERVER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use percent_encoding::percent_decode_str;
use s3s::Body;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const END_OF_ERROR: &str = "</Error>";
const WRONG_REGION: &str = "AuthorizationHeaderMalformed";
/// How the protocol layer says that a form breaks its policy. S3 has no quarrel with the policy, but with the form.
const BROKEN_POLICY: &str = "<Code>InvalidPolicyDocument</Code><Message>Policy condition";
const FORM_DENIED: &str = "<Code>AccessDenied</Code><Message>Invalid according to Policy: Policy Condition";

/// Left among the extensions of an answer whose ETags S3 writes without quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct BareETag;

/// Completes an answer to a request of this name for this path.
///
/// An operation that answers with another status than its usual one leaves that status among the extensions.
pub(super) fn complete(answer: &mut Response<Body>, id: &str, path: &str, region: &str) {
    if let Some(status) = answer.extensions_mut().remove::<StatusCode>() {
        *answer.status_mut() = status;
    }
    if answer.extensions_mut().remove::<BareETag>().is_some() {
        rewrite(answer, |body| Some(body.replace("<ETag>\"", "<ETag>").replace("\"</ETag>", "</ETag>")));
    }
    if answer.status() == StatusCode::NOT_MODIFIED {
        *answer.body_mut() = Body::empty();
        answer.headers_mut().remove(CONTENT_TYPE);
        answer.headers_mut().remove(CONTENT_LENGTH);
    } else if answer.status().as_u16() >= 300 {
        if answer.body().bytes().is_some_and(|body| breaks_policy(&body)) {
            *answer.status_mut() = StatusCode::FORBIDDEN;
        }
        rewrite(answer, |body| complete_error(body, id, path, region));
    }
    let headers = answer.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id.clone());
        headers.insert(HOST_ID, id);
    }
    headers.insert(SERVER, HeaderValue::from_static("AmazonS3"));
}

/// Puts another body in place of one that is at hand, if there is another.
fn rewrite(answer: &mut Response<Body>, change: impl FnOnce(&str) -> Option<String>) {
    let body = answer.body().bytes();
    if let Some(changed) = body.and_then(|body| change(std::str::from_utf8(&body).ok()?)) {
        answer.headers_mut().remove(CONTENT_LENGTH);
        *answer.body_mut() = Body::from(Bytes::from(changed));
    }
}

fn breaks_policy(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok_and(|error| error.contains(BROKEN_POLICY))
}

/// Adds to an error what S3 says with each: a message, the resource, and the request's name.
fn complete_error(body: &str, id: &str, path: &str, region: &str) -> Option<String> {
    let error = body.strip_suffix(END_OF_ERROR)?.replace(BROKEN_POLICY, FORM_DENIED);
    let code = error.split_once("<Code>")?.1.split_once("</Code>")?.0;
    // Clients that signed for another region read here which one to sign for.
    let region =
        if code == WRONG_REGION { format!("<Region>{}</Region>", escape(region)) } else { String::new() };
    let message = if error.contains("<Message>") {
        String::new()
    } else {
        format!("<Message>{}</Message>", usual_message(code))
    };
    let path = percent_decode_str(path).decode_utf8_lossy();
    Some(format!(
        "{error}{message}{region}<Resource>{}</Resource><RequestId>{id}</RequestId><HostId>{id}</HostId>{END_OF_ERROR}",
        escape(&path)
    ))
}

/// What S3 says with a code that the protocol layer gives bare.
fn usual_message(code: &str) -> &str {
    match code {
        "InvalidBucketName" => "The specified bucket is not valid.",
        "InvalidURI" => "Couldn't parse the specified URI.",
        "KeyTooLongError" => "Your key is too long",
        "MalformedXML" => {
            "The XML you provided was not well-formed or did not validate against our published schema"
        }
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        "MissingContentLength" => "You must provide the Content-Length HTTP header.",
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided. Check your key and signing \
             method."
        }
        other => other,
    }
}

/// Text for XML, without the characters that XML cannot carry.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' => escaped.push(' '),
            _ if character.is_control() || matches!(character, '\u{FFFE}' | '\u{FFFF}') => {
                escaped.push('\u{FFFD}');
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_gets_what_s3_says_with_each() {
        let bare = "<Error><Code>KeyTooLongError</Code></Error>";
        assert_eq!(
            complete_error(bare, "ID", "/b/a%3Cb%01", "r").unwrap(),
            "<Error><Code>KeyTooLongError</Code><Message>Your key is too long</Message>\
             <Resource>/b/a&lt;b\u{FFFD}</Resource><RequestId>ID</RequestId><HostId>ID</HostId></Error>"
        );
        let told = "<Error><Code>X</Code><Message>told</Message></Error>";
        assert!(
            complete_error(told, "ID", "/", "r")
                .unwrap()
                .starts_with("<Error><Code>X</Code><Message>told</Message><R")
        );
        assert_eq!(complete_error("no error", "ID", "/", "r"), None);
    }
}
