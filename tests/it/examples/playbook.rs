//! The playbook tool, run as users run it.

use super::*;

fn folder(name: &str) -> String {
    format!("{}/examples/campaign/playbooks/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A copy of the shop's playbook with one text of a file changed.
fn changed(test: &str, path: &str, text: &str, other: &str) -> String {
    let copy = directory(&format!("playbook-{test}"));
    copy_all(Path::new(&folder("shop")), &copy);
    change(&copy, path, text, other);
    copy.to_str().unwrap().to_owned()
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
    assert!(
        lines.contains(&"file of the library `_blocks/offer.toml`: affected by segment `vip`"),
        "{lines:?}"
    );
    assert!(lines.contains(&"of 500 people"), "{lines:?}");
    let vip = lines.iter().find(|line| line.ends_with("stay") && line.contains("`vip`"));
    assert!(vip.unwrap().contains(", 0 leave,"), "{vip:?}");
}

/// The files of a playbook of these segments.
fn small(test: &str, segments: &str) -> String {
    let folder = directory(&format!("playbook-{test}"));
    fs::write(folder.join("playbook.toml"), "name = \"small\"\nformat = 1\n").unwrap();
    fs::write(folder.join("schema.toml"), "[events.Order.fields]\nrevenue = \"number\"\n").unwrap();
    fs::write(folder.join("segments.toml"), segments).unwrap();
    folder.to_str().unwrap().to_owned()
}

#[test]
fn playbooks_are_compared_over_a_log() {
    let old = small("old", "buyer = 'count(Order over 7 days) > 0'\ngone = 'count(Order) > 1'\n");
    let new = small("new", "buyer = 'sum(Order.revenue over 9 days) > 9'\nfresh = 'TRUE'\n");
    let events = directory("playbook-events").join("e.csv");
    let rows = "userId,event,timestamp,receivedAt,revenue\n\
                a,Order,2026-01-02T00:00:00Z,,25\n\
                b,Order,2026-01-01T00:00:00Z,2026-01-03T12:00:00Z,10\n\
                c,Order,2026-01-06T00:00:00Z,,5\n";
    fs::write(&events, rows).unwrap();
    let events = events.to_str().unwrap();
    let ask = |more: &[&str]| {
        let args = [&["--old", &old, "--new", &new, "--events", events][..], more];
        run("playbook", args.concat())
    };
    let (at, from) = ("2026-01-09T12:00:00Z", "2026-01-06T00:00:00Z");
    let Some(compared) = ask(&["--at", at, "--from", from]) else { return };
    let lines = compared.lines();
    assert!(lines.contains(&"segment `buyer`: changed"), "{lines:?}");
    let told = lines.iter().position(|line| *line == "of 3 people").unwrap();
    assert_eq!(
        lines[told + 1..],
        [
            "segment `buyer`: 1 only-old, 2 only-new",
            "a\tonly-new",
            "b\tonly-new",
            "c\tonly-old",
            "2026-01-06T00:00:00.000000Z\tc\tentered\told",
            "2026-01-08T00:00:00.000000Z\tb\tleft\told",
            "2026-01-09T00:00:00.000000Z\ta\tleft\told",
            "segment `fresh` (added): 0 only-old, 3 only-new",
            "a\tonly-new",
            "b\tonly-new",
            "c\tonly-new",
            "2026-01-06T00:00:00.000000Z\tc\tentered\tnew",
            "segment `gone` (removed): 0 only-old, 0 only-new",
        ]
    );
    // From the beginning, the entries of `a` and `b` to what was added are told too.
    let all = ask(&["--at", at]).unwrap();
    assert_eq!(all.lines().len(), lines.len() + 2);
    for more in [&[][..], &["--at", at, "--customers", "5"], &["--at", "never"]] {
        assert!(ask(more).unwrap().refused().contains("--"), "{more:?}");
    }
}
