//! Files of sales.

use std::collections::BTreeMap;

use bespoke::Error;
use bespoke::lifetime::Purchases;
use bespoke::source::{Columns, CsvReader, Record};
use bespoke::time::Timestamp;
use bespoke::value::Decimal;

use crate::Fault;
use crate::options::{Options, date, no_date};

/// A customer of the calibration.
pub(crate) struct Customer {
    /// What they bought until its end.
    pub(crate) purchases: Purchases,
    /// On how many days of the holdout they bought.
    pub(crate) bought: u32,
}

type Sales = BTreeMap<String, Vec<(Timestamp, Decimal)>>;

/// The customers of a file who bought by the end of the calibration.
pub(crate) fn read(options: &Options) -> Result<Vec<Customer>, Fault> {
    let path = &options.transactions;
    let located = |error: Error| match error.to_string() {
        text if text.starts_with(path) => text,
        text => format!("{path}: {text}"),
    };
    let mut reader = CsvReader::open(path).map_err(located)?;
    let places = Places::new(reader.columns()).map_err(|fault| format!("{path}: {fault}"))?;
    let mut sales = Sales::new();
    while let Some(row) = reader.next_record().map_err(located)? {
        let row = row.map_err(|reject| format!("{path}: {reject}"))?;
        let sale = places.read(&row).map_err(|(column, detail)| {
            format!("{path}: line {}, column `{column}`: {detail}", row.line())
        });
        let (customer, at, amount) = sale?;
        sales.entry(customer).or_default().push((at, amount));
    }
    let customers = sales.into_values().filter_map(|sales| Customer::new(&sales, options));
    let customers: Vec<Customer> = customers.collect();
    if customers.is_empty() {
        return Err(format!("{path}: nothing was bought by the end of the calibration"));
    }
    Ok(customers)
}

impl Customer {
    fn new(sales: &[(Timestamp, Decimal)], options: &Options) -> Option<Self> {
        let until = |until| Purchases::new(sales.iter().copied(), until);
        let (purchases, later) = (until(options.calibrated)?, until(options.held_out())?);
        let bought = later.history().repeats() - purchases.history().repeats();
        Some(Self { purchases, bought })
    }
}

/// Where the columns are.
struct Places {
    customer: usize,
    date: usize,
    amount: usize,
}

impl Places {
    fn new(columns: &Columns) -> Result<Self, Fault> {
        let place = |name: &str| {
            columns.iter().position(|column| **column == *name).ok_or_else(|| {
                format!("line 1: there is no column `{name}`; there are {}", columns.join(", "))
            })
        };
        Ok(Self { customer: place("customer")?, date: place("date")?, amount: place("amount")? })
    }

    /// Who bought, when, and for how much; or the column at fault and why.
    fn read(&self, row: &Record) -> Result<(String, Timestamp, Decimal), (&'static str, String)> {
        let cell = |place| row.cell(place).unwrap_or_default().trim().to_owned();
        let customer = cell(self.customer);
        if customer.is_empty() {
            return Err(("customer", "nobody is named".to_owned()));
        }
        let at = cell(self.date);
        let at = date(&at).ok_or_else(|| ("date", no_date(&at)))?;
        let amount = cell(self.amount);
        let amount =
            amount.parse().map_err(|error| ("amount", format!("`{amount}` is {error}")))?;
        Ok((customer, at, amount))
    }
}
