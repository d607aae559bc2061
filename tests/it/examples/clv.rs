//! Lifetime value of the customers of a file.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value as Json;

use super::{Run, directory, run};

/// Customers who differ in how often they buy and in when they stop.
fn sales() -> String {
    let mut sales = "note,customer,date,quantity,amount\n".to_owned();
    for customer in 0..60 {
        // Some never come back, some do once, and the others for good.
        let times = [1, 2, 30, 30][customer % 4];
        let (begins, every) = (customer % 13, 3 + customer % 11 * 4);
        for day in (begins..240).step_by(every).take(times) {
            let (month, day) = (day / 28 + 1, day % 28 + 1);
            let amount = 10 + customer * 7 % 50 + day % 5;
            writeln!(sales, "x,c{customer},2025-{month:02}-{day:02},1,{amount}.50").unwrap();
        }
    }
    sales
}

fn ask(test: &str, sales: &str, more: &[&str]) -> Option<Run> {
    let file = directory(&format!("clv-{test}")).join("sales.csv");
    fs::write(&file, sales).unwrap();
    let fixed = ["--transactions", file.to_str().unwrap(), "--model", "bgnbd"];
    run("clv", fixed.iter().chain(more))
}

const SPLIT: [&str; 4] = ["--calibration-end", "2025-05-28", "--holdout-days", "60"];

fn json(run: &Run) -> Json {
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert_eq!(run.out.lines().count(), 1);
    serde_json::from_str(&run.out).unwrap()
}

#[test]
fn the_answer_is_one_object() {
    let Some(run) = ask("object", &sales(), &SPLIT) else { return };
    let answer = json(&run);
    let names = ["params", "log_likelihood", "customers", "holdout_actual", "holdout_predicted"];
    for name in names.iter().chain(&["mae", "rmse", "auc_active", "standard_errors"]) {
        assert!(!answer[name].is_null(), "{name}");
    }
    assert!(
        ["r", "alpha", "a", "b"].iter().all(|name| answer["params"][name].as_f64() > Some(0.0))
    );
    assert_eq!(answer["customers"], 60);
    assert!(answer.get("mean_value").is_none());
    assert!(run.err.starts_with("BG/NBD of 60 customers, by weeks\n"), "{}", run.err);
    let rows = sales();
    let later = rows.lines().skip(1).filter(|row| {
        let date = row.split(',').nth(2).unwrap();
        date > "2025-05-28" && date <= "2025-07-27"
    });
    assert_eq!(answer["holdout_actual"], later.count());

    let both = ask("value", &sales(), &[&SPLIT[..], &["--value"]].concat()).unwrap();
    let value = json(&both);
    assert_eq!(value["params"], answer["params"]);
    assert!(["p", "q", "v"].iter().all(|name| value["gamma_gamma"][name].as_f64() > Some(0.0)));
    assert!((10.0..80.0).contains(&value["mean_value"].as_f64().unwrap()));
}

#[test]
fn neither_rows_nor_their_writing_matter() {
    let Some(plain) = ask("plain", &sales(), &[&SPLIT[..], &["--value"]].concat()) else { return };
    let text = sales();
    let (header, rows) = text.split_once('\n').unwrap();
    let mut rows: Vec<String> = rows.lines().map(str::to_owned).collect();
    rows.reverse();
    // A purchase in two parts, and days as instants.
    for row in &mut rows {
        let cells: Vec<&str> = row.split(',').collect();
        let amount: f64 = cells[4].parse().unwrap();
        let half = |at: &str, amount: f64| format!("x,{},{}{at},1,{amount}", cells[1], cells[2]);
        *row = format!("{}\n{}", half("T23:59:59Z", 4.25), half("", amount - 4.25));
    }
    // Who comes after the calibration is left out, and so is what is bought after the holdout.
    let more = "x,new,2025-06-01,1,5\nx,new,2025-06-20,1,5\nx,c1,2025-07-28,1,9\n";
    let other = format!("{header}\n{}\n{more}", rows.join("\n"));
    let other = ask("other", &other, &[&SPLIT[..], &["--value"]].concat()).unwrap();
    let untimed = |run: &Run| {
        let mut answer = json(run);
        assert!(answer.as_object_mut().unwrap().remove("fit_s").is_some());
        answer
    };
    assert_eq!(untimed(&other), untimed(&plain));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let header = "customer,date,amount\n";
    for (sales, more, expected) in [
        ("", &SPLIT[..], "sales.csv"),
        (header, &SPLIT, "nothing was bought by the end of the calibration"),
        (
            "customer,date\na,2025-01-01\n",
            &SPLIT,
            "line 1: there is no column `amount`; there are customer, date",
        ),
        (
            "customer,date,amount\na,2025-13-01,1\n",
            &SPLIT,
            "line 2, column `date`: `2025-13-01` is no date",
        ),
        ("customer,date,amount\na,,1\n", &SPLIT, "line 2, column `date`: `` is no date"),
        (
            "customer,date,amount\na,2025-01-01,1\n\na,2025-01-02,x\n",
            &SPLIT,
            "line 4, column `amount`: `x` is no number",
        ),
        ("customer,date,amount\na,2025-01-01,NaN\n", &SPLIT, "line 2, column `amount`"),
        (
            "customer,date,amount\n ,2025-01-01,1\n",
            &SPLIT,
            "line 2, column `customer`: nobody is named",
        ),
        ("customer,date,amount\na,2025-01-01\n", &SPLIT, "line 2"),
        ("customer,date,amount\na,2025-01-01,1\n", &SPLIT, "nobody bought again"),
        (
            "customer,date,amount\na,2026-01-01,1\n",
            &SPLIT,
            "nothing was bought by the end of the calibration",
        ),
        (
            "customer,date,amount\na,2025-01-01,1\na,2025-02-01,1\n",
            &SPLIT,
            "the fit does not converge",
        ),
        (header, &["--holdout-days", "9"], "--calibration-end is missing"),
        (
            header,
            &["--calibration-end", "2025-02-30", "--holdout-days", "9"],
            "--calibration-end: `2025-02-30` is no date",
        ),
        (
            header,
            &["--calibration-end", "2025-02-03", "--holdout-days", "0"],
            "--holdout-days is a number of days from 1",
        ),
        (header, &["--calibration-end", "2025-02-03", "--holdout-days", "x"], "not `x`"),
    ] {
        let Some(run) = ask("wrong", sales, more) else { return };
        assert!(run.refused().contains(expected), "{expected}: {}", run.err);
    }
    let Some(run) = run("clv", ["--transactions", "none.csv"]) else { return };
    assert!(run.refused().contains("--calibration-end is missing"));
}

#[test]
fn customers_of_cdnow_are_those_of_the_paper() {
    let Some(text) = crate::data("cdnow/cdnow_sample.csv") else { return };
    let split = ["--calibration-end", "1997-09-30", "--holdout-days", "273", "--value"];
    let Some(run) = ask("cdnow", &text, &split) else { return };
    let answer = json(&run);
    let near = |found: &Json, expected: f64, tolerance: f64| {
        assert!((found.as_f64().unwrap() - expected).abs() <= tolerance, "{found} {expected}");
    };
    for (name, expected) in [("r", 0.2426), ("alpha", 4.4136), ("a", 0.7929), ("b", 2.4259)] {
        near(&answer["params"][name], expected, 5e-5);
    }
    near(&answer["log_likelihood"], -9_582.43, 0.01);
    assert_eq!((&answer["customers"], &answer["holdout_actual"]), (&2357.into(), &1882.into()));
    near(&answer["holdout_predicted"], 1653.41, 0.01);
    near(&answer["mae"], 0.785_45, 1e-5);
    near(&answer["rmse"], 1.607_98, 1e-5);
    for (name, expected) in [("p", 6.25), ("q", 3.74), ("v", 15.44)] {
        near(&answer["gamma_gamma"][name], expected, 0.005);
    }
    near(&answer["mean_value"], 35.37, 0.01);
}
