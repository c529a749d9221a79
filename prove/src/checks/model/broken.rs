//! Ways to break the protocol, each of which the model must find out about: a checker that finds nothing may be looking at
//! nothing.

/// What is left out of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Thumbnails are written whatever lies there.
    ThumbnailUnconditional,
    /// The manifest is written whatever lies there.
    ManifestUnconditional,
    /// Outputs are removed whatever they have become.
    RemovalUnconditional,
    /// The source is not looked at again.
    NoFinalCheck,
    /// All is taken to be as the manifest says, without the outputs' true ETags.
    TrustsManifest,
    /// Only what the manifest names is known of and removed.
    RemovesOnlyNamed,
    /// The source is read first, and the outputs are listed then.
    ReadsBeforeListing,
}

impl Broken {
    pub(super) const ALL: [Broken; 7] = [
        Broken::ThumbnailUnconditional,
        Broken::ManifestUnconditional,
        Broken::RemovalUnconditional,
        Broken::NoFinalCheck,
        Broken::TrustsManifest,
        Broken::RemovesOnlyNamed,
        Broken::ReadsBeforeListing,
    ];
}
