//! Puts checksums right, which no fuzzer guesses and behind which everything else lies.

/// The length of a PNG's signature, and of a chunk's length, name and checksum.
const SIGNATURE_BYTES: usize = 8;
const FIELD_BYTES: usize = 4;

/// A PNG whose chunks have the checksums of what is in them (PNG specification, 5.3), as far as there are whole chunks.
pub(crate) fn png(source: &[u8]) -> Vec<u8> {
    let mut mended = source.to_vec();
    let mut at = SIGNATURE_BYTES;
    while let Some(length) = mended.get(at..).and_then(<[u8]>::first_chunk) {
        let length = u32::from_be_bytes(*length) as usize;
        let named = at + FIELD_BYTES;
        let Some(end) = named.checked_add(FIELD_BYTES + length) else { break };
        let Some(checksum) = mended.get(named..end).map(crc32fast::hash) else { break };
        let Some(place) = mended.get_mut(end..end + FIELD_BYTES) else { break };
        place.copy_from_slice(&checksum.to_be_bytes());
        at = end + FIELD_BYTES;
    }
    mended
}
