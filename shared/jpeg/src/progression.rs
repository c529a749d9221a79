//! Which scans a progressive picture has (T.81 G.1.1.1): whether they make it whole, and which of them are of use.

use crate::error::Error;
use crate::frame::Frame;
use crate::scan::Scan;

/// Sees to it that the scans tell each bit of each coefficient, once and in order.
pub(crate) fn check_progression(scans: &[Scan], frame: &Frame) -> Result<(), Error> {
    /// Nothing of a coefficient is known yet.
    const UNKNOWN: u8 = u8::MAX;
    // How many low bits of each coefficient are not known yet.
    let mut unknown = vec![[UNKNOWN; 64]; frame.components.len()];
    for scan in scans {
        let corrupt = |rule| Err(Error::Corrupt { position: scan.position, rule });
        let expected = if scan.is_refinement() { scan.high } else { UNKNOWN };
        for part in &scan.parts {
            let unknown = &mut unknown[part.component];
            if scan.first > 0 && unknown[0] == UNKNOWN {
                return corrupt("a component's AC coefficients come before its DC coefficients");
            }
            for bits in &mut unknown[scan.first..=scan.last] {
                if *bits != expected {
                    return corrupt("a progressive scan does not go on where an earlier one left off");
                }
                *bits = scan.low;
            }
        }
    }
    if unknown.iter().flatten().any(|&bits| bits != 0) {
        let position = scans.last().map_or(0, |scan| scan.position);
        let rule = "the scans do not make all coefficients complete; the last one is the one here";
        return Err(Error::Corrupt { position, rule });
    }
    Ok(())
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
