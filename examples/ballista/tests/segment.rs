//! Whichever engine of the segment tool answers, and whatever file it reads, it prints the same.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::parquet::arrow::ArrowWriter;

const CSV: &str = "\
userId,event,timestamp,revenue,gift
p-1,Order,2026-01-05T10:00:00Z,120.50,true
p-1,Order,2026-02-05T10:00:00.25Z,79.50,
p-2,Order,2026-02-07T00:00:00Z,200,false
p-2,View,2026-02-08T00:00:00Z,,
p-3,View,2026-02-09T12:30:00Z,,
";

const RULES: [&str; 5] = [
    "sum(\"Order\".revenue) = 200",
    "sum(Order.revenue over 30 days) >= 200 AND count(View since last(Order)) > 0",
    "count(Order where gift) = 0",
    "last(Order.revenue) < 100 OR avg(Order.revenue) > 150",
    "bucket(2, 'half') = 0 AND count(View) > 0",
];

#[test]
fn every_engine_prints_the_same_of_every_file() {
    let folder = std::env::temp_dir().join(format!("bespoke-segment-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let csv = folder.join("events.csv");
    std::fs::write(&csv, CSV).unwrap();
    let files = [csv, parquet(&folder)];
    let mut printed = 0;
    for rule in RULES {
        let expected = ask(&files[0], rule, "native");
        printed += expected.lines().count();
        for file in &files {
            for engine in ["native", "live", "sqlite", "datafusion"] {
                let found = ask(file, rule, engine);
                assert_eq!(found, expected, "{rule} by {engine} of {}", file.display());
            }
        }
    }
    assert!(printed > 5, "the rules tell nothing: {printed} lines");
    std::fs::remove_dir_all(&folder).unwrap();
}

fn ask(file: &Path, rule: &str, engine: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_segment"))
        .arg("--events")
        .arg(file)
        .args(["--rule", rule, "--at", "2026-02-10T00:00:00Z", "--engine", engine, "--until"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The same table with types.
fn parquet(folder: &Path) -> PathBuf {
    let rows: Vec<Vec<&str>> = CSV.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let column = |at: usize| rows.iter().map(move |row| row[at]);
    let text = |at| Arc::new(StringArray::from_iter_values(column(at))) as ArrayRef;
    let instant = |text: &str| text.parse::<bespoke::time::Timestamp>().unwrap().micros();
    let cents = |text: &str| {
        let (units, cents) = text.split_once('.').unwrap_or((text, "00"));
        format!("{units}{cents}").parse::<i128>().ok()
    };
    let revenue = column(3).map(|text| Some(text).filter(|text| !text.is_empty()).and_then(cents));
    let revenue = revenue.collect::<Decimal128Array>().with_precision_and_scale(10, 2).unwrap();
    let gift: BooleanArray = column(4).map(|text| text.parse().ok()).collect();
    let table = RecordBatch::try_from_iter([
        ("userId", text(0)),
        ("event", text(1)),
        (
            "timestamp",
            Arc::new(TimestampMicrosecondArray::from_iter_values(column(2).map(instant))),
        ),
        ("revenue", Arc::new(revenue)),
        ("gift", Arc::new(gift)),
    ]);
    let table = table.unwrap();
    let path = folder.join("events.parquet");
    let mut writer =
        ArrowWriter::try_new(File::create(&path).unwrap(), table.schema(), None).unwrap();
    writer.write(&table).unwrap();
    writer.close().unwrap();
    path
}
