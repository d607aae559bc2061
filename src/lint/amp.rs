//! Rules about the AMP part: what its validator refuses at once.

use super::check::{Limits, Mail};
use super::document::Document;
use super::page::{Found, Part, error};

const SCRIPT: &str = "https://cdn.ampproject.org/v0.js";

pub(super) fn check(mail: &Mail<'_>, limits: &Limits, found: &mut Found) {
    let Some(amp) = mail.amp else { return };
    if amp.len() > limits.amp_error {
        let message =
            format!("the AMP part has {} bytes, more than {}", amp.len(), limits.amp_error);
        found.add(error("amp-size", Part::Amp, message));
    }
    let (read, _) = amp.split_at(amp.floor_char_boundary(limits.amp_error));
    let document = Document::parse(read);
    let has = |name: &str, attribute: &str, value: Option<&str>| {
        let mut elements = document.named(name);
        elements.any(|(_, element)| match (element.attribute(attribute), value) {
            (Some(found), Some(value)) => found.eq_ignore_ascii_case(value),
            (found, _) => found.is_some(),
        })
    };
    let marks = ["⚡4email", "amp4email"];
    let wanted = [
        (document.doctype.as_deref() == Some("html"), "`<!doctype html>`"),
        (marks.iter().any(|mark| has("html", mark, None)), "`<html ⚡4email>`"),
        (has("meta", "charset", Some("utf-8")), "`<meta charset=\"utf-8\">`"),
        (has("script", "src", Some(SCRIPT)), "the script `v0.js`"),
        (has("style", "amp4email-boilerplate", None), "`<style amp4email-boilerplate>`"),
    ];
    for (_, what) in wanted.into_iter().filter(|(is_there, _)| !is_there) {
        let message = format!("the AMP part lacks {what}, so the HTML part is shown in its place");
        found.add(error("amp-boilerplate", Part::Amp, message));
    }
    for (_, element) in document.elements() {
        if let Some(instead) = instead(&element.name) {
            let message = format!("`<{}>` may not stand in AMP: {instead}", element.name);
            found.add(error("amp-element", Part::Amp, message));
        }
    }
}

fn instead(name: &str) -> Option<&'static str> {
    Some(match name {
        "audio" | "base" | "embed" | "frame" | "iframe" | "object" | "param" | "video" => {
            "leave it out"
        }
        "img" => "write `<amp-img>`",
        _ => return None,
    })
}
