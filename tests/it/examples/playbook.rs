//! The playbook tool, run as users run it.

use super::*;

fn folder(name: &str) -> String {
    format!("{}/examples/campaign/playbooks/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A copy of the shop's playbook with one text of a file changed.
fn changed(test: &str, path: &str, text: &str, other: &str) -> String {
    let copy = directory(&format!("playbook-{test}"));
    copy_all(Path::new(&folder("shop")), &copy);
    let file = fs::read_to_string(copy.join(path)).unwrap();
    assert!(file.contains(text), "{file}");
    fs::write(copy.join(path), file.replace(text, other)).unwrap();
    copy.to_str().unwrap().to_owned()
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn a_playbook_is_checked() {
    let Some(shop) = run("playbook", ["--check", &folder("shop")]) else { return };
    let lines = shop.lines();
    assert!(lines[0].starts_with("shop ") && lines[0].len() == 5 + 64, "{}", lines[0]);
    assert!(lines.contains(&"mailings: season"), "{lines:?}");
    let wrong = changed("check", "segments.toml", "revenue >= 500", "revnue >= 500");
    let wrong = run("playbook", ["--check", &wrong]).unwrap();
    let said = wrong.refused();
    assert!(said.contains("segments.toml, line 13, column 35"), "{said}");
    assert!(said.contains("did you mean `revenue`?"), "{said}");
    for args in [&["--check"][..], &[], &["--old", "a"], &["--check", "a", "--at", "b"]] {
        assert!(run("playbook", args).unwrap().refused().contains("usage: "), "{args:?}");
    }
}

#[test]
fn playbooks_are_compared_over_customers() {
    let new = changed("compare", "segments.toml", "> 2000", "> 1500");
    let args = ["--old", &folder("shop"), "--new", &new, "--customers", "500"];
    let Some(compared) = run("playbook", args) else { return };
    let lines = compared.lines();
    assert!(lines.contains(&"segment `vip`: changed"), "{lines:?}");
    assert!(lines.contains(&"block `offer`: affected by segment `vip`"), "{lines:?}");
    assert!(lines.contains(&"of 500 people"), "{lines:?}");
    let vip = lines.iter().find(|line| line.ends_with("stay") && line.contains("`vip`"));
    assert!(vip.unwrap().contains(", 0 leave,"), "{vip:?}");
}
