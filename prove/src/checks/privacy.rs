//! What is in pictures and keys stays there: no metadata in thumbnails, no keys in metrics, and none in logs where that is wanted.

mod carriers;
mod containers;
mod logs;

use anyhow::Context;
use async_trait::async_trait;
use thumbline::Presets;
use thumbline_imaging::Limits;

use self::carriers::Carrier;
use crate::check::{Check, Finding, Terms, progress};

/// Every format of output, in every way in which it is written.
const PRESETS: &str = "jpeg=64x:jpeg fine=64x:jpeg:q95 progressive=64x:jpeg:progressive png=64x:png webp=64x:webp \
                       lossless=64x:webp:lossless avif=64x:avif auto=64x:auto moving=64x:webp:animated same=2000x:jpeg \
                       whole=2000x:webp:lossless";

/// The check.
pub(crate) struct Privacy;

#[async_trait]
impl Check for Privacy {
    fn name(&self) -> &'static str {
        "privacy"
    }

    fn promise(&self) -> &'static str {
        "no metadata gets into thumbnails, no key into metrics, none into logs that hash them"
    }

    async fn run(&self, terms: &Terms) -> anyhow::Result<Finding> {
        let mut finding = Finding::default();
        let files = metadata(&mut finding)?;
        progress(&format!("{files} thumbnails searched for {} words", carriers::WORDS.len()));
        let lines = logs::check(terms, &mut finding).await?;
        finding.figure = format!("{files} thumbnails without metadata, {lines} lines of logs without keys");
        Ok(finding)
    }
}

/// Makes every thumbnail of every carrier. How many there were.
fn metadata(finding: &mut Finding) -> anyhow::Result<usize> {
    let presets: Presets = PRESETS.parse()?;
    let mut files = 0;
    for Carrier { name, bytes } in carriers::all()? {
        // A carrier that carries nothing would prove nothing.
        anyhow::ensure!(contains(&bytes, b"PLANTED-"), "nothing is planted in {name}");
        let rendered =
            thumbline_imaging::render(&bytes, &presets.renditions(), &Limits::default(), &|| false)
                .with_context(|| format!("the carrier {name}"))?;
        for (preset, thumbnail) in presets.iter().zip(&rendered.thumbnails) {
            let file = &thumbnail.bytes;
            files += 1;
            finding.cases += 1;
            let told = || format!("{} of {name}", preset.name);
            for word in carriers::WORDS.into_iter().filter(|word| contains_text(file, word)) {
                finding.violations.push(format!("{} has {word} in it", told()));
            }
            if contains(file, &carriers::latitude()) {
                finding.violations.push(format!("{} says where it was taken", told()));
            }
            match containers::strange_parts(thumbnail.format, file) {
                Ok(parts) if parts.is_empty() => {}
                Ok(parts) => finding.violations.push(format!("{} has the parts {parts:?}", told())),
                Err(error) => finding.violations.push(format!("{}: {error:#}", told())),
            }
        }
    }
    Ok(files)
}

/// In ASCII, or in two bytes a letter either way round.
fn contains_text(file: &[u8], word: &str) -> bool {
    let wide = |to_bytes: fn(u16) -> [u8; 2]| word.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
    [word.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)]
        .iter()
        .any(|bytes| contains(file, bytes))
}

fn contains(file: &[u8], bytes: &[u8]) -> bool {
    file.windows(bytes.len()).any(|window| window == bytes)
}
