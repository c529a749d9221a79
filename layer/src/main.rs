//! The layer's `bootstrap`: the whole engine in one executable, which opens the door that `_HANDLER` names.
//!
//! Lambda looks for `bootstrap` in a function's package first and then in its layers. So a function's own package needs
//! nothing but its settings, a `thumbline.toml`, and its `Handler` is the name of a door.

use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    thumbline::memory::retain();
    match std::env::var("_HANDLER").as_deref() {
        Ok("api") => thumbline_api::run().await,
        Ok("backfill") => Box::pin(thumbline_backfill::run()).await,
        Ok("resize") => thumbline_resize::run().await,
        Ok(other) => Err(format!(
            "Handler {other:?} is no door of this layer; set the function's Handler to one of: api, backfill, resize"
        )
        .into()),
        Err(_) => {
            Err("_HANDLER is not set: this is the bootstrap of a Lambda layer, started by Lambda".into())
        }
    }
}
