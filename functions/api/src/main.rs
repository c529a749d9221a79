//! The API function as a binary of its own, for `cargo lambda watch` and for people who want no layer.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    thumbline::memory::retain();
    thumbline_api::run().await
}
