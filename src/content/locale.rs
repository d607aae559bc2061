//! The languages that a template is written in, and which stands in for which.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The locales of a template, as BCP 47 names them (`de-AT`), the one for everybody else first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Locales {
    all: Vec<Arc<str>>,
    fallbacks: BTreeMap<Arc<str>, Arc<str>>,
    /// The trait that names somebody's locale.
    by: Option<Arc<str>>,
}

impl Locales {
    /// Without any there is one that has no name.
    #[cfg(feature = "library")]
    pub(crate) fn new(
        all: Vec<Arc<str>>,
        fallbacks: BTreeMap<Arc<str>, Arc<str>>,
        by: Option<&str>,
    ) -> Self {
        Self { all, fallbacks, by: by.map(Into::into) }
    }

    /// Every locale; one without a name where there is none.
    pub(crate) fn all(&self) -> Vec<Arc<str>> {
        if self.all.is_empty() { vec!["".into()] } else { self.all.clone() }
    }

    /// The trait that names somebody's locale.
    pub(crate) fn by(&self) -> Option<&str> {
        self.by.as_deref()
    }

    /// The locale for somebody who reads `wanted`: that one, the one that stands in for it, the
    /// same without its last part (`de` for `de-AT`), else the first.
    pub(crate) fn pick(&self, wanted: Option<&str>) -> Option<&Arc<str>> {
        let mut wanted = wanted.unwrap_or_default().replace('_', "-");
        while !wanted.is_empty() {
            let same = |locale: &&Arc<str>| locale.eq_ignore_ascii_case(&wanted);
            let found = self.all.iter().find(same).or_else(|| self.behind_one(&wanted));
            if found.is_some() {
                return found;
            }
            wanted.truncate(wanted.rfind('-').unwrap_or(0));
        }
        self.all.first()
    }

    /// A locale and those that stand in for it, the nearest first, the first of all last.
    #[cfg(feature = "library")]
    pub(crate) fn behind(&self, locale: &str) -> Vec<Arc<str>> {
        let mut chain: Vec<Arc<str>> = vec![locale.into()];
        let mut next = locale.to_owned();
        while !next.is_empty() {
            let stands_in = self.behind_one(&next).map(ToString::to_string);
            next = stands_in.unwrap_or_else(|| {
                next.rfind('-').and_then(|at| next.get(..at)).unwrap_or_default().to_owned()
            });
            if chain.iter().any(|seen| **seen == *next) {
                break;
            }
            if !next.is_empty() {
                chain.push(next.as_str().into());
            }
        }
        chain.extend(self.all.first().filter(|first| !chain.contains(first)).cloned());
        chain
    }

    fn behind_one(&self, locale: &str) -> Option<&Arc<str>> {
        let named = |(from, _): &(&Arc<str>, &Arc<str>)| from.eq_ignore_ascii_case(locale);
        self.fallbacks.iter().find(named).map(|(_, to)| to)
    }
}

#[cfg(all(test, feature = "library"))]
mod tests {
    use super::*;

    fn locales() -> Locales {
        let all = ["en", "de", "pt-BR"].map(Into::into).into();
        Locales::new(all, [("gsw".into(), "de".into()), ("pt".into(), "pt-BR".into())].into(), None)
    }

    #[test]
    fn somebody_gets_the_nearest_locale() {
        for (wanted, expected) in [
            (Some("de"), "de"),
            (Some("de_AT"), "de"),
            (Some("DE-at-x"), "de"),
            (Some("gsw-CH"), "de"),
            (Some("pt-PT"), "pt-BR"),
            (Some("fr"), "en"),
            (Some(""), "en"),
            (None, "en"),
        ] {
            assert_eq!(&**locales().pick(wanted).unwrap(), expected, "{wanted:?}");
        }
        assert_eq!(Locales::default().pick(Some("de")), None);
    }

    #[test]
    fn texts_come_from_what_stands_behind() {
        let behind = |locale| locales().behind(locale).join(" ");
        assert_eq!(behind("de"), "de en");
        assert_eq!(behind("gsw-CH"), "gsw-CH gsw de en");
        assert_eq!(behind("pt-BR"), "pt-BR pt en");
        let circle = Locales::new(
            vec!["a".into(), "b".into()],
            [("a".into(), "b".into()), ("b".into(), "a".into())].into(),
            None,
        );
        assert_eq!(circle.behind("b").join(" "), "b a");
    }
}
