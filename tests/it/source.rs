//! Records read from files, and what becomes of them.

#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use bespoke::error::ErrorKind;
use bespoke::event::Event;
use bespoke::page::Cursor;
use bespoke::schema::{Inference, Schema};
use bespoke::seed::Seed;
use bespoke::source::{
    Columns, CsvReader, FileSource, Ingest, Ingested, JsonLinesReader, MemorySource, Record,
    Reject, RejectFile, Source, TableMapping, infer,
};
use bespoke::testing::source::conforms;
use bespoke::value::Kind;
use proptest::collection::vec;
use proptest::prelude::*;

type Item = Result<Record, Reject>;

const TABLE: &str = "\
userId,event,timestamp,revenue,note
p-1,Order Completed,2026-02-01T12:00:00Z,620.50,
p-1,Order Completed,2026-02-01T12:00:00Z,620.50,

p-2,Order Completed,2026-02-02T12:00:00Z,12,\"two
lines and a \"\"word\"\"\"
p-3,Order Completed,yesterday,12,
p-4,\"Order Completed,2026-02-03T12:00:00Z,12,never closed
p-5,Order Completed,2026-02-04T12:00:00Z,12,ok,more
,Order Completed,2026-02-04T12:00:00Z,12,nobody
p-6,Order Completed,2026-02-05T12:00:00Z,twelve,
p-7,Order Completed,2026-02-05T12:00:00Z,1234567890123,
p-8,Order Completed,2026-02-05T12:00:00Z,1.0000001,last
";

const LINES: &str = r#"{"type":"track","messageId":"m-1","userId":"p-1","event":"Order Completed","timestamp":"2026-02-01T12:00:00Z","receivedAt":"2026-02-01T12:00:09Z","properties":{"revenue":5}}
{"type":"track","messageId":"m-1","userId":"p-1","event":"Order Completed","timestamp":"2026-02-01T12:00:00Z","receivedAt":"2026-02-01T12:00:05Z","properties":{"revenue":6}}

{"type":"track","messageId":"m-1","userId":"p-1","event":"Order Completed","timestamp":"2026-02-01T12:00:00Z","receivedAt":"2026-02-01T12:00:04Z","properties":{"revenue":6.0}}
{"batch":[{"type":"identify","userId":"p-2","timestamp":"2026-02-01T12:00:00Z","traits":{"country":"DE"}},{"type":"track","userId":"p-2"},{"type":"identify","userId":"p-2","timestamp":"2026-02-01T12:00:00Z","traits":{"country":"DE"}}]}
{"type":"track",
[1,2]
"#;

fn schema() -> Schema {
    Schema::new().attribute("country", Kind::Text).event(
        "Order Completed",
        [("revenue", Kind::Number), ("note", Kind::Text), ("product", Kind::Text)],
    )
}

fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path
}

#[expect(clippy::disallowed_methods, reason = "where real data lies is told by the environment")]
fn data(name: &str) -> PathBuf {
    let base = std::env::var_os("BESPOKE_DATA").unwrap_or_else(|| "../shared/data".into());
    Path::new(&base).join(name)
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

fn csv_items(content: &[u8], limit: usize) -> Vec<Item> {
    let mut reader = CsvReader::new(content).unwrap().max_record_bytes(limit);
    std::iter::from_fn(|| reader.next_record().unwrap()).collect()
}

fn json_items(content: &[u8], limit: usize) -> Vec<Item> {
    let mut reader = JsonLinesReader::new(content).unwrap().max_record_bytes(limit);
    std::iter::from_fn(|| reader.next_record().unwrap()).collect()
}

fn feed(ingest: &mut Ingest, items: impl IntoIterator<Item = Item>) {
    for item in items {
        ingest.take(item);
    }
}

fn ingest(items: impl IntoIterator<Item = Item>) -> Ingested {
    let mut ingest = Ingest::new(schema());
    feed(&mut ingest, items);
    ingest.finish()
}

/// Everything that a source gives in pages of `limit`.
fn pages(source: &mut dyn Source, after: Option<&Cursor>, limit: usize) -> Vec<Item> {
    let (mut items, mut after) = (Vec::new(), after.cloned());
    loop {
        let page = pollster::block_on(source.read(after.as_ref(), limit)).unwrap();
        items.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return items,
        }
    }
}

/// What stands, as text.
fn standing(ingested: &Ingested) -> Vec<String> {
    let events = ingested.events.values().flatten();
    events.map(|event| format!("{} {}", event.known_from(), event.to_json())).collect()
}

fn reasons(rejects: &[Reject]) -> Vec<(u64, u64, &str, &str)> {
    let place = |reject: &Reject| (reject.row, reject.line);
    rejects
        .iter()
        .map(|reject| {
            let field = reject.rejection.field.as_deref().unwrap_or_default();
            (place(reject).0, place(reject).1, &*reject.rejection.reason, field)
        })
        .collect()
}

#[test]
fn sources_keep_their_contract() {
    let json = file("conforms.jsonl", LINES.as_bytes());
    let packed_json = file("conforms.jsonl.gz", &gzip(LINES.as_bytes()));
    let csv = file("conforms.csv", TABLE.as_bytes());
    let packed_csv = file("conforms.csv.gz", &gzip(TABLE.as_bytes()));
    let memory = MemorySource::new(csv_items(TABLE.as_bytes(), 1 << 20));
    pollster::block_on(async {
        conforms(|| Box::new(memory.clone())).await;
        conforms(|| Box::new(FileSource::csv(&csv))).await;
        conforms(|| Box::new(FileSource::csv(&packed_csv))).await;
        conforms(|| Box::new(FileSource::csv(&csv).max_record_bytes(60))).await;
        conforms(|| Box::new(FileSource::json_lines(&json))).await;
        conforms(|| Box::new(FileSource::json_lines(&packed_json))).await;
    });
}

#[test]
fn rows_become_events_or_say_why_not() {
    let ingested = ingest(csv_items(TABLE.as_bytes(), 1 << 20));
    assert_eq!(
        reasons(&ingested.rejects),
        [
            (4, 7, "bad-timestamp", "timestamp"),
            (5, 8, "unclosed-quote", "event"),
            (6, 9, "wrong-column-count", ""),
            (7, 10, "missing-field", "userId"),
            (8, 11, "wrong-kind", "revenue"),
            (9, 12, "number-too-large", "revenue"),
        ]
    );
    // Rows alike are two orders.
    assert_eq!(ingested.events["p-1"].len(), 2);
    let note = ingested.events["p-2"][0].fields().get("note").unwrap();
    assert_eq!(note.as_text(), Some("two\nlines and a \"word\""));
    assert_eq!(
        ingested.tally.to_string(),
        "10 read: 4 accepted, 0 merged, 6 rejected (1 bad-timestamp, 1 missing-field, \
         1 number-too-large, 1 unclosed-quote, 1 wrong-column-count, 1 wrong-kind); \
         1 numbers rounded"
    );
    assert!(ingested.tally.is_balanced());
}

#[test]
fn of_one_message_id_what_was_known_first_stands() {
    let ingested = ingest(json_items(LINES.as_bytes(), 1 << 20));
    assert_eq!(
        reasons(&ingested.rejects),
        [
            (1, 1, "conflicting-message-id", "messageId"),
            (4, 5, "missing-field", "timestamp"),
            (5, 6, "broken-json", ""),
            (6, 7, "no-event", ""),
        ]
    );
    assert_eq!(ingested.rejects[0].record, LINES.lines().next().unwrap());
    assert_eq!(ingested.rejects[1].record, r#"{"type":"track","userId":"p-2"}"#);
    let order = &ingested.events["p-1"][0];
    assert_eq!(order.known_from().to_string(), "2026-02-01T12:00:04.000000Z");
    assert_eq!(order.fields().get("revenue").unwrap().to_string(), "6");
    // Repeated without an id: told once.
    assert_eq!(ingested.events["p-2"].len(), 1);
    assert_eq!((ingested.tally.read, ingested.tally.accepted, ingested.tally.merged), (8, 2, 2));
    assert!(ingested.tally.is_balanced());
}

#[test]
fn the_same_rows_in_another_source_are_the_same_events() {
    let mut twice = Ingest::new(schema());
    feed(&mut twice, csv_items(TABLE.as_bytes(), 1 << 20));
    twice.next_source(TableMapping::events());
    feed(&mut twice, csv_items(TABLE.as_bytes(), 1 << 20));
    let (once, twice) = (ingest(csv_items(TABLE.as_bytes(), 1 << 20)), twice.finish());
    assert_eq!(standing(&twice), standing(&once));
    assert_eq!(twice.tally.merged, once.tally.accepted);
    assert!(twice.tally.is_balanced());
}

#[test]
fn columns_are_found_by_name() {
    let columns = |names: &[&str]| names.iter().map(|name| (*name).into()).collect::<Columns>();
    let check = |mapping: TableMapping, names: &[&str]| {
        mapping.check(&columns(names)).map_err(|error| error.to_string())
    };
    let events = TableMapping::events;
    assert_eq!(check(events(), &["anonymous_id", "event", "timestamp"]), Ok(()));
    for (mapping, names, message) in [
        (
            events(),
            &["userid", "event", "timestamp"][..],
            "there is no column `userId`; did you mean `userid`?",
        ),
        (
            events(),
            &["userId", "event", "when"],
            "there is no column `timestamp`; there are `userId`, `event`, `when`",
        ),
        (
            events().event_name("Order Line").timestamp("InvoiceDate").person("Customer ID"),
            &["CustomerID", "InvoiceDate"],
            "there is no column `Customer ID`; did you mean `CustomerID`?",
        ),
        (
            events().message_id("id"),
            &["userId", "event", "timestamp", "ID"],
            "there is no column `id`; did you mean `ID`?",
        ),
        (
            events(),
            &["userId", "user_id", "event", "timestamp"],
            "there are both `userId` and `user_id`",
        ),
    ] {
        assert_eq!(check(mapping, names), Err(message.to_owned()));
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let kind = |name: &str, content: &[u8]| {
        let path = file(name, content);
        let error = CsvReader::open(&path).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        (error.kind(), error.detail().rsplit_once(": ").unwrap().1.to_owned())
    };
    assert_eq!(kind("empty.csv", b"").0, ErrorKind::Input);
    assert_eq!(kind("bom.csv", b"\xEF\xBB\xBF\n\r\n").0, ErrorKind::Input);
    assert_eq!(kind("empty.csv.gz", &gzip(b"")).0, ErrorKind::Input);
    assert_eq!(kind("twice.csv", b"a,b,a\n").1, "the header names the column `a` twice");
    assert_eq!(kind("unnamed.csv", b"a,,b\n").1, "column 2 of the header has no name");
    assert_eq!(kind("no-utf8.csv", b"a,\xFF\n").1, "the header is no UTF-8");
    assert_eq!(kind("cut.csv.gz", &gzip(TABLE.as_bytes())[..40]).0, ErrorKind::Io);
    for error in [
        CsvReader::open("absent.csv").unwrap_err(),
        JsonLinesReader::open("absent.csv").unwrap_err(),
        CsvReader::open(env!("CARGO_TARGET_TMPDIR")).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Io);
    }
}

#[test]
fn foreign_cursors_are_refused() {
    let mut source = FileSource::csv(file("cursors.csv", TABLE.as_bytes()));
    let mut packed = FileSource::csv(file("cursors.csv.gz", &gzip(TABLE.as_bytes())));
    let mut memory = MemorySource::new([]);
    for cursor in ["", "7", "a:b:c", "1:2:3:4", "01:2:3", "100000:2:3", "-1:0:0"] {
        for source in [&mut source as &mut dyn Source, &mut packed, &mut memory] {
            let cursor = Cursor::new(cursor);
            let error = pollster::block_on(source.read(Some(&cursor), 5)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Input, "{cursor:?}: {error}");
        }
    }
}

#[test]
fn profiles_and_events_say_what_a_schema_holds() {
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    let profiles = TableMapping::profiles(at);
    let items = csv_items(b"user_id,country,age,event\np-1,DE,41,x\n,FR,old,y\n", 1 << 20);
    let mut inference = Inference::new();
    items.iter().flatten().for_each(|record| infer(record, &profiles, &mut inference));
    for item in json_items(LINES.as_bytes(), 1 << 20).iter().flatten() {
        infer(item, &profiles, &mut inference);
    }
    let events = csv_items(TABLE.as_bytes(), 1 << 20);
    events
        .iter()
        .flatten()
        .for_each(|record| infer(record, &TableMapping::events(), &mut inference));
    let schema = inference.finish();
    let attributes = schema.attributes();
    assert_eq!(
        attributes.keys().map(|name| &**name).collect::<Vec<_>>(),
        ["age", "country", "event"]
    );
    // The row without a person is refused, but its cells have their say.
    assert_eq!(attributes["age"], Kind::Text.into());
    assert_eq!(schema.event_field("Order Completed", "note"), Some(&Kind::Text.into()));
    assert!(schema.has_event("Order Completed") && !schema.has_event("identify"));

    let mut ingest = Ingest::new(schema).mapping(profiles);
    feed(&mut ingest, items);
    let ingested = ingest.finish();
    let told = &ingested.events["p-1"][0];
    assert_eq!((told.at(), told.fields().len()), (at, 3));
    assert_eq!(ingested.tally.rejected["missing-field"], 1);
}

#[test]
fn rejects_are_written_as_they_came() {
    let ingested = ingest(csv_items(TABLE.as_bytes(), 1 << 20));
    let mut out = RejectFile::new(Vec::new()).unwrap();
    ingested.rejects.iter().for_each(|reject| out.write(reject).unwrap());
    let written = out.finish().unwrap();
    let records = csv_items(&written, 1 << 20);
    let told: Vec<Vec<String>> = records
        .into_iter()
        .map(|record| record.unwrap().cells().map(|(_, cell)| cell.into_owned()).collect())
        .collect();
    let expected: Vec<Vec<String>> = ingested
        .rejects
        .into_iter()
        .map(|reject| {
            vec![
                reject.row.to_string(),
                reject.line.to_string(),
                reject.rejection.field.unwrap_or_default(),
                reject.rejection.reason.into_owned(),
                reject.rejection.detail,
                reject.record,
            ]
        })
        .collect();
    assert_eq!(told, expected);
}

/// An endless line, of which no more than asked for may be kept.
#[derive(Debug)]
struct Long {
    head: &'static [u8],
    left: usize,
    tail: &'static [u8],
}

impl std::io::Read for Long {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        if !self.head.is_empty() {
            return self.head.read(bytes);
        }
        if self.left == 0 {
            return self.tail.read(bytes);
        }
        let count = bytes.len().min(self.left);
        bytes[..count].fill(b'x');
        self.left -= count;
        Ok(count)
    }
}

#[test]
fn a_long_line_is_refused_and_passed_over() {
    for head in [&b"a,b\nx,"[..], b"a,b\nx,\""] {
        let input = Long { head, left: 300 << 20, tail: b"\n1,2\n" };
        let mut reader = CsvReader::new(input).unwrap();
        let reject = reader.next_record().unwrap().unwrap().unwrap_err();
        assert_eq!(reject.rejection.reason, "record-too-large");
        assert_eq!(reject.record.len(), 1 << 20);
        let record = reader.next_record().unwrap().unwrap().unwrap();
        assert_eq!((record.row(), record.line(), record.text()), (2, 3, "1,2"));
    }
    let input = Long { head: b"{\"a\":\"", left: 300 << 20, tail: b"\"}\n{}\n" };
    let mut reader = JsonLinesReader::new(input).unwrap();
    let reject = reader.next_record().unwrap().unwrap().unwrap_err();
    assert_eq!(reject.rejection.reason, "record-too-large");
    assert_eq!(reader.next_record().unwrap().unwrap().unwrap().text(), "{}");
}

#[test]
fn broken_rows_do_not_make_a_file_slow() {
    // Each opens a quote that closes nowhere, or in the next row, or several rows later.
    for row in ["a,\"b", "a,\"b\"\"", "\"", "x\",y,\"z", "a,b,\"\"\"c", "a,\"\"\"\""] {
        let content = format!("a,b,c\n{}", format!("{row}\n").repeat(200_000));
        let items = csv_items(content.as_bytes(), 1 << 20);
        assert_eq!(items.len(), 200_000, "{row}");
        assert!(items.iter().all(Result::is_err));
    }
    // One quote in front of very many rows without any.
    let content = format!("a,b\n\"a,b\n{}", "1,2\n".repeat(1_000_000));
    assert_eq!(
        csv_items(content.as_bytes(), 1 << 20).iter().filter(|item| item.is_ok()).count(),
        1_000_000
    );
}

#[test]
fn a_real_shop_is_read_whole() {
    let path = data("online_retail/online_retail_2009-2010.csv.gz");
    let Ok(mut reader) = CsvReader::open(&path) else {
        println!("skipped: online_retail not present");
        return;
    };
    let mapping = TableMapping::events()
        .person("Customer ID")
        .event_name("Order Line")
        .timestamp("InvoiceDate");
    mapping.check(reader.columns()).unwrap();
    let fields = [("Price", Kind::Number), ("Quantity", Kind::Number), ("Description", Kind::Text)];
    let mut ingest = Ingest::new(Schema::new().event("Order Line", fields)).mapping(mapping);
    let (mut rows, mut nobody, mut people) = (0, 0, BTreeSet::new());
    while let Some(item) = reader.next_record().unwrap() {
        rows += 1;
        match item.as_ref().unwrap().cell(6).unwrap() {
            person if person.is_empty() => nobody += 1,
            person => drop(people.insert(person.into_owned())),
        }
        // As many as take no more than seconds without optimization.
        if rows <= 50_000 {
            ingest.take(item);
        }
    }
    assert_eq!((rows, nobody, people.len()), (525_461, 107_927, 4_383));
    let Ingested { tally, .. } = ingest.finish();
    assert!(tally.is_balanced());
    assert_eq!((tally.read, tally.merged), (50_000, 0));
    assert_eq!(tally.rejected.keys().collect::<Vec<_>>(), ["missing-field"]);
}

// Laws, over files that were damaged.

/// A file of a few good rows in which bytes were changed, put in, taken out, and the end cut off.
fn damaged(good: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let special = prop::sample::select(&b"\"\"\"\",\n\r\\{}[]: x0\xFF\xC3"[..]);
    let change = (any::<prop::sample::Index>(), 0_u8..3, special);
    (vec(change, 0..12), any::<prop::sample::Index>(), any::<bool>()).prop_map(
        move |(changes, cut, whole)| {
            let mut bytes = good.as_bytes().to_vec();
            // The header stays, for without one there is nothing to read.
            let head = if good.starts_with('{') { 0 } else { good.find('\n').unwrap() + 1 };
            for (at, how, byte) in changes {
                let at = head + at.index(bytes.len() - head);
                match how {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    _ => drop(bytes.remove(at)),
                }
            }
            if !whole {
                bytes.truncate(head + cut.index(bytes.len() - head));
            }
            bytes
        },
    )
}

/// The physical lines of a file that hold anything.
fn lines(content: &str) -> Vec<&str> {
    content
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .filter(|line| !line.is_empty())
        .collect()
}

fn text(item: &Item) -> &str {
    match item {
        Ok(record) => record.text(),
        Err(reject) => &reject.record,
    }
}

fn check_account(ingested: &Ingested) {
    assert!(ingested.tally.is_balanced(), "{}", ingested.tally);
    let events: usize = ingested.events.values().map(Vec::len).sum();
    assert_eq!(events, ingested.tally.accepted);
    assert_eq!(ingested.rejects.len(), ingested.tally.rejected());
}

fn check_paging(name: &str, plain: &[u8], make: impl Fn(PathBuf) -> FileSource, items: &[Item]) {
    let plain_file = file(name, plain);
    let packed_file = file(&format!("{name}.gz"), &gzip(plain));
    for path in [plain_file, packed_file] {
        pollster::block_on(conforms(|| Box::new(make(path.clone()))));
        for limit in [1, 4, 1000] {
            assert_eq!(pages(&mut make(path.clone()), None, limit), items);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn every_byte_of_a_table_is_accounted_for(bytes in damaged(TABLE), limit in 60_usize..400) {
        let name = "damaged.csv";
        let items = csv_items(&bytes, limit);
        check_paging(name, &bytes, |path| FileSource::csv(path).max_record_bytes(limit), &items);
        let ingested = ingest(items.clone());
        check_account(&ingested);
        prop_assert_eq!(ingested.tally.read, items.len());
        let cut = |reject: &Reject| reject.rejection.reason == "record-too-large";
        if !items.iter().any(|item| item.as_ref().is_err_and(cut)) {
            let content = String::from_utf8_lossy(&bytes);
            let read: Vec<&str> = items.iter().flat_map(|item| lines(text(item))).collect();
            prop_assert_eq!(read, lines(content.split_once('\n').unwrap().1));
        }
    }

    #[test]
    fn every_byte_of_json_lines_is_accounted_for(bytes in damaged(LINES), limit in 60_usize..400) {
        let name = "damaged.jsonl";
        let items = json_items(&bytes, limit);
        let make = |path| FileSource::json_lines(path).max_record_bytes(limit);
        check_paging(name, &bytes, make, &items);
        check_account(&ingest(items.clone()));
        let content = String::from_utf8_lossy(&bytes);
        let all = lines(&content);
        prop_assert_eq!(items.len(), all.iter().filter(|line| !line.trim_ascii().is_empty()).count());
    }

    #[test]
    fn any_bytes_at_all_are_read(bytes in vec(prop_oneof![
        4 => prop::sample::select(&b"\",\n\ra"[..]), 1 => any::<u8>(),
    ], 0..300), limit in 1_usize..80) {
        let table = [b"a,b,c\n", &bytes[..]].concat();
        for item in csv_items(&table, limit) {
            // U+FFFD, which may stand for each byte, has three.
            prop_assert!(text(&item).len() <= 3 * limit, "cut at the limit");
        }
        check_account(&ingest(csv_items(&table, limit)));
        check_account(&ingest(json_items(&bytes, limit)));
        let _ = CsvReader::new(&bytes[..]).map(|reader| reader.columns().len());
    }

    #[test]
    fn one_broken_row_costs_no_other(at in 0_usize..40, seed: u64) {
        let row = |number: usize| {
            let note = if number.is_multiple_of(3) { "\"a, \"\"b\"\"\"" } else { "a" };
            format!("p-{number},Order Completed,2026-02-01T12:00:00Z,{number},{note}\n")
        };
        let broken = ["p,\"", "p,\"a\" b,c,d,e\n", "p\n", "a,b,c,d,e,f\n", "\"p\"\"\n"];
        let broken = broken[usize::try_from(Seed::new(seed).draws().below(5)).unwrap()];
        let mut rows: Vec<String> = (0..40).map(row).collect();
        rows.insert(at, format!("{}\n", broken.trim_end()));
        let items = csv_items(format!("userId,event,timestamp,revenue,note\n{}", rows.concat()).as_bytes(), 1 << 20);
        let good = items.iter().filter(|item| item.is_ok()).count();
        prop_assert_eq!((items.len(), good), (41, 40));
    }

    #[test]
    fn the_order_of_lines_does_not_change_what_stands(
        picks in vec((0_usize..3, 0_u32..2, 0_u32..3, any::<bool>()), 1..25),
        seed: u64,
    ) {
        let id = |pick: usize| ["", "m-1", "m-2"][pick];
        let at = |second: u32| format!("2026-02-01T12:00:0{second}Z");
        let row = |(pick, revenue, received, _): &(usize, u32, u32, bool)| {
            format!("p-1,Order Completed,{},{},{},{revenue}\n", at(0), id(*pick), at(*received))
        };
        let line = |(pick, revenue, received, _): &(usize, u32, u32, bool)| {
            let id = match id(*pick) { "" => String::new(), id => format!(r#""messageId":"{id}","#) };
            format!(r#"{{{id}"userId":"p-1","event":"Order Completed","timestamp":"{}","receivedAt":"{}","properties":{{"revenue":{revenue}}}}}"#, at(0), at(*received)) + "\n"
        };
        let read = |picks: &[(usize, u32, u32, bool)]| {
            let (rows, documents): (Vec<_>, Vec<_>) = picks.iter().partition(|pick| pick.3);
            let table: String = rows.into_iter().map(row).collect();
            let header = "userId,event,timestamp,messageId,receivedAt,revenue\n";
            let documents: String = documents.into_iter().map(line).collect();
            let mut items = csv_items((header.to_owned() + &table).as_bytes(), 1 << 20);
            items.extend(json_items(documents.as_bytes(), 1 << 20));
            ingest(items)
        };
        let mut shuffled = picks.clone();
        let mut draws = Seed::new(seed).draws();
        shuffled.sort_by_cached_key(|_| draws.bits());
        let (a, b) = (read(&picks), read(&shuffled));
        check_account(&a);
        check_account(&b);
        prop_assert_eq!(standing(&a), standing(&b));
    }

    #[test]
    fn a_table_of_cells_reads_as_its_text(cells in vec("[a\",\r\n é]{0,6}", 3)) {
        let columns: Columns = ["a", "b", "c"].map(Into::into).into();
        let made = Record::table(1, 2, &columns, &cells).unwrap();
        let told: Vec<String> = made.cells().map(|(_, cell)| cell.into_owned()).collect();
        prop_assert_eq!(&told, &cells);
        let file = format!("a,b,c\n{}\n", made.text());
        prop_assert_eq!(csv_items(file.as_bytes(), 1 << 20), [Ok(made)]);
    }
}

#[test]
fn a_large_file_is_read_across_its_buffers() {
    let mut draws = Seed::new(5).draws();
    let rows: Vec<String> = (0..3_000)
        .map(|row| {
            let length = usize::try_from(draws.below(300)).unwrap();
            let (word, end) =
                ("ä\n,\"\"".repeat(length), if draws.chance(0.5) { "\r" } else { "" });
            format!("{row},\"{word}\"{end}\n")
        })
        .collect();
    let content = format!("row,word\r\n{}", rows.concat());
    let items = csv_items(content.as_bytes(), 1 << 20);
    assert_eq!(items.len(), rows.len());
    for (item, row) in items.iter().zip(&rows) {
        assert_eq!(item.as_ref().unwrap().text(), row.trim_end());
    }
    let paths =
        [file("large.csv", content.as_bytes()), file("large.csv.gz", &gzip(content.as_bytes()))];
    for path in paths {
        assert_eq!(pages(&mut FileSource::csv(path), None, 500), items);
    }
}

#[test]
fn events_written_as_json_are_read_again() {
    let ingested = ingest(csv_items(TABLE.as_bytes(), 1 << 20));
    let written: String = standing(&ingested)
        .iter()
        .map(|line| line.split_once(' ').unwrap().1.to_owned() + "\n")
        .collect();
    let again = ingest(json_items(written.as_bytes(), 1 << 20));
    assert_eq!(standing(&again), standing(&ingested));
    assert!(again.events.values().flatten().all(Event::has_id));
}
