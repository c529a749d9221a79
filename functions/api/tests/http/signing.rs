//! Signed URLs: what is signed is served, what is not is refused before S3 is asked anything.

use std::time::{SystemTime, UNIX_EPOCH};

use thumbline::signing::SigningKeys;

use crate::stage::{ALL, Ask, By, KEYS, LATER, Stage, sample};

const SIGNED: [(&str, &str); 2] =
    [("THUMBLINE_API_READING", "signed"), ("THUMBLINE_API_SIGNING_SECRET", "file:{folder}/keys")];

fn sign(key_id: Option<&str>, path: &str, parameters: &[(&str, &str)], expires: u64) -> String {
    let parameters: Vec<_> = parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    SigningKeys::parse(KEYS).unwrap().sign(key_id, path, &parameters, expires).unwrap()
}

const PATH: &str = "/thumbnails/trip/a b+ü.jpg";
const SIZE: [(&str, &str); 3] = [("w", "123"), ("q", "77"), ("format", "webp")];

#[tokio::test]
async fn a_signed_url_opens_any_size_whoever_delivers_it() {
    let stage = Stage::with(&SIGNED).await;
    stage.put("trip/a b+ü.jpg", sample("photo.jpg")).await;
    for by in ALL {
        for key_id in ["first", "second"] {
            let answer = stage.ask(Ask::get(&sign(Some(key_id), PATH, &SIZE, LATER)).by(by)).await;
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, "image/webp"),
                "{by:?}: {answer:?}"
            );
            assert_eq!(answer.header("cache-control"), "private, max-age=86400");
        }
    }
    let soon = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 60;
    let answer = stage.get(&sign(None, PATH, &SIZE, soon)).await;
    let max_age: u64 =
        answer.header("cache-control").strip_prefix("private, max-age=").unwrap().parse().unwrap();
    assert!(max_age <= 60, "a cache may keep it for as long as the signature is good: {max_age}");
}

#[tokio::test]
async fn whatever_is_not_as_it_was_signed_is_refused_and_s3_is_not_asked() {
    let stage = Stage::with(&SIGNED).await;
    stage.put("trip/a b+ü.jpg", sample("photo.jpg")).await;
    let good = sign(None, PATH, &SIZE, LATER);
    assert_eq!(stage.get(&good).await.status, 200);
    let (path, query) = good.split_once('?').unwrap();
    let pairs: Vec<&str> = query.split('&').collect();
    let without = |name: &str| {
        let kept: Vec<&str> =
            pairs.iter().copied().filter(|pair| !pair.starts_with(&format!("{name}="))).collect();
        format!("{path}?{}", kept.join("&"))
    };
    let wrong_key = SigningKeys::parse("first:AAAAAAAAAAAAAAAAAAAAAA==").unwrap();
    let forged = wrong_key.sign(None, PATH, &[], LATER).unwrap();
    let signature = query.rsplit('=').next().unwrap();
    let bad = [
        ("expired", sign(None, PATH, &SIZE, 1_000_000_000)),
        ("another size", good.replace("w=123", "w=124")),
        ("another expiry", good.replace("expires=4", "expires=5")),
        ("another key's id", good.replace("kid=first", "kid=second")),
        ("an unknown key's id", good.replace("kid=first", "kid=third")),
        ("the wrong key", forged),
        ("another path", good.replace("/thumbnails/", "/manifests/")),
        ("another picture", good.replace("trip", "trap")),
        ("a path encoded twice", good.replace("%20", "%2520")),
        ("a value encoded twice", good.replace("q=77", "q=%2537%2537")),
        ("a parameter twice", good.replace("w=123", "w=123&w=123")),
        ("a parameter more", good.replace("q=77", "h=9&q=77")),
        ("the signature twice", format!("{good}&signature={signature}")),
        ("a bit of the signature", good.replace(signature, &format!("A{}", &signature[1..]))),
        ("a signature with padding", format!("{good}=")),
        ("no signature's value", good.replace(signature, "")),
        ("no signature", without("signature")),
        ("no expiry", without("expires")),
        ("no key's id", without("kid")),
        ("nothing", format!("{path}?preset=small")),
    ];
    for (what, target) in bad {
        assert_ne!(target, good, "{what}");
        for by in ALL {
            let before = stage.requests();
            let answer = stage.ask(Ask::get(&target).by(by)).await;
            assert_eq!(answer.status, 403, "{what}, by {by:?}: {answer:?}");
            assert_eq!(answer.json()["type"], "urn:thumbline:problem:signature", "{what}");
            assert_eq!(stage.requests(), before, "{what}: S3 was asked");
        }
    }
}

#[tokio::test]
async fn reordered_parameters_are_refused_wherever_their_order_can_be_seen() {
    let stage = Stage::with(&SIGNED).await;
    stage.put("trip/a b+ü.jpg", sample("photo.jpg")).await;
    let good = sign(None, PATH, &SIZE, LATER);
    let (path, query) = good.split_once('?').unwrap();
    let mut pairs: Vec<&str> = query.split('&').collect();
    for _ in 1..pairs.len() {
        pairs.rotate_left(1);
        let target = format!("{path}?{}", pairs.join("&"));
        for by in [By::HttpApi, By::FunctionUrl] {
            let before = stage.requests();
            let answer = stage.ask(Ask::get(&target).by(by)).await;
            assert_eq!((answer.status, stage.requests()), (403, before), "{target}");
            assert!(answer.json()["detail"].as_str().unwrap().contains("order"), "{answer:?}");
        }
        // A REST API does not preserve it: what comes has the same parameters, and so the same meaning.
        assert_eq!(stage.ask(Ask::get(&target).by(By::Rest)).await.status, 200);
    }
}

#[tokio::test]
async fn a_key_that_was_rotated_out_opens_nothing_any_more() {
    let stage = Stage::with(&SIGNED).await;
    stage.put("a.jpg", sample("dot.png")).await;
    let target =
        |keys: &str| SigningKeys::parse(keys).unwrap().sign(None, "/manifests/a.jpg", &[], LATER).unwrap();
    let third = "third:YWJjZGVmMDEyMzQ1Njc4OQ==";
    // Before: first and second. Its successor knows second and third.
    assert_eq!(stage.get(&target(KEYS)).await.status, 200);
    assert_eq!(stage.get(&target(third)).await.status, 403);
    let (first, second) = KEYS.split_once('\n').unwrap();
    let rotated = SigningKeys::parse(&format!("{third}\n{second}")).unwrap();
    let now = SystemTime::now();
    for (keys, is_valid) in [(first, false), (second, true), (third, true)] {
        let url = target(keys);
        let query: Vec<(String, String)> = url
            .split_once('?')
            .unwrap()
            .1
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(rotated.verify("/manifests/a.jpg", &query, true, now).is_ok(), is_valid, "{keys}");
    }
}

#[tokio::test]
async fn where_reading_is_open_a_signature_opens_other_sizes_and_a_wrong_one_nothing() {
    let stage = Stage::with(&[("THUMBLINE_API_SIGNING_SECRET", "file:{folder}/keys")]).await;
    stage.put("trip/a b+ü.jpg", sample("photo.jpg")).await;
    let path = thumbline::signing::encoded_path(PATH);
    assert_eq!(stage.get(&format!("{path}?preset=small")).await.status, 200);
    assert_eq!(stage.get(&sign(None, PATH, &SIZE, LATER)).await.status, 200);
    let unsigned = stage.get(&format!("{path}?w=123")).await;
    assert_eq!((unsigned.status, &unsigned.json()["parameter"]), (403, &"w".into()));
    assert!(unsigned.json()["allowed"].as_array().unwrap().contains(&"200x200".into()));
    let quality = stage.get(&format!("{path}?w=160&q=77")).await;
    assert_eq!((quality.status, &quality.json()["parameter"]), (403, &"q".into()));
    assert_eq!(stage.get(&format!("{path}?preset=small&expires=1")).await.status, 403);
}

#[tokio::test]
async fn where_reading_takes_a_key_the_gateway_s_word_or_the_shared_one_counts() {
    let stage = Stage::with(&[
        ("THUMBLINE_API_READING", "key"),
        ("THUMBLINE_API_KEY_SECRET", "file:{folder}/api-key"),
    ])
    .await;
    stage.put("a.jpg", sample("photo.jpg")).await;
    let ask = || Ask::get("/thumbnails/a.jpg?w=33&q=7");
    let before = stage.requests();
    for by in ALL {
        assert_eq!(stage.ask(ask().by(by)).await.status, 403);
        assert_eq!(stage.ask(ask().by(by).header("x-api-key", "wrong")).await.status, 403);
        assert_eq!(stage.ask(ask().by(by).header("x-api-key", "")).await.status, 403);
    }
    assert_eq!(stage.requests(), before);
    assert_eq!(stage.ask(ask().with_key()).await.status, 200);
    let answer = stage.ask(ask().by(By::FunctionUrl).header("x-api-key", "shared secret")).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "private, max-age=86400"));
}
