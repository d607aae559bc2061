//! What holds of every playbook.

use bespoke::metric::Engagement;
use bespoke::playbook::{
    BlockPlan, ContentPlan, MailingPlan, Playbook, SenderPlan, TemplatePlan, TopicPlan,
};
use bespoke::schema::Schema;
use bespoke::time::Duration;
use bespoke::value::{Decimal, Kind};
use proptest::prelude::*;

use super::{Files, base, example, files, read};

#[test]
fn what_is_written_is_read_again() {
    for files in [base(), files(&example("shop")), files(&example("retail"))] {
        let playbook = read(&files);
        let written = playbook.to_files();
        let again = read(&written);
        assert_eq!(again, playbook);
        assert_eq!(again.version(), playbook.version());
        assert_eq!(again.to_files(), written);
        assert!(playbook.compare(&again).is_empty());
    }
}

#[test]
fn the_layout_of_files_does_not_change_the_version() {
    let version = read(&base()).version();
    let windows = base().into_iter().map(|(path, text)| (path, text.replace('\n', "\r\n")));
    assert_eq!(read(&windows.collect()).version(), version);
    let marked = base().into_iter().map(|(path, text)| (path, format!("\u{feff}{text}")));
    assert_eq!(read(&marked.collect()).version(), version);
    for (path, text, other) in [
        (
            "segments.toml",
            "vip = \"\"\"\nspend > 500\nAND orders > 3\"\"\"",
            "'vip'   =  'spend > 500 and orders > 3' # few",
        ),
        ("playbook.toml", "name = \"shop\"\nformat = 1", "# ours\nformat = 1\nname = 'shop'"),
        (
            "metrics.toml",
            "\"Email Opened\" = 5, \"Order Completed\" = 10",
            "\"Order Completed\" = 10.0, \"Email Opened\" = \"5\"",
        ),
        ("blocks/hero/come-back.txt", "while.\n", "while."),
        (
            "mailings.toml",
            "quiet_hours = { from = \"21:00\", to = \"08:00\" }",
            "quiet_hours.to = '08:00'\nquiet_hours.from = '21:00'",
        ),
        ("scores.toml", "horizon = \"90 days\"", "evaluation = '90 days'\nhorizon = '2160 hours'"),
    ] {
        let changed = changed(path, text, other);
        assert_eq!(read(&changed).version(), version, "{path}: {other}");
    }
}

#[test]
fn whatever_means_something_changes_the_version() {
    let version = read(&base()).version();
    for (path, text, other) in [
        ("playbook.toml", "shop", "store"),
        ("schema.toml", "country = \"text\"", "country = \"number\""),
        ("metrics.toml", "over 90 days", "over 91 days"),
        ("metrics.toml", "= 5,", "= 6,"),
        ("segments.toml", "spend > 500", "spend >= 500"),
        ("scores.toml", "210 days", "220 days"),
        ("scores.toml", "recency", "recent"),
        ("purposes.toml", "News and offers", "News"),
        ("purposes.toml", "\"subscribed\"", "\"unsubscribed\""),
        ("sender.toml", "1 High Street", "2 High Street"),
        ("mailings.toml", "messages = 2", "messages = 3"),
        ("mailings.toml", "21:00", "22:00"),
        ("mailings.toml", "Europe/Lisbon", "Europe/London"),
        ("mailings.toml", "churn > 0.7", "churn > 0.8"),
        ("mailings.toml", "[\"unsubscribe_url\"]", "[\"unsubscribe_url\", \"more\"]"),
        ("blocks/hero.toml", "Hello!", "Hello"),
        ("blocks/hero.toml", "come-back", "thanks2"),
        ("blocks/hero/come-back.txt", "It has", "It  has"),
        ("templates/season/body.txt", "\nUnsub", "\n\nUnsub"),
        ("templates/season/subject.txt", "open", "open!"),
    ] {
        let mut files = changed(path, text, other);
        if other == "thanks2" {
            for end in ["html", "txt"] {
                let file = files.remove(&format!("blocks/hero/come-back.{end}")).unwrap();
                files.insert(format!("blocks/hero/thanks2.{end}"), file);
            }
        }
        assert_ne!(read(&files).version(), version, "{path}: {other}");
    }
    let variants = base()["blocks/hero.toml"].clone();
    let (first, rest) = variants.split_at(variants.rfind("[[variants]]").unwrap());
    let (second, fallback) = rest.split_at(rest.find("[fallback]").unwrap());
    let swapped = format!("{second}{first}{fallback}");
    let mut files = base();
    files.insert("blocks/hero.toml".into(), swapped);
    let other = read(&files);
    assert_ne!(other.version(), version);
    let changes = read(&base()).compare(&other).to_string();
    assert!(changes.contains("+ order: variant come-back, variant thanks"), "{changes}");
}

/// The base with one text of a file changed.
fn changed(path: &str, text: &str, other: &str) -> Files {
    let mut files = base();
    let file = files.get_mut(path).unwrap();
    assert!(file.contains(text), "{path}: {text}");
    *file = file.replace(text, other);
    files
}

/// Texts with whatever is hard to write.
fn text() -> impl Strategy<Value = String> {
    let hard = [
        "\"", "'", "\\", "\n", "\r\n", "\t", "é", "😀", "\"\"\"", "'''", "#", " ", "a", "B", "{",
        "\u{7f}",
    ];
    prop::collection::vec(prop::sample::select(hard.to_vec()), 0..12)
        .prop_map(|parts| parts.concat())
}

/// A text in which templates see no code.
fn words() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.replace('{', "("))
}

prop_compose! {
    fn playbook()(
        (said, html, rule) in (words(), words(), text()),
        (weight, days, count) in (any::<i32>(), 1..4000_i64, 1..9_u32),
        (address, unsubscribed, variants) in (words(), any::<bool>(), 0..3_usize),
    ) -> Playbook {
        let schema = Schema::new().attribute("city", Kind::Text).event("Bought", [("sum", Kind::Number)]);
        let quoted = rule.replace('\'', "''");
        let weight = Decimal::from_micros(i128::from(weight)).unwrap();
        let topic = TopicPlan::new("news", &format!("-{said}"));
        let block = (0..variants).fold(BlockPlan::new(ContentPlan::text(&said)), |block, at| {
            block.variant(format!("v{at}"), &format!("city = '{quoted}'"), ContentPlan::new(&html, &said))
        });
        Playbook::new(format!("-{said}-"), schema)
            .metric("activity", Engagement::new([("Bought", weight)]).over(Duration::days(days)))
            .segment(format!("s{count}"), &format!("city = '{quoted}' AND activity > 3"))
            .purpose("news", &format!("-{html}"))
            .topic("weekly", if unsubscribed { topic.unsubscribed() } else { topic })
            .sender(SenderPlan::new("a@b.example", "https://b.example/u/", &format!("-{address}")))
            .mailing("m", MailingPlan::new("t", "news").cap(count, Duration::days(days)).given(["url"]))
            .block("b", block)
            .template("t", TemplatePlan::new(&said, &html, &format!("{said}{{{{ blocks.b }}}}")))
    }
}

proptest! {
    #[test]
    fn whatever_is_made_in_code_is_written_and_read_again(playbook in playbook()) {
        let files = playbook.to_files();
        let again = Playbook::from_files(&files);
        prop_assert!(again.is_ok(), "{}", again.unwrap_err());
        let again = again.unwrap();
        prop_assert_eq!(&again, &playbook);
        prop_assert_eq!(again.version(), playbook.version());
        prop_assert!(playbook.engine().is_ok());
    }

    #[test]
    fn no_file_is_too_wrong_to_be_answered(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..6_usize, 0..20_usize, text()), 1..5),
    ) {
        let mut files = base();
        for (file, place, deed, length, text) in edits {
            let path = file.get(&files.keys().cloned().collect::<Vec<_>>()).clone();
            let content = files.get_mut(&path).unwrap();
            let chars: Vec<char> = content.chars().collect();
            let at = place.index(chars.len() + 1);
            let (before, after) = chars.split_at(at);
            let after = &after[length.min(after.len())..];
            let (before, after): (String, String) = (before.iter().collect(), after.iter().collect());
            match deed {
                0 => drop(files.remove(&path)),
                1 => drop(files.insert(format!("{path}{text}"), String::new())),
                2 => *content = format!("{before}{text}"),
                3 => *content = format!("{before}{after}"),
                _ => *content = format!("{before}{text}{after}"),
            }
            if files.is_empty() {
                break;
            }
        }
        match Playbook::from_files(&files) {
            Ok(playbook) => {
                prop_assert!(playbook.engine().is_ok());
                prop_assert_eq!(&Playbook::from_files(&playbook.to_files()).unwrap(), &playbook);
            }
            Err(error) => {
                prop_assert!(!error.diagnostics().is_empty());
                for fault in error.diagnostics() {
                    prop_assert!(fault.file.is_some(), "{}", error);
                }
                let _ = error.to_string();
            }
        }
    }
}
