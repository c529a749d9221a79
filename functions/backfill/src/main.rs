//! The backfill function as a binary of its own, for people who want no layer.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    Box::pin(thumbline_backfill::run()).await
}
