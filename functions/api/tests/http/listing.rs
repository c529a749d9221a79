//! What is there, and how it stands.

use serde_json::Value;

use crate::stage::{Answer, Ask, Stage, sample};

async fn list(stage: &Stage, query: &str) -> Answer {
    stage.ask(Ask::get(&format!("/images{query}")).with_key()).await
}

fn keys(answer: &Value) -> Vec<String> {
    answer["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| image["key"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_picture_stands_somewhere() {
    let stage = Stage::start().await;
    stage.put("ready.jpg", sample("photo.jpg")).await;
    stage.put("rejected.jpg", sample("truncated.jpg")).await;
    stage.put("stale.jpg", sample("photo.jpg")).await;
    stage.put("waiting.jpg", sample("photo.jpg")).await;
    stage.put("folder/", Vec::new()).await;
    for key in ["ready.jpg", "rejected.jpg", "stale.jpg"] {
        stage.get(&format!("/thumbnails/{key}?preset=small")).await;
    }
    stage.put("stale.jpg", sample("dot.png")).await;
    let answer = list(&stage, "").await.json();
    assert_eq!((keys(&answer).len(), &answer["cursor"]), (4, &Value::Null), "a folder is no picture");
    for image in answer["images"].as_array().unwrap() {
        let key = image["key"].as_str().unwrap();
        let status = key.strip_suffix(".jpg").unwrap();
        assert_eq!(image["status"], status);
        let manifest = stage.get(&format!("/manifests/{key}")).await.json();
        assert_eq!(manifest["status"], status);
        assert_eq!(image["etag"].as_str().is_some(), image["last_modified"].as_str().is_some());
        assert_eq!(image.get("reason").is_some(), status == "rejected");
        let thumbnails = image["thumbnails"].as_array().unwrap();
        assert_eq!(thumbnails.is_empty(), ["rejected", "waiting"].contains(&status), "{image}");
        assert_eq!(image.get("thumbhash").is_some(), !thumbnails.is_empty());
    }
    assert_eq!(stage.get("/manifests/missing.jpg").await.status, 404);
}

#[tokio::test]
async fn a_ready_manifest_has_addresses_and_a_srcset_that_can_be_fetched() {
    let stage = Stage::start().await;
    stage.put("a b,ü.jpg", sample("photo.jpg")).await;
    stage.get("/thumbnails/a%20b%2C%C3%BC.jpg?preset=small").await;
    let answer = stage.get("/manifests/a%20b%2C%C3%BC.jpg").await;
    let manifest = answer.json();
    let base = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/v1";
    let wide = format!("{base}/thumbnails/a%20b%2C%C3%BC.jpg?preset=wide");
    assert_eq!(manifest["thumbnails"][1]["url"], wide);
    // The square one is cut, and so another picture.
    assert_eq!(manifest["srcset"], format!("{wide} 64w"));
    let again = stage
        .ask(Ask::get("/manifests/a%20b%2C%C3%BC.jpg").header("if-none-match", answer.header("etag")))
        .await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let stage = Stage::start().await;
    let mut expected = Vec::new();
    for number in 0..7 {
        let key = format!("p/{number} ü+%.png");
        stage.put(&key, sample("dot.png")).await;
        expected.push(key);
    }
    stage.put("q", sample("dot.png")).await;
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = list(&stage, &format!("?prefix=p%2F&limit=3{cursor}")).await.json();
        found.extend(keys(&answer));
        let Some(next) = answer["cursor"].as_str() else { break };
        cursor = format!("&cursor={}", thumbline::signing::encoded_path(next));
    }
    assert_eq!(found, expected);
    for wrong in ["?limit=0", "?limit=101", "?limit=x", "?limit=", "?Prefix=p", "?prefix=a&prefix=b"] {
        assert_eq!(list(&stage, wrong).await.status, 400, "{wrong}");
    }
    let long = format!("?prefix={}", "k".repeat(1025));
    assert_eq!(list(&stage, &long).await.status, 400);
}
