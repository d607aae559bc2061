//! Online Retail: lines of invoices become orders and refunds.
//!
//! A line that repeats all columns of another merges with it; an invoice is one order with its
//! lines as products, at its earliest line; a `C…` invoice is a refund.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use bespoke::Error;
use bespoke::error::{ErrorKind, Rejection, nearest};
use bespoke::event::Event;
use bespoke::id::ProfileId;
use bespoke::privacy::Consent;
use bespoke::source::{Columns, CsvReader, Input, Record, Reject, Tally};
use bespoke::time::Timestamp;
use bespoke::value::{Decimal, Fields, Value};
use sha2::{Digest, Sha256};

use crate::people::{Base, Fault, PURPOSE, Person};

/// What is done with a line that is refused.
type Refuse<'a> = &'a mut dyn FnMut(&Reject) -> Result<(), Fault>;

/// A table of invoice lines that is there and has the columns.
pub(crate) struct RetailFile<R> {
    name: String,
    reader: CsvReader<R>,
    lines: Lines,
}

impl RetailFile<Input> {
    pub(crate) fn open(path: &Path) -> Result<Self, Fault> {
        Self::new(path.display().to_string(), CsvReader::open(path)?)
    }
}

impl<R: Read> RetailFile<R> {
    pub(crate) fn new(name: String, reader: CsvReader<R>) -> Result<Self, Fault> {
        let lines = Lines::new(reader.columns()).map_err(|error| error.within(&name))?;
        Ok(Self { name, reader, lines })
    }

    /// The customers of the table.
    pub(crate) fn read(self, assume_consent: bool, refuse: Refuse<'_>) -> Result<Base, Fault> {
        let Self { name, mut reader, mut lines } = self;
        let mut tally = Tally::default();
        while let Some(item) = reader.next_record().map_err(|error| error.within(&name))? {
            tally.read += 1;
            let taken = item.and_then(|record| {
                lines.take(&record).map_err(|rejection| record.refuse(rejection))
            });
            match taken {
                Ok(Taken::Accepted) => tally.accepted += 1,
                Ok(Taken::Merged) => tally.merged += 1,
                Err(reject) => {
                    *tally.rejected.entry(reject.rejection.reason.clone()).or_default() += 1;
                    refuse(&reject)?;
                }
            }
        }
        let count = lines.customers();
        let people = lines.people(assume_consent);
        Ok(Base { tally: Some(tally), count, people: Box::new(people) })
    }
}

/// What becomes of a line that is not refused.
enum Taken {
    Accepted,
    Merged,
}

/// The columns, by the names that the file's editions give them.
const COLUMNS: [&[&str]; 8] = [
    &["Invoice", "InvoiceNo"],
    &["StockCode"],
    &["Description"],
    &["Quantity"],
    &["InvoiceDate"],
    &["Price", "UnitPrice"],
    &["Customer ID", "CustomerID"],
    &["Country"],
];

/// The lines read so far, by customer and invoice.
struct Lines {
    columns: [usize; 8],
    /// Digests of the lines seen. Only asked whether one is there, so its order shows nowhere.
    seen: HashSet<[u8; 16]>,
    /// Texts that many lines share; only asked whether one is there, too.
    texts: HashSet<Arc<str>>,
    names: [Arc<str>; 4],
    invoices: BTreeMap<(ProfileId, Arc<str>), Invoice>,
}

struct Invoice {
    at: Timestamp,
    country: Arc<str>,
    products: Vec<Value>,
    /// In millionths.
    revenue: i128,
}

/// One line's cells.
struct Line<'a> {
    cells: [std::borrow::Cow<'a, str>; 8],
}

impl Lines {
    fn new(header: &Columns) -> Result<Self, Error> {
        let mut columns = [0; 8];
        for (index, names) in columns.iter_mut().zip(COLUMNS) {
            *index = position(header, names)?;
        }
        Ok(Self {
            columns,
            seen: HashSet::new(),
            texts: HashSet::new(),
            names: ["name", "price", "quantity", "sku"].map(Arc::from),
            invoices: BTreeMap::new(),
        })
    }

    fn take(&mut self, record: &Record) -> Result<Taken, Rejection> {
        let cells = self.columns.map(|index| record.cell(index).unwrap_or_default());
        let line = Line { cells };
        if !self.seen.insert(line.digest()) {
            return Ok(Taken::Merged);
        }
        let (customer, price, quantity) = line.check()?;
        let at = line.at()?;
        let amount =
            i128::from(quantity.micros()) / i128::from(Decimal::SCALE) * i128::from(price.micros());
        let invoice = self.text(line.invoice());
        let key = (customer, invoice);
        let before = self.invoices.get(&key).map_or(0, |invoice| invoice.revenue);
        if Decimal::from_micros(before + amount).is_none() {
            let detail = "the invoice's sum has more than 12 digits before the point";
            return Err(Rejection::new("number-too-large", detail).in_field("Quantity"));
        }
        let product = self.product(&line, quantity, price);
        let country = self.text(line.cell(7));
        let new = || Invoice { at, country, products: Vec::new(), revenue: 0 };
        let entry = self.invoices.entry(key).or_insert_with(new);
        entry.at = entry.at.min(at);
        entry.revenue += amount;
        entry.products.push(product);
        Ok(Taken::Accepted)
    }

    fn product(&mut self, line: &Line<'_>, quantity: Decimal, price: Decimal) -> Value {
        let (sku, description) = (self.text(line.cell(1)), self.text(line.cell(2)));
        let [name_key, price_key, quantity_key, sku_key] = &self.names;
        let mut fields = vec![
            (Arc::clone(price_key), Value::Number(price)),
            (Arc::clone(quantity_key), Value::Number(quantity)),
            (Arc::clone(sku_key), Value::Text(sku)),
        ];
        if !description.is_empty() {
            fields.push((Arc::clone(name_key), Value::Text(description)));
        }
        Value::Object(Fields::from_iter(fields))
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&new));
        new
    }

    /// How many customers there are.
    fn customers(&self) -> usize {
        let ids = self.invoices.keys().map(|(id, _)| id);
        ids.fold((0, None), |(count, last), id| (count + usize::from(last != Some(id)), Some(id))).0
    }

    /// The customers in the byte order of their ids, each with their invoices.
    fn people(self, assume_consent: bool) -> impl Iterator<Item = Person> {
        let mut invoices = self.invoices.into_iter().peekable();
        std::iter::from_fn(move || {
            let ((id, number), invoice) = invoices.next()?;
            let mut events = vec![invoice.event(&id, &number)];
            while let Some(((_, number), invoice)) = invoices.next_if(|((next, _), _)| *next == id)
            {
                events.push(invoice.event(&id, &number));
            }
            Some(person(id, events, assume_consent))
        })
    }
}

/// A customer, who is given an address since the file has none.
fn person(id: ProfileId, mut events: Vec<Event>, assume_consent: bool) -> Person {
    let since = events.iter().map(Event::at).min().unwrap_or(Timestamp::MIN);
    let address = format!("c{id}@example.com");
    events.push(Event::identify(id.clone(), since).with("email", address.as_str()));
    let assumed = Consent::granted(PURPOSE, since, "none").with_evidence("assumed by flag");
    let consents = if assume_consent { vec![assumed] } else { Vec::new() };
    Person { id, events, address, consents, subscriptions: Vec::new(), suppressed: None }
}

fn position(header: &Columns, names: &[&str]) -> Result<usize, Error> {
    let found = header.iter().position(|column| names.contains(&&**column));
    found.ok_or_else(|| {
        let name = names.first().copied().unwrap_or_default();
        let near = nearest(name, header.iter().map(|column| &**column));
        let help = near.map_or(String::new(), |near| format!("; is it `{near}`?"));
        Error::new(ErrorKind::Input, format!("there is no column `{name}`{help}"))
    })
}

impl Invoice {
    fn event(self, customer: &ProfileId, number: &Arc<str>) -> Event {
        let name = if number.starts_with('C') { "Order Refunded" } else { "Order Completed" };
        let revenue = Decimal::from_micros(self.revenue);
        let fields = Fields::from_iter([
            ("country", Value::Text(self.country)),
            ("order_id", Value::Text(Arc::clone(number))),
            ("products", Value::from(self.products)),
            ("revenue", Value::from(revenue)),
        ]);
        let event = Event::track(customer.clone(), name, self.at).with_fields(fields);
        event.with_id(format!("{number}-{customer}"))
    }
}

impl Line<'_> {
    fn cell(&self, index: usize) -> &str {
        self.cells.get(index).map_or("", |cell| cell)
    }

    fn invoice(&self) -> &str {
        self.cell(0)
    }

    fn digest(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        for cell in &self.cells {
            hash.update(cell.len().to_be_bytes());
            hash.update(cell.as_bytes());
        }
        let mut short = [0; 16];
        short.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        short
    }

    /// Refuses what is no line of a customer's order or refund; customer, price and quantity of
    /// the others.
    fn check(&self) -> Result<(ProfileId, Decimal, Decimal), Rejection> {
        if self.invoice().starts_with('A') {
            let detail = "an adjustment of accounts is neither an order nor a refund";
            return Err(Rejection::new("adjustment", detail).in_field("Invoice"));
        }
        let customer = self.customer()?;
        let code = self.cell(1);
        if code.len() < 5 || !code.bytes().take(5).all(|byte| byte.is_ascii_digit()) {
            let detail = format!("`{code}` does not begin with five digits");
            return Err(Rejection::new("not-a-product", detail).in_field("StockCode"));
        }
        let price = self.price()?;
        if price <= Decimal::ZERO {
            let detail = format!("{price} is no price");
            return Err(Rejection::new("no-price", detail).in_field("Price"));
        }
        let (quantity, refund) = (self.quantity()?, self.invoice().starts_with('C'));
        if quantity <= Decimal::ZERO && !refund {
            let detail = format!("{quantity} cannot be sold");
            return Err(Rejection::new("no-quantity", detail).in_field("Quantity"));
        }
        Ok((customer, price, quantity))
    }

    fn customer(&self) -> Result<ProfileId, Rejection> {
        let text = self.cell(6);
        if text.is_empty() {
            let detail = "the line names no customer";
            return Err(Rejection::new("no-customer", detail).in_field("Customer ID"));
        }
        let number = number(text, "Customer ID")?;
        if !number.is_whole() || number < Decimal::ZERO {
            let detail = format!("`{text}` is no customer's number");
            return Err(Rejection::new("bad-number", detail).in_field("Customer ID"));
        }
        Ok(ProfileId::from(number.to_string()))
    }

    fn price(&self) -> Result<Decimal, Rejection> {
        number(self.cell(5), "Price")
    }

    fn quantity(&self) -> Result<Decimal, Rejection> {
        let quantity = number(self.cell(3), "Quantity")?;
        if !quantity.is_whole() {
            let detail = format!("`{quantity}` is no whole number");
            return Err(Rejection::new("bad-number", detail).in_field("Quantity"));
        }
        Ok(quantity)
    }

    fn at(&self) -> Result<Timestamp, Rejection> {
        self.cell(4).parse().map_err(|error: Error| {
            Rejection::new("bad-timestamp", error.detail()).in_field("InvoiceDate")
        })
    }
}

fn number(text: &str, column: &str) -> Result<Decimal, Rejection> {
    text.parse().map_err(|error| {
        Rejection::new("bad-number", format!("`{text}` is {error}")).in_field(column)
    })
}
