//! Normalisation against published vectors.

use std::path::PathBuf;

use bespoke::identity::{GivenEmail, Platform};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    test: String,
    input: Option<String>,
    normalized: Option<String>,
    sha256_b64: Option<String>,
}

#[expect(clippy::disallowed_methods, reason = "the data sets lie where the machine says")]
fn data(path: &str) -> Option<String> {
    let root = std::env::var_os("BESPOKE_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(root.join(path)).ok();
    if text.is_none() {
        println!("skipped: {path} not present");
    }
    text
}

#[test]
fn uid2_vectors_hold() {
    let Some(text) = data("normalization/uid2_vectors.json") else { return };
    let vectors: Vec<Vector> = serde_json::from_str(&text).unwrap();
    let emails: Vec<&Vector> =
        vectors.iter().filter(|vector| vector.test.contains("email")).collect();
    assert!(emails.len() > 30, "only {} vectors", emails.len());
    for vector in emails {
        let given = GivenEmail::new(vector.input.clone().unwrap());
        let found = given.and_then(|given| given.on(Platform::Uid2)).ok();
        let normalised = found.as_ref().map(|email| email.normalised());
        let input = &vector.input;
        assert_eq!(normalised, vector.normalized.as_deref(), "{input:?}");
        assert_eq!(found.map(|email| email.hashed()), vector.sha256_b64, "{input:?}");
    }
}
