//! Taking turns, and what memory it took.

use std::time::Duration;

use cpu_time::ThreadTime;
use mail_parser::MessageParser;

use crate::bare::Bare;
use crate::ours::Ours;

const DATA: &str = include_str!("../data.json");
const HTML: &str = include_str!("../mail.html");
const TEXT: &str = include_str!("../mail.txt");
/// How many batches each gets, in turns, and how many messages a batch has.
const BATCHES: usize = 101;
const MESSAGES: usize = 50;

pub fn compare() {
    let ours = Ours::new(DATA, HTML, TEXT).expect("the template is taken");
    let bare = Bare::new(DATA, HTML, TEXT, &ours.way_out().expect("there is a key"));
    let person = ours.person(1).expect("the person is read");
    let write = |permit| ours.message(&person, permit).expect("the message is written");
    let first = write(Ours::permit(&person)).bytes;
    same(&first, &bare.message());

    let (mut by_us, mut by_hand) = (Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        let permits: Vec<_> = (0..MESSAGES).map(|_| Ours::permit(&person)).collect();
        by_us.push(time(|| permits.into_iter().map(&write).map(|it| it.bytes.len()).sum()));
        by_hand.push(time(|| (0..MESSAGES).map(|_| bare.message().len()).sum()));
    }
    print("bespoke", by_us, first.len());
    print("minijinja + mail-builder", by_hand, first.len());
}

/// Both say the same; only that bare minijinja escapes the slash too.
fn same(ours: &[u8], bare: &[u8]) {
    let read = |bytes| {
        let message = MessageParser::default().parse(bytes).expect("it is a message");
        let html = message.body_html(0).expect("there is HTML").replace("&#x2f;", "/");
        let html = html.replace("&quot;", "&#34;").replace("&#x27;", "&#39;");
        let text = message.body_text(0).expect("there is text").into_owned();
        let lines = |text: String| text.replace("\r\n", "\n");
        (message.subject().map(str::to_owned), lines(html), lines(text))
    };
    assert!(read(ours) == read(bare), "both say the same");
}

/// The CPU time of one message of a batch.
fn time(batch: impl FnOnce() -> usize) -> Duration {
    let start = ThreadTime::now();
    assert!(std::hint::black_box(batch()) > 0);
    start.elapsed() / u32::try_from(MESSAGES).expect("it is small")
}

fn print(name: &str, mut times: Vec<Duration>, bytes: usize) {
    times.sort();
    let micros = |at: usize| times[at].as_secs_f64() * 1e6;
    let (quarter, median, three) = (BATCHES / 4, BATCHES / 2, BATCHES * 3 / 4);
    let line = serde_json::json!({
        "name": name,
        "micros": micros(median),
        "spread": (micros(three) - micros(quarter)) / 2.0,
        "bytes": bytes,
    });
    println!("{line}");
}

pub fn stream(count: u64) {
    let ours = Ours::new(DATA, HTML, TEXT).expect("the template is taken");
    let mut bytes = 0_u64;
    for number in 0..count {
        let person = ours.person(number).expect("the person is read");
        let message = ours.message(&person, Ours::permit(&person)).expect("it is written");
        bytes += message.bytes.len() as u64;
    }
    println!("{}", serde_json::json!({"messages": count, "bytes": bytes, "peak_kib": peak()}));
}

/// The most memory that was in use, in KiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
