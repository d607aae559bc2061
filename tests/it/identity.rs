//! Normalisation against published vectors.

use bespoke::identity::{GivenEmail, Platform, PlatformEmail};
use serde::Deserialize;

use crate::data;

#[derive(Deserialize)]
struct Vector {
    test: String,
    input: Option<String>,
    normalized: Option<String>,
    sha256_b64: Option<String>,
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
        let normalised = found.as_ref().map(PlatformEmail::normalised);
        let input = &vector.input;
        assert_eq!(normalised, vector.normalized.as_deref(), "{input:?}");
        assert_eq!(found.map(|email| email.hashed()), vector.sha256_b64, "{input:?}");
    }
}
