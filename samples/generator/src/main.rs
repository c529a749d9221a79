//! Rewrites the sample pictures: `cargo run -p thumbline-samples -- samples/pictures`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("Which folder are the pictures to go to?  generate-samples samples/pictures");
        return ExitCode::from(2);
    };
    if let Err(error) = fs::create_dir_all(&folder) {
        eprintln!("{}: {error}", folder.display());
        return ExitCode::FAILURE;
    }
    for sample in thumbline_samples::all() {
        let path = folder.join(&sample.file);
        if let Err(error) = fs::write(&path, &sample.bytes) {
            eprintln!("{}: {error}", path.display());
            return ExitCode::FAILURE;
        }
        println!("{:>9} bytes  {}", sample.bytes.len(), sample.file);
    }
    ExitCode::SUCCESS
}
