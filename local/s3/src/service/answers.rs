//! The last touches to an answer: what S3 puts on every one of them, and what the protocol layer leaves out.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, SERVER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use percent_encoding::percent_decode_str;
use s3s::Body;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const END_OF_ERROR: &str = "</Error>";

/// Completes an answer to a request of this name for this path.
///
/// An operation that answers with another status than its usual one leaves that status among the extensions.
pub(super) fn complete(answer: &mut Response<Body>, id: &str, path: &str) {
    if let Some(status) = answer.extensions_mut().remove::<StatusCode>() {
        *answer.status_mut() = status;
    }
    if answer.status() == StatusCode::NOT_MODIFIED {
        *answer.body_mut() = Body::empty();
        answer.headers_mut().remove(CONTENT_TYPE);
        answer.headers_mut().remove(CONTENT_LENGTH);
    } else if answer.status().as_u16() >= 300 {
        let completed = answer.body().bytes().and_then(|body| complete_error(&body, id, path));
        if let Some(body) = completed {
            answer.headers_mut().remove(CONTENT_LENGTH);
            *answer.body_mut() = Body::from(Bytes::from(body));
        }
    }
    let headers = answer.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id.clone());
        headers.insert(HOST_ID, id);
    }
    headers.insert(SERVER, HeaderValue::from_static("AmazonS3"));
}

/// Adds to an error what S3 says with each: a message, the resource, and the request's name.
fn complete_error(body: &[u8], id: &str, path: &str) -> Option<String> {
    let error = std::str::from_utf8(body).ok()?.strip_suffix(END_OF_ERROR)?;
    let message = if error.contains("<Message>") {
        String::new()
    } else {
        let code = error.split_once("<Code>")?.1.split_once("</Code>")?.0;
        format!("<Message>{}</Message>", usual_message(code))
    };
    let path = percent_decode_str(path).decode_utf8_lossy();
    Some(format!(
        "{error}{message}<Resource>{}</Resource><RequestId>{id}</RequestId><HostId>{id}</HostId>{END_OF_ERROR}",
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
        let bare = b"<Error><Code>KeyTooLongError</Code></Error>";
        assert_eq!(
            complete_error(bare, "ID", "/b/a%3Cb%01").unwrap(),
            "<Error><Code>KeyTooLongError</Code><Message>Your key is too long</Message>\
             <Resource>/b/a&lt;b\u{FFFD}</Resource><RequestId>ID</RequestId><HostId>ID</HostId></Error>"
        );
        let told = b"<Error><Code>X</Code><Message>told</Message></Error>";
        assert!(
            complete_error(told, "ID", "/")
                .unwrap()
                .starts_with("<Error><Code>X</Code><Message>told</Message><R")
        );
        assert_eq!(complete_error(b"no error", "ID", "/"), None);
    }
}
