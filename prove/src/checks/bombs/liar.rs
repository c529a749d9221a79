//! What a liar is.

/// What must become of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is refused with this code, and its header is enough to see why.
    ByHeader(&'static str),
    /// It is refused with one of the codes that are about a picture, after some of it was read.
    Refused,
    /// It breaks no rule: it has thumbnails, for this reason.
    Legal(&'static str),
    /// Whether it is refused is the decoder's to say; it costs little either way.
    Either(&'static str),
    /// A picture within the limits, and just about the largest that they let in, for this reason. It may take the memory that a
    /// picture is granted, and the time that its pixels take.
    Giant(&'static str),
}

/// A file that is not what it says, or says what nobody should believe.
#[derive(Debug)]
pub(super) struct Liar {
    /// What it is called in findings.
    pub(super) name: String,
    /// All of it.
    pub(super) bytes: Vec<u8>,
    /// What must become of it.
    pub(super) fate: Fate,
}

pub(super) fn liar(name: &str, fate: Fate, bytes: Vec<u8>) -> Liar {
    Liar { name: name.to_owned(), bytes, fate }
}
