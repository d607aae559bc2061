//! Tables of TOML with the places of their keys and values.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::atlas::{Atlas, Key, Placed};
use super::literal;
use crate::error::{Span, nearest};

/// A value with its place.
pub(super) type Node<'d> = &'d Spanned<DeValue<'d>>;

/// A table of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'d> {
    pub(super) path: &'d str,
    pub(super) text: &'d str,
    pub(super) table: &'d DeTable<'d>,
    /// Where a key that is missing would be missed.
    pub(super) span: Span,
}

/// A text with its place.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) value: Arc<str>,
    pub(super) placed: Placed,
}

pub(super) fn span<T>(spanned: &Spanned<T>) -> Span {
    Span::new(spanned.span().start, spanned.span().end)
}

/// What a value is, for people.
fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// What the reader of TOML says of a text that is none, and advice.
pub(super) fn syntax(message: &str) -> (String, Option<String>) {
    let (message, help) = match message {
        "duplicate key" => ("the name is there already", "give one of them another name"),
        "invalid basic string, expected `\"`" | "invalid literal string, expected `'`" => (
            "a text is not closed",
            "end it by the quotes that it begins with; one of several lines has three of them",
        ),
        message if message.starts_with("string values must be quoted") => {
            ("a text stands without quotes", "put it between `'` and `'`")
        }
        message if message.starts_with("unexpected key or value") => (
            "something stands behind a value",
            "a text with `\"` in it stands between `'` and `'`, or three of them",
        ),
        "key with no value, expected `=`" => {
            ("a name without a value", "write `name = …`; a name of several words stands in quotes")
        }
        message if message.contains("visible characters") => {
            ("a sign that does not show stands in a text", "take it out")
        }
        message => return (format!("this is no TOML: {message}"), None),
    };
    (message.to_owned(), Some(help.to_owned()))
}

impl<'d> Fields<'d> {
    /// The values by key, in the order of the file.
    pub(super) fn entries(&self) -> Vec<(&'d str, Span, Node<'d>)> {
        let entries = self.table.iter().map(|(key, node)| (&**key.get_ref(), span(key), node));
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by_key(|(_, span, _)| *span);
        entries
    }

    pub(super) fn find(&self, key: &str) -> Option<(Span, Node<'d>)> {
        let found = self.table.iter().find(|(name, _)| &**name.get_ref() == key);
        found.map(|(name, node)| (span(name), node))
    }

    /// Reports keys that nothing reads; whether there are none.
    pub(super) fn only(&self, known: &[&str], atlas: &mut Atlas) -> bool {
        let strange = |(name, ..): &(&str, Span, Node<'_>)| !known.contains(name);
        let strangers: Vec<_> = self.entries().into_iter().filter(strange).collect();
        for (name, span, _) in &strangers {
            let help = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", known.join(", ")),
            };
            atlas.fault_at((self.path, *span), format!("nothing reads `{name}`"), Some(help));
        }
        strangers.is_empty()
    }

    /// The place of a stretch of the file, as a whole.
    pub(super) fn whole(&self, span: Span) -> Placed {
        Placed { file: self.path.into(), span, offsets: Vec::new() }
    }

    /// The table that a value is.
    pub(super) fn within(
        &self,
        what: &str,
        at: Span,
        node: Node<'d>,
        atlas: &mut Atlas,
    ) -> Option<Self> {
        match node.get_ref() {
            DeValue::Table(table) => Some(Self { table, span: at, ..*self }),
            other => {
                let message = format!("{what} must be a table, this is {}", describe(other));
                atlas.fault_at((self.path, span(node)), message, None);
                None
            }
        }
    }

    /// The table below a key, if there is one.
    pub(super) fn table(&self, key: &str, atlas: &mut Atlas) -> Option<Self> {
        let (at, node) = self.find(key)?;
        self.within(&format!("`{key}`"), at, node, atlas)
    }

    /// The values of the list below a key, if there is one.
    pub(super) fn list(&self, key: &str, atlas: &mut Atlas) -> Vec<Node<'d>> {
        match self.find(key) {
            None => Vec::new(),
            Some((_, node)) => match node.get_ref() {
                DeValue::Array(list) => list.iter().collect(),
                other => {
                    let message = format!("`{key}` must be a list, this is {}", describe(other));
                    let help = Some(format!("write `{key} = […]`"));
                    atlas.fault_at((self.path, span(node)), message, help);
                    Vec::new()
                }
            },
        }
    }

    /// A text that stands as a value.
    pub(super) fn as_text(&self, what: &str, node: Node<'_>, atlas: &mut Atlas) -> Option<Text> {
        let at = span(node);
        let DeValue::String(value) = node.get_ref() else {
            let message = format!("{what} must be a text, this is {}", describe(node.get_ref()));
            let scalar = !matches!(node.get_ref(), DeValue::Array(_) | DeValue::Table(_));
            let help = scalar.then(|| "write it in quotes".to_owned());
            atlas.fault_at((self.path, at), message, help);
            return None;
        };
        let offsets = literal::offsets(self.text, at, value).unwrap_or_default();
        let placed = Placed { file: self.path.into(), span: at, offsets };
        Some(Text { value: (&**value).into(), placed })
    }

    /// The text below a key, if there is one.
    pub(super) fn text(&self, key: &str, atlas: &mut Atlas) -> Option<Text> {
        let (_, node) = self.find(key)?;
        self.as_text(&format!("`{key}`"), node, atlas)
    }

    /// The text below a key that must be there, and its place under `at`.
    pub(super) fn wanted(&self, key: &str, at: Key, atlas: &mut Atlas) -> Option<Text> {
        if self.find(key).is_none() {
            let help = Some(format!("add `{key} = \"…\"`"));
            atlas.fault_at((self.path, self.span), format!("`{key}` is missing"), help);
        }
        let text = self.text(key, atlas)?;
        if text.value.trim().is_empty() {
            atlas.fault_at((self.path, text.placed.span), format!("`{key}` is empty"), None);
            return None;
        }
        atlas.put(at, text.placed.clone());
        Some(text)
    }

    /// A number as it is written.
    pub(super) fn number<'n>(
        &self,
        what: &str,
        node: Node<'n>,
        atlas: &mut Atlas,
    ) -> Option<&'n str> {
        match node.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str()),
            DeValue::Float(number) => Some(number.as_str()),
            other => {
                let message = format!("{what} must be a number, this is {}", describe(other));
                atlas.fault_at((self.path, span(node)), message, None);
                None
            }
        }
    }
}

impl Text {
    /// The same text without the space around it, as rules are kept.
    pub(super) fn trimmed(self) -> Self {
        let Self { value, mut placed } = self.unix();
        let start = value.len() - value.trim_start().len();
        let trimmed = value.trim();
        if !placed.offsets.is_empty() {
            placed.offsets = placed.offsets.split_off(start);
            placed.offsets.truncate(trimmed.len() + 1);
        }
        Self { value: trimmed.into(), placed }
    }

    /// The same text without the line end at its end, as sources are kept.
    pub(super) fn body(self) -> Self {
        let Self { value, mut placed } = self.unix();
        let body = value.strip_suffix('\n').unwrap_or(&value);
        placed.offsets.truncate(body.len() + 1);
        Self { value: body.into(), placed }
    }

    /// The same text with the line ends of Unix: others can be written by escapes.
    fn unix(self) -> Self {
        if !self.value.contains("\r\n") {
            return self;
        }
        let Self { value, mut placed } = self;
        let bytes = value.as_bytes();
        let mut at = 0..;
        placed.offsets.retain(|_| {
            let at = at.next().unwrap_or_default();
            bytes.get(at..at + 2) != Some(b"\r\n")
        });
        Self { value: value.replace("\r\n", "\n").into(), placed }
    }
}
