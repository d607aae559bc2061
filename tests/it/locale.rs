//! Filters by locale, against what ECMAScript's Intl writes (`locale/intl.mjs` says how to ask it).

use std::collections::BTreeMap;

use bespoke::Result;
use bespoke::content::{Content, Context};
use bespoke::value::{Fields, Value};

const INTL: &str = include_str!("locale/intl.tsv");

fn render(source: &str, locale: Option<&str>, value: impl Into<Value>) -> Result<String> {
    let given = Fields::from_iter([("value", value.into())]);
    let context = Context::new(&Fields::default(), None).given(&given);
    let context = match locale {
        Some(locale) => context.locale(locale),
        None => context,
    };
    Ok(Content::text(source)?.render(&context)?.text)
}

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

/// Where the data of CLDR 49, which the filters have, differ from Intl's of CLDR 48: symbols of
/// currencies, and dates in India and Poland.
const NEWER: [(&str, &str); 13] = [
    ("de-CH", "money('EUR')"),
    ("en-IN", "date('full', time=true, zone='America/New_York')"),
    ("en-IN", "date('long', time=true, zone='America/New_York')"),
    ("en-IN", "date('medium')"),
    ("en-IN", "date('medium', time=true, zone='America/New_York')"),
    ("en-IN", "date('short', time=true, zone='America/New_York')"),
    ("fr", "money('JPY')"),
    ("pl", "date('short')"),
    ("pl", "date('short', time=true, zone='America/New_York')"),
    ("pl", "money('GBP')"),
    ("pl", "money('INR')"),
    ("pl", "money('JPY')"),
    ("pl", "money('USD')"),
];

#[test]
fn what_is_written_is_what_intl_writes() {
    let mut differ: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    let mut cases = 0;
    for line in INTL.lines().filter(|line| !line.starts_with('#')) {
        let [locale, filter, value, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line:?}");
        };
        let source = format!("{{{{ given.value | {filter} }}}}");
        let given = if filter.starts_with("date") { value.into() } else { number(value) };
        let found = render(&source, Some(locale), given).unwrap();
        cases += 1;
        // V8 writes a plain space before AM and PM where CLDR has a narrow one.
        if found.replace("\u{202f}PM", " PM") != expected {
            let case = format!("{value}: {found:?} {expected:?}");
            differ.entry((locale, filter)).or_default().push(case);
        }
    }
    assert!(cases > 900, "{cases}");
    assert_eq!(differ.keys().copied().collect::<Vec<_>>(), NEWER, "{differ:#?}");
}

#[test]
fn plurals_have_the_forms_of_their_language() {
    let polish =
        "{{ given.value | plural(one='plik', few='pliki', many='plików', other='pliku') }}";
    for (count, expected) in [("1", "plik"), ("3", "pliki"), ("5", "plików"), ("1.5", "pliku")] {
        assert_eq!(render(polish, Some("pl"), number(count)).unwrap(), expected, "{count}");
    }
    let english = "{{ given.value | plural(one='file', other='files') }}";
    for (count, locale, expected) in
        [("1", "en", "file"), ("0", "en", "files"), ("0", "fr", "file")]
    {
        assert_eq!(render(english, Some(locale), number(count)).unwrap(), expected, "{count}");
    }
    let error = render("{{ given.value | plural(one='a') }}", Some("en"), number("1")).unwrap_err();
    assert!(error.to_string().contains("wants a form for `other`"), "{error}");
}

#[test]
fn amounts_are_exact() {
    for (amount, expected) in [
        ("999999999999.99", "$999,999,999,999.99"),
        ("0.005", "$0.01"),
        ("0.015", "$0.02"),
        ("-0.004", "-$0.00"),
    ] {
        let found = render("{{ given.value | money('USD') }}", Some("en-US"), number(amount));
        assert_eq!(found.unwrap(), expected, "{amount}");
    }
}

#[test]
fn a_locale_is_that_of_the_message_or_of_the_filter() {
    let number = || number("1234.5");
    let filter = "{{ given.value | number(2, locale='de') }}";
    assert_eq!(render(filter, Some("en"), number()).unwrap(), "1.234,50");
    assert_eq!(render(filter, None, number()).unwrap(), "1.234,50");
    let within =
        "{% macro n(x) %}{{ x | number(2, locale=locale) }}{% endmacro %}{{ n(given.value) }}";
    assert_eq!(render(within, Some("de"), number()).unwrap(), "1.234,50");
}

#[test]
fn what_cannot_be_written_says_why() {
    for (filter, value, expected) in [
        ("number", "x".into(), "`number` wants a number"),
        ("money('EURO')", number("1"), "`money` wants a currency"),
        ("date", "yesterday".into(), "`date` wants an instant"),
        ("date(time=true)", "2026-03-01".into(), "`date` wants an instant"),
        ("date('tall')", "2026-03-01".into(), "`short`, `medium`, `long` or `full`"),
        ("date(zone='Europe/Lisboa')", "2026-03-01".into(), "did you mean `Europe/Lisbon`?"),
        ("number(width=2)", number("1"), "unknown keyword argument 'width'"),
        ("number(locale='deutsch-')", number("1"), "is no locale"),
    ] {
        let source = format!("{{{{ given.value | {filter} }}}}");
        let error = render(&source, Some("en"), value).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = render("{{ given.value | number }}", None, number("1")).unwrap_err();
    assert!(error.to_string().contains("the message has no locale"), "{error}");
    assert_eq!(
        render("{{ given.value | date('long') }}", Some("de"), "1990-05-17").unwrap(),
        "17. Mai 1990"
    );
}
