//! Where a foreign table keeps what events tell.

mod part;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) use part::Storage;
pub use part::{Column, Links, List};

use crate::error::Result;
use crate::schema::{Field, Schema};
use crate::value::Kind;
use part::{Path, fault, names, within};

/// A table of events that lies elsewhere: in a warehouse, a database, a folder of Parquet files.
///
/// [`Pushdown`](super::Pushdown) asks such tables about segments. [The chapter on
/// pushdown](crate::guide::pushdown) is the whole contract: what each column holds, and what it
/// means for the answers if there is none.
///
/// ```
/// use bespoke::schema::Schema;
/// use bespoke::segment::pushdown::{Column, Table};
/// use bespoke::value::Kind;
///
/// let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
/// let table = Table::new("crm.events", "user_id", "event", Column::timestamp("happened_at"))
///     .received(Column::timestamp("received_at"))
///     .property(["revenue"], Column::decimal("revenue"));
/// table.check(&schema)?;
///
/// let error = table.property(["revenu"], Column::text("note")).check(&schema).unwrap_err();
/// assert_eq!(error.detail(), "the column `note`: the schema has no property `revenu`");
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) name: Arc<str>,
    pub(super) person: Arc<str>,
    pub(super) event: Arc<str>,
    pub(super) at: Column,
    pub(super) message: Option<Arc<str>>,
    pub(super) kind: Option<Arc<str>>,
    pub(super) received: Option<Column>,
    pub(super) known_until: Option<Column>,
    pub(super) copies: bool,
    properties: BTreeMap<Place, Column>,
    pub(super) attributes: BTreeMap<Path, Column>,
    pub(super) told: BTreeMap<Arc<str>, Arc<str>>,
    lists: BTreeMap<Place, Arc<List>>,
    pub(super) links: Option<Links>,
    pub(super) settled: BTreeSet<Arc<str>>,
}

/// An event's field; without an event, the field of this path of all others.
type Place = (Option<Arc<str>>, Path);

impl Table {
    /// A table of this name, its parts joined by dots, that says who did what, and when.
    pub fn new(
        name: impl Into<Arc<str>>,
        person: impl Into<Arc<str>>,
        event: impl Into<Arc<str>>,
        at: Column,
    ) -> Self {
        Self {
            name: name.into(),
            person: person.into(),
            event: event.into(),
            at,
            message: None,
            kind: None,
            received: None,
            known_until: None,
            copies: false,
            properties: BTreeMap::new(),
            attributes: BTreeMap::new(),
            told: BTreeMap::new(),
            lists: BTreeMap::new(),
            links: None,
            settled: BTreeSet::new(),
        }
    }

    /// The same table with a column of `messageId`s. Lists need it, and so do copies.
    #[must_use]
    pub fn message_id(self, column: impl Into<Arc<str>>) -> Self {
        Self { message: Some(column.into()), ..self }
    }

    /// The same table with a column of the events' types: `track`, `identify` and so on. Without it
    /// an event's name tells its type.
    #[must_use]
    pub fn kind(self, column: impl Into<Arc<str>>) -> Self {
        Self { kind: Some(column.into()), ..self }
    }

    /// The same table with the instants since when events are known. Without it, and where it is
    /// NULL, an event is known since it happened.
    #[must_use]
    pub fn received(self, column: Column) -> Self {
        Self { received: Some(column), ..self }
    }

    /// The same table with the instants from which events are not known any more: they were
    /// retracted. Without it, and where it is NULL, they are known for ever.
    #[must_use]
    pub fn known_until(self, column: Column) -> Self {
        Self { known_until: Some(column), ..self }
    }

    /// The same table, in which an event may have several rows of one `messageId`. Of these the one
    /// known first counts.
    #[must_use]
    pub fn with_copies(self) -> Self {
        Self { copies: true, ..self }
    }

    /// The same table with the column of a property, of whichever events have it.
    #[must_use]
    pub fn property<N: Into<Arc<str>>>(
        self,
        path: impl IntoIterator<Item = N>,
        column: Column,
    ) -> Self {
        self.at_place(None, path, column)
    }

    /// The same table with the column of a property of one event, where that has a column of its
    /// own.
    #[must_use]
    pub fn property_of<N: Into<Arc<str>>>(
        self,
        event: impl Into<Arc<str>>,
        path: impl IntoIterator<Item = N>,
        column: Column,
    ) -> Self {
        self.at_place(Some(event.into()), path, column)
    }

    fn at_place<N: Into<Arc<str>>>(
        mut self,
        event: Option<Arc<str>>,
        path: impl IntoIterator<Item = N>,
        column: Column,
    ) -> Self {
        self.properties.insert((event, names(path)), column);
        self
    }

    /// The same table with the column of a trait, or of a part of it, which rows of type `identify`
    /// fill.
    #[must_use]
    pub fn attribute<N: Into<Arc<str>>>(
        mut self,
        path: impl IntoIterator<Item = N>,
        column: Column,
    ) -> Self {
        self.attributes.insert(names(path), column);
        self
    }

    /// The same table with a column that is true in rows that tell this trait, be it that it has no
    /// value any more. Without it a row tells the trait if it has a value.
    #[must_use]
    pub fn told(mut self, attribute: impl Into<Arc<str>>, column: impl Into<Arc<str>>) -> Self {
        self.told.insert(attribute.into(), column.into());
        self
    }

    /// The same table with the elements of a list, of whichever events have it.
    #[must_use]
    pub fn list<N: Into<Arc<str>>>(
        mut self,
        path: impl IntoIterator<Item = N>,
        list: List,
    ) -> Self {
        self.lists.insert((None, names(path)), Arc::new(list));
        self
    }

    /// The same table with the elements of a list of one event.
    #[must_use]
    pub fn list_of<N: Into<Arc<str>>>(
        mut self,
        event: impl Into<Arc<str>>,
        path: impl IntoIterator<Item = N>,
        list: List,
    ) -> Self {
        self.lists.insert((Some(event.into()), names(path)), Arc::new(list));
        self
    }

    /// The same table with links from its identifiers to people.
    #[must_use]
    pub fn links(self, links: Links) -> Self {
        Self { links: Some(links), ..self }
    }

    /// The same table, which has one row for each thing that this event is about, as it was last
    /// told: updates and cancellations by its business key have been applied.
    #[must_use]
    pub fn settled(mut self, event: impl Into<Arc<str>>) -> Self {
        self.settled.insert(event.into());
        self
    }

    /// Checks that the table can hold what the schema declares.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`](crate::error::ErrorKind::Schema) for a column of a field that is not
    /// declared, or that holds values of another kind, and for lists and copies without
    /// `messageId`.
    pub fn check(&self, schema: &Schema) -> Result<()> {
        for column in [Some(&self.at), self.received.as_ref(), self.known_until.as_ref()] {
            column.map_or(Ok(()), |column| column.fits(Kind::Instant))?;
        }
        for ((event, path), column) in &self.properties {
            let field = property(schema, event.as_deref(), path);
            let field = field.ok_or_else(|| column.of_nothing("property", path))?;
            column.holds(field.shape())?;
        }
        for (path, column) in &self.attributes {
            let field = path.first().and_then(|name| schema.attributes().get(name));
            let field = field.and_then(|field| within(field, path));
            let field = field.ok_or_else(|| column.of_nothing("trait", path))?;
            column.holds(field.shape())?;
        }
        for (name, column) in &self.told {
            if !schema.attributes().contains_key(name) {
                return Err(
                    Column::text(Arc::clone(column)).of_nothing("trait", &[Arc::clone(name)])
                );
            }
        }
        for ((event, path), list) in &self.lists {
            let field = property(schema, event.as_deref(), path);
            let field = field.ok_or_else(|| {
                fault(format!(
                    "the table `{}`: the schema has no list `{}`",
                    list.table,
                    path.join(".")
                ))
            })?;
            list.check(field.shape())?;
        }
        if self.message.is_none() && (self.copies || !self.lists.is_empty()) {
            let detail =
                "lists and copies are found by `messageId`, and the table has no column of them";
            return Err(fault(detail.to_owned()));
        }
        Ok(())
    }

    /// All columns whose types are said.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        let own = [Some(&self.at), self.received.as_ref(), self.known_until.as_ref()];
        let links = self.links.iter().flat_map(|links| [&links.known_from, &links.known_until]);
        let fields = self.lists.values().flat_map(|list| list.fields.values());
        let own = own.into_iter().flatten().chain(links.flatten());
        own.chain(self.properties.values()).chain(self.attributes.values()).chain(fields)
    }

    /// The column of a property; of any event, if all keep it in the same.
    pub(super) fn column(&self, event: Option<&str>, path: &[Arc<str>]) -> Option<&Column> {
        place(&self.properties, event, path)
    }

    /// The elements of a list, as [`Table::column`].
    pub(super) fn elements(&self, event: Option<&str>, path: &[Arc<str>]) -> Option<&Arc<List>> {
        place(&self.lists, event, path)
    }
}

/// What is at a place: of the event, else of all events; what is of no event in particular must not
/// be elsewhere for some.
fn place<'t, T>(
    places: &'t BTreeMap<Place, T>,
    event: Option<&str>,
    path: &[Arc<str>],
) -> Option<&'t T> {
    let mut here = places.iter().filter(|((_, other), _)| other == path);
    match event {
        None => {
            let of_all = here.clone().find(|((event, _), _)| event.is_none());
            of_all.filter(|_| here.all(|((event, _), _)| event.is_none())).map(|(_, found)| found)
        }
        Some(event) => {
            let own = here.clone().find(|((other, _), _)| other.as_deref() == Some(event));
            own.or_else(|| here.find(|((other, _), _)| other.is_none())).map(|(_, found)| found)
        }
    }
}

/// The declaration of an event's field, or of the field of any event.
fn property<'s>(schema: &'s Schema, event: Option<&str>, path: &[Arc<str>]) -> Option<&'s Field> {
    let name = path.first()?;
    let field = match event {
        Some(event) => schema.event_field(event, name),
        None => schema.events().values().find_map(|shape| shape.fields().get(name)),
    };
    within(field?, path)
}
