//! The example `mail`: what it prints and how it exits.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use super::{change, copy_all, directory, run};

/// The six templates that come with the crate.
const TEMPLATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/templates");

fn copied(test: &str) -> std::path::PathBuf {
    let copy = directory(&format!("mail-{test}"));
    copy_all(Path::new(TEMPLATES), &copy);
    copy
}

/// A copy of the templates in which one file says something else.
fn changed(test: &str, path: &str, text: &str, other: &str) -> String {
    let copy = copied(test);
    change(&copy, path, text, other);
    copy.to_str().unwrap().to_owned()
}

#[test]
fn templates_are_linted() {
    let Some(clean) = run("mail", ["lint", TEMPLATES]) else { return };
    for line in clean.lines() {
        let finding: Json = serde_json::from_str(line).unwrap();
        assert_eq!(finding["severity"], "note", "{line}");
    }
    let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/campaign/playbooks/shop");
    assert_eq!(run("mail", ["lint", shop]).unwrap().out, clean.out, "a playbook's library");
    let wrong = changed("lint", "cart/mail.mjml", "given.cart_url", "given.cart_ulr");
    let wrong = run("mail", ["lint", &wrong]).unwrap();
    assert_eq!(wrong.code, Some(1), "{}", wrong.err);
    let findings = wrong.out.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let errors: Vec<Json> = findings.filter(|found| found["severity"] == "error").collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    let at = (&errors[0]["file"], &errors[0]["code"], &errors[0]["help"]);
    assert_eq!(at.0, "cart/mail.mjml");
    assert_eq!(at.1, "unknown-field");
    assert_eq!(at.2, "did you mean `cart_url`?");
    assert!(errors[0]["line"].as_u64().unwrap() > 20 && errors[0]["column"].as_u64().unwrap() > 1);
}

#[test]
fn a_template_is_rendered_and_composed() {
    let eml = directory("mail-render").join("cart.eml");
    let args = ["--template", "cart", "--fixture", "two", "--eml", eml.to_str().unwrap()];
    let render = ["render", TEMPLATES].into_iter().chain(args);
    let Some(rendered) = run("mail", render) else { return };
    let said: Json = serde_json::from_str(rendered.lines()[0]).unwrap();
    let keys: Vec<&String> = said.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["html", "preheader", "size", "subject", "text", "variants", "version"],
        "{keys:?}"
    );
    assert_eq!(said["variants"]["cart_opening"], "cart");
    assert_eq!(said["size"], said["html"].as_str().unwrap().len());
    let bytes = fs::read(&eml).unwrap();
    let message = mail_parser::MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(message.subject(), said["subject"].as_str());
    assert_eq!(message.html_body_count(), 1);
    assert!(message.header("List-Unsubscribe").is_some());
}

#[test]
fn mails_are_shown_beside_what_they_were() {
    let old = changed("old", "vip/mail.mjml", "An evening before", "A night before");
    let out = directory("mail-preview");
    let args = ["preview", TEMPLATES, "--old", &old, "--out", out.to_str().unwrap()];
    let Some(shown) = run("mail", args) else { return };
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    let page = fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("A night before") && page.contains("An evening before"));
}

#[test]
fn what_is_asked_for_in_a_wrong_way_is_refused() {
    for args in [
        &[][..],
        &["lint"],
        &["lnt", TEMPLATES],
        &["lint", TEMPLATES, "--out", "a"],
        &["preview", TEMPLATES],
        &["render", TEMPLATES, "--template", "cart"],
        &["render", TEMPLATES, "--template", "carts", "--fixture", "two"],
        &["lint", "nowhere"],
    ] {
        let Some(run) = run("mail", args.iter().copied()) else { return };
        assert!(!run.refused().is_empty(), "{args:?}");
    }
}
