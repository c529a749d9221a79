//! The recipe of docs/api.md for signing URLs, as it is printed there, in each of its languages.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use thumbline::signing::SigningKeys;

use crate::stage::{KEYS, LATER};

const BASE: &str = "https://api.example/v1";

/// A block of code in docs/api.md.
fn recipe(language: &str) -> String {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let text = std::fs::read_to_string(page).unwrap();
    let begin = format!("```{language}\n");
    let (_, after) =
        text.split_once(&begin).unwrap_or_else(|| panic!("docs/api.md has no recipe in {language}"));
    after.split_once("```").unwrap().0.to_owned()
}

fn cases() -> Vec<(&'static str, Value)> {
    vec![
        ("/thumbnails/photo.jpg", json!({ "preset": "small" })),
        ("/thumbnails/trip/a b+ü.jpg", json!({ "w": "640", "h": "360", "fit": "cover", "format": "auto" })),
        ("/thumbnails/日本 😀/100% (half)'*!~-_.jpg", json!({ "q": "7", "dpr": "1.5", "Z": "a&b=c d+e/f?" })),
        ("/manifests/../x//y", json!({})),
    ]
}

/// Runs a recipe, followed by what signs one case after the other and prints a line for each.
fn run(program: &str, arguments: &[&str], script: &str) -> Option<Vec<String>> {
    let mut child = match Command::new(program)
        .args(arguments)
        .env("CASES", json!(cases()).to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => panic!("{program}: {error}"),
    };
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} failed");
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}

fn check(signed: &[String]) {
    let keys = SigningKeys::parse(KEYS).unwrap();
    assert_eq!(signed.len(), cases().len());
    for ((path, parameters), url) in cases().into_iter().zip(signed) {
        let parameters: Vec<(String, String)> = parameters
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        let expected = keys.sign(Some("second"), path, &parameters, LATER).unwrap();
        assert_eq!(*url, format!("{BASE}{expected}"));
    }
}

fn secret() -> &'static str {
    KEYS.split_once("second:").unwrap().1
}

#[test]
fn the_recipe_in_python_signs_as_the_api_expects() {
    let script = format!(
        "{}\nimport json, os\nfor path, parameters in json.loads(os.environ['CASES']):\n    \
         print(sign({BASE:?}, path, parameters, 'second', {:?}, {LATER}))\n",
        recipe("python"),
        secret(),
    );
    check(&run("python3", &["-"], &script).expect("python3 is needed, as for `make test`"));
}

/// Where there is no Node.js this can't be run. Machines that say `CI` have it.
#[test]
fn the_recipe_in_javascript_signs_as_the_api_expects() {
    let script = format!(
        "{}\nfor (const [path, parameters] of JSON.parse(process.env.CASES))\n  \
         console.log(sign({BASE:?}, path, parameters, \"second\", {:?}, {LATER}));\n",
        recipe("javascript"),
        secret(),
    );
    match run("node", &["--input-type=module", "-"], &script) {
        Some(signed) => check(&signed),
        None => assert!(std::env::var_os("CI").is_none(), "node is needed"),
    }
}
