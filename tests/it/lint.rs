//! What is said of each mail in `tests/corpus/lint`, as its author reads it; and what holds of any.

use std::fs;
use std::path::{Path, PathBuf};

use bespoke::lint::{Allow, Audience, Finding, Limits, Lint, Mail, Severity};
use proptest::prelude::*;

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/lint");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    files
}

fn mail(html: &str) -> Mail<'_> {
    Mail::new("Your order is on its way", html, "Your order is on its way.")
        .for_marketing(Some("https://shop.example/u/1"), Some("Shop Ltd, 1 High Street\nLondon"))
        .in_language("en-GB")
}

/// The same mail, changed.
fn changed<'a>(mut mail: Mail<'a>, change: impl FnOnce(&mut Mail<'a>)) -> Mail<'a> {
    change(&mut mail);
    mail
}

fn told(findings: &[Finding]) -> String {
    let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
    told.join("\n\n")
}

fn codes(mail: &Mail<'_>) -> Vec<&'static str> {
    Lint::new().check(mail).iter().map(|finding| finding.code).collect()
}

#[test]
fn every_mail_of_the_corpus_is_judged_well() {
    for file in corpus() {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let mut html = fs::read_to_string(&file).unwrap();
        if name == "large" {
            html = html.replace("<p>", &"<p>a paragraph of some words</p>".repeat(3100));
        }
        let findings = Lint::new().check(&mail(&html));
        for finding in &findings {
            assert!(Lint::codes().contains(&finding.code), "{}", finding.code);
        }
        assert!(findings.is_sorted_by_key(|finding| finding.severity), "{name}");
        let errors = findings.iter().any(|finding| finding.severity == Severity::Error);
        assert_eq!(errors, !["clean", "mjml"].contains(&name.as_str()), "{name}");
        insta::assert_snapshot!(format!("lint-{name}"), told(&findings));
    }
    assert!(corpus().len() >= 10);
}

#[test]
fn every_code_is_documented_with_its_severities() {
    let chapter = include_str!("../../docs/LINT.md");
    let rows: Vec<&str> = chapter
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | ").map(|(code, _)| code))
        .filter(|code| !["error", "warning", "note"].contains(code))
        .collect();
    assert_eq!(rows, Lint::codes());
}

#[test]
fn subject_preheader_and_text_have_their_limits() {
    let html = fs::read_to_string(&corpus()[2]).unwrap();
    let with = |subject: &str| codes(&changed(mail(&html), |mail| mail.subject = subject));
    assert_eq!(corpus()[2].file_stem().unwrap(), "clean");
    assert!(!with("short").contains(&"subject-length"));
    assert_eq!(with(" ")[0], "subject-empty");
    assert!(with(&"ä".repeat(79)).contains(&"subject-length"));
    let severity = |length: usize| {
        let subject = "x".repeat(length);
        let findings = Lint::new().check(&changed(mail(&html), |mail| mail.subject = &subject));
        findings.into_iter().find(|it| it.code == "subject-length").map(|it| it.severity)
    };
    assert_eq!(severity(78), None);
    assert_eq!(severity(998), Some(Severity::Warning));
    assert_eq!(severity(999), Some(Severity::Error));

    let shown = "It left our warehouse this morning and arrives on Friday.";
    let preheader = |text: &str| codes(&mail(&html).with_preheader(text));
    assert!(preheader(shown).iter().all(|code| !code.starts_with("preheader")));
    assert!(preheader("It left").contains(&"preheader-length"));
    assert!(preheader("").contains(&"preheader-missing"));
    assert!(preheader(&shown.replace("Friday", "Monday")).contains(&"preheader-hidden"));
    assert!(codes(&changed(mail(&html), |mail| mail.text = "\n")).contains(&"text-missing"));
    assert!(
        codes(&changed(mail(&html), |mail| mail.text = "Hi {{ name }}"))
            .contains(&"leftover-syntax")
    );
}

#[test]
fn marketing_mail_shows_a_way_out_and_an_address() {
    let html = "<p>Shop Ltd<br>1 High&nbsp;Street<p><a href='https://x.example/off'>Newsletter abbestellen</a>";
    let found = |mail: Mail<'_>| {
        let codes = codes(&mail);
        (codes.contains(&"no-unsubscribe"), codes.contains(&"no-postal-address"))
    };
    let plain = Mail::new("s", html, "t");
    assert_eq!(found(plain), (false, false));
    assert_eq!(found(plain.for_marketing(None, None)), (false, true));
    let address = Some("Shop Ltd, 1 High Street");
    assert_eq!(found(plain.for_marketing(None, address)), (false, false));
    assert_eq!(
        found(plain.for_marketing(Some("https://x.example/off"), Some("2 Low Road"))),
        (false, true)
    );
    assert_eq!(found(plain.for_marketing(Some("https://x.example/o"), address)), (true, false));
    let silent = changed(plain, |mail| mail.html = "<a href='https://x.example/'>Shop</a>");
    assert_eq!(found(silent.for_marketing(None, address)), (true, true));
}

#[test]
fn amp_is_checked_for_what_its_validator_refuses_first() {
    let amp = "<!doctype html><html ⚡4email data-css-strict><head><meta charset=\"utf-8\">
        <script async src=\"https://cdn.ampproject.org/v0.js\"></script>
        <style amp4email-boilerplate>body{visibility:hidden}</style></head><body>Hello</body></html>";
    let found = |amp: &str| {
        let findings = Lint::new().check(&mail("<p>x").with_amp(amp));
        findings.into_iter().filter(|it| it.code.starts_with("amp")).collect::<Vec<_>>()
    };
    assert_eq!(told(&found(amp)), "");
    assert_eq!(told(&found(&amp.replace("⚡4email", "amp4email"))), "");
    assert_eq!(found("<p><img src=x>").len(), 6);
    for (part, left) in
        [("⚡4email", "x"), ("utf-8", "utf8"), ("v0.js", "v1.js"), ("amp4email-b", "b")]
    {
        let found = found(&amp.replace(part, left));
        assert_eq!(
            found.iter().map(|it| it.code).collect::<Vec<_>>(),
            ["amp-boilerplate"],
            "{part}"
        );
    }
    assert_eq!(found(&amp.replace("Hello", &"x".repeat(200_000)))[0].code, "amp-size");
}

#[test]
fn what_is_allowed_is_left_out_and_idle_entries_are_told() {
    let html = "<a href='http://one.example/'>1</a><a href='http://two.example/'>2</a>";
    let allow = Allow::new("http-link", "no certificate yet").unwrap().with_needle("one.");
    let idle = Allow::new("form", "it works").unwrap();
    let findings = Lint::new().allowing([allow, idle]).check(&mail(html));
    let links: Vec<&Finding> = findings.iter().filter(|it| it.code == "http-link").collect();
    assert_eq!(links.len(), 1);
    assert_eq!((links[0].fault.line, links[0].fault.column), (1, 45));
    assert_eq!(findings.last().unwrap().code, "unused-allow");
}

#[test]
fn readers_and_limits_are_settings() {
    let flex = Mail::new("s", "<div style='display:flex'>x</div>", "t");
    let lint = |audience: &[(&str, u32)]| {
        Lint::new().with_audience(Audience::new(audience.iter().copied()).unwrap()).check(&flex)
    };
    let says = |findings: &[Finding]| findings.iter().any(|it| it.code == "unsupported-css");
    assert!(says(&lint(&[("outlook.windows", 60), ("gmail.ios", 1)])));
    assert!(!says(&lint(&[("apple-mail.ios", 60), ("gmail.desktop-webmail", 1)])));

    let mut limits = Limits::default();
    limits.html_error = 10;
    let findings = Lint::new().with_limits(limits).check(&flex);
    assert_eq!(findings[0].code, "html-size");
}

/// Pieces of which mail is made, and of which it should not be.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,12}",
        "</?(div|td|table|a|style|p|svg|title|script)( (style|href|class|id|src)=['\"]?[a-z:;#(){}%]{0,12}['\"]?)?/?>",
        "(color|background|display|width):(#[0-9a-f]{1,8}|rgb\\([0-9, %]{0,9}\\)|flex|calc\\()[;{}]?",
        "(<!--(\\[if !mso\\]>)?|-->|<!\\[endif\\]|@media [(](prefers-color-scheme: dark[)])?|\\{\\{|&#?[a-z0-9]{0,4};?)",
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_mail_is_judged_and_always_the_same(html in pieces(), subject in "\\PC{0,90}") {
        let mail = changed(mail(&html).with_amp(&html), |mail| {
            mail.subject = &subject;
            mail.text = &html;
        });
        let findings = Lint::new().check(&mail);
        prop_assert_eq!(&findings, &Lint::new().check(&mail));
        for finding in findings {
            prop_assert!(Lint::codes().contains(&finding.code));
            serde_json::from_str::<serde_json::Value>(&finding.to_json()).unwrap();
        }
    }
}

/// Twice as much of anything takes about twice as much, by what is allocated: whatever walks a list
/// for each of its members would take four times as much.
#[test]
fn judging_is_linear() {
    let pieces = [
        "<div>",
        "<a href=x>",
        "<b>",
        "<td style='color:#aaa'>x",
        "<p id=a class=b>{{ x }}",
        "</p>",
        "<img src=http://x/>",
        "<style>a{color:red}",
        "<table><a href=y>",
        "<!--[if mso]><table>",
        "x ",
        "<svg><path/>",
    ];
    for piece in pieces {
        let cost = |times: usize| {
            let html = piece.repeat(times);
            let mail = mail(&html);
            let info = allocation_counter::measure(|| drop(Lint::new().inspect(&mail)));
            info.bytes_total
        };
        let (one, two) = (cost(1_000), cost(2_000));
        assert!(two < one * 3, "{piece}: {one} bytes, and then {two}");
    }
}

#[test]
fn any_depth_is_judged() {
    let html = format!("{}<p style='color:#ddd'>deep", "<div>".repeat(100_000));
    assert!(codes(&mail(&html)).contains(&"html-size"));
    let css = format!("<style>{}</style><p style='{}'>", "a{".repeat(20_000), "a:(".repeat(20_000));
    assert!(!codes(&mail(&css)).is_empty());
}
