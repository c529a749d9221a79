//! Which scans a progressive picture has (T.81 G.1.1.1): whether they make it whole, and which of them are of use.

use crate::error::Error;
use crate::frame::Frame;
use crate::scan::Scan;

/// Sees to it that the scans tell each bit of each coefficient, once and in order: what is wrong first. Those that do not go
/// on where earlier ones left off are removed.
pub(crate) fn check_progression(scans: &mut Vec<Scan>, frame: &Frame) -> Option<Error> {
    /// Nothing of a coefficient is known yet.
    const UNKNOWN: u8 = u8::MAX;
    // How many low bits of each coefficient are not known yet.
    let mut unknown = vec![[UNKNOWN; 64]; frame.components.len()];
    let mut fault = None;
    let mut note = |position, rule| fault = fault.take().or(Some(Error::Corrupt { position, rule }));
    scans.retain(|scan| {
        let expected = if scan.is_refinement() { scan.high } else { UNKNOWN };
        let goes_on = |component: usize| {
            unknown[component][scan.first..=scan.last].iter().all(|&bits| bits == expected)
        };
        if !scan.parts.iter().all(|part| goes_on(part.component)) {
            note(scan.position, "a progressive scan does not go on where an earlier one left off");
            return false;
        }
        for part in &scan.parts {
            let unknown = &mut unknown[part.component];
            if scan.first > 0 && unknown[0] == UNKNOWN {
                note(scan.position, "a component's AC coefficients come before its DC coefficients");
            }
            unknown[scan.first..=scan.last].fill(scan.low);
        }
        true
    });
    if unknown.iter().flatten().any(|&bits| bits != 0) {
        let position = scans.last().map_or(0, |scan| scan.position);
        note(position, "the scans do not make all coefficients complete; the last one is the one here");
    }
    fault
}

/// Which scans are of use, and in which components a scan of use refines AC coefficients, given for each component which
/// coefficients are wanted.
///
/// Seen from the last scan back: one is of use if it has something wanted. Where it refines, its data can only be read
/// by who knows which coefficients of its band are zero until then, so all of the band is wanted of the scans before it.
pub(crate) fn find_needed(scans: &[Scan], mut wanted: Vec<u64>) -> (Vec<bool>, Vec<bool>) {
    let mut is_refined = vec![false; wanted.len()];
    let mut is_needed = vec![false; scans.len()];
    for (scan, is_needed) in scans.iter().zip(&mut is_needed).rev() {
        let has_wanted = |component: usize| wanted[component] & scan.band() != 0;
        *is_needed = scan.parts.iter().any(|part| has_wanted(part.component));
        if *is_needed && scan.is_refinement() && scan.first > 0 {
            for part in &scan.parts {
                wanted[part.component] |= scan.band();
                is_refined[part.component] = true;
            }
        }
    }
    (is_needed, is_refined)
}
