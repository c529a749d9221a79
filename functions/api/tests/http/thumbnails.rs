//! What is served: the same as an upload makes, of the source as it is now, in the form that was asked for.

use std::time::{Duration, Instant};

use futures::future::join_all;
use thumbline::{Call, Hint, Pipeline, S3Store};

use crate::stage::{ALL, Ask, Stage, sample};

#[tokio::test]
async fn a_missing_thumbnail_is_made_with_all_the_others_and_stored() {
    let stage = Stage::start().await;
    let etag = stage.put("trip/a b.jpg", sample("photo.jpg")).await;
    let answer = stage.get("/thumbnails/trip/a%20b.jpg?preset=small").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/webp"), "{answer:?}");
    assert_eq!(answer.size(), (40, 40));
    assert_eq!(answer.header("x-thumbline-source-etag"), etag);
    assert_eq!(answer.header("cache-control"), "public, max-age=86400");
    assert!(answer.header("age").parse::<u64>().is_ok(), "{answer:?}");
    let key = |name: &str| format!("trip/a b.jpg/{name}");
    assert_eq!(stage.outputs().await, [key("manifest.json"), key("small.webp"), key("wide.jpg")]);
    assert_eq!(stage.output(&key("small.webp")).await, answer.body);

    let made = stage.s3.requests().count("PutObject");
    let again = stage.get("/thumbnails/trip/a%20b.jpg?preset=small").await;
    assert_eq!((answer.header("server-timing"), again.header("server-timing")), ("made", "found"));
    assert_eq!((&again.body, again.header("etag")), (&answer.body, answer.header("etag")));
    assert_eq!(stage.s3.requests().count("PutObject"), made, "nothing was made a second time");
}

#[tokio::test]
async fn what_the_api_makes_is_what_an_upload_makes() {
    let (asked, uploaded) = (Stage::start().await, Stage::start().await);
    for stage in [&asked, &uploaded] {
        stage.put("a.jpg", sample("orientation-6.jpg")).await;
    }
    asked.get("/thumbnails/a.jpg?preset=small").await;
    asked.get("/thumbnails/a.jpg?w=160&format=png").await;
    // An upload's event, as the resize function handles it.
    let settings = uploaded.api.settings().clone();
    let pipeline = Pipeline::new(settings, S3Store::clone(uploaded.api.pipeline().store()));
    let hint = Hint { bucket: crate::stage::INPUT.to_owned(), key: "a.jpg".to_owned() };
    let call = Call { request_id: "upload".to_owned(), deadline: Instant::now() + Duration::from_secs(60) };
    pipeline.process(&hint, &call).await;
    for key in uploaded.outputs().await {
        assert_eq!(asked.output(&key).await, uploaded.output(&key).await, "{key}");
    }
    assert_eq!(asked.outputs().await[0], "a.jpg/@160x_inside_q80.png");
}

#[tokio::test]
async fn a_size_is_made_stored_and_found_again() {
    let stage = Stage::start().await;
    stage.put("a.jpg", sample("photo.jpg")).await;
    let target = "/thumbnails/a.jpg?w=100&h=100&dpr=2&fit=cover&gravity=attention&q=75&format=jpeg";
    let answer = stage.get(target).await;
    assert_eq!(
        (answer.status, answer.header("content-type"), answer.size()),
        (200, "image/jpeg", (200, 200))
    );
    let key = "a.jpg/@200x200_cover_attention_q75.jpg";
    assert_eq!(stage.output(key).await, answer.body);
    let made = stage.s3.requests().count("PutObject");
    assert_eq!(stage.get(target).await.body, answer.body);
    assert_eq!(
        stage.get("/thumbnails/a.jpg?w=200&h=200&fit=cover&gravity=attention&q=75&format=jpeg").await.body,
        answer.body
    );
    assert_eq!(stage.s3.requests().count("PutObject"), made);
}

#[tokio::test]
async fn an_overwritten_source_gives_the_new_thumbnail_at_once_and_a_removed_one_none() {
    let stage = Stage::start().await;
    for target in ["/thumbnails/a.jpg?preset=small", "/thumbnails/a.jpg?w=160&format=webp"] {
        stage.put("a.jpg", sample("photo.jpg")).await;
        let old = stage.get(target).await;
        let etag = stage.put("a.jpg", sample("orientation-6.jpg")).await;
        let new = stage.get(target).await;
        assert_eq!((new.status, new.header("x-thumbline-source-etag")), (200, etag.as_str()));
        assert!(new.body != old.body && new.header("etag") != old.header("etag"));
        let conditional = Ask::get(target).header("if-none-match", old.header("etag"));
        assert_eq!(stage.ask(conditional).await.status, 200, "the old one is not what there is");
        stage.remove("a.jpg").await;
        let gone = stage.get(target).await;
        assert_eq!((gone.status, gone.header("content-type")), (404, "application/problem+json"));
        assert_eq!(stage.outputs().await, Vec::<String>::new(), "no variant is left");
    }
}

#[tokio::test]
async fn an_output_that_a_slow_writer_left_behind_is_not_served() {
    let stage = Stage::start().await;
    stage.put("a.jpg", sample("photo.jpg")).await;
    let target = "/thumbnails/a.jpg?w=160&format=webp";
    let old = stage.get(target).await;
    let key = "a.jpg/@160x_inside_q80.webp";
    let left = stage.client.get_object().bucket(crate::stage::OUTPUT).key(key).send().await.unwrap();
    let metadata = left.metadata().cloned();
    stage.put("a.jpg", sample("orientation-6.jpg")).await;
    let new = stage.get(target).await;
    // What had been made of the source before comes back under its key.
    let put = stage.client.put_object().bucket(crate::stage::OUTPUT).key(key).set_metadata(metadata);
    put.body(old.body.clone().into()).send().await.unwrap();
    assert_eq!(stage.get(target).await.body, new.body);
    assert_eq!(stage.output(key).await, new.body, "and it has been replaced");
}

#[tokio::test]
async fn requests_for_the_same_missing_thumbnail_converge() {
    let stage = Stage::start().await;
    stage.put("a.jpg", sample("photo.jpg")).await;
    for target in ["/thumbnails/a.jpg?preset=wide", "/thumbnails/a.jpg?w=320&format=webp"] {
        let answers = join_all((0..8).map(|_| stage.get(target))).await;
        let first = &answers[0];
        assert_eq!(first.status, 200, "{first:?}");
        assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == first.body));
    }
    let outputs = ["@320x_inside_q80.webp", "manifest.json", "small.webp", "wide.jpg"];
    assert_eq!(stage.outputs().await, outputs.map(|name| format!("a.jpg/{name}")));
}

#[tokio::test]
async fn auto_is_what_accept_names_and_what_everybody_can_show_otherwise() {
    let stage = Stage::start().await;
    stage.put("photo.jpg", sample("photo.jpg")).await;
    stage.put("alpha.png", sample("alpha.png")).await;
    for (key, accept, expected) in [
        ("photo.jpg", "image/avif,image/webp,*/*;q=0.8", "image/avif"),
        ("photo.jpg", "image/webp,*/*", "image/webp"),
        ("photo.jpg", "*/*", "image/jpeg"),
        ("alpha.png", "image/png", "image/png"),
        ("alpha.png", "image/webp", "image/webp"),
    ] {
        let target = format!("/thumbnails/{key}?w=160&format=auto");
        let answer = stage.ask(Ask::get(&target).header("accept", accept)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, expected), "{accept}");
        assert_eq!(answer.header("vary"), "accept");
        let probed = thumbline_imaging::sniff(&answer.body).unwrap();
        assert_eq!(format!("image/{}", probed.name()), expected, "the bytes are what the header says");
    }
    let fixed = stage.get("/thumbnails/photo.jpg?w=160&format=webp").await;
    assert_eq!(fixed.header("vary"), "");
}

#[tokio::test]
async fn who_has_it_is_told_so_for_one_request_to_s3() {
    let stage = Stage::start().await;
    stage.put("a.jpg", sample("photo.jpg")).await;
    let target = "/thumbnails/a.jpg?preset=small";
    let etag = stage.get(target).await.header("etag").to_owned();
    for by in ALL {
        let before = stage.requests();
        let answer =
            stage.ask(Ask::get(target).by(by).header("if-none-match", &format!("\"other\", {etag}"))).await;
        assert_eq!((answer.status, answer.body.len(), answer.header("etag")), (304, 0, etag.as_str()));
        assert_eq!(stage.requests() - before, 1);
    }
    let other = stage.ask(Ask::get(target).header("if-none-match", "\"other\"")).await;
    assert_eq!(other.status, 200);
    let negotiated = "/thumbnails/a.jpg?w=160";
    let first = stage.get(negotiated).await;
    let again = stage.ask(Ask::get(negotiated).header("if-none-match", first.header("etag"))).await;
    assert_eq!((again.status, again.header("vary")), (304, "accept"));
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let stage = Stage::start().await;
    stage.put("a.jpg", sample("photo.jpg")).await;
    for target in
        ["/thumbnails/a.jpg?preset=small", "/manifests/a.jpg", "/health", "/thumbnails/none?preset=small"]
    {
        // What is made the first time is found from then on, and the answer says so.
        stage.get(target).await;
        let get = stage.get(target).await;
        let head = stage.ask(Ask::get(target).method("HEAD")).await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{target}");
        assert_eq!(head.headers, get.headers, "{target}");
    }
}

#[tokio::test]
async fn a_source_that_is_no_picture_is_refused_in_the_terms_of_the_design() {
    let stage = Stage::start().await;
    for (file, status, code) in [
        ("icon.svg", 415, "unsupported"),
        ("telephone.heic", 415, "unsupported"),
        ("truncated.jpg", 422, "truncated"),
        ("corrupt.png", 422, "corrupt"),
        ("empty.jpg", 422, "empty"),
        ("bomb.png", 413, "too_large"),
    ] {
        stage.put(file, sample(file)).await;
        for query in ["preset=small", "w=160&format=webp", "w=160"] {
            let answer = stage.get(&format!("/thumbnails/{file}?{query}")).await;
            let problem = answer.json();
            assert_eq!(answer.status, status, "{file}: {problem}");
            assert_eq!(problem["type"], format!("urn:thumbline:problem:{code}"), "{file}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    }
    let manifest = stage.get("/manifests/truncated.jpg").await.json();
    assert_eq!((&manifest["status"], &manifest["reason"]), (&"rejected".into(), &"truncated".into()));
}

#[tokio::test]
async fn s3_out_of_order_is_503_with_a_time_to_come_back() {
    use thumbline_local_s3::{Effect, Fault, KeyPattern};
    let stage = Stage::start().await;
    stage.put("a.jpg", sample("photo.jpg")).await;
    let fault = stage.s3.faults().inject(Fault {
        operation: Some("HeadObject".to_owned()),
        bucket: None,
        key: KeyPattern::Any,
        times: None,
        effect: Effect::SlowDown,
    });
    let answer = stage.get("/thumbnails/a.jpg?preset=small").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "2"), "{answer:?}");
    stage.s3.faults().lift(fault);
    assert_eq!(stage.get("/thumbnails/a.jpg?preset=small").await.status, 200);
}

#[tokio::test]
async fn keys_are_keys_and_never_paths() {
    let stage = Stage::start().await;
    let keys = [
        "a/b.jpg",
        "../../etc/passwd",
        "..",
        "/lead.jpg",
        "a//b",
        "100% = half.jpg",
        "a b+c ünï 日本.jpg",
        "%41.jpg",
        "%2F",
        "nul\0.jpg",
        "line\nfeed",
        "q?x=1&y#z",
        "back\\slash",
    ];
    for key in keys {
        let etag = stage.put(key, sample("dot.png")).await;
        let encoded = thumbline::signing::encoded_path(key).replace('/', "%2F");
        for by in ALL {
            let answer = stage.ask(Ask::get(&format!("/thumbnails/{encoded}?preset=small")).by(by)).await;
            assert_eq!(
                (answer.status, answer.header("x-thumbline-source-etag")),
                (200, etag.as_str()),
                "{by:?} {key:?}"
            );
        }
        let manifest = stage.get(&format!("/manifests/{encoded}")).await.json();
        assert_eq!(manifest["source"]["key"], *key);
        let url = manifest["thumbnails"][0]["url"].as_str().unwrap();
        let below = url.strip_prefix("https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/v1").unwrap();
        assert_eq!(stage.get(below).await.status, 200, "{url}");
        stage.remove(key).await;
        assert_eq!(stage.get(&format!("/thumbnails/{encoded}?preset=small")).await.status, 404, "{key:?}");
    }
    let too_long = format!("/thumbnails/{}?preset=small", "k".repeat(1025));
    assert_eq!(stage.get(&too_long).await.status, 404);
}

#[tokio::test]
async fn the_answers_to_four_and_a_half_megabytes_and_to_one_byte_more() {
    let stage = Stage::start().await;
    stage.put("a.jpg", sample("photo.jpg")).await;
    stage.get("/thumbnails/a.jpg?preset=small").await;
    let output =
        stage.client.get_object().bucket(crate::stage::OUTPUT).key("a.jpg/small.webp").send().await.unwrap();
    for (bytes, status) in [(4_500_000, 200), (4_500_001, 302)] {
        // A thumbnail of just that length, stamped as the pipeline stamps them.
        let put = stage.client.put_object().bucket(crate::stage::OUTPUT).key("a.jpg/small.webp");
        let body = vec![b'x'; bytes];
        put.set_metadata(output.metadata().cloned()).body(body.into()).send().await.unwrap();
        let answer = stage.get("/thumbnails/a.jpg?preset=small").await;
        assert_eq!(answer.status, status);
        if status == 200 {
            assert_eq!(answer.body.len(), bytes);
        } else {
            assert_eq!(answer.body.len(), 0);
            assert!(answer.header("location").contains("a.jpg/small.webp?"), "{answer:?}");
            assert!(answer.header("location").contains("X-Amz-Signature="));
        }
    }
}
