//! Lifetime value from outside: published figures, laws, and what cannot be learnt from.

use bespoke::error::ErrorKind;
use bespoke::lifetime::{BgNbd, GammaGamma, History, Spending};

use super::data;

/// The numbers of a file's columns, by row.
fn columns<const N: usize>(text: &str, names: [&str; N]) -> Vec<[f64; N]> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let places = names.map(|name| header.iter().position(|column| *column == name).unwrap());
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        places.map(|place| cells[place].parse().unwrap())
    };
    lines.map(row).collect()
}

fn cdnow() -> Option<Vec<History>> {
    let text = data("cdnow/cdnow_customers_summary.csv")?;
    let rows = columns(&text, ["frequency", "recency", "T"]);
    Some(History::table(rows.into_iter().map(|[x, recency, age]| (x, recency, age))).unwrap())
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
}

#[test]
fn customers_of_cdnow_are_those_of_the_paper() {
    let Some(customers) = cdnow() else { return };
    let model = BgNbd::fit(&customers).unwrap();
    println!("{:?} {:?}", model.parameters(), model.fitted());
    let expected = [0.242_593, 4.413_532, 0.792_886, 2.425_752];
    for ((_, found), expected) in model.parameters().into_iter().zip(expected) {
        near(found, expected, 3e-6);
    }
    let fit = model.fitted().unwrap();
    assert_eq!(fit.customers, 2357);
    near(fit.log_likelihood, -9_582.425_56, 5e-6);
    let one = History::new(2, 30.43, 38.86).unwrap();
    near(model.purchases(&one, 39.0).unwrap(), 1.225_910_4, 1e-6);
    near(model.alive(&one), 0.726_609, 1e-6);
    let total: f64 = customers.iter().map(|one| model.purchases(one, 39.0).unwrap()).sum();
    near(total, 1653.42, 0.01);
    let _ = ErrorKind::Model;
}

#[test]
fn what_customers_of_cdnow_spend_is_that_of_the_paper() {
    let Some(text) = data("cdnow/cdnow_customers_summary_with_transactions.csv") else { return };
    let rows = columns(&text, ["x", "zbar"]);
    let repeating = rows.iter().filter(|[x, _]| *x > 0.0).map(|[x, mean]| (*x, *mean));
    let customers = Spending::table(repeating).unwrap();
    let model = GammaGamma::fit(&customers).unwrap();
    println!("{:?} {:?}", model.parameters(), model.fitted());
    let expected = [6.248_802, 3.744_588, 15.447_748];
    for ((_, found), expected) in model.parameters().into_iter().zip(expected) {
        near(found, expected, 2e-4);
    }
    assert_eq!(customers.len(), 946);
    for (row, expected) in [(0, 24.658_616), (1, 18.911_480)] {
        near(model.mean(&customers[row]).unwrap(), expected, 1e-3);
    }
    near(model.population_mean().unwrap(), 35.171_002, 1e-3);
    near(model.correlation().unwrap(), 0.1139, 5e-5);
    assert!(!model.is_doubtful());
}
