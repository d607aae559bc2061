//! Which column of a table is what.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Columns, Record, input};
use crate::error::{Error, Rejection, Result, nearest};
use crate::event::{Event, EventKind};
use crate::schema::Schema;
use crate::time::Timestamp;

/// Says which column of a table is the person, the event, its instant; all other columns are the
/// event's properties (or the person's traits) by their own names.
///
/// By default the columns are called as in the envelope, in camelCase or `snake_case`: `userId`
/// (and `anonymousId`, which stands in where the user is not known), `event`, `timestamp`, and,
/// where there are any, `messageId` and `receivedAt`. An empty cell is no value.
///
/// ```
/// use bespoke::schema::Schema;
/// use bespoke::source::{Columns, Record, TableMapping};
/// use bespoke::value::Kind;
///
/// let columns = Columns::from(["Customer ID".into(), "InvoiceDate".into(), "Price".into()]);
/// let mapping = TableMapping::events()
///     .person("Customer ID")
///     .event_name("Order Line")
///     .timestamp("InvoiceDate");
/// mapping.check(&columns)?;
///
/// let schema = Schema::new().event("Order Line", [("Price", Kind::Number)]);
/// let record = Record::table(1, 2, &columns, ["13085", "2009-12-01 07:45:00", "6.95"]).unwrap();
/// let event = mapping.event(&record, &schema).unwrap();
/// assert_eq!(event.fields().get("Price").unwrap().to_string(), "6.95");
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TableMapping {
    kind: EventKind,
    user: Role,
    anonymous: Role,
    message_id: Role,
    received: Role,
    event: Given<Arc<str>>,
    at: Given<Timestamp>,
}

/// How the column is called that plays a role.
#[derive(Clone, Debug)]
enum Role {
    /// By either of these names, in camelCase and in `snake_case`, if it is there.
    Usual([&'static str; 2]),
    /// By this name, and it must be there.
    Named(Arc<str>),
    /// No column plays it.
    Nobody,
}

/// What each row tells, or what holds for all of them.
#[derive(Clone, Debug)]
enum Given<T> {
    Column(Role),
    Constant(T),
}

/// Which cell plays which role.
#[derive(Debug, Default)]
pub(super) struct Roles {
    user: Option<usize>,
    anonymous: Option<usize>,
    message_id: Option<usize>,
    received: Option<usize>,
    event: Option<usize>,
    at: Option<usize>,
}

impl Default for TableMapping {
    fn default() -> Self {
        Self::events()
    }
}

impl TableMapping {
    /// A table of events.
    pub fn events() -> Self {
        Self {
            kind: EventKind::Track,
            user: Role::Usual(["userId", "user_id"]),
            anonymous: Role::Usual(["anonymousId", "anonymous_id"]),
            message_id: Role::Usual(["messageId", "message_id"]),
            received: Role::Usual(["receivedAt", "received_at"]),
            event: Given::Column(Role::Usual(["event", "event"])),
            at: Given::Column(Role::Usual(["timestamp", "timestamp"])),
        }
    }

    /// A table of people with a column for each trait, which hold from `at` on.
    pub fn profiles(at: Timestamp) -> Self {
        let name = EventKind::Identify.default_name();
        Self {
            kind: EventKind::Identify,
            message_id: Role::Nobody,
            received: Role::Nobody,
            event: Given::Constant(name.into()),
            at: Given::Constant(at),
            ..Self::events()
        }
    }

    /// The same mapping, with the person in the column of this name.
    #[must_use]
    pub fn person(self, column: impl Into<Arc<str>>) -> Self {
        Self { user: Role::Named(column.into()), ..self }
    }

    /// The same mapping, with the device, which stands in for an unknown person, in this column.
    #[must_use]
    pub fn anonymous(self, column: impl Into<Arc<str>>) -> Self {
        Self { anonymous: Role::Named(column.into()), ..self }
    }

    /// The same mapping, with the event's name in the column of this name.
    #[must_use]
    pub fn event_column(self, column: impl Into<Arc<str>>) -> Self {
        Self { event: Given::Column(Role::Named(column.into())), ..self }
    }

    /// The same mapping, with every row an event of this name.
    #[must_use]
    pub fn event_name(self, name: impl Into<Arc<str>>) -> Self {
        Self { event: Given::Constant(name.into()), ..self }
    }

    /// The same mapping, with the instant of the event in the column of this name.
    #[must_use]
    pub fn timestamp(self, column: impl Into<Arc<str>>) -> Self {
        Self { at: Given::Column(Role::Named(column.into())), ..self }
    }

    /// The same mapping, with the `messageId` in the column of this name.
    #[must_use]
    pub fn message_id(self, column: impl Into<Arc<str>>) -> Self {
        Self { message_id: Role::Named(column.into()), ..self }
    }

    /// The same mapping, with the instant since when the event is known in this column.
    #[must_use]
    pub fn received_at(self, column: impl Into<Arc<str>>) -> Self {
        Self { received: Role::Named(column.into()), ..self }
    }

    /// Checks that a table has the columns that the mapping needs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) for a column that is missing, with the
    /// nearest name, and for two columns that play one role.
    pub fn check(&self, columns: &Columns) -> Result<()> {
        for role in self.roles() {
            role.check(columns)?;
        }
        let roles = self.find(columns);
        if roles.user.or(roles.anonymous).is_none() {
            return Err(missing(self.user.name(), columns));
        }
        for (role, found) in [(self.event.role(), roles.event), (self.at.role(), roles.at)] {
            if let (Some(role), None) = (role, found) {
                return Err(missing(role.name(), columns));
            }
        }
        Ok(())
    }

    /// Makes an event of a row, its declared fields typed by `schema`.
    ///
    /// # Errors
    ///
    /// Why the row is no event, with the column: `missing-field`, `bad-timestamp`, `wrong-kind`,
    /// `number-too-large`.
    pub fn event(&self, record: &Record, schema: &Schema) -> Result<Event, Rejection> {
        let roles = self.find(columns(record)?);
        self.envelope(record, &roles)?.with_cells(roles.others(record), schema)
    }

    /// What each row tells.
    pub(super) fn kind(&self) -> EventKind {
        self.kind
    }

    /// What the roles say, without the other columns.
    pub(super) fn envelope(&self, record: &Record, roles: &Roles) -> Result<Event, Rejection> {
        let row = Row { record };
        let (user, anonymous) = (row.text(roles.user), row.text(roles.anonymous));
        if user.is_none() && anonymous.is_none() {
            let column = row.name(roles.user.or(roles.anonymous), self.user.name());
            return Err(absent(column, "the row names no person"));
        }
        let name = self.event.of(|role| {
            let name = row.text(roles.event).map(Arc::from);
            name.ok_or_else(|| absent(row.name(roles.event, role.name()), "the row names no event"))
        })?;
        let at = self.at.of(|role| {
            let at = row.instant(roles.at)?;
            at.ok_or_else(|| absent(row.name(roles.at, role.name()), "the row tells no instant"))
        })?;
        let mut event = Event::new(self.kind, name, at);
        if let Some(user) = user {
            event = event.user(&*user);
        }
        if let Some(anonymous) = anonymous {
            event = event.anonymous(&*anonymous);
        }
        if let Some(id) = row.text(roles.message_id) {
            event = event.with_id(&*id);
        }
        Ok(match row.instant(roles.received)? {
            Some(received) => event.received(received),
            None => event,
        })
    }

    pub(super) fn find(&self, columns: &Columns) -> Roles {
        Roles {
            user: self.user.find(columns),
            anonymous: self.anonymous.find(columns),
            message_id: self.message_id.find(columns),
            received: self.received.find(columns),
            event: self.event.role().and_then(|role| role.find(columns)),
            at: self.at.role().and_then(|role| role.find(columns)),
        }
    }

    fn roles(&self) -> impl Iterator<Item = &Role> {
        let always = [&self.user, &self.anonymous, &self.message_id, &self.received];
        always.into_iter().chain(self.event.role()).chain(self.at.role())
    }
}

/// The columns of a record that is a row of a table.
pub(super) fn columns(record: &Record) -> Result<&Columns, Rejection> {
    let no_table = || Rejection::new("wrong-kind", "a row of a table was expected");
    record.columns().ok_or_else(no_table)
}

impl<T: Clone> Given<T> {
    fn of(&self, read: impl FnOnce(&Role) -> Result<T, Rejection>) -> Result<T, Rejection> {
        match self {
            Self::Column(role) => read(role),
            Self::Constant(constant) => Ok(constant.clone()),
        }
    }

    fn role(&self) -> Option<&Role> {
        match self {
            Self::Column(role) => Some(role),
            Self::Constant(_) => None,
        }
    }
}

impl Role {
    /// What to call it in a message.
    fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::Usual([camel, _]) => camel,
            Self::Nobody => "",
        }
    }

    fn is(&self, column: &str) -> bool {
        match self {
            Self::Named(name) => **name == *column,
            Self::Usual(names) => names.contains(&column),
            Self::Nobody => false,
        }
    }

    fn find(&self, columns: &Columns) -> Option<usize> {
        columns.iter().position(|column| self.is(column))
    }

    fn check(&self, columns: &Columns) -> Result<()> {
        let count = columns.iter().filter(|column| self.is(column)).count();
        match self {
            Self::Named(name) if count == 0 => Err(missing(name, columns)),
            Self::Usual([camel, snake]) if count > 1 => {
                Err(input(format!("there are both `{camel}` and `{snake}`")))
            }
            _ => Ok(()),
        }
    }
}

impl Roles {
    /// The cells that play no role, with the names of their columns.
    pub(super) fn others<'r>(
        &self,
        record: &'r Record,
    ) -> impl Iterator<Item = (&'r Arc<str>, Cow<'r, str>)> + use<'r> {
        let taken =
            [self.user, self.anonymous, self.message_id, self.received, self.event, self.at];
        let cells = record.cells().enumerate();
        cells.filter(move |(index, _)| !taken.contains(&Some(*index))).map(|(_, cell)| cell)
    }
}

#[derive(Clone, Copy)]
struct Row<'r> {
    record: &'r Record,
}

impl<'r> Row<'r> {
    fn text(self, index: Option<usize>) -> Option<Cow<'r, str>> {
        self.record.cell(index?).filter(|cell| !cell.is_empty())
    }

    fn instant(self, index: Option<usize>) -> Result<Option<Timestamp>, Rejection> {
        let Some(text) = self.text(index) else { return Ok(None) };
        text.parse().map(Some).map_err(|error: Error| {
            let column = self.name(index, "timestamp");
            Rejection::new("bad-timestamp", error.detail()).in_field(column)
        })
    }

    /// The name of a column, or what it would be.
    fn name(self, index: Option<usize>, usual: &'r str) -> &'r str {
        let column = index.and_then(|index| self.record.columns()?.get(index));
        column.map_or(usual, |name| name)
    }
}

fn absent(column: &str, detail: &'static str) -> Rejection {
    Rejection::new("missing-field", detail).in_field(column)
}

fn missing(name: &str, columns: &Columns) -> Error {
    let names: Vec<&str> = columns.iter().map(|column| &**column).collect();
    let help = nearest(name, names.iter().copied()).map_or_else(
        || format!("there are `{}`", names.join("`, `")),
        |near| format!("did you mean `{near}`?"),
    );
    input(format!("there is no column `{name}`; {help}"))
}
