//! What rules of style elements say of colours: as far as it is worked out, and whose colours are
//! not known because of the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::document::Element;
use super::page::Page;
use super::style::{Declaration, Rule, When};

/// The rules that hold in dark mode, or those that hold in light mode.
#[derive(Debug, Default)]
pub(super) struct Cascade<'a> {
    /// The rules of one part, by a name that it has.
    known: BTreeMap<&'a str, Vec<Known<'a>>>,
    /// The last part of each selector that is not worked out.
    text: BTreeSet<&'a str>,
    ground: BTreeSet<&'a str>,
}

#[derive(Debug)]
struct Known<'a> {
    /// `td`, `.card`, `#top`: an element has to have all of them.
    names: Vec<&'a str>,
    declarations: &'a [Declaration],
}

impl<'a> Cascade<'a> {
    /// The rules that always hold, none of them worked out.
    pub(super) fn light(page: &'a Page) -> Self {
        let mut cascade = Self::default();
        rules(page, When::Always).for_each(|(rule, selector)| cascade.blur(rule, selector));
        cascade
    }

    /// The rules of dark mode, worked out if they have one part, upon those that always hold;
    /// `None` where there are none.
    pub(super) fn dark(page: &'a Page) -> Option<Self> {
        let mut dark = rules(page, When::Dark).peekable();
        dark.peek()?;
        let mut cascade = Self::light(page);
        for (rule, selector) in dark {
            let names = names(selector);
            match names.last() {
                Some(last) => {
                    let known = Known { names: names.clone(), declarations: &rule.declarations };
                    cascade.known.entry(last).or_default().push(known);
                }
                None => cascade.blur(rule, selector),
            }
        }
        Some(cascade)
    }

    fn blur(&mut self, rule: &Rule, selector: &'a str) {
        let has = |name: &str| rule.declarations.iter().any(|it| it.name.starts_with(name));
        if has("color") {
            self.text.extend(subject(selector));
        }
        if has("background") {
            self.ground.extend(subject(selector));
        }
    }

    /// What the rules that are worked out say of an element, in their order as far as it matters.
    pub(super) fn of(&self, element: &Element) -> Vec<&'a Declaration> {
        if self.known.is_empty() {
            return Vec::new();
        }
        let names = own_names(element);
        let found = names.iter().filter_map(|name| self.known.get(name.as_str())).flatten();
        let found =
            found.filter(|rule| rule.names.iter().all(|it| names.iter().any(|own| own == it)));
        found.flat_map(|rule| rule.declarations).collect()
    }

    /// Whether a rule that is not worked out may colour an element's text, and what lies below it.
    pub(super) fn may_colour(&self, element: &Element) -> (bool, bool) {
        if self.text.is_empty() && self.ground.is_empty() {
            return (false, false);
        }
        let names = own_names(element);
        let any = |of: &BTreeSet<&str>| {
            of.contains("*") || names.iter().any(|name| of.contains(name.as_str()))
        };
        (any(&self.text), any(&self.ground))
    }
}

/// The rules that hold then, with each of their selectors.
fn rules(page: &Page, when: When) -> impl Iterator<Item = (&Rule, &str)> {
    let rules = page.sheets.iter().flat_map(|(_, sheet)| &sheet.rules);
    let each = rules.filter(move |rule| rule.when == when).flat_map(|rule| {
        let selectors = rule.selector.split(',').map(str::trim);
        selectors.map(move |selector| (rule, selector))
    });
    // Outlook.com marks what it darkens by these; they say nothing elsewhere.
    each.filter(|(_, selector)| !selector.contains("[data-ogs"))
}

/// The names that an element has in selectors.
fn own_names(element: &Element) -> Vec<String> {
    let classes = element.attribute("class").unwrap_or_default().split_whitespace();
    let classes = classes.map(|class| format!(".{class}"));
    let id = element.attribute("id").map(|id| format!("#{id}"));
    classes.chain(id).chain([element.name.clone()]).collect()
}

/// The names of a selector of one part: `td` and `.card` of `td.card`. None of any other.
fn names(selector: &str) -> Vec<&str> {
    let is_simple =
        |letter: char| letter.is_alphanumeric() || ['.', '#', '-', '_'].contains(&letter);
    let mut names = Vec::new();
    let mut rest = selector;
    if !selector.chars().all(is_simple) {
        return names;
    }
    while !rest.is_empty() {
        let next = rest.char_indices().skip(1).find(|(_, letter)| ['.', '#'].contains(letter));
        let (name, after) = rest.split_at(next.map_or(rest.len(), |(at, _)| at));
        names.push(name);
        rest = after;
    }
    names
}

/// A name of the last part of a selector, the rarest: `.b` of `p.a > i.b:hover`.
fn subject(selector: &str) -> Option<&str> {
    let parts = selector.split([' ', '>', '+', '~', '\n', '\t', '\r']);
    let last = parts.into_iter().rfind(|part| !part.is_empty())?;
    let plain = last.split([':', '[']).next()?;
    names(plain).pop().or(Some("*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_have_names() {
        assert_eq!(names("td.card#top"), ["td", ".card", "#top"]);
        assert_eq!(names(".a"), [".a"]);
        assert!(names(".a .b").is_empty() && names("a:hover").is_empty() && names("").is_empty());
        assert_eq!(subject("p.a > i.b:hover"), Some(".b"));
        assert_eq!(subject("p [x]"), Some("*"));
        assert_eq!(subject("td p"), Some("p"));
    }

    #[test]
    fn rules_of_one_part_are_worked_out() {
        let css =
            "@media (prefers-color-scheme: dark) { td.a, .b { color: red } .a p { color: blue } }
            [data-ogsc] .c { color: red } i { background: red }";
        let page = Page::parse(&format!(
            "<style>{css}</style><td class='x a'><b class=a><p><u class=c><i>"
        ));
        let dark = Cascade::dark(&page).unwrap();
        let told: Vec<(usize, (bool, bool))> = page
            .document
            .elements()
            .skip(1)
            .map(|(_, element)| (dark.of(element).len(), dark.may_colour(element)))
            .collect();
        let nothing = (0, (false, false));
        assert_eq!(
            told,
            [(1, (false, false)), nothing, (0, (true, false)), nothing, (0, (false, true))]
        );
        assert!(Cascade::dark(&Page::parse("<style>i{color:red}")).is_none());
    }
}
