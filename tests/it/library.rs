//! Template libraries: what survives compiling, what is refused, and what values can do.

use std::collections::BTreeMap;

use bespoke::library::{Fixture, Library};
use bespoke::lint::{Finding, Lint, Severity};
use proptest::prelude::*;
use scraper::{Html, Node};

type Files = BTreeMap<String, String>;

/// The six templates that come with the crate.
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/templates");

fn files<const N: usize>(files: [(&str, &str); N]) -> Files {
    files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// A library of one template, `t/mail.html` or `t/mail.mjml`, with a subject.
fn one(end: &str, body: &str) -> Files {
    let mail = format!("+++\nsubject = \"s\"\n+++\n{body}");
    [(format!("t/mail.{end}"), mail)].into()
}

fn render(files: &Files, fixture: &str) -> bespoke::content::Letter {
    let library = Library::from_files(files).unwrap_or_else(|error| panic!("{error}"));
    let fixture = Fixture::from_json(fixture).unwrap();
    library.templates()["t"].render(&fixture).unwrap_or_else(|error| panic!("{error}"))
}

fn errors(files: &Files) -> Vec<Finding> {
    let (_, findings) = Library::read(files);
    findings.into_iter().filter(|found| found.severity == Severity::Error).collect()
}

fn codes(files: &Files) -> Vec<&'static str> {
    errors(files).iter().map(|found| found.code).collect()
}

#[test]
fn a_loop_over_rows_survives_the_inlining_of_styles() {
    let body = "<html lang=\"en\"><head><style>td { color: red } @media print { td { color: blue } }\
        </style></head><body><table>{% for row in given.rows %}<tr><td>{{ row }}</td></tr>\
        {% endfor %}</table></body></html>";
    for ends in ["\n", "\r\n"] {
        let files = one("html", &body.replace("><", &format!(">{ends}<")));
        for rows in [0, 1, 3] {
            let given = vec!["\"a\""; rows].join(",");
            let html = render(&files, &format!("{{\"given\": {{\"rows\": [{given}]}}}}")).html;
            let cell = "<td style=\"color: red;\">a</td>";
            assert_eq!(html.matches(cell).count(), rows, "{html}");
            let table = html.find("<table").unwrap();
            assert!(html.find(cell).is_none_or(|row| row > table), "{html}");
            assert!(html.contains("@media print") && !html.contains("tbody"), "{html}");
        }
    }
}

#[test]
fn conditions_around_sections_survive_mjml() {
    let section = |text: &str| {
        format!("<mj-section><mj-column><mj-text>{text}</mj-text></mj-column></mj-section>")
    };
    let body = format!(
        "<mjml><mj-body>{{% if given.n < 3 and given.name == \"a\" %}}{}{{% else %}}{}{{% endif %}}\
         {{% for x in given.list %}}{}{{% endfor %}}</mj-body></mjml>",
        section("few<br>of it"),
        section("many"),
        section("{{ x }}")
    );
    for body in [body.clone(), body.replace("><", ">\r\n<")] {
        let files = one("mjml", &body);
        let few = render(&files, r#"{"given": {"n": 2, "name": "a", "list": ["p", "q"]}}"#).html;
        let many = render(&files, r#"{"given": {"n": 3, "name": "a", "list": []}}"#).html;
        assert!(few.contains("few") && !few.contains("many") && few.contains(">p<"), "{few}");
        assert!(many.contains("many") && !many.contains("few"), "{many}");
        for html in [few, many] {
            // What Outlook sees has its tables closed too.
            let outlook = html.replace("<!--[if mso | IE]>", "").replace("<![endif]-->", "");
            for html in [&html, &outlook] {
                for tag in ["table", "tr", "td", "div"] {
                    let opened = html.matches(&format!("<{tag}")).count();
                    assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{tag} {html}");
                }
            }
        }
    }
}

#[test]
fn rules_of_mjml_that_are_to_be_inlined_are() {
    let body = "<mjml><mj-head><mj-style inline=\"inline\">.a { color: red }</mj-style>\
        <mj-style>.b { color: blue }</mj-style></mj-head><mj-body><mj-section><mj-column>\
        <mj-table>{% for x in given.list %}<tr><td class=\"a\">{{ x }}</td></tr>{% endfor %}</mj-table>\
        </mj-column></mj-section></mj-body></mjml>";
    let html = render(&one("mjml", body), r#"{"given": {"list": ["p", "q"]}}"#).html;
    assert_eq!(html.matches("<td class=\"a\" style=\"color: red").count(), 2, "{html}");
    assert!(html.contains(".b { color: blue }") && !html.contains(".a {"), "{html}");
}

#[test]
fn mjml_that_others_wrote_is_read_as_its_own_compiler_reads_it() {
    let body = "<?xml version=\"1.0\"?>\n<mjml><mj-head><mj-attributes><!-- all --><mj-all \
        padding =\"0\"/></mj-attributes><mj-style inline=\"inline\"\n>.a { color: red }</mj-style\n>\
        <mj-html-attributes><mj-selector path=\"p\"><mj-html-attribute name=\"b\">c</mj-html-attribute>\
        </mj-selector></mj-html-attributes></mj-head><mj-body>lost<mj-section>{% if given.a %}\
        <mj-column><mj-text><p class=\"a\">kept</p></mj-text></mj-column>{% endif %} lost\
        </mj-section></mj-body></mjml>";
    let files = one("mjml", body);
    let html = render(&files, r#"{"given": {"a": true}}"#).html;
    assert!(html.contains("<p class=\"a\" style=\"color: red") && !html.contains("lost"), "{html}");
    let (_, found) = Library::read(&files);
    let told: Vec<_> = found.iter().filter(|found| found.code == "mjml").collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|found| found.severity == Severity::Warning), "{told:?}");
}

#[test]
fn what_is_nested_without_end_is_refused() {
    let mjml = |inner: &str| format!("<mjml><mj-body>{inner}</mj-body></mjml>");
    let sections = |depth| mjml(&("<mj-section>".repeat(depth) + &"</mj-section>".repeat(depth)));
    let bold = |depth| "<b>".repeat(depth) + "x" + &"</b>".repeat(depth);
    let text = |depth| {
        let bold = bold(depth);
        mjml(&format!("<mj-section><mj-column><mj-text>{bold}</mj-text></mj-column></mj-section>"))
    };
    for (end, at_most, deeper) in [
        ("html", bold(500), bold(501)),
        ("html", bold(500), "<b/>".repeat(50_000)),
        ("mjml", sections(98), sections(99)),
        ("mjml", text(95), text(50_000)),
    ] {
        assert_eq!(codes(&one(end, &at_most)), [""; 0]);
        assert_eq!(codes(&one(end, &deeper)), ["too-deep"]);
    }
}

#[test]
fn code_is_refused_where_no_value_is_safe() {
    for (body, code) in [
        ("<p style=\"color: {{ given.c }}\">", "code-in-style"),
        ("<style>p { color: {{ given.c }} }</style>", "code-in-style"),
        ("<script>{{ given.c }}</script>", "code-in-style"),
        ("<!-- {{ given.c }} --><p>", "code-in-comment"),
        ("<p class={{ given.c }}>", "code-unquoted"),
        ("<p {% if given.c %}hidden{% endif %}>", "code-in-tag"),
        ("<p onclick=\"{{ given.c }}\">", "code-in-style"),
        ("<base href=\"{{ given.c }}\">", "code-in-address"),
        ("<table>{{ given.c }}<tr><td>a</td></tr></table>", "code-moved"),
        ("{{ blocks.hero }}", "unknown-block"),
        ("{{ text.hero }}", "unknown-text"),
    ] {
        let found = errors(&one("html", body));
        assert_eq!(
            found.iter().map(|f| f.code).collect::<std::collections::BTreeSet<_>>(),
            [code].into(),
            "{body}"
        );
        let fault = &found[0].fault;
        assert_eq!((fault.file.as_deref(), fault.line), (Some("t/mail.html"), 4), "{body}");
    }
    let lost = "<mjml><mj-body><mj-section><mj-column><mj-image src=\"https://a.example/a.png\" \
        width=\"{{ given.c }}px\" /></mj-column></mj-section></mj-body></mjml>";
    assert_eq!(codes(&one("mjml", lost)), ["code-lost"]);
}

#[test]
fn what_is_wrong_is_told_where_it_is() {
    let files = files([
        ("library.toml", "locale = 3\n"),
        ("a/mail.html", "+++\nsubject = \"a\"\nsubjekt = 1\n+++\n<p>"),
        ("b/mail.mjml", "+++\nsubject = \"b\"\nlayout = \"bse\"\n+++\n<mj-section></mj-section>"),
        (
            "c/mail.mjml",
            "+++\nsubject = \"c\"\n+++\n<mjml><mj-body><mj-bla></mj-bla></mj-body></mjml>",
        ),
        ("d/mail.html", "<p>{{ blocks.heroo }}</p>{{ text.nothing }}"),
        ("e/mail.txt", "only text"),
        ("f/mail.html", "---\nsubject: f\n---\n"),
        ("g/mail.html", "+++\nsubject = \"{{ profile.\"\n+++\n<p>{% if a %}"),
        ("_blocks/hero.toml", "[[variants]]\nname = \"a\"\nrule = \"TRUE\"\n"),
        ("_layouts/base.mjml", "<mjml><mj-body></mj-body></mjml>"),
        ("stray.html", "<p>"),
    ]);
    let (library, findings) = Library::read(&files);
    assert!(library.is_none());
    let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn the_version_is_that_of_what_is_sent() {
    let base = files([
        ("t/mail.html", "+++\nsubject = \"s\"\n+++\n<p>{{ blocks.hero }}"),
        ("t/fixtures/a.json", "{}"),
        ("u/mail.html", "+++\nsubject = \"s\"\n+++\n<p>u"),
        ("_blocks/hero/fallback.html", "hello"),
    ]);
    let version = |files: &Files| {
        let library = Library::from_files(files).unwrap();
        let of = |name: &str| library.templates()[name].version().to_owned();
        (library.version().to_owned(), of("t"), of("u"))
    };
    let with = |path: &str, text: &str| {
        let mut files = base.clone();
        files.insert(path.to_owned(), text.to_owned());
        version(&files)
    };
    let first = version(&base);
    assert_eq!(with("t/fixtures/a.json", "{\"message\": \"m\"}"), first);
    assert_eq!(with("README.md", "about"), first);
    let block = with("_blocks/hero/fallback.html", "good day");
    assert!(block.0 != first.0 && block.1 != first.1 && block.2 == first.2);
}

#[test]
fn everybody_gets_their_language() {
    let files = files([
        ("library.toml", "locale = \"language\"\nlocales = [\"en\", \"de\"]\n"),
        (
            "t/mail.html",
            "+++\nsubject = \"{{ text.hi }}\"\n+++\n<html lang=\"{{ locale }}\"><body>{{ text.hi }} {{ text.more }}",
        ),
        ("_locales/en.toml", "hi = \"Hello {{ profile.name }}\"\nmore = \"A & B\"\n"),
        ("t/locales/de.toml", "hi = \"Guten Tag, {{ profile.name }}\"\n"),
    ]);
    let german = render(&files, r#"{"profile": {"name": "Ä", "language": "de-AT"}}"#);
    assert_eq!(german.subject, "Guten Tag, Ä");
    assert!(german.html.contains("<html lang=\"de\">") && german.html.contains("A &amp; B"));
    assert_eq!(german.text, "Guten Tag, Ä A & B");
    assert_eq!(german.locale.as_deref(), Some("de"));
    let other = render(&files, r#"{"profile": {"name": "B", "language": "fr"}}"#);
    assert_eq!((other.subject.as_str(), other.locale.as_deref()), ("Hello B", Some("en")));
}

#[test]
fn a_missing_value_is_told_at_its_place_in_the_file() {
    let files = files([
        (
            "t/mail.mjml",
            "+++\nsubject = \"s\"\nlayout = \"base\"\n+++\n<mj-section><mj-column>{{ blocks.b }}</mj-column></mj-section>",
        ),
        ("_layouts/base.mjml", "<mjml><mj-body>{{ content }}</mj-body></mjml>"),
        ("_blocks/b/fallback.mjml", "<mj-text>a</mj-text>\n<mj-text>{{ profile.name }}</mj-text>"),
    ]);
    let library = Library::from_files(&files).unwrap();
    let error = library.templates()["t"].render(&Fixture::from_json("{}").unwrap()).unwrap_err();
    let fault = &error.diagnostics()[0];
    assert_eq!(fault.file.as_deref(), Some("_blocks/b/fallback.mjml"));
    assert_eq!((fault.line, fault.column), (2, 13));
    assert_eq!(fault.message, "nothing is known of `profile.name`");
}

/// The elements of a document, how deep each is, and the names of its attributes.
fn structure(html: &str) -> Vec<(usize, String)> {
    let document = Html::parse_document(html);
    let nodes = document.tree.root().descendants();
    let elements = nodes.filter_map(|node| match node.value() {
        Node::Element(element) => {
            let mut names: Vec<&str> = element.attrs().map(|(name, _)| name).collect();
            names.sort_unstable();
            Some((node.ancestors().count(), format!("{} {names:?}", element.name())))
        }
        _ => None,
    });
    elements.collect()
}

/// A template with a value in every place where one may stand.
const PLACES: &str = "<html lang=\"{{ given.a }}\"><head><title>{{ given.a }}</title>\
    <style>p { color: red }</style></head><body><p title='{{ given.a }}' data-a=\"{{ given.a }}\">\
    {{ given.a }}</p><table>{% for x in given.list %}<tr><td>{{ x }}</td></tr>{% endfor %}</table>\
    <a href=\"{{ given.link }}\">a</a><a href=\"https://x.example/{{ given.a }}\">b</a>\
    <a href='https://x.example/?a={{ given.a }}&amp;b={{ given.a | urlencode }}'>c</a>\
    <img src=\"https://x.example/{{ given.a }}.png\" alt=\"{{ given.a }}\">\
    <!--[if mso]><table><tr><td width=\"{{ given.a }}\">{{ given.a }}</td></tr></table><![endif]-->\
    <textarea>{{ given.a }}</textarea></body></html>";

proptest! {
    #[test]
    fn no_value_changes_the_structure(
        value in r#"([<>&"'=/!\- \n`{}%#a-c]|script|-->|<!--|\]\]>|</title>|javascript:|\PC){0,24}"#,
        list in prop::collection::vec(r#"[<>"'&a-c/]{0,8}"#, 2),
    ) {
        let library = Library::from_files(&one("html", PLACES)).unwrap();
        let rendered = |value: &str, list: &[String]| {
            let given = serde_json::json!({
                "given": {"a": value, "list": list, "link": format!("https://x.example/{value}")}
            });
            let fixture = Fixture::from_json(&given.to_string()).unwrap();
            library.templates()["t"].render(&fixture).unwrap()
        };
        let plain = rendered("x", &["y".to_owned(), "z".to_owned()]);
        let odd = rendered(&value, &list);
        prop_assert_eq!(structure(&odd.html), structure(&plain.html), "{}", odd.html);
        // What Outlook sees too.
        let outlook = |html: &str| html.replace("<!--[if mso]>", "").replace("<![endif]-->", "");
        prop_assert_eq!(structure(&outlook(&odd.html)), structure(&outlook(&plain.html)));
    }

    #[test]
    fn no_file_panics(
        html in r#"([<>/="' \n]|\{\{|\}\}|\{%|%\}|\{#|#\}|a|table|td|style|if |endif|raw |endraw|!--|--|\+\+\+\n){0,40}"#,
    ) {
        for end in ["html", "mjml"] {
            let _ = Library::read(&one(end, &html));
        }
        let _ = Library::read(&files([("t/mail.html", &html), ("_blocks/b.toml", &html)]));
    }
}

#[test]
fn the_templates_that_come_with_the_crate_are_fit_to_send() {
    let library = Library::open(EXAMPLES).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(library.templates().len(), 6);
    let findings = library.lint(&Lint::default());
    let told: Vec<String> = findings.iter().map(Finding::to_json).collect();
    let worst = findings.iter().map(|found| found.severity).min();
    assert!(worst.is_none_or(|worst| worst > Severity::Warning), "{}", told.join("\n"));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../corpus/mails");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for mail in library.mails(&Lint::default()) {
            let name = mail.name().replace([':', ','], "").replace(['/', ' '], "-");
            insta::assert_snapshot!(name, mail.snapshot());
        }
    });
}
