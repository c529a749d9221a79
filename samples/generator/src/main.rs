//! Rewrites the sample pictures: `cargo run -p thumbline-samples -- samples/pictures`. After `--benchmark`, the folder
//! gets the large pictures of `make bench` instead.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use thumbline_samples::Sample;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let (folder, make): (_, fn() -> Vec<Sample>) = match arguments.as_slice() {
        [folder] if folder != "--benchmark" => (folder, thumbline_samples::all),
        [option, folder] if option == "--benchmark" => (folder, thumbline_samples::benchmark),
        _ => {
            eprintln!("Which folder are the pictures to go to?  generate-samples [--benchmark] FOLDER");
            return ExitCode::from(2);
        }
    };
    match write(Path::new(folder), &make()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", Path::new(folder).display());
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path, samples: &[Sample]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for sample in samples {
        fs::write(folder.join(&sample.file), &sample.bytes)?;
        println!("{:>9} bytes  {}", sample.bytes.len(), sample.file);
    }
    Ok(())
}
