//! The file around a frame: RIFF (RFC 9649, 2).

use crate::error::Error;

/// Says in `VP8X` that there is alpha (RFC 9649, 2.7).
const HAS_ALPHA: u8 = 1 << 4;

/// Puts a frame into a file; with alpha, what its chunk `ALPH` has goes before it.
pub(crate) fn wrap(frame: &[u8], alpha: Option<&[u8]>, size: (u32, u32)) -> Result<Vec<u8>, Error> {
    let chunk_bytes = |payload: &[u8]| 8 + payload.len() as u64 + (payload.len() as u64 & 1);
    let extended_bytes = alpha.map_or(0, |alpha| 18 + chunk_bytes(alpha));
    let riff_bytes = 4 + extended_bytes + chunk_bytes(frame);
    let bytes = 8 + riff_bytes;
    // RFC 9649, 2.4: what RIFF says is at most 2^32 - 10.
    let Some(riff_bytes) = u32::try_from(riff_bytes).ok().filter(|&bytes| bytes <= u32::MAX - 9) else {
        return Err(Error::TooLong { bytes });
    };
    let mut file = Vec::with_capacity(riff_bytes as usize + 8);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&riff_bytes.to_le_bytes());
    file.extend_from_slice(b"WEBP");
    if let Some(alpha) = alpha {
        let mut extended = [HAS_ALPHA, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        extended[4..7].copy_from_slice(&(size.0 - 1).to_le_bytes()[..3]);
        extended[7..].copy_from_slice(&(size.1 - 1).to_le_bytes()[..3]);
        push_chunk(&mut file, *b"VP8X", &extended);
        push_chunk(&mut file, *b"ALPH", alpha);
    }
    push_chunk(&mut file, *b"VP8 ", frame);
    Ok(file)
}

/// A chunk, to an even length.
fn push_chunk(file: &mut Vec<u8>, name: [u8; 4], payload: &[u8]) {
    file.extend_from_slice(&name);
    // Less than the whole, which fits.
    file.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    file.extend_from_slice(payload);
    if payload.len() % 2 == 1 {
        file.push(0);
    }
}
