//! Uploads by HTML forms: the name of the file that a form brings. A form's key may contain `${filename}`, which S3
//! replaces by that name; the protocol layer does not keep it, so it is picked up from the form as it passes.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use s3s::stream::{ByteStream, DynByteStream, RemainingLength};
use s3s::{Body, StdError};

/// Stands for the file's name in the key of a form.
pub(super) const FILE_NAME: &str = "${filename}";
/// Bytes of a form's fields that are looked through; the protocol layer takes no more of them either.
const MAX_FIELD_BYTES: usize = 20 * 1024 * 1024;

/// Watches a form on its way, and notes the name of its file before the file's first byte is handed on.
pub(super) fn watch(method: &Method, headers: &HeaderMap, body: Body, name: Arc<OnceLock<String>>) -> Body {
    match boundary(headers).filter(|_| method == Method::POST) {
        None => body,
        Some(boundary) => {
            let search =
                Search { delimiter: format!("--{boundary}").into_bytes(), seen: Vec::new(), from: 0 };
            let watched: DynByteStream = Box::pin(Watched { body, search: Some(search), name });
            Body::from(watched)
        }
    }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let mut parameters = content_type.split(';').map(str::trim);
    parameters.next().filter(|kind| kind.eq_ignore_ascii_case("multipart/form-data"))?;
    parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then(|| value.trim_matches('"').to_owned())
    })
}

struct Watched {
    body: Body,
    /// Gone once it has found what there is to find.
    search: Option<Search>,
    name: Arc<OnceLock<String>>,
}

impl Stream for Watched {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        if let (Poll::Ready(Some(Ok(chunk))), Some(search)) = (&next, &mut self.search) {
            match search.go_on(chunk) {
                Found::Nothing => {}
                Found::NoFile => self.search = None,
                Found::File(found) => {
                    self.search = None;
                    // A form has one file.
                    let _ = self.name.set(found);
                }
            }
        }
        next
    }
}

impl ByteStream for Watched {
    fn remaining_length(&self) -> RemainingLength {
        self.body.remaining_length()
    }
}

struct Search {
    delimiter: Vec<u8>,
    seen: Vec<u8>,
    /// Where the part begins whose headers have not been seen in full.
    from: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// More is to come.
    Nothing,
    /// Nothing will come of this form.
    NoFile,
    File(String),
}

impl Search {
    fn go_on(&mut self, chunk: &[u8]) -> Found {
        self.seen.extend_from_slice(chunk);
        while let Some(part) = self.find(self.from, &self.delimiter) {
            let Some(end) = self.find(part, b"\r\n\r\n") else { break };
            let headers = self.seen.get(part + self.delimiter.len()..end).unwrap_or_default();
            if let Some(name) = file_name(&String::from_utf8_lossy(headers)) {
                return Found::File(name);
            }
            self.from = end;
        }
        if self.seen.len() > MAX_FIELD_BYTES { Found::NoFile } else { Found::Nothing }
    }

    fn find(&self, from: usize, wanted: &[u8]) -> Option<usize> {
        let rest = self.seen.get(from..)?;
        rest.windows(wanted.len()).position(|window| window == wanted).map(|at| from + at)
    }
}

/// The name of the file that a part's headers announce, without folders, if it is the part of the file.
fn file_name(headers: &str) -> Option<String> {
    let disposition = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    parameter(disposition, "; name=\"").filter(|name| *name == "file")?;
    let path = parameter(disposition, "; filename=\"")?;
    path.rsplit(['/', '\\']).next().map(str::to_owned)
}

fn parameter<'d>(disposition: &'d str, start: &str) -> Option<&'d str> {
    disposition.split_once(start)?.1.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &[u8] = b"--B\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n\
        name=\"file\"; filename=\"not this\"\r\n--B\r\ncontent-disposition: form-data; name=\"file\"; \
        filename=\"C:\\pictures\\a b.png\"\r\nContent-Type: image/png\r\n\r\nbytes\r\n--B--\r\n";

    fn search(step: usize) -> Found {
        let mut search = Search { delimiter: b"--B".to_vec(), seen: Vec::new(), from: 0 };
        let found = FORM.chunks(step).map(|chunk| search.go_on(chunk)).find(|found| *found != Found::Nothing);
        found.unwrap_or(Found::Nothing)
    }

    #[test]
    fn the_files_name_is_found_however_the_form_arrives() {
        for step in [1, 7, 1_000] {
            assert_eq!(search(step), Found::File("a b.png".into()), "in chunks of {step}");
        }
    }

    #[test]
    fn only_forms_have_a_boundary() {
        let boundary_of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            boundary(&headers)
        };
        assert_eq!(boundary_of("multipart/form-data; boundary=\"x y\"").as_deref(), Some("x y"));
        assert_eq!(boundary_of("Multipart/Form-Data;boundary=x").as_deref(), Some("x"));
        assert_eq!(boundary_of("multipart/mixed; boundary=x"), None);
        assert_eq!(boundary_of("text/plain"), None);
    }
}
