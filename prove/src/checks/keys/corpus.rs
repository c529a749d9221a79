//! Keys as people, programs and attackers make them: all that S3 takes, UTF-8 of 1 to 1,024 bytes.

use std::collections::BTreeSet;

use thumbline::layout::MAX_KEY_BYTES;

use crate::stage::dice::Dice;

/// What keys are put together from at random.
const PIECES: [&str; 28] = [
    "a",
    "B",
    "7",
    "/",
    "//",
    ".",
    "..",
    "%",
    "%2F",
    "%25",
    "%00",
    "+",
    " ",
    "~",
    "@",
    "small.png",
    "manifest.json",
    "\0",
    "\n",
    "\u{7f}",
    "ü",
    "u\u{308}",
    "日",
    "😀",
    "\u{feff}",
    "\u{fffd}",
    "\u{202e}",
    "&<\"'>",
];

/// All of them, without a second of any, in an order that is the same for the same seed.
pub(super) fn all(seed: u64, random: usize) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    keys.extend(characters());
    keys.extend(paths());
    keys.extend(imitations());
    keys.extend(lengths());
    let mut dice = Dice::new(seed);
    while keys.len() < random {
        let pieces = 1 + dice.index(12);
        let key: String = (0..pieces).filter_map(|_| PIECES.get(dice.index(PIECES.len())).copied()).collect();
        if key.len() <= MAX_KEY_BYTES {
            keys.insert(key);
        }
    }
    keys
}

/// Every character of one byte, alone and in every place, and those of more bytes that are known to make trouble.
fn characters() -> impl Iterator<Item = String> {
    let beyond = "\u{80}\u{85}\u{a0}\u{ad}ßéÉ\u{2028}\u{2029}\u{200b}\u{200d}\u{202e}\u{d7ff}\u{e000}\u{fdd0}\u{feff}\u{fffe}\u{ffff}\u{10000}\u{10ffff}İıſKΣς";
    let all: Vec<char> = ('\0'..='\u{7f}').chain(beyond.chars()).collect();
    all.into_iter().flat_map(|c| {
        [
            format!("{c}"),
            format!("{c}{c}"),
            format!("a{c}b"),
            format!("{c}.jpg"),
            format!("a/{c}/b.jpg"),
            format!("a.jpg{c}"),
        ]
    })
}

/// What looks like a way to somewhere, and is none.
fn paths() -> impl Iterator<Item = String> {
    const SEGMENTS: [&str; 6] = ["", ".", "..", "a", "%2e%2e", "~"];
    let two = SEGMENTS.iter().flat_map(|one| SEGMENTS.iter().map(move |other| format!("{one}/{other}")));
    let three = two.clone().flat_map(|two| SEGMENTS.iter().map(move |three| format!("{two}/{three}")));
    let others = [
        "../../../../etc/passwd",
        "C:\\pictures\\a.jpg",
        "\\\\server\\share",
        "a.jpg?versionId=1",
        "a.jpg#b",
        "s3://bucket/key",
        "http://169.254.169.254/latest/meta-data/",
        "100%.png",
        "100%25.png",
        "%",
        "%%",
        "%2",
        "%zz",
        "%FF",
        "%C0%AF",
        "%ED%A0%80",
        "%u0041",
        "a+b c%20d%2Be",
        "{key}",
        "${key}",
        "$(id)",
        "`id`",
        "'; DROP TABLE pictures; --",
        "<script>alert(1)</script>.jpg",
        "a\r\nx-amz-meta-b: c",
        "{\"Records\":[]}",
        "null",
        "undefined",
        "-rf",
        "nul",
        "con.jpg",
    ];
    two.chain(three).chain(others.map(str::to_owned)).filter(|key| !key.is_empty())
}

/// What looks like an output, a record or a hash.
fn imitations() -> impl Iterator<Item = String> {
    let hash = "0123456789abcdef".repeat(4);
    [
        "a.jpg",
        "a.jpg/",
        "a.jpg/small.png",
        "a.jpg/manifest.json",
        "a.jpg/manifest.json/manifest.json",
        "a.jpg/small.png/small.png",
        "a.jpg/@640x480_q80.webp",
        "manifest.json",
        "small.png",
        "@640x.webp",
        "~",
        "~/",
        "~~",
        "~/backfill",
        "~/backfill/run.json",
        "~/batch/manifest.csv",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([format!("~/{hash}"), format!("~/{hash}/"), format!("~/{hash}/small.png"), hash])
}

/// Every length, of characters of one byte, and of two, three and four where the length is theirs.
fn lengths() -> impl Iterator<Item = String> {
    let filled = |c: char, bytes: usize| {
        let wide = bytes / c.len_utf8();
        format!("{}{}", c.to_string().repeat(wide), "x".repeat(bytes - wide * c.len_utf8()))
    };
    (1..=MAX_KEY_BYTES).flat_map(move |bytes| {
        let wide = ['é', '日', '😀']
            .into_iter()
            .filter(move |c| bytes % 97 == 0 && bytes >= c.len_utf8() || bytes > MAX_KEY_BYTES - 24);
        std::iter::once(filled('k', bytes)).chain(wide.map(move |c| filled(c, bytes)))
    })
}

/// Keys in percent form that are of no UTF-8, so that no object can have them: overlong, surrogates, beyond Unicode, cut.
pub(super) const NOT_UTF8: [&str; 14] = [
    "%FF",
    "%80",
    "a%C3",
    "%C3%28",
    "%C0%80",
    "%C0%AFetc",
    "%E0%80%AF",
    "%E2%82",
    "%ED%A0%80",
    "%ED%BF%BF",
    "%ED%A0%BD%ED%B8%80",
    "%F0%9F%98",
    "%F4%90%80%80",
    "%F8%88%80%80%80",
];

/// The same as JSON writes characters: halves of pairs.
pub(super) const LONE_SURROGATES: [&str; 4] = ["\\ud800", "a\\udfffb", "\\ude00\\ud83d", "\\ud83d.jpg"];
