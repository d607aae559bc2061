//! What is said of each rule in `tests/corpus/rules`, as the writer of a rule reads it.

use std::fs;
use std::path::{Path, PathBuf};

use bespoke::expr::{Expr, Names};
use bespoke::metric::Metric;
use bespoke::schema::Schema;
use bespoke::segment::Rule;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn names() -> Names {
    let schema = fs::read_to_string(corpus().join("schema.toml")).unwrap();
    let mut names = Names::new(Schema::from_toml(&schema).unwrap());
    let spend = r#"sum("Order Completed".revenue where currency = 'EUR')"#;
    Metric::parse(spend, &names).unwrap().define("spend", &mut names).unwrap();
    let lapsed = Rule::parse(r#"count("Order Completed" over 90 days) = 0"#).unwrap();
    lapsed.check(&names).unwrap().define("lapsed", &mut names).unwrap();
    names
}

/// The rule, or metric, and what is wrong with it, or how it prints.
fn report(text: &str, metric: bool, names: &Names) -> String {
    let read = if metric {
        Metric::parse(text, names).map(|_| ())
    } else {
        Rule::parse(text).and_then(|rule| rule.check(names)).map(|_| ())
    };
    let said = match read.and_then(|()| Expr::parse(text)) {
        Ok(expr) => format!("reads as\n{expr}"),
        Err(error) => error.to_string(),
    };
    format!("{text}\n----\n{said}")
}

#[test]
fn every_rule_of_the_corpus_is_answered_well() {
    let names = names();
    let files = fs::read_dir(corpus().join("rules")).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in &files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(file).unwrap();
        let report = report(text.trim_end_matches('\n'), name.contains("metric-"), &names);
        assert_eq!(name.starts_with("valid"), report.contains("\n----\nreads as\n"), "{report}");
        insta::assert_snapshot!(name, report);
    }
    assert!(files.len() > 100, "too few rules were found");
}
