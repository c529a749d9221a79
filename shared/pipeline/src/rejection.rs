//! What is said of a source that can't become thumbnails: in its outcome, and in its manifest for as long as it stays.

/// Why a source can never become thumbnails as it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rejection {
    /// For machines: the code of a [`thumbline_imaging::Error`], such as `truncated`. In JSON it is `reason`, as
    /// everywhere that an outcome is told.
    #[serde(rename = "reason")]
    pub code: String,
    /// For people: what is wrong with the picture, and where.
    pub message: String,
}

impl From<&thumbline_imaging::Error> for Rejection {
    fn from(error: &thumbline_imaging::Error) -> Self {
        Rejection { code: error.code().to_owned(), message: error.to_string() }
    }
}
