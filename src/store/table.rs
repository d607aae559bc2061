//! The tables of a store, said once for the engines that keep them in SQL.
//!
//! Statements are written as SQLite takes them: parameters are `?1`, and tables are in `main`, its
//! word for the file. Another engine puts its own words in their places.

/// Tables, and how people see them.
pub(super) struct Part {
    pub(super) tables: &'static [&'static Table],
    pub(super) views: &'static [View],
}

/// A table.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
    pub(super) key: Key,
    /// What else rows are looked up by: an index's name and its columns.
    pub(super) indexes: &'static [(&'static str, &'static str)],
}

/// What rows are known by.
#[derive(Clone, Copy)]
pub(super) enum Key {
    /// These columns, the first in place of which another row may be written.
    Columns(&'static [&'static str]),
    /// All of their columns: records that are never changed, looked up by the first.
    Whole,
}

pub(super) struct Column {
    name: &'static str,
    pub(super) kind: Kind,
    optional: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Bytes,
    Number,
    /// A number that the engine counts up.
    Serial,
    Text,
}

/// What engines say differently.
pub(super) struct Dialect {
    /// The type of a column.
    pub(super) kind: fn(Kind) -> &'static str,
    /// What the definition of a table ends with.
    pub(super) ending: &'static str,
    /// The rows of these parameters, one parameter for a column.
    pub(super) rows: fn(&str) -> String,
    /// Whether rows can be unique by texts of any length.
    pub(super) unique_whole: bool,
    /// The instant in a column of microseconds as text.
    pub(super) instant: fn(&str) -> String,
    /// The bytes of a column in hexadecimal.
    pub(super) hex: fn(&str) -> String,
}

impl Part {
    /// The statements that make the tables and their views.
    pub(super) fn definitions(&self, dialect: &Dialect) -> String {
        let tables = self.tables.iter().flat_map(|table| table.definitions(dialect));
        tables.chain(self.views.iter().map(|view| self::view(*view, dialect))).collect()
    }
}

impl Table {
    /// Writes rows, those that are not there.
    pub(super) fn keep(&self, dialect: &Dialect) -> String {
        let insert = self.insert(dialect);
        match (self.key, self.columns.first()) {
            (Key::Whole, Some(first)) if !dialect.unique_whole => {
                let (table, names, first) = (self.name, self.names(), first.name);
                format!("{insert} EXCEPT SELECT {names} FROM main.{table} WHERE {first} = ANY (?1)")
            }
            _ => format!("{insert} ON CONFLICT DO NOTHING"),
        }
    }

    /// Writes rows, in place of those that are there.
    pub(super) fn replace(&self, dialect: &Dialect) -> String {
        let (insert, key) = (self.insert(dialect), self.key());
        let others = self.written().filter(|column| !key.contains(&column.name));
        let set = list(others.map(|column| format!("{0} = excluded.{0}", column.name)));
        format!("{insert} ON CONFLICT ({}) DO UPDATE SET {set}", key.join(", "))
    }

    /// The columns by which a row takes the place of another. They are the first.
    pub(super) fn key(&self) -> Vec<&'static str> {
        match self.key {
            Key::Columns([key, ..]) => key.split(", ").collect(),
            Key::Columns([]) | Key::Whole => self.written().map(|column| column.name).collect(),
        }
    }

    fn insert(&self, dialect: &Dialect) -> String {
        let parameters = list((1..).zip(self.written()).map(|(number, _)| format!("?{number}")));
        let rows = (dialect.rows)(&parameters);
        format!("INSERT INTO main.{} ({}) {rows}", self.name, self.names())
    }

    /// The columns that rows are written with.
    pub(super) fn written(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(|column| column.kind != Kind::Serial)
    }

    fn names(&self) -> String {
        list(self.written().map(|column| column.name.to_owned()))
    }

    fn definitions(&self, dialect: &Dialect) -> Vec<String> {
        let (table, ending) = (self.name, dialect.ending);
        let mut parts: Vec<String> =
            self.columns.iter().map(|column| column.definition(dialect)).collect();
        let index =
            |name: &str, columns: &str| format!("CREATE INDEX {name} ON {table} ({columns});\n");
        let mut indexes: Vec<String> =
            self.indexes.iter().map(|(name, columns)| index(name, columns)).collect();
        match (self.key, self.columns.first()) {
            (Key::Columns(keys), _) => {
                parts.extend(keys.iter().map(|key| format!("UNIQUE ({key})")));
            }
            (Key::Whole, Some(first)) if !dialect.unique_whole => {
                indexes.push(index(&format!("{table}_by_{}", first.name), first.name));
            }
            (Key::Whole, _) => parts.push(format!("UNIQUE ({})", self.names())),
        }
        let parts = parts.join(",\n    ");
        indexes.insert(0, format!("CREATE TABLE {table} (\n    {parts}\n){ending};\n"));
        indexes
    }
}

impl Column {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, optional: false }
    }

    pub(super) const fn or_null(self) -> Self {
        Self { optional: true, ..self }
    }

    fn definition(&self, dialect: &Dialect) -> String {
        let null = if self.optional || self.kind == Kind::Serial { "" } else { " NOT NULL" };
        format!("{} {}{null}", self.name, (dialect.kind)(self.kind))
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

pub(super) const fn bytes(name: &'static str) -> Column {
    Column::new(name, Kind::Bytes)
}

/// A column of microseconds since 1970-01-01T00:00:00Z.
pub(super) const fn instant(name: &'static str) -> Column {
    number(name)
}

pub(super) const fn number(name: &'static str) -> Column {
    Column::new(name, Kind::Number)
}

pub(super) const fn text(name: &'static str) -> Column {
    Column::new(name, Kind::Text)
}

/// What a store keeps.
pub(super) const STORE: Part = Part { tables: TABLES, views: VIEWS };

const TABLES: &[&Table] = &[
    &PROFILES,
    &EVENTS,
    &CONSENTS,
    &SUBSCRIPTIONS,
    &SUPPRESSIONS,
    &DECISIONS,
    &DELIVERIES,
    &TIMERS,
    &CURSORS,
    &DOCUMENTS,
];

pub(super) const PROFILES: Table = Table {
    name: "profiles",
    columns: &[text("profile"), number("version")],
    key: Key::Columns(&["profile"]),
    indexes: &[],
};

pub(super) const EVENTS: Table = Table {
    name: "events",
    columns: &[
        text("profile"),
        text("message"),
        instant("at"),
        instant("known_from"),
        text("kind"),
        text("name"),
        text("fields"),
        text("rest").or_null(),
    ],
    key: Key::Columns(&["profile, message"]),
    indexes: &[],
};

pub(super) const CONSENTS: Table = Table {
    name: "consents",
    columns: &[
        text("profile"),
        text("purpose"),
        instant("at"),
        text("state"),
        text("policy"),
        text("evidence"),
    ],
    key: Key::Whole,
    indexes: &[],
};

pub(super) const SUBSCRIPTIONS: Table = Table {
    name: "subscriptions",
    columns: &[text("profile"), text("topic"), instant("at"), text("state")],
    key: Key::Whole,
    indexes: &[],
};

pub(super) const SUPPRESSIONS: Table = Table {
    name: "suppressions",
    columns: &[bytes("address"), number("key_version"), text("cause"), instant("since")],
    key: Key::Whole,
    indexes: &[],
};

pub(super) const DECISIONS: Table = Table {
    name: "decisions",
    columns: &[
        text("mailing"),
        text("profile"),
        instant("at"),
        text("outcome"),
        text("reason").or_null(),
        instant("until").or_null(),
        text("message").or_null(),
        text("steps"),
        text("detail"),
    ],
    key: Key::Columns(&["mailing, profile"]),
    indexes: &[],
};

pub(super) const DELIVERIES: Table = Table {
    name: "deliveries",
    columns: &[
        Column::new("number", Kind::Serial),
        text("mailing"),
        text("profile"),
        text("message"),
        instant("at"),
        bytes("address"),
        number("key_version"),
        text("purpose"),
        text("state"),
        text("reason").or_null(),
        instant("until").or_null(),
        instant("since"),
        number("attempts"),
        bytes("sealed").or_null(),
    ],
    key: Key::Columns(&["message", "address, key_version, mailing"]),
    indexes: &[
        ("deliveries_by_state", "mailing, state, number"),
        ("deliveries_by_profile", "profile"),
    ],
};

pub(super) const TIMERS: Table = Table {
    name: "timers",
    columns: &[text("profile"), text("name"), instant("due")],
    key: Key::Columns(&["profile, name"]),
    indexes: &[("timers_by_due", "due, profile, name")],
};

pub(super) const CURSORS: Table = Table {
    name: "cursors",
    columns: &[text("source"), text("place")],
    key: Key::Columns(&["source"]),
    indexes: &[],
};

pub(super) const DOCUMENTS: Table = Table {
    name: "documents",
    columns: &[text("name"), text("text")],
    key: Key::Columns(&["name"]),
    indexes: &[],
};

/// A name, its columns and their table. `@` marks an instant, `#` the digest of an address.
pub(super) type View = (&'static str, &'static [&'static str], &'static str);

/// The tables as people read them.
const VIEWS: &[View] = &[
    (
        "events_readable",
        &["profile", "message", "@at", "@known_from", "kind", "name", "fields", "rest"],
        "events",
    ),
    (
        "consents_readable",
        &["profile", "purpose", "@at", "state", "policy", "evidence"],
        "consents",
    ),
    ("subscriptions_readable", &["profile", "topic", "@at", "state"], "subscriptions"),
    ("suppressions_readable", &["#address", "cause", "@since"], "suppressions"),
    (
        "decisions_readable",
        &["mailing", "profile", "@at", "outcome", "reason", "@until", "message", "steps", "detail"],
        "decisions",
    ),
    (
        "deliveries_readable",
        &[
            "number",
            "mailing",
            "profile",
            "message",
            "@at",
            "#address",
            "purpose",
            "state",
            "reason",
            "@until",
            "@since",
            "attempts",
            "length(sealed) AS sealed_bytes",
        ],
        "deliveries",
    ),
    ("timers_readable", &["profile", "name", "@due"], "timers"),
];

fn view((view, columns, table): View, dialect: &Dialect) -> String {
    let columns = list(columns.iter().map(|column| readable(column, dialect)));
    format!("CREATE VIEW {view} AS SELECT {columns} FROM {table};\n")
}

/// A column of a view: instants as RFC 3339, digests of addresses as they print.
fn readable(column: &str, dialect: &Dialect) -> String {
    if let Some(at) = column.strip_prefix('@') {
        return format!("{} AS {at}", (dialect.instant)(at));
    }
    match column.strip_prefix('#') {
        Some(address) => {
            let hex = (dialect.hex)(address);
            format!("'v' || key_version || ':' || {hex} AS {address}")
        }
        None => column.to_owned(),
    }
}
