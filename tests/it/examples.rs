//! The example programs, run as users run them.

mod broadcast;
mod campaign;
mod clv;
mod engines;
mod mail;
mod month;
mod playbook;
mod resume;
mod transitions;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

/// What a program answered.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    /// The members, or whatever else was printed; for a run that must go well.
    fn lines(&self) -> Vec<&str> {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self.out.lines().collect()
    }

    /// What was said; for a run that must be refused.
    fn refused(&self) -> &str {
        assert_eq!((self.code, self.out.as_str()), (Some(2), ""), "{}", self.err);
        &self.err
    }
}

/// Runs an example where it was built: `cargo test` builds it, `cargo test --test it` does not.
fn run<A: AsRef<std::ffi::OsStr>>(example: &str, args: impl IntoIterator<Item = A>) -> Option<Run> {
    let output = Command::new(program(example)?).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let run = Run {
        code: output.status.code(),
        out: text(output.stdout),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    assert!(!run.err.contains("panicked"), "{}", run.err);
    Some(run)
}

/// Where an example was built, if it was.
fn program(example: &str) -> Option<PathBuf> {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().unwrap().parent().unwrap().join("examples");
    let program = built.join(format!("{example}{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        println!("skipped: the example {example} is not built");
        return None;
    }
    Some(program)
}

/// A fresh directory of a test.
fn directory(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// Copies what is in a folder; what a link names is copied, not the link.
fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Changes one text of a file in a folder.
fn change(folder: &Path, path: &str, text: &str, other: &str) {
    let file = fs::read_to_string(folder.join(path)).unwrap();
    assert!(file.contains(text), "{file}");
    fs::write(folder.join(path), file.replace(text, other)).unwrap();
}

mod segment {
    use super::*;

    const AT: &str = "2026-03-01T00:00:00Z";

    const EVENTS: &str = "\
userId,event,timestamp,anonymousId,messageId,receivedAt,revenue,coupon
p2,Order Completed,2026-02-01 12:00:00,,,,620.50,A
p10,Order Completed,2026-01-15T12:00:00.25Z,,,,10,
P3,Product Viewed,2026-02-20T12:00:00+02:00,,,,,
,Order Completed,2026-02-27T00:00:00Z,anon-1,,,30,B
p2,Order Completed,2026-02-10T00:00:00Z,,,2026-02-28T00:00:00Z,1,
late,Product Viewed,2026-02-10T00:00:00Z,,,2026-03-02T00:00:00Z,,
future,Product Viewed,2026-03-01T00:00:00.000001Z,,,,,
edge,Product Viewed,2026-03-01T00:00:00Z,,,,,
";

    /// The files of one test.
    pub(super) struct Files(PathBuf);

    impl Files {
        pub(super) fn new(test: &str) -> Self {
            Self(directory(&format!("segment-{test}")))
        }

        pub(super) fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
            fs::write(self.0.join(name), content).unwrap();
            self
        }

        pub(super) fn path(&self, name: &str) -> String {
            self.0.join(name).to_str().unwrap().to_owned()
        }

        /// Asks for the members at [`AT`]; arguments that begin with `@` name files.
        pub(super) fn ask(&self, events: &str, rule: &str, more: &[&str]) -> Option<Run> {
            let events = self.path(events);
            let fixed = ["--events", &events, "--rule", rule].map(str::to_owned);
            let at = if more.contains(&"--at") { vec![] } else { vec!["--at", AT] };
            let more = at.iter().chain(more).map(|arg| match arg.strip_prefix('@') {
                Some(file) => self.path(file),
                None => (*arg).to_owned(),
            });
            run("segment", fixed.into_iter().chain(more))
        }
    }

    #[test]
    fn members_are_printed_in_byte_order_with_their_horizon() {
        let files = Files::new("members").with("e.csv", EVENTS);
        let ask = |rule, more: &[&str]| files.ask("e.csv", rule, more);
        let Some(all) = ask("TRUE", &[]) else { return };
        assert_eq!(all.lines(), ["P3", "anon-1", "edge", "p10", "p2"]);
        assert_eq!((all.err.as_str(), all.out.ends_with('\n')), ("", true));
        let rule = r#"count("Order Completed" over 90 days) > 0"#;
        assert_eq!(
            ask(rule, &["--until"]).unwrap().lines(),
            [
                "anon-1\t2026-05-28T00:00:00.000000Z",
                "p10\t2026-04-15T12:00:00.250000Z",
                "p2\t2026-05-11T00:00:00.000000Z",
            ]
        );
        // What is not tied to time holds until something new is learnt.
        let rule = r#"sum("Order Completed".revenue) >= 30"#;
        assert_eq!(ask(rule, &["--until"]).unwrap().lines(), ["anon-1\t-", "p2\t-"]);
        // Who spent less than 20 includes who spent nothing.
        let rule = r#"sum("Order Completed".revenue) < 20"#;
        assert_eq!(ask(rule, &[]).unwrap().lines(), ["P3", "edge", "p10"]);
        assert_eq!(ask("FALSE", &["--until", "--engine", "native"]).unwrap().lines(), [""; 0]);
    }

    #[test]
    fn the_past_knows_what_was_known() {
        let files = Files::new("known").with("e.csv", EVENTS);
        let ask = |rule, more: &[&str]| files.ask("e.csv", rule, more);
        let rule = r#"sum("Order Completed".revenue) = 620.5"#;
        let Some(run) = ask(rule, &["--known", "2026-02-27T23:59:59.999999Z"]) else { return };
        assert_eq!(run.lines(), ["p2"]);
        assert_eq!(ask(rule, &["--known", "2026-02-28T00:00:00Z"]).unwrap().lines(), [""; 0]);
        assert_eq!(ask(rule, &[]).unwrap().lines(), [""; 0]);
        assert_eq!(ask("TRUE", &["--at", "2026-01-20T00:00:00Z"]).unwrap().lines(), ["p10"]);
        // Later knowledge of the same instant.
        let everybody = ask("TRUE", &["--known", "2026-04-01T00:00:00Z"]).unwrap();
        assert_eq!(everybody.lines(), ["P3", "anon-1", "edge", "late", "p10", "p2"]);
        // What is still to happen is invisible, but where it is known it ends the horizon.
        let rule = r#"count("Order Completed") = 1"#;
        let then = ["--until", "--at", "2026-02-05T00:00:00Z"];
        assert_eq!(ask(rule, &then).unwrap().lines(), ["p10\t-", "p2\t-"]);
        let hindsight = [&then[..], &["--known", AT]].concat();
        let expected = ["p10\t-", "p2\t2026-02-10T00:00:00.000000Z"];
        assert_eq!(ask(rule, &hindsight).unwrap().lines(), expected);
    }

    #[test]
    fn an_explanation_names_clauses_values_facts_and_changes() {
        let files = Files::new("explain").with("e.csv", EVENTS);
        let rule = r#"sum("Order Completed".revenue over 90 days) > 600 AND coupons > 1"#;
        let rule = rule.replace("coupons", r#"count("Order Completed" where coupon = 'A')"#);
        let Some(run) = files.ask("e.csv", &rule, &["--explain", "p2"]) else { return };
        let text = run.lines().join("\n");
        for expected in [
            "p2: not a member, which time alone does not change",
            "sum(\"Order Completed\".revenue over 90 days) > 600\n    is true, until 2026-05-02T12:00:00.000000Z",
            "= 621.5, of 2 facts",
            "2026-02-01T12:00:00.000000Z ",
            "2026-02-10T00:00:00.000000Z ",
            "count(\"Order Completed\" where coupon = 'A') > 1\n    is false, which time alone does not change",
            "= 1, of 1 fact",
            "to become a member, this has to turn:\n  count(\"Order Completed\" where coupon = 'A') > 1\n    to true: 1 instead of more than 1, any more",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        let nobody = files.ask("e.csv", "TRUE", &["--explain", "future"]).unwrap();
        assert!(nobody.refused().starts_with("future has no event at or before 2026-03-01"));
    }

    #[test]
    fn files_may_have_marks_and_line_ends_of_all_sorts() {
        let crlf = format!("\u{feff}{}", EVENTS.replace('\n', "\r\n"));
        let quoted = EVENTS.replace("Order Completed", "\"Order Completed\"");
        let snake = EVENTS.replace("userId", "user_id").replace("anonymousId", "anonymous_id");
        let files = Files::new("sorts")
            .with("crlf.csv", crlf)
            .with("quoted.csv", quoted.trim_end())
            .with("snake", snake.replace("receivedAt", "received_at"))
            .with("lines", "\u{feff}\n{\"userId\":\"p2\",\"event\":\"E\",\"timestamp\":\"2026-01-01T00:00:00Z\"}\r\n");
        for file in ["crlf.csv", "quoted.csv", "snake"] {
            let rule =
                r#"sum("Order Completed".revenue) >= 30 AND last("Order Completed".coupon) <> ''"#;
            let Some(run) = files.ask(file, rule, &[]) else { return };
            assert_eq!((run.lines(), run.err.as_str()), (vec!["anon-1", "p2"], ""), "{file}");
        }
        assert_eq!(files.ask("lines", "count(E) = 1", &[]).unwrap().lines(), ["p2"]);
    }

    /// The kind that a column of these cells is of, by the comparisons that its rules allow.
    fn kind(files: &Files, cells: &[&str]) -> Option<&'static str> {
        let rows = cells.iter().map(|cell| format!("p,E,2026-01-01T00:00:00Z,\"{cell}\"\n"));
        let file = format!("userId,event,timestamp,c\n{}", rows.collect::<String>());
        fs::write(files.path("kinds.csv"), file).unwrap();
        let fits = |literal: &str| {
            let rule = format!("count(E where c <> {literal}) >= 0");
            files.ask("kinds.csv", &rule, &[]).map(|run| {
                assert!(matches!(run.code, Some(0 | 2)), "{}", run.err);
                run.code == Some(0)
            })
        };
        let mut kinds = Vec::new();
        for (name, literal) in [
            ("number", "1"),
            ("boolean", "TRUE"),
            ("instant", "TIMESTAMP '2026-01-01T00:00:00Z'"),
            ("text", "'x'"),
        ] {
            if fits(literal)? {
                kinds.push(name);
            }
        }
        match kinds.as_slice() {
            [one] => Some(one),
            all => {
                assert_eq!(all.len(), 4, "{cells:?} {all:?}");
                Some("any")
            }
        }
    }

    #[test]
    fn kinds_are_told_by_all_values_of_a_column() {
        let files = Files::new("kinds");
        for (expected, columns) in [
            (
                "number",
                &[
                    &["0", "-0.5", "12.50"][..],
                    &["999999999999", ""],
                    &["0.0000001"],
                    &["-7"],
                    &["-0"],
                ][..],
            ),
            ("boolean", &[&["true", "false"], &["", "true", ""]]),
            (
                "instant",
                &[
                    &["2026-01-01T00:00:00Z", "2026-01-01 10:00:00"],
                    &["2026-01-01T00:00:00.123456+02:00"],
                    &["2026-01-01 00:00:00.5", ""],
                ],
            ),
            (
                "text",
                &[
                    &["0012"],
                    &["1234567890123"],
                    &["+1"],
                    &["1."],
                    &[".5"],
                    &["1e3"],
                    &["1 "],
                    &["1,5"],
                    &["٣"],
                    &["NaN"],
                    &["1", "x"],
                    &["1", "true"],
                    &["True"],
                    &["TRUE"],
                    &["2026-01-01"],
                    &["2026-02-30T00:00:00Z"],
                    &["2026-01-01T00:00:00Z", "1"],
                    &["null"],
                ],
            ),
            ("any", &[&[""], &["", ""]]),
        ] {
            for cells in columns {
                let Some(found) = kind(&files, cells) else { return };
                assert_eq!(found, expected, "{cells:?}");
            }
        }
    }

    #[test]
    fn numbers_are_exact() {
        let rows =
            "p,E,2026-01-01T00:00:00Z,0.1\n".repeat(10) + "q,E,2026-01-01T00:00:00Z,0.999999\n";
        let files = Files::new("exact").with("e.csv", format!("userId,event,timestamp,v\n{rows}"));
        let Some(run) = files.ask("e.csv", "sum(E.v) = 1", &[]) else { return };
        assert_eq!(run.lines(), ["p"]);
        assert_eq!(files.ask("e.csv", "sum(E.v) >= 0.999999", &[]).unwrap().lines(), ["p", "q"]);
    }

    #[test]
    fn traits_hold_from_the_first_event_on_and_make_nobody_known() {
        let profiles =
            "userId,country,age,zip\np2,PT,31,0012\np10,DE,,0013\nlate,DE,,\nunseen,PT,5,1\n";
        let files = Files::new("profiles").with("e.csv", EVENTS).with("p.csv", profiles);
        let ask = |rule, more: &[&str]| {
            files.ask("e.csv", rule, &[&["--profiles", "@p.csv"], more].concat())
        };
        let Some(run) = ask("country = 'PT' AND zip = '0012'", &["--until"]) else { return };
        assert_eq!((run.lines(), run.err.as_str()), (vec!["p2\t-"], ""));
        assert_eq!(ask("country <> 'PT'", &[]).unwrap().lines(), ["p10"]);
        assert_eq!(ask("country IS NULL", &[]).unwrap().lines(), ["P3", "anon-1", "edge"]);
        assert_eq!(ask("age > 30", &[]).unwrap().lines(), ["p2"]);
        assert_eq!(ask("TRUE", &[]).unwrap().lines(), ["P3", "anon-1", "edge", "p10", "p2"]);
        // A trait is no event.
        assert_eq!(ask("count(*) = 1", &[]).unwrap().lines(), ["P3", "anon-1", "edge", "p10"]);
        let unknown = ask("contry = 'PT'", &[]).unwrap();
        assert!(unknown.refused().contains("did you mean `country`?"), "{}", unknown.err);
        // Of two rows of one person the first stands.
        let files = files.with("p.csv", format!("{profiles}p2,DE,1,9\n,XX,1,1\n"));
        let run = files.ask("e.csv", "country = 'PT'", &["--profiles", "@p.csv"]).unwrap();
        assert_eq!(run.lines(), ["p2"]);
        for expected in ["2 rejected", "line 6: repeated-person", "line 7: missing-field: userId"] {
            assert!(run.err.contains(expected), "{}", run.err);
        }
    }

    #[test]
    fn a_schema_says_what_columns_hold() {
        let schema = "[attributes]\nzip = \"number\"\n[events.\"Order Completed\".fields]\nrevenue = \"text\"\n";
        let files = Files::new("schema")
            .with("e.csv", EVENTS)
            .with("p.csv", "userId,zip,age\np2,0012,7\np10,x,7\n")
            .with("s.toml", schema)
            .with("broken.toml", "[attributes]\nzip = \"nmber\"\n");
        let ask = |rule, more: &[&str]| {
            files.ask(
                "e.csv",
                rule,
                &[&["--schema", "@s.toml", "--profiles", "@p.csv"], more].concat(),
            )
        };
        let Some(run) = ask("zip = 12", &[]) else { return };
        assert_eq!(run.lines(), ["p2"]);
        assert!(run.err.contains("wrong-kind: zip"), "{}", run.err);
        let text = r#"count("Order Completed" where revenue = '620.50') = 1"#;
        assert_eq!(ask(text, &[]).unwrap().lines(), ["p2"]);
        for (rule, expected) in [
            ("age = 7", "there is no trait or metric `age`"),
            (r#"count("Order Completed" where coupn = 'A') = 1"#, "`coupn`"),
            (r#"sum("Order Completed".revenue) > 1"#, "revenue"),
        ] {
            let refused = ask(rule, &[]).unwrap();
            assert!(refused.refused().contains(expected), "{}", refused.err);
        }
        let warned = ask("count(Never) = 0", &[]).unwrap();
        assert_eq!(warned.lines().len(), 5);
        assert!(warned.err.starts_with("warning: there is no event `Never`"), "{}", warned.err);
        let broken = files.ask("e.csv", "TRUE", &["--schema", "@broken.toml"]).unwrap();
        assert!(broken.refused().contains("broken.toml: "), "{}", broken.err);
        assert!(broken.err.contains("line 2, column"), "{}", broken.err);
        let missing = files.ask("e.csv", "TRUE", &["--schema", "@none.toml"]).unwrap();
        assert!(missing.refused().contains("none.toml: "), "{}", missing.err);
    }

    #[test]
    fn what_cannot_be_asked_is_refused_with_its_place() {
        let files = Files::new("refused").with("e.csv", EVENTS);
        for (rule, expected) in [
            (
                "sum(\"Order Completed\".revenu) > 1",
                "there is no property `revenu` of \"Order Completed\"",
            ),
            ("sum(\"Order Completed\".revenu) > 1", "did you mean `revenue`?"),
            ("count(\"Order Completed\" where revenu > 1) > 1", "did you mean `revenue`?"),
            ("country = 'PT'", "there is no trait or metric `country`"),
            ("count(\"Order Completed\" > 1", "line 1, column 25"),
            ("count(\"Order Completed\" > 1", "\n  |                         ^"),
            ("TRUE AND\n\tcount() > 1", "line 2, column 8"),
            ("", "there is no rule here"),
            ("count(\"Order Completed\" over 1 month) > 1", "month has no fixed length"),
            ("count(\"Order Completed\") > 'x'", "cannot compare"),
            ("count(\"Order Completed\")", "a condition is wanted"),
            ("in_segment('vip')", "there is no segment `vip`"),
            ("count(\"Audience Entered\") > 0", "\"Audience Entered\""),
            ("count(\"Order Completed\") > 1 ORDER BY 1", "line 1, column"),
            ("'never closed", "line 1, column 1"),
        ] {
            let Some(run) = files.ask("e.csv", rule, &[]) else { return };
            assert!(run.refused().contains(expected), "{rule}\n{}", run.err);
        }
        let deep = format!("{}TRUE{}", "(".repeat(20_000), ")".repeat(20_000));
        assert!(files.ask("e.csv", &deep, &[]).unwrap().refused().contains("nesting"));
        let long = vec!["count(\"Order Completed\") >= 0"; 2_000].join(" AND ");
        assert_eq!(files.ask("e.csv", &long, &[]).unwrap().lines().len(), 5);
    }

    #[test]
    fn an_event_that_the_file_lacks_is_a_warning() {
        let files = Files::new("warning").with("e.csv", EVENTS);
        let Some(run) = files.ask("e.csv", "count(\"Order Complete\") = 0", &[]) else { return };
        assert_eq!(run.lines().len(), 5);
        assert!(run.err.starts_with("warning: there is no event `Order Complete`"), "{}", run.err);
        assert!(run.err.contains("did you mean `Order Completed`?"), "{}", run.err);
        // Declared or not, what the file lacks is worth a word.
        let files = files.with("s.toml", "[events.\"Order Complete\"]\n");
        let more = ["--schema", "@s.toml"];
        let run = files.ask("e.csv", "count(\"Order Complete\") = 0", &more).unwrap();
        assert_eq!(run.lines().len(), 5);
        assert!(run.err.contains("the file has no event \"Order Complete\""), "{}", run.err);
    }

    #[test]
    fn arguments_are_checked() {
        let files = Files::new("arguments").with("e.csv", EVENTS);
        let ask = |more: &[&str]| files.ask("e.csv", "TRUE", more);
        for (args, expected) in [
            (&["--unti"][..], "there is no option `--unti`; did you mean `--until`?"),
            (&["--rules", "x"], "did you mean `--rule`?"),
            (&["until"], "there is no option `until`"),
            (&["--until", "--until"], "--until is given twice"),
            (&["--explain"], "--explain needs a value"),
            (
                &["--engine", "duckdb"],
                "--engine duckdb is not there; there are native, live, sqlite, datafusion and postgres://…",
            ),
            (&["--at", "yesterday"], "--at: `yesterday` is no instant"),
            (&["--at", "2026-03-01"], "--at: `2026-03-01` is no instant"),
            (&["--known", "2026-13-01T00:00:00Z"], "--known: `2026-13-01T00:00:00Z` is no instant"),
        ] {
            let Some(run) = ask(args) else { return };
            assert!(run.refused().contains(expected), "{}", run.err);
            assert!(run.err.contains("usage: segment --events FILE"), "{}", run.err);
        }
        for (args, expected) in [
            (vec![], "--events is missing"),
            (vec!["--events", "e.csv"], "--rule is missing"),
            (vec!["--events", "e.csv", "--rule", "TRUE"], "--at is missing"),
        ] {
            let run = run("segment", args).unwrap();
            assert!(run.refused().starts_with(expected), "{}", run.err);
        }
    }

    #[test]
    fn files_that_cannot_be_read_are_named() {
        let files = Files::new("unreadable")
            .with("empty.csv", "")
            .with("blank.csv", "\n\r\n")
            .with("empty.jsonl", "")
            .with("empty", "")
            .with("mark.csv", "\u{feff}")
            .with("twice.csv", "userId,userId,event,timestamp\n")
            .with("both.csv", "userId,user_id,event,timestamp\n")
            .with("nobody.csv", "user,event,timestamp\n")
            .with("timeless.csv", "userId,event,timestmp\n")
            .with("quote.csv", "userId,\"event,timestamp\n")
            .with("latin.csv", b"userId,event,timestamp,na\xefve\n")
            .with("header.csv", "userId,event,timestamp\n");
        for (file, expected) in [
            ("none.csv", "No such file"),
            ("none.jsonl", "No such file"),
            ("none", "No such file"),
            ("", "directory"),
            ("empty.csv", "the file is empty"),
            ("blank.csv", "the file is empty"),
            ("empty.jsonl", "the file is empty"),
            ("empty", "the file is empty"),
            ("mark.csv", "the file is empty"),
            ("twice.csv", "the column `userId` twice"),
            ("both.csv", "there are both `userId` and `user_id`"),
            ("nobody.csv", "there is no column `userId`"),
            ("timeless.csv", "there is no column `timestamp`; did you mean `timestmp`?"),
            ("quote.csv", "the header is broken"),
            ("latin.csv", "the header is no UTF-8"),
        ] {
            let Some(run) = files.ask(file, "TRUE", &[]) else { return };
            let refused = run.refused();
            assert!(refused.starts_with(&files.path(file)), "{file}: {refused}");
            assert!(refused.contains(expected), "{file}: {refused}");
        }
        // A header alone is a table without rows.
        assert_eq!(files.ask("header.csv", "TRUE", &[]).unwrap().lines(), [""; 0]);
        let profiles = files.ask("header.csv", "TRUE", &["--profiles", "@none.csv"]).unwrap();
        assert!(profiles.refused().contains("none.csv: No such file"), "{}", profiles.err);
    }

    #[test]
    fn broken_rows_are_counted_and_take_no_good_ones_with_them() {
        let huge = "x".repeat(2 << 20);
        let mut rows = b"userId,event,timestamp,note\n".to_vec();
        for row in [
            &b"p1,E,2026-01-01T00:00:00Z,good"[..],
            b"p2,E,2026-01-01T00:00:00Z",
            b"p3,E,2026-01-01T00:00:00Z,more,cells",
            b"p4,E,2026-01-32T00:00:00Z,",
            b"p5,,2026-01-01T00:00:00Z,",
            b",E,2026-01-01T00:00:00Z,",
            b"p6,E,,",
            b"p7,E,2026-01-01T00:00:00Z,\xff\xfe",
            b"p8,E,2026-01-01T00:00:00Z,\"never closed",
            b"p9,E,2026-01-01T00:00:00Z,\"closed\" early",
            format!("p10,E,2026-01-01T00:00:00Z,{huge}").as_bytes(),
            b"p11,E,2026-01-01T00:00:00Z,\"two\nlines, and a \"\"word\"\"\"",
            b"p12\0,E,2026-01-01T00:00:00Z,nul",
            "p13,E,2026-01-01T00:00:00Z,日本\u{202e}".as_bytes(),
        ] {
            rows.extend_from_slice(row);
            rows.push(b'\n');
        }
        let files = Files::new("broken").with("e.csv", rows);
        let Some(run) = files.ask("e.csv", "TRUE", &[]) else { return };
        assert_eq!(run.lines(), ["p1", "p11", "p12\0", "p13"]);
        let expected = "e.csv: 14 read: 4 accepted, 0 merged, 10 rejected (1 bad-timestamp, \
                        1 invalid-utf8, 3 missing-field, 1 record-too-large, 2 text-after-quote, \
                        2 wrong-column-count)";
        assert!(run.err.contains(expected), "{}", run.err.get(..2_000).unwrap_or(&run.err));
        assert!(run.err.contains("row 4, line 5: bad-timestamp: timestamp: "), "{}", run.err);
        assert!(run.err.len() < 5_000, "the huge cell is not printed");
    }

    #[test]
    fn rows_merge_by_their_id_only() {
        let row = "p1,E,2026-01-01T00:00:00Z";
        let table = format!(
            "userId,event,timestamp,messageId,v\n{row},,1\n{row},,1\n{row},m1,2\n{row},m1,2\n\
             p2,E,2026-01-01T00:00:00Z,m2,1\np2,E,2026-01-01T00:00:00Z,m2,3\n"
        );
        let files = Files::new("merge").with("e.csv", table);
        let Some(run) = files.ask("e.csv", "count(E) = 3 AND sum(E.v) = 4", &[]) else { return };
        assert_eq!(run.lines(), ["p1"]);
        let expected = "6 read: 4 accepted, 1 merged, 1 rejected (1 conflicting-message-id)";
        assert!(run.err.contains(expected), "{}", run.err);
        assert!(run.err.contains("messageId: another event of the id `m2`"), "{}", run.err);
        assert_eq!(files.ask("e.csv", "count(E) = 1", &[]).unwrap().lines(), ["p2"]);
        // Of copies with other content the one known first stands.
        let known = "userId,event,timestamp,receivedAt,messageId,v\n\
                     p,E,2026-01-01T00:00:00Z,2026-01-03T00:00:00Z,m,1\n\
                     p,E,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,m,2\n";
        let files = files.with("known.csv", known);
        assert_eq!(files.ask("known.csv", "sum(E.v) = 2", &[]).unwrap().lines(), ["p"]);
    }

    const LINES: &str = r#"{"type":"track","messageId":"a","userId":"p1","event":"Order Completed","timestamp":"2026-02-01T12:00:00Z","properties":{"revenue":620.5,"code":"0012","big":1234567890123,"products":[{"category":"books","quantity":2},{"category":"luxury","quantity":1}]}}
{"type":"track","messageId":"a","userId":"p1","event":"Order Completed","timestamp":"2026-02-01T12:00:00Z","properties":{"revenue":620.5,"code":"0012","big":1234567890123,"products":[{"category":"books","quantity":2},{"category":"luxury","quantity":1}]}}
{"messageId":"b","user_id":"p2","event":"Order Completed","timestamp":"2026-02-01 12:00:00","received_at":"2026-02-02T00:00:00Z","properties":{"revenue":1}}
{"messageId":"b","user_id":"p2","event":"Order Completed","timestamp":"2026-02-01 12:00:00","received_at":"2026-02-03T00:00:00Z","properties":{"revenue":2}}
{"type":"track","userId":null,"anonymousId":"anon","event":"Order Completed","timestamp":"2026-02-01T12:00:00Z"}
{"type":"track","userId":null,"anonymousId":"anon","event":"Order Completed","timestamp":"2026-02-01T12:00:00Z"}
{"type":"identify","userId":"p1","timestamp":"2026-02-20T12:00:00Z","traits":{"country":"PT","name":"Ann\r\nBcc: all@example.com"}}
{"batch":[{"type":"track","userId":"p3","event":"A","timestamp":"2026-02-20T12:00:00Z"},{"type":"page","userId":"p3","name":"Home","timestamp":"2026-02-20T12:00:00Z"}]}
{"userId":"p4","event":"A","timestamp":"yesterday"}
{"userId":"p4","event":
[1]
"#;

    #[test]
    fn lines_of_json_are_read_as_segment_sends_them() {
        let files = Files::new("json").with("e.jsonl", LINES);
        let ask = |rule, more: &[&str]| files.ask("e.jsonl", rule, more);
        let Some(run) = ask("TRUE", &[]) else { return };
        assert_eq!(run.lines(), ["anon", "p1", "p2", "p3"]);
        let expected = "12 read: 6 accepted, 2 merged, 4 rejected (1 bad-timestamp, 1 broken-json, \
                        1 conflicting-message-id, 1 no-event)";
        assert!(run.err.contains(expected), "{}", run.err);
        for (rule, members) in [
            (r#"count("Order Completed") = 1"#, &["anon", "p1", "p2"][..]),
            (r#"sum("Order Completed".revenue) = 1"#, &["p2"]),
            (r#"sum("Order Completed".products.quantity where category = 'books') = 2"#, &["p1"]),
            (r#"count("Order Completed" where products.category = 'luxury') = 1"#, &["p1"]),
            (
                r#"count("Order Completed" where code = '0012' AND big = '1234567890123') = 1"#,
                &["p1"],
            ),
            ("country = 'PT'", &["p1"]),
            ("name LIKE 'Ann%'", &["p1"]),
            ("count(*) = 2", &["p3"]),
        ] {
            assert_eq!(ask(rule, &[]).unwrap().lines(), members, "{rule}");
        }
        // A trait is told by an identify, and holds from then on.
        let before = ask("country IS NULL", &["--at", "2026-02-20T11:59:59Z"]).unwrap();
        assert_eq!(before.lines(), ["anon", "p1", "p2"]);
        let unknown =
            ask("count(\"Order Completed\" where products.categry = 'x') > 0", &[]).unwrap();
        assert!(unknown.refused().contains("did you mean `category`?"), "{}", unknown.err);
    }

    #[test]
    fn json_that_means_harm_is_refused() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let object = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        let line = |rest: &str| {
            format!(
                "{{\"userId\":\"p\",\"event\":\"E\",\"timestamp\":\"2026-01-01T00:00:00Z\"{rest}}}\n"
            )
        };
        let lines = [
            line(""),
            line(&format!(",\"properties\":{{\"deep\":{deep}}}")),
            line(&format!(",\"properties\":{{\"deep\":{object}}}")),
            line(&format!(",\"properties\":{{\"huge\":\"{}\"}}", "x".repeat(5 << 20))),
            line(",\"properties\":{\"a\":1,\"a\":2}"),
            line(",\"properties\":[1]"),
            line(",\"properties\":{\"n\":1e400}"),
            line(",\"event\":\"F\""),
            line(",\"context\":{\"\\ud800\":1}"),
            "null\n".to_owned(),
            "{}\n".to_owned(),
            "\u{0}\n".to_owned(),
        ];
        let files = Files::new("harm").with("e.jsonl", lines.concat());
        let Some(run) = files.ask("e.jsonl", "count(E) >= 1", &[]) else { return };
        assert_eq!(run.lines(), ["p"]);
        assert!(run.err.contains(" rejected ("), "{}", run.err);
        assert!(run.err.len() < 10_000, "{}", run.err.len());
    }

    #[test]
    fn instants_at_the_ends_of_time_are_no_trouble() {
        let files = Files::new("ends").with(
            "e.csv",
            "userId,event,timestamp\nold,E,0000-01-01T00:00:00Z\nnew,E,9999-12-31T23:59:59.999999Z\n",
        );
        let rule = "count(E over 90 days) > 0";
        let Some(run) = files.ask("e.csv", rule, &["--until", "--at", "0000-01-01T00:00:00Z"])
        else {
            return;
        };
        assert_eq!(run.lines(), ["old\t0000-03-31T00:00:00.000000Z"]);
        let end = "9999-12-31T23:59:59.999999Z";
        assert_eq!(files.ask("e.csv", rule, &["--at", end]).unwrap().lines(), ["new"]);
        assert_eq!(files.ask("e.csv", rule, &["--until", "--at", end]).unwrap().lines().len(), 1);
    }
}
