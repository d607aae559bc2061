//! The architecture, checked: `src/lib.rs` lists the modules in layer order, and a module uses only
//! those above it, by their home path.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// The most lines a file may have without its tests.
const LONGEST: usize = 500;

/// The sources by their path below `src/`, as in `event/json.rs`.
type Sources = BTreeMap<String, String>;

#[test]
fn the_sources_keep_to_their_layers() {
    let mut sources = Sources::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    read(&root, "", &mut sources).expect("the sources can be read");
    assert!(sources.len() > 20, "too few sources were found: {:?}", sources.keys());
    let faults = faults(&sources);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn read(folder: &Path, prefix: &str, sources: &mut Sources) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().display());
        if entry.file_type()?.is_dir() {
            read(&entry.path(), &format!("{path}/"), sources)?;
        } else if Path::new(&path).extension().is_some_and(|kind| kind == "rs") {
            sources.insert(path, fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}

/// Everything that breaks a rule, one sentence each.
fn faults(sources: &Sources) -> Vec<String> {
    let order: Vec<&str> = modules(&sources["lib.rs"]);
    let mut faults = Vec::new();
    for (path, text) in sources.iter().filter(|(path, _)| *path != "lib.rs") {
        let mut fault = |what: String| faults.push(format!("src/{path}: {what}"));
        if path.ends_with("mod.rs") {
            fault("write `foo.rs` and `foo/`, not `foo/mod.rs`".into());
        }
        if !is_declared(path, sources) {
            fault("the file above it does not list it".into());
        }
        let code = without_tests(text);
        if code.lines().count() > LONGEST {
            fault(format!("more than {LONGEST} lines without its tests"));
        }
        // A file of tests may use whatever it tests with.
        if !path.ends_with("/tests.rs") {
            let used = code.lines().enumerate().flat_map(|(at, line)| used(at + 1, line));
            used.filter_map(|used| used.fault(path, &order)).for_each(fault);
        }
    }
    faults
}

/// The modules that a file declares, in its order.
fn modules(text: &str) -> Vec<&str> {
    let names = text.lines().filter_map(|line| {
        let (visibility, rest) = line.split_once("mod ")?;
        let declares = visibility.is_empty() || visibility.starts_with("pub");
        rest.strip_suffix(';').filter(|_| declares)
    });
    names.collect()
}

/// Whether the file one level up has a `mod` line for this one.
fn is_declared(path: &str, sources: &Sources) -> bool {
    let module = path.trim_end_matches(".rs");
    let (parent, name) = match module.rsplit_once('/') {
        Some((parent, name)) => (format!("{parent}.rs"), name),
        None => ("lib.rs".into(), module),
    };
    sources.get(&parent).is_some_and(|text| modules(text).contains(&name))
}

/// The text before its trailing module of tests.
fn without_tests(text: &str) -> &str {
    let Some((code, tests)) = text.rsplit_once("\n#[cfg(test)]\n") else { return text };
    let first = tests.lines().find(|line| !line.starts_with("#["));
    let ends = first.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'));
    if ends { code } else { text }
}

/// A path that leaves its file: `crate::first…`, or up by so many `super::`.
enum Used {
    Crate { line: usize, first: String },
    Super { line: usize, levels: usize },
}

/// The paths of a line, strings and comments left out.
fn used(line: usize, text: &str) -> Vec<Used> {
    let code: String = text.split('"').step_by(2).collect();
    let code = code.split("//").next().unwrap_or_default();
    let by_crate = code.split("crate::").skip(1).map(|rest| {
        let first = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next();
        Used::Crate { line, first: first.unwrap_or_default().to_owned() }
    });
    let levels = (1..=9).take_while(|levels| code.contains(&"super::".repeat(*levels))).count();
    by_crate.chain((levels > 0).then_some(Used::Super { line, levels })).collect()
}

impl Used {
    fn fault(&self, path: &str, order: &[&str]) -> Option<String> {
        let own = path.split(['/', '.']).next().unwrap_or_default();
        let place = |module: &str| order.iter().position(|listed| *listed == module);
        match self {
            Self::Super { line, levels } => {
                let root = *levels > path.matches('/').count();
                root.then(|| format!("line {line}: `super::` reaches the crate's root"))
            }
            Self::Crate { first, .. } if first == own => None,
            Self::Crate { line, first } => match (place(first), place(own)) {
                (None, _) => Some(format!(
                    "line {line}: `crate::{first}` is no module; import by the home path, one `use` a module"
                )),
                (Some(theirs), Some(ours)) if theirs > ours => Some(format!(
                    "line {line}: `{own}` uses `{first}`, which lib.rs lists below it"
                )),
                _ => None,
            },
        }
    }
}

/// The faults of a small crate with `low` above `high`, and one more file.
fn faults_with(path: &str, text: &str) -> String {
    let mut sources: Sources = [
        ("lib.rs", "mod low;\n#[cfg(feature = \"x\")]\npub mod high;\n"),
        ("low.rs", "pub struct Low;\n"),
        ("high.rs", "mod part;\n#[cfg(test)]\nmod tests;\nuse crate::low::Low;\n"),
        ("high/part.rs", "use super::Low;\nuse crate::high;\n"),
        ("high/tests.rs", ""),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .into();
    sources.insert(path.into(), text.into());
    faults(&sources).join("\n")
}

#[test]
fn what_breaks_a_rule_is_found() {
    for (path, text, expected) in [
        ("low.rs", "use crate::high::High;\n", "src/low.rs: line 1: `low` uses `high`, which"),
        ("low.rs", "\nfn f() { crate::high::f() }\n", "src/low.rs: line 2: `low` uses `high`"),
        (
            "high.rs",
            "mod part;\nmod tests;\nuse crate::Low;\n",
            "line 3: `crate::Low` is no module",
        ),
        (
            "high.rs",
            "mod part;\nmod tests;\nuse crate::{low::Low};\n",
            "line 3: `crate::` is no module",
        ),
        ("low.rs", "use super::high::High;\n", "line 1: `super::` reaches the crate's root"),
        (
            "high/part.rs",
            "fn f(a: super::A, b: super::super::low::Low) {}\n",
            "`super::` reaches the crate's root",
        ),
        ("other.rs", "", "src/other.rs: the file above it does not list it"),
        ("high/other.rs", "", "src/high/other.rs: the file above it does not list it"),
        ("low/mod.rs", "", "src/low/mod.rs: write `foo.rs` and `foo/`"),
        ("low.rs", &"fn f() {}\n".repeat(LONGEST + 1), "src/low.rs: more than 500 lines"),
        ("low.rs", "\n#[cfg(test)]\nuse a::b;\nuse crate::high::High;\n", "line 4: `low` uses"),
        ("low.rs", "\n#[cfg(test)]\nmod tests;\nuse crate::high::High;\n", "line 4: `low` uses"),
    ] {
        let found = faults_with(path, text);
        assert!(found.contains(expected), "{path}: expected `{expected}`, found `{found}`");
    }
}

#[test]
fn what_keeps_to_the_rules_passes() {
    let tests =
        format!("\n#[cfg(test)]\nmod tests {{\nuse crate::high::High;\n{}}}\n", "\n".repeat(600));
    for (path, text) in [
        ("low.rs", "/// As [`crate::high::High`].\npub(crate) struct Low; // crate::high\n"),
        ("low.rs", "#[doc = \"[`High`]: crate::high::High\"]\npub struct Low;\n"),
        ("low.rs", &*tests),
        ("high/part.rs", "fn f(a: super::A, b: super::B) {}\n"),
        ("high/tests.rs", "use crate::Low;\n"),
        ("low.rs", &"fn f() {}\n".repeat(LONGEST)),
    ] {
        assert_eq!(faults_with(path, text), "", "{path}");
    }
}
