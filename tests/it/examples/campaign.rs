//! The campaign, run as users run it.

use super::*;

/// Invoices as Online Retail has them, made up.
const HEADER: &str =
    "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n";

const LINES: &str = "\
500001,10001,LAMP,10,2010-04-01 08:30:00,100.00,13085.0,Portugal
500001,10002A,\"SHADE, RED\",4,2010-04-01 08:28:00,50.00,13085.0,Portugal
500002,10001,LAMP,15,2010-05-20 10:00:00,100.01,13085.0,Portugal
500002,10001,LAMP,15,2010-05-20 10:00:00,100.01,13085.0,Portugal
500003,10003,MUG,2,2010-02-01 09:00:00,3.50,13086,Spain
500004,10003,MUG,1,2009-10-01 09:00:00,3.50,13087,Spain
500005,10003,MUG,1,2010-05-10 09:00:00,0.1,13088,Spain
500006,10003,MUG,1,2010-05-12 09:00:00,0.1,13088,Spain
500007,10003,MUG,1,2010-05-31 09:00:00,0.1,13088,Spain
C500008,10003,MUG,-1,2010-05-01 09:00:00,3.50,13089,Spain
500009,10003,MUG,1,2010-06-01 09:00:01,3.50,13090,Spain
500010,10003,MUG,1,2010-06-01 09:00:00,3.50,9,Spain
500011,10003,MUG,10000,2010-05-01 09:00:00,0.1,13094,Spain
500012,10003,MUG,10000,2010-05-02 09:00:00,0.1,13094,Spain
A500013,B,Adjust bad debt,1,2010-05-01 09:00:00,-53594.36,13092,Spain
500014,10003,MUG,1,2010-05-01 09:00:00,3.50,,Spain
500015,POST,POSTAGE,0,2010-05-01 09:00:00,0,13092,Spain
500016,1000,SHORT,1,2010-05-01 09:00:00,3.50,13092,Spain
500017,10003,MUG,0,2010-05-01 09:00:00,0,13092,Spain
500018,10003,MUG,1,2010-05-01 09:00:00,-1,13092,Spain
500019,10003,MUG,0,2010-05-01 09:00:00,3.50,13092,Spain
500020,10003,MUG,-2,2010-05-01 09:00:00,3.50,13092,Spain
500021,10003,MUG,one,2010-05-01 09:00:00,3.50,13092,Spain
500022,10003,MUG,1,2010-05-01 09:00:00,cheap,13092,Spain
500023,10003,MUG,1,01/05/2010,3.50,13092,Spain
500024,10003,MUG,1,2010-05-01 09:00:00,3.50,thirteen,Spain
500025,10003,MUG,1,2010-05-01 09:00:00,3.50,13092
500026,10003,\"MUG,1,2010-05-01 09:00:00,3.50,13092,Spain
500014,10003,MUG,1,2010-05-01 09:00:00,3.50,,Spain
";

const REJECTS: &str = "\
row,line,column,reason,detail,record
15,16,Invoice,adjustment,an adjustment of accounts is neither an order nor a refund,\"A500013,B,Adjust bad debt,1,2010-05-01 09:00:00,-53594.36,13092,Spain\"
16,17,Customer ID,no-customer,the line names no customer,\"500014,10003,MUG,1,2010-05-01 09:00:00,3.50,,Spain\"
17,18,StockCode,not-a-product,`POST` does not begin with five digits,\"500015,POST,POSTAGE,0,2010-05-01 09:00:00,0,13092,Spain\"
18,19,StockCode,not-a-product,`1000` does not begin with five digits,\"500016,1000,SHORT,1,2010-05-01 09:00:00,3.50,13092,Spain\"
19,20,Price,no-price,0 is no price,\"500017,10003,MUG,0,2010-05-01 09:00:00,0,13092,Spain\"
20,21,Price,no-price,-1 is no price,\"500018,10003,MUG,1,2010-05-01 09:00:00,-1,13092,Spain\"
21,22,Quantity,no-quantity,0 cannot be sold,\"500019,10003,MUG,0,2010-05-01 09:00:00,3.50,13092,Spain\"
22,23,Quantity,no-quantity,-2 cannot be sold,\"500020,10003,MUG,-2,2010-05-01 09:00:00,3.50,13092,Spain\"
23,24,Quantity,bad-number,`one` is no number,\"500021,10003,MUG,one,2010-05-01 09:00:00,3.50,13092,Spain\"
24,25,Price,bad-number,`cheap` is no number,\"500022,10003,MUG,1,2010-05-01 09:00:00,cheap,13092,Spain\"
25,26,InvoiceDate,bad-timestamp,`01/05/2010` is no instant; write 2026-03-01T09:00:00Z (RFC 3339),\"500023,10003,MUG,1,01/05/2010,3.50,13092,Spain\"
26,27,Customer ID,bad-number,`thirteen` is no number,\"500024,10003,MUG,1,2010-05-01 09:00:00,3.50,thirteen,Spain\"
27,28,,wrong-column-count,\"found 7 columns, expected 8\",\"500025,10003,MUG,1,2010-05-01 09:00:00,3.50,13092\"
28,29,Description,unclosed-quote,no quote closes the cell within the file or 1048576 bytes,\"500026,10003,\"\"MUG,1,2010-05-01 09:00:00,3.50,13092,Spain\"
";

const AT: &str = "2010-06-01T09:00:00Z";

/// Each customer's segments and blocks as the files have them.
const DECIDED: [(&str, &str, &str); 7] = [
    (
        "13085",
        r#"{"active":"2010-08-18T10:00:00.000000Z","vip":"2010-06-30T08:28:00.000000Z"}"#,
        r#"{"hero":"loyal","offer":"vip"}"#,
    ),
    (
        "13086",
        r#"{"at_risk":"2010-07-31T09:00:00.000000Z"}"#,
        r#"{"hero":"come-back","offer":"fallback"}"#,
    ),
    ("13087", r#"{"lapsed":null}"#, r#"{"hero":"come-back","offer":"win-back"}"#),
    (
        "13088",
        r#"{"active":"2010-08-29T09:00:00.000000Z","frequent":"2010-06-09T09:00:00.000000Z"}"#,
        r#"{"hero":"loyal","offer":"fallback"}"#,
    ),
    ("13089", "{}", r#"{"hero":"fallback","offer":"fallback"}"#),
    (
        "13094",
        r#"{"active":"2010-07-31T09:00:00.000000Z"}"#,
        r#"{"hero":"fallback","offer":"fallback"}"#,
    ),
    (
        "9",
        r#"{"active":"2010-08-30T09:00:00.000000Z"}"#,
        r#"{"hero":"fallback","offer":"fallback"}"#,
    ),
];

fn decisions(outcome: &str, reason: &str, message: impl Fn(&str) -> String) -> String {
    let line = |(customer, segments, blocks): (&str, &str, &str)| {
        format!(
            "{{\"customer\":\"{customer}\",\"segments\":{segments},\"scores\":{{}},\
             \"outcome\":\"{outcome}\",\"reason\":{reason},\"until\":null,\
             \"blocks\":{blocks},\"message\":{}}}\n",
            message(customer)
        )
    };
    DECIDED.into_iter().map(line).collect()
}

/// Every file below a directory with its bytes.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let within = self::files(&path).into_iter();
            files.extend(within.map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            files.insert(name, fs::read(path).unwrap());
        }
    }
    files
}

fn text(files: &BTreeMap<String, Vec<u8>>, name: &str) -> String {
    String::from_utf8(files[name].clone()).unwrap()
}

/// Runs the campaign on lines of invoices in a fresh directory.
fn retail(test: &str, lines: &[u8], more: &[&str]) -> Option<(Run, BTreeMap<String, Vec<u8>>)> {
    let directory = directory(&format!("campaign-{test}"));
    let (data, out) = (directory.join("retail.csv"), directory.join("out"));
    fs::write(&data, lines).unwrap();
    let (data, dir) = (data.to_str().unwrap(), out.to_str().unwrap());
    let args = [&["--data", data, "--at", AT, "--out", dir], more].concat();
    let run = run("campaign", args)?;
    let files = if out.exists() { files(&out) } else { BTreeMap::new() };
    Some((run, files))
}

fn sample() -> Vec<u8> {
    format!("{HEADER}{LINES}").into_bytes()
}

#[test]
fn without_consent_nobody_is_written_to() {
    let Some((run, files)) = retail("none", &sample(), &[]) else { return };
    let summary = "rows: 29 read: 13 accepted, 2 merged, 14 rejected (1 adjustment, \
                       3 bad-number, 1 bad-timestamp, 1 no-customer, 2 no-price, 2 no-quantity, \
                       2 not-a-product, 1 unclosed-quote, 1 wrong-column-count)";
    let lines = run.lines();
    assert_eq!(lines.first(), Some(&summary));
    for line in ["7 customers", "        4 active", "        1 vip", "        7 skipped: consent"] {
        assert!(lines.contains(&line), "{line}\n{}", run.out);
    }
    let written = ["campaign.db", "decisions.jsonl", "rejects.csv", "report.html"];
    assert_eq!(files.keys().collect::<Vec<_>>(), written);
    let expected = decisions("skipped", "\"consent\"", |_| "null".to_owned());
    assert_eq!(text(&files, "decisions.jsonl"), expected);
    assert_eq!(text(&files, "rejects.csv"), REJECTS);
}

#[test]
fn with_consent_everybody_known_is() {
    let Some((run, files)) = retail("assumed", &sample(), &["--assume-consent"]) else {
        return;
    };
    assert!(run.lines().contains(&"        7 sent"), "{}", run.out);
    let expected = decisions("sent", "null", |id| format!("\"season-{id}\""));
    assert_eq!(text(&files, "decisions.jsonl"), expected);
    assert_eq!(text(&files, "rejects.csv"), REJECTS);
    let messages = files.keys().filter(|name| name.starts_with("messages/")).count();
    assert_eq!((messages, files.len()), (7, 11));

    let mail = text(&files, "messages/season-13085.eml");
    let mail = mail_parser::MessageParser::default().parse(&mail).unwrap().into_owned();
    let to = mail.to().unwrap().first().unwrap();
    assert_eq!(to.address(), Some("c13085@example.com"));
    // 1200.00 and, the repeated line once, 1500.15.
    let body = mail.body_text(0).unwrap();
    assert!(body.contains("For 2700.15 in 90 days"), "{body}");
    assert!(body.contains("2 orders"), "{body}");
    for header in ["List-Unsubscribe", "List-Unsubscribe-Post"] {
        assert!(mail.header_raw(header).is_some(), "{header}");
    }
}

#[test]
fn the_order_of_lines_does_not_matter() {
    let Some((_, one)) = retail("order", &sample(), &["--assume-consent"]) else { return };
    // The quote that is not closed would take in what comes after it.
    let turned: Vec<&str> = LINES.lines().rev().filter(|line| !line.contains("\"MUG")).collect();
    let file = format!("{HEADER}{}\r\n", turned.join("\r\n"));
    let (_, other) = retail("turned", file.as_bytes(), &["--assume-consent"]).unwrap();
    // What was refused, and so the report, is another; so is the order in which rows were kept.
    let others = ["campaign.db", "rejects.csv", "report.html"];
    for name in one.keys().filter(|name| !others.contains(&name.as_str())) {
        assert_eq!(text(&one, name), text(&other, name), "{name}");
    }
}

#[test]
fn it_stops_after_the_segments() {
    let more = ["--stop-after", "segments"];
    let Some((run, files)) = retail("segments", &sample(), &more) else { return };
    assert!(!run.out.contains("skipped"), "{}", run.out);
    assert_eq!(files.keys().collect::<Vec<_>>(), ["rejects.csv", "segments.jsonl"]);
    let line = |(customer, segments, _): (&str, &str, &str)| {
        format!("{{\"customer\":\"{customer}\",\"segments\":{segments}}}\n")
    };
    let expected: String = DECIDED.into_iter().map(line).collect();
    assert_eq!(text(&files, "segments.jsonl"), expected);
}

#[test]
fn a_membership_is_explained() {
    let Some((run, _)) = retail("explain", &sample(), &["--explain", "13085"]) else { return };
    for expected in [
        "13085, vip: member, until 2010-06-30T08:28:00.000000Z",
        "sum(\"Order Completed\".revenue over 90 days) = 2700.15, of 2 facts",
        "2010-04-01T08:28:00.000000Z 500001-13085",
        "13085, lapsed: not a member",
    ] {
        assert!(run.out.contains(expected), "{expected}\n{}", run.out);
    }
    let (run, _) = retail("explain", &sample(), &["--explain", "13090"]).unwrap();
    assert_eq!(run.lines().first(), Some(&"13090 is no known customer"));
}

#[test]
fn nasty_lines_are_rejected() {
    let mut file = HEADER.replace("Invoice,", "\u{feff}Invoice,").into_bytes();
    let huge = "x".repeat(2 << 20);
    let line = |description: &str, rest: &str| {
        format!("1,10003,{description},{rest},Spain\n").into_bytes()
    };
    file.extend(line("\"LAMP\r\nBcc: all@example.com\"", "1,2010-05-01 09:00:00,1,1"));
    file.extend(line(&huge, "1,2010-05-01 09:00:00,1,2"));
    file.extend(b"1,10003,\xff,1,2010-05-01 09:00:00,1,3,Spain\n");
    file.extend(line("", "999999999999,2010-05-01 09:00:00,999999999999,4"));
    file.extend(line("", "9999999999999,2010-05-01 09:00:00,1,5"));
    file.extend(line("", "1.5,2010-05-01 09:00:00,1,6"));
    file.extend(line("", "1,2010-05-01 09:00:00,1,-7"));
    file.extend(line("", "1,2010-05-01 09:00:00,1,8.5"));
    file.extend(line("", "1,0000-01-01 00:00:00,1,9"));
    file.extend(line("", "1,2010-05-01 09:00:00,NaN,10"));
    file.extend(line("", "1,2010-05-01 09:00:00,1,../11"));
    let Some((run, files)) = retail("nasty", &file, &["--assume-consent"]) else { return };
    let first = run.lines().first().copied().unwrap_or_default().to_owned();
    assert!(first.starts_with("rows: 11 read: 2 accepted, 0 merged, 9 rejected ("), "{first}");
    assert!(first.contains("1 invalid-utf8") && first.contains("1 record-too-large"), "{first}");
    let messages: Vec<_> = files.keys().filter(|name| name.starts_with("messages/")).collect();
    assert_eq!(messages, ["messages/season-1.eml", "messages/season-9.eml"]);
    let rejects = text(&files, "rejects.csv");
    assert_eq!(rejects.lines().count(), 10, "{}", rejects.len());
}

#[test]
fn what_is_asked_is_checked_before_anything_is_written() {
    let directory = directory("campaign-refused");
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let (out, data, used) = (path("out"), path("retail.csv"), path("used"));
    fs::write(&data, sample()).unwrap();
    fs::write(path("empty.csv"), "").unwrap();
    fs::write(path("columns.csv"), HEADER.replace("Price", "Prise")).unwrap();
    fs::create_dir(&used).unwrap();
    fs::write(Path::new(&used).join("mine"), "mine").unwrap();
    for (args, expected) in [
        (vec!["--data", &path("none.csv"), "--at", AT], "none.csv: No such file"),
        (vec!["--data", &path("empty.csv"), "--at", AT], "the file is empty"),
        (
            vec!["--data", &path("columns.csv"), "--at", AT],
            "there is no column `Price`; is it `Prise`?",
        ),
        (vec!["--data", &data], "--at is missing"),
        (vec!["--data", &data, "--at", "soon"], "--at: `soon` is no instant"),
        (vec!["--customers", "many"], "--customers many"),
        (vec!["--stop-after", "mail"], "--stop-after mail: there is only segments"),
        (vec!["--asume-consent"], "did you mean `--assume-consent`?"),
        (vec!["--customers", "1", "--out"], "--out needs a value"),
    ] {
        let args =
            if args.last() == Some(&"--out") { args } else { [args, vec!["--out", &out]].concat() };
        let Some(run) = run("campaign", &args) else { return };
        assert!(run.refused().contains(expected), "{args:?} {}", run.err);
        assert!(!Path::new(&out).exists(), "{args:?}");
    }
    for used in [&used, &data] {
        let run = run("campaign", ["--data", &data, "--at", AT, "--out", used]).unwrap();
        assert!(run.refused().contains("is not an empty directory"), "{}", run.err);
    }
    assert_eq!(files(Path::new(&used)).keys().collect::<Vec<_>>(), ["mine"]);
    // One that is there and empty will do.
    fs::create_dir(&out).unwrap();
    let run = run("campaign", ["--data", &data, "--at", AT, "--out", &out]).unwrap();
    assert_eq!(run.code, Some(0), "{}", run.err);
}

/// A playbook of the example with one file changed.
fn playbook(test: &str, file: &str, change: impl Fn(&str) -> String) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/campaign/playbooks/shop");
    let copy = directory(test).join("playbook");
    for (name, bytes) in tree(&own) {
        let path = copy.join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        fs::write(path, if name == file { change(&text) } else { text }).unwrap();
    }
    copy
}

/// Every file below a folder by its path.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let below = tree(&path).into_iter();
            files.extend(below.map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            files.insert(name, fs::read(path).unwrap());
        }
    }
    files
}

#[test]
fn a_wrong_playbook_is_refused_before_anything_is_read() {
    let wrong = playbook("campaign-wrong", "segments.toml", |text| {
        text.replacen("Order Completed", "Order Compleated", 1)
    });
    let out = wrong.with_file_name("out");
    let (wrong, out_arg) = (wrong.to_str().unwrap(), out.to_str().unwrap());
    let args = ["--playbook", wrong, "--data", "/no/such/file", "--at", AT, "--out", out_arg];
    let Some(run) = run("campaign", args) else { return };
    for expected in ["segments.toml, line ", "column ", "did you mean", "Order Completed"] {
        assert!(run.refused().contains(expected), "{expected}: {}", run.err);
    }
    assert!(!run.err.contains("/no/such/file") && !out.exists(), "{}", run.err);
}

#[test]
fn another_mailing_on_the_same_store_keeps_to_the_caps() {
    let book = playbook("campaign-second", "mailings.toml", |text| {
        let capped = text.replace("messages = 2", "messages = 1");
        format!("{capped}\n{}", capped.replace("[season]", "[reminder]"))
    });
    let out = book.with_file_name("out");
    let base = ["--customers", "150", "--playbook", book.to_str().unwrap(), "--all", "--resume"];
    let base = [&base[..], &["--out", out.to_str().unwrap()]].concat();
    let Some(first) = run("campaign", &base) else { return };
    assert_eq!(first.code, Some(0), "{}", first.err);
    let messages = |out: &Path| files(&out.join("messages")).len();
    let sent = messages(&out);
    let second = run("campaign", [&base[..], &["--mailing", "reminder"]].concat()).unwrap();
    assert_eq!(second.code, Some(0), "{}", second.err);
    assert_eq!(messages(&out), sent);
    let capped = format!("{sent:>9} deferred: frequency-cap");
    assert!(second.lines().contains(&capped.as_str()), "{}", second.out);
    let unknown = run("campaign", [&base[..], &["--mailing", "remainder"]].concat()).unwrap();
    assert!(unknown.refused().contains("did you mean `reminder`?"), "{}", unknown.err);
}

#[test]
fn who_was_put_off_is_written_to_when_it_is_time() {
    let out = directory("campaign-later").join("out");
    let base = ["--customers", "150", "--all", "--resume", "--out", out.to_str().unwrap()];
    let Some(first) = run("campaign", base) else { return };
    let count = |run: &Run, what: &str| {
        let line = run.lines().into_iter().find(|line| line.ends_with(what));
        line.map_or(0, |line| line.split_whitespace().next().unwrap().parse::<usize>().unwrap())
    };
    let (sent, later) = (count(&first, " sent"), count(&first, "deferred: quiet-hours"));
    assert!(sent > 0 && later > 0, "{}", first.out);
    let at = |at| run("campaign", [&base[..], &["--at", at]].concat()).unwrap();
    // Quiet hours end at eight everywhere, and begin nowhere within twelve hours of that.
    let evening = at("2026-03-01T17:00:00Z");
    assert_eq!(count(&evening, " sent") + count(&evening, "quiet-hours"), sent + later);
    assert!(count(&evening, " sent") > sent, "{}", evening.out);
    let earlier = at("2026-03-01T09:00:00Z");
    assert!(earlier.refused().contains("cannot go back"), "{}", earlier.err);
}

#[test]
fn before_the_first_order_nobody_is_known() {
    let directory = directory("campaign-early");
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    fs::write(path("retail.csv"), sample()).unwrap();
    let (data, out) = (path("retail.csv"), path("out"));
    let early = ["--data", &data, "--at", "2000-01-01T00:00:00Z", "--out", &out];
    let Some(run) = run("campaign", early) else { return };
    assert!(run.lines().contains(&"0 customers"), "{}", run.out);
    assert_eq!(text(&files(Path::new(&out)), "decisions.jsonl"), "");
}

#[test]
fn two_runs_give_the_same_bytes() {
    let directory = directory("campaign-twice");
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let shop = |out: &str, more: &[&str]| {
        let args = [&["--customers", "300", "--out", out], more].concat();
        run("campaign", args).map(|run| (run, files(Path::new(out))))
    };
    let Some((one, first)) = shop(&path("one"), &[]) else { return };
    let (two, second) = shop(&path("two"), &[]).unwrap();
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    first.iter().for_each(|(name, bytes)| assert!(second.get(name) == Some(bytes), "{name}"));
    let summary = |run: &Run| run.out.lines().filter(|line| !line.starts_with("wrote")).count();
    assert_eq!(summary(&one), summary(&two));
    assert!((10..=20).contains(&summary(&one)), "{}", one.out);

    let decisions = text(&first, "decisions.jsonl");
    let decisions: Vec<Json> =
        decisions.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let customers: Vec<&str> =
        decisions.iter().map(|decision| decision["customer"].as_str().unwrap()).collect();
    assert!(customers.is_sorted() && customers.len() > 290, "{}", customers.len());
    let outcome = |decision: &&Json| decision["outcome"] == "sent";
    let sent: Vec<&str> =
        decisions.iter().filter(outcome).map(|sent| sent["message"].as_str().unwrap()).collect();
    assert!(decisions.iter().all(|decision| decision["outcome"] != "failed"));
    let reasons: std::collections::BTreeSet<&str> =
        decisions.iter().filter_map(|decision| decision["reason"].as_str()).collect();
    assert!(reasons.contains("consent"), "{reasons:?}");

    let messages = |files: &BTreeMap<String, Vec<u8>>| -> Vec<String> {
        let names = files.keys().filter_map(|name| name.strip_prefix("messages/"));
        names.map(|name| name.trim_end_matches(".eml").to_owned()).collect()
    };
    assert!(sent.len() > 100, "{}", sent.len());
    assert_eq!(messages(&first), sent[..sent.len().min(200)]);
    let (_, all) = shop(&path("all"), &["--all"]).unwrap();
    assert_eq!(messages(&all), sent);
    let mut segments: Vec<&str> = decisions
        .iter()
        .flat_map(|decision| decision["segments"].as_object().unwrap().keys())
        .map(String::as_str)
        .collect();
    segments.sort_unstable();
    segments.dedup();
    assert!(segments.len() >= 7, "{segments:?}");
}
