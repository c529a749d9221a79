//! How much memory a picture may take, and how many are decoded at once: so much that the function never runs out of it.
//!
//! A function that does is ended, with every picture in it, and begins again with the same ones. What a picture will need
//! is predicted from its header, so what must be known here is what there is.

/// Memory of the process besides pictures: code, threads, connections, the allocator's slack.
const RUNTIME_BYTES: u64 = 128 * MEGABYTE;

/// Less than this for a picture, and half as many are decoded at once instead.
const WORTHWHILE_BYTES: u64 = 512 * MEGABYTE;

const MEGABYTE: u64 = 1024 * 1024;

/// How memory is shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// For the rendering of one picture, besides its source.
    pub(super) bytes_per_picture: u64,
    /// Pictures that are held in memory at once.
    pub(super) pictures: usize,
}

/// Shares out the memory of a Lambda function, of `function_mb`; `None` elsewhere.
///
/// `asked_mb` is what somebody set for a picture. Otherwise it is what is left of the function's memory for each of the
/// pictures at once, of which there is one for each core where that leaves each of them [`WORTHWHILE_BYTES`].
pub(super) fn share(
    function_mb: Option<u64>,
    asked_mb: Option<u64>,
    max_source_bytes: u64,
    cores: usize,
    default_bytes: u64,
) -> Share {
    let asked = asked_mb.map(|megabytes| megabytes.saturating_mul(MEGABYTE));
    let Some(function_mb) = function_mb else {
        return Share { bytes_per_picture: asked.unwrap_or(default_bytes), pictures: cores };
    };
    let available = function_mb.saturating_mul(MEGABYTE).saturating_sub(RUNTIME_BYTES);
    let least = asked.unwrap_or(WORTHWHILE_BYTES).saturating_add(max_source_bytes);
    let fitting = usize::try_from(available / least.max(1)).unwrap_or(usize::MAX);
    let pictures = fitting.clamp(1, cores.max(1));
    let left = (available / pictures as u64).saturating_sub(max_source_bytes);
    // A source as long as all the memory leaves nothing: then every picture says so, rather than none being tried.
    Share { bytes_per_picture: asked.unwrap_or(left.max(1)), pictures }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: u64 = 100 * MEGABYTE;
    const DEFAULT: u64 = 1024 * MEGABYTE;

    fn shared(function_mb: Option<u64>, asked_mb: Option<u64>, cores: usize) -> (u64, usize) {
        let Share { bytes_per_picture, pictures } = share(function_mb, asked_mb, SOURCE, cores, DEFAULT);
        (bytes_per_picture / MEGABYTE, pictures)
    }

    #[test]
    fn a_function_s_memory_is_shared_by_as_many_pictures_as_it_is_enough_for() {
        assert_eq!(shared(Some(1024), None, 2), (1024 - 128 - 100, 1));
        assert_eq!(shared(Some(2048), None, 2), (960 - 100, 2));
        assert_eq!(shared(Some(10_240), None, 6), (10_112 / 6 - 100, 6));
        assert_eq!(shared(Some(128), None, 2), (0, 1));
    }

    #[test]
    fn what_somebody_set_is_what_each_picture_may_take() {
        assert_eq!(shared(Some(2048), Some(1500), 2), (1500, 1));
        assert_eq!(shared(Some(2048), Some(400), 2), (400, 2));
        assert_eq!(shared(None, Some(256), 8), (256, 8));
    }

    #[test]
    fn outside_of_lambda_the_engine_s_default_holds() {
        assert_eq!(shared(None, None, 8), (1024, 8));
    }

    #[test]
    fn all_that_is_held_at_once_fits_into_the_function() {
        for function_mb in (256..=10_240).step_by(64) {
            for cores in 1..=6 {
                let Share { bytes_per_picture, pictures } =
                    share(Some(function_mb), None, SOURCE, cores, DEFAULT);
                let held = (bytes_per_picture + SOURCE) * pictures as u64 + RUNTIME_BYTES;
                assert!(held <= function_mb * MEGABYTE, "{function_mb} MB, {cores} cores: {held}");
            }
        }
    }
}
