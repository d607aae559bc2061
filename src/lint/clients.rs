//! What programs that read mail support: caniemail's data, and whose it is that counts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result, nearest};

/// The table; its head says source, date and licence.
const TABLE: &str = include_str!("clients.tsv");

/// How many columns stand before those of the clients.
const LEAD: usize = 4;

/// Who reads the mail: programs, and how many of a hundred readers use each.
///
/// Programs go by their names at [caniemail.com](https://www.caniemail.com), family and platform:
/// `outlook.windows`, `gmail.desktop-webmail`. The default is consumers as Litmus counted them in
/// April 2019 over 834 million openings (Apple 45, Gmail 26, Outlook 11, Yahoo 7, Samsung 2,
/// Thunderbird 1 of a hundred): the last count before Apple's proxy began to open mail that nobody
/// reads. Within a family the split is ours. Whoever writes to companies should say so: there
/// Outlook on Windows is worth half.
///
/// ```
/// use bespoke::lint::Audience;
///
/// let companies = Audience::new([("outlook.windows", 50), ("outlook.outlook-com", 20), ("gmail.desktop-webmail", 15)])?;
/// assert_eq!(companies.share("outlook.windows"), 50);
/// let error = Audience::new([("outlook.window", 50)]).unwrap_err();
/// assert!(error.to_string().contains("`outlook.windows`"));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "BTreeMap<String, u32>")]
pub struct Audience {
    /// How many of a hundred, by the column of each client.
    shares: BTreeMap<usize, u32>,
}

impl Audience {
    /// These programs, each with its readers of a hundred.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`] for a program that the table does not have, naming the nearest.
    pub fn new<'a>(shares: impl IntoIterator<Item = (&'a str, u32)>) -> Result<Self> {
        let shares = shares.into_iter().map(|(client, share)| Ok((column(client)?, share)));
        Ok(Self { shares: shares.collect::<Result<_>>()? })
    }

    /// How many of a hundred use a program; 0 where it is not among them.
    pub fn share(&self, client: &str) -> u32 {
        column(client).ok().and_then(|column| self.shares.get(&column)).copied().unwrap_or_default()
    }

    /// Who of them has a feature so, by column.
    pub(super) fn where_it_is(&self, feature: &Feature, support: Support) -> Readers {
        let mut readers = Readers::default();
        for (column, share) in &self.shares {
            if feature.support.get(*column) == Some(&support) {
                readers.share += share;
                readers.names.extend(CLIENTS.names.get(*column));
            }
        }
        readers
    }

    /// The same audience without those who read with Outlook on Windows.
    pub(super) fn without_word(&self) -> Self {
        let mut shares = self.shares.clone();
        column("outlook.windows").into_iter().for_each(|column| {
            shares.remove(&column);
        });
        Self { shares }
    }
}

impl TryFrom<BTreeMap<String, u32>> for Audience {
    type Error = Error;

    fn try_from(shares: BTreeMap<String, u32>) -> Result<Self> {
        Self::new(shares.iter().map(|(client, share)| (client.as_str(), *share)))
    }
}

impl Default for Audience {
    fn default() -> Self {
        let shares = [
            ("apple-mail.ios", 37),
            ("apple-mail.macos", 8),
            ("gmail.android", 11),
            ("gmail.desktop-webmail", 10),
            ("gmail.ios", 5),
            ("outlook.android", 1),
            ("outlook.ios", 1),
            ("outlook.macos", 1),
            ("outlook.outlook-com", 3),
            ("outlook.windows", 5),
            ("samsung-email.android", 2),
            ("thunderbird.macos", 1),
            ("yahoo.android", 2),
            ("yahoo.desktop-webmail", 4),
            ("yahoo.ios", 1),
        ];
        Self::new(shares).unwrap_or(Self { shares: BTreeMap::new() })
    }
}

/// Some of the readers.
#[derive(Debug, Default)]
pub(super) struct Readers {
    /// How many of a hundred.
    pub(super) share: u32,
    /// The programs that they use.
    pub(super) names: Vec<&'static str>,
}

/// What is lost where a feature is not supported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Impact {
    /// Something that the mail says.
    Content,
    /// The place or the size of something.
    Layout,
    /// Looks, or comfort.
    Style,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Support {
    Full,
    None,
    Partial,
    Unknown,
}

/// A feature of HTML, CSS or images.
#[derive(Debug)]
pub(super) struct Feature {
    /// Its name in the data, and at the end of its page's address.
    pub(super) slug: &'static str,
    /// What people call it.
    pub(super) title: &'static str,
    pub(super) impact: Impact,
    /// By column of the clients.
    support: Vec<Support>,
}

/// The feature that is found by a key such as `property:gap` or `element:video`.
pub(super) fn feature(key: &str) -> Option<&'static Feature> {
    CLIENTS.features.get(*CLIENTS.keys.get(key)?)
}

fn column(client: &str) -> Result<usize> {
    CLIENTS.ids.iter().position(|id| *id == client).ok_or_else(|| {
        let known = CLIENTS.ids.iter().copied();
        let advice = nearest(client, known)
            .map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
        Error::new(ErrorKind::Definition, format!("unknown client `{client}`{advice}"))
    })
}

struct Clients {
    ids: Vec<&'static str>,
    names: Vec<&'static str>,
    features: Vec<Feature>,
    keys: BTreeMap<&'static str, usize>,
}

static CLIENTS: LazyLock<Clients> = LazyLock::new(|| Clients::parse(TABLE));

impl Clients {
    /// Reads the table; a row that is not one is passed over, and the tests see that none is.
    fn parse(table: &'static str) -> Self {
        let mut rows =
            table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t'));
        let mut head = || rows.next().into_iter().flatten().skip(LEAD).collect();
        let (ids, names) = (head(), head());
        let mut clients = Self { ids, names, features: Vec::new(), keys: BTreeMap::new() };
        for mut row in rows {
            let (Some(slug), Some(title), Some(impact), Some(keys)) =
                (row.next(), row.next(), row.next(), row.next())
            else {
                continue;
            };
            let impact = match impact {
                "content" => Impact::Content,
                "layout" => Impact::Layout,
                _ => Impact::Style,
            };
            let support = row.map(Support::parse).collect();
            clients.keys.extend(keys.split(' ').map(|key| (key, clients.features.len())));
            clients.features.push(Feature { slug, title, impact, support });
        }
        clients
    }
}

impl Support {
    fn parse(letter: &str) -> Self {
        match letter {
            "y" => Self::Full,
            "n" => Self::None,
            "a" => Self::Partial,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_its_shape() {
        assert!(TABLE.starts_with("# What programs") && TABLE.contains("MIT licence"));
        let width = LEAD + CLIENTS.ids.len();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(line.split('\t').count(), width, "{line}");
        }
        assert!(CLIENTS.features.len() > 150 && CLIENTS.keys.len() > CLIENTS.features.len());
        for row in &CLIENTS.features {
            assert_eq!(row.support.len(), CLIENTS.names.len(), "{}", row.slug);
        }
        let kinds =
            ["at", "attribute", "element", "function", "image", "link", "media", "property"];
        let more = ["pseudo", "selector", "unit", "value", "word"];
        for key in CLIENTS.keys.keys() {
            let kind = key.split(':').next().unwrap();
            assert!(kinds.contains(&kind) || more.contains(&kind), "{key}");
        }
    }

    #[test]
    fn what_everybody_knows_of_outlook_and_gmail_is_in_it() {
        let of = |key: &str, client: &str| feature(key).unwrap().support[column(client).unwrap()];
        for key in ["value:display:flex", "value:display:grid", "property:border-radius"] {
            assert_eq!(of(key, "outlook.windows"), Support::None, "{key}");
        }
        assert_eq!(of("at:media", "outlook.windows"), Support::None);
        assert_eq!(of("property:padding", "outlook.windows"), Support::Partial);
        assert_eq!(of("media:prefers-color-scheme", "gmail.desktop-webmail"), Support::None);
        assert_eq!(of("value:display:flex", "gmail.desktop-webmail"), Support::Full);
        assert_eq!(of("element:picture", "gmail.desktop-webmail"), Support::None);
        assert_eq!(of("function:var", "gmail.desktop-webmail"), Support::None);
        assert_eq!(of("media:prefers-color-scheme", "apple-mail.ios"), Support::Full);
        assert!(feature("property:color").is_none());
    }

    #[test]
    fn readers_are_added_up() {
        let audience = Audience::default();
        assert_eq!(audience.shares.len(), 15);
        assert_eq!(audience.shares.values().sum::<u32>(), 92);
        let flex = feature("value:display:flex").unwrap();
        let readers = audience.where_it_is(flex, Support::None);
        assert_eq!((readers.share, readers.names), (5, vec!["Outlook on Windows"]));
        assert_eq!(audience.without_word().where_it_is(flex, Support::None).share, 0);
        assert_eq!(audience.share("gmail.ios"), 5);
        assert_eq!(audience.share("nothing"), 0);
        let read: Audience = serde_json::from_str(r#"{"hey.desktop-webmail":7}"#).unwrap();
        assert_eq!(read.share("hey.desktop-webmail"), 7);
    }
}
