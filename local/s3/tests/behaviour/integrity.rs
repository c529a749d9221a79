//! What is wrong with an upload is found before it changes anything.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::{BUCKET, Server, client, code, status};

#[tokio::test]
async fn an_upload_with_a_wrong_digest_leaves_the_old_object() {
    let server = Server::start().await;
    server.put("k", "old").await;
    let put = |size: usize| {
        server.client.put_object().bucket(BUCKET).key("k").body(ByteStream::from(vec![1; size]))
    };
    for size in [3, 3_000_000] {
        let error = put(size).content_md5("rL0Y20zC+Fzt72VPzMSk2A==").send().await.unwrap_err();
        assert_eq!((status(&error), code(&error)), (400, "BadDigest".to_owned()));
        let error = put(size).checksum_crc32_c("AAAAAA==").send().await.unwrap_err();
        assert_eq!((status(&error), code(&error)), (400, "BadDigest".to_owned()));
        let error = put(size).content_md5("nonsense").send().await.unwrap_err();
        assert_eq!((status(&error), code(&error)), (400, "InvalidDigest".to_owned()));
    }
    assert_eq!(server.get("k").await.unwrap(), b"old");
    assert!(server.files().is_empty(), "refused uploads leave no files");
}

#[tokio::test]
async fn every_checksum_is_kept_and_shown_to_those_who_ask() {
    let server = Server::start().await;
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let body = ByteStream::from_static(b"123456789");
        let put = server.client.put_object().bucket(BUCKET).key("k").checksum_algorithm(algorithm.clone());
        let put = put.body(body).send().await.unwrap();
        let head = server.client.head_object().bucket(BUCKET).key("k").checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await.unwrap();
        let shown = [
            head.checksum_crc32(),
            head.checksum_crc32_c(),
            head.checksum_crc64_nvme(),
            head.checksum_sha1(),
            head.checksum_sha256(),
        ];
        assert_eq!(shown.iter().flatten().count(), 1, "{algorithm:?}");
        let stored = [
            put.checksum_crc32(),
            put.checksum_crc32_c(),
            put.checksum_crc64_nvme(),
            put.checksum_sha1(),
            put.checksum_sha256(),
        ];
        assert_eq!(shown, stored, "{algorithm:?}");
        let unasked = server.client.head_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert_eq!(unasked.checksum_crc32(), None);
    }
}

/// How long presigned requests are good for.
const VALIDITY: Duration = Duration::from_secs(60);

/// A presigned PUT as the bytes of its request, with a length that may be a lie.
async fn presigned_put(server: &Server, key: &str, signed_ago: Duration, length: usize) -> String {
    let config = PresigningConfig::builder().start_time(SystemTime::now() - signed_ago).expires_in(VALIDITY);
    let config = config.build().unwrap();
    let request = server.client.put_object().bucket(BUCKET).key(key).presigned(config).await.unwrap();
    let path = request.uri().split_once(&server.address.to_string()).unwrap().1.to_owned();
    let headers: Vec<_> = request.headers().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    format!("PUT {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {length}\r\n{headers}\r\n", server.address)
}

#[tokio::test]
async fn a_client_that_hangs_up_half_way_leaves_nothing() {
    let server = Server::start().await;
    server.put("k", "old").await;
    for (index, sent) in [10, 90_000, 2_500_000].into_iter().enumerate() {
        let head = presigned_put(&server, "k", Duration::ZERO, 3_000_000).await;
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&vec![1; sent]).await.unwrap();
        connection.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // Whether the server still answers somebody who hung up is its own affair.
        let _ = connection.read_to_end(&mut answer).await;
        server.answered("PutObject", index as u64 + 2).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(server.get("k").await.unwrap(), b"old");
    assert!(server.files().is_empty());
}

#[tokio::test]
async fn a_presigned_upload_works_until_it_expires() {
    let server = Server::start().await;
    let put = async |signed_ago: Duration| {
        let head = presigned_put(&server, "k", signed_ago, 3).await;
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        connection.write_all(format!("{head}new").as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        connection.read_exact(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    assert_eq!(put(VALIDITY + Duration::from_secs(1)).await, "HTTP/1.1 403");
    assert_eq!(server.get("k").await, None);
    assert_eq!(put(Duration::ZERO).await, "HTTP/1.1 200");
    assert_eq!(server.get("k").await.unwrap(), b"new");
}

#[tokio::test]
async fn only_the_holder_of_the_keys_may_do_anything() {
    let server = Server::start().await;
    server.put("k", "old").await;
    let stranger = client(&format!("http://{}", server.address), "a wrong secret");
    let error = stranger.put_object().bucket(BUCKET).key("k").send().await.unwrap_err();
    assert_eq!((status(&error), code(&error)), (403, "SignatureDoesNotMatch".to_owned()));
    let error = stranger.get_object().bucket(BUCKET).key("k").send().await.unwrap_err();
    assert_eq!(status(&error), 403);

    for request in ["GET /pictures/k", "PUT /pictures/k", "DELETE /pictures/k", "GET /"] {
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        let request = format!("{request} HTTP/1.1\r\nhost: {}\r\ncontent-length: 0\r\n\r\n", server.address);
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, b"HTTP/1.1 403", "{request}");
    }
    assert_eq!(server.get("k").await.unwrap(), b"old");
}
