//! A few pictures that stand for all: chosen evenly from each size and kind, in memory that does not grow with their number.

use std::collections::BTreeMap;

/// Pictures that stand for one stratum, at most.
const MOST_OF_ONE: usize = 16;

/// Pictures whose cost is like: of one kind by their keys, and of a size within a factor of two.
type Kind = (&'static str, u32);

/// What the ends of keys tell of what a picture costs. It is a guess, and only decides which pictures are looked at.
const ENDS: [(&str, &str); 10] = [
    ("jpg", "jpeg"),
    ("jpeg", "jpeg"),
    ("png", "png"),
    ("webp", "webp"),
    ("gif", "gif"),
    ("avif", "avif"),
    ("heic", "heif"),
    ("tif", "tiff"),
    ("tiff", "tiff"),
    ("bmp", "bmp"),
];

/// All pictures, and those that stand for them.
#[derive(Debug, Default)]
pub(super) struct Strata {
    strata: BTreeMap<Kind, Stratum>,
    seen: u64,
}

/// Pictures that cost alike.
#[derive(Debug, Default)]
pub(super) struct Stratum {
    /// How many there are.
    pub(super) pictures: u64,
    /// Their bytes.
    pub(super) bytes: u64,
    /// Some of them.
    pub(super) chosen: Vec<Chosen>,
}

/// A picture that stands for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) key: String,
    pub(super) bytes: u64,
}

impl Strata {
    /// Counts a picture in, and perhaps chooses it: each has the same chance, whichever came first (Vitter's algorithm R).
    pub(super) fn add(&mut self, key: &str, bytes: u64) {
        self.seen += 1;
        let stratum = self.strata.entry((kind(key), bytes.checked_ilog2().unwrap_or_default())).or_default();
        stratum.pictures += 1;
        stratum.bytes += bytes;
        let chosen = Chosen { key: key.to_owned(), bytes };
        if stratum.chosen.len() < MOST_OF_ONE {
            stratum.chosen.push(chosen);
        } else {
            let place = usize::try_from(mixed(self.seen) % stratum.pictures).unwrap_or(usize::MAX);
            if let Some(place) = stratum.chosen.get_mut(place) {
                *place = chosen;
            }
        }
    }

    /// The strata, with about `budget` pictures chosen in all, as many of each as it has a share in the bytes, and one at
    /// least.
    pub(super) fn choose(self, budget: usize) -> Vec<Stratum> {
        let bytes: u64 = self.strata.values().map(|stratum| stratum.bytes).sum();
        let share = |stratum: &Stratum| {
            let share = u128::from(stratum.bytes) * budget as u128 / u128::from(bytes.max(1));
            usize::try_from(share).unwrap_or(budget).max(1)
        };
        let strata = self.strata.into_values();
        strata
            .map(|mut stratum| {
                stratum.chosen.truncate(share(&stratum));
                stratum
            })
            .collect()
    }
}

fn kind(key: &str) -> &'static str {
    let end = key.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    ENDS.iter().find(|(known, _)| *known == end).map_or("other", |(_, kind)| kind)
}

/// The same numbers every time, that look as if they were not (`SplitMix64`): the same bucket gives the same estimate.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_counts_and_few_are_kept() {
        let mut strata = Strata::default();
        for number in 0..10_000_u64 {
            strata.add(&format!("{number}.JPG"), 1_000 + number % 20);
            strata.add(&format!("{number}.png"), 1 << (number % 20));
        }
        let strata = strata.choose(24);
        assert_eq!(strata.iter().map(|stratum| stratum.pictures).sum::<u64>(), 20_000);
        assert!(strata.iter().all(|stratum| (1..=MOST_OF_ONE).contains(&stratum.chosen.len())), "{strata:?}");
        assert!(strata.iter().map(|stratum| stratum.chosen.len()).sum::<usize>() < 60);
        let jpegs = strata.iter().find(|stratum| stratum.chosen[0].key.ends_with("JPG")).unwrap();
        let late = jpegs.chosen.iter().filter(|chosen| chosen.key.len() == "9999.JPG".len()).count();
        assert!(late > 0, "those that come late are chosen too: {jpegs:?}");
    }
}
