//! Playbooks: what is said of each fault, the folder and the code that say the same, the versions
//! and what they tell apart.

mod faults;
mod laws;
mod shop;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bespoke::playbook::Playbook;

/// Files by their paths below the folder.
type Files = BTreeMap<String, String>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of one of the campaign's playbooks.
fn example(name: &str) -> PathBuf {
    root().join("examples/campaign/playbooks").join(name)
}

/// The files of a playbook that has something of everything.
fn base() -> Files {
    with(Files::new(), &fs::read_to_string(corpus().join("base.txt")).unwrap())
}

fn corpus() -> PathBuf {
    root().join("tests/corpus/playbooks")
}

/// Files with those of a text, in which a line `--- PATH` precedes each and `--- -PATH` takes one
/// away. `␍` stands for a carriage return.
fn with(mut files: Files, text: &str) -> Files {
    for section in text.replace('␍', "\r").split("--- ").skip(1) {
        let (path, text) = section.split_once('\n').unwrap_or((section, ""));
        match path.strip_prefix('-') {
            Some(path) => assert!(files.remove(path).is_some(), "{path}"),
            None => drop(files.insert(path.to_owned(), text.to_owned())),
        }
    }
    files
}

/// The files below a folder.
fn files(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                folders.push((entry.path(), format!("{path}/")));
            } else {
                files.insert(path, fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    files
}

fn read(files: &Files) -> Playbook {
    Playbook::from_files(files).unwrap()
}
