//! What is said of each fault.

use std::fs;

use bespoke::error::ErrorKind;
use bespoke::playbook::Playbook;

use super::{base, corpus, with};

#[test]
fn every_fault_of_the_corpus_is_told_well() {
    let cases = fs::read_dir(corpus()).unwrap().map(|file| file.unwrap().path());
    let mut cases: Vec<_> = cases
        .filter(|path| {
            path.extension().is_some_and(|end| end == "txt") && !path.ends_with("base.txt")
        })
        .collect();
    cases.sort();
    for case in &cases {
        let name = case.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(case).unwrap();
        let error = Playbook::from_files(&with(base(), &text)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Playbook, "{name}");
        assert!(error.diagnostics().iter().all(|fault| fault.file.is_some()), "{name}: {error}");
        insta::assert_snapshot!(name, format!("{}----\n{error}", text.replace('\r', "␍")));
    }
    assert!(cases.len() >= 24, "too few cases were found");
}

#[test]
fn the_base_of_the_corpus_is_sound() {
    Playbook::from_files(&base()).unwrap().engine().unwrap();
}

#[test]
fn a_folder_that_cannot_be_read_is_told() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("playbook-faults");
    let _ = fs::remove_dir_all(&folder);
    let gone = Playbook::open(&folder).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Playbook);
    assert!(gone.to_string().contains("playbook-faults"), "{gone}");

    for (path, text) in base() {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir_all(folder.join(".git")).unwrap();
    fs::write(folder.join(".git/config"), b"\xff").unwrap();
    fs::write(folder.join("README.md"), "What this is.").unwrap();
    assert_eq!(Playbook::open(&folder).unwrap(), Playbook::from_files(&base()).unwrap());

    fs::write(folder.join("segments.toml"), b"vip = 'a'\n# caf\xe9\n").unwrap();
    fs::create_dir_all(folder.join("blocks/hero/old/er")).unwrap();
    let faults = Playbook::open(&folder).unwrap_err().to_string();
    insta::assert_snapshot!("unreadable", faults);
}
