//! What rules of style elements say of colours: as far as it is worked out, and whose colours are
//! not known because of the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, Element, Kind};
use super::page::Page;
use super::style::{Declaration, Rule, When};

/// How far up the ancestors that a selector names are looked for.
const HIGHEST: usize = 200;

/// The rules that hold in dark mode, or those that hold in light mode.
#[derive(Debug, Default)]
pub(super) struct Cascade<'a> {
    /// The rules that are worked out, by a name that the last part of their selector has.
    known: BTreeMap<&'a str, Vec<Known<'a>>>,
    /// Of the others, what may be coloured by those that a `style` attribute overrules, and by those
    /// that overrule it.
    weak: Unknown<'a>,
    strong: Unknown<'a>,
}

#[derive(Debug)]
struct Known<'a> {
    /// From the last to the first.
    parts: Vec<Part<'a>>,
    /// How many ids, classes and elements it names, and its place: the greatest wins.
    weight: (usize, usize, usize, usize),
    declarations: &'a [Declaration],
}

/// A part of a selector.
#[derive(Debug)]
struct Part<'a> {
    /// `td`, `.card`, `#top`: an element has to have all of them.
    names: Vec<&'a str>,
    /// Whether the part before it is of its parent, and not of any ancestor.
    is_child: bool,
}

/// The last parts of selectors, by what their rules colour.
#[derive(Debug, Default)]
struct Unknown<'a> {
    text: BTreeSet<&'a str>,
    ground: BTreeSet<&'a str>,
}

impl<'a> Cascade<'a> {
    /// The rules that always hold, none of them worked out.
    pub(super) fn light(page: &'a Page) -> Self {
        let mut cascade = Self::default();
        rules(page, When::Always).for_each(|(rule, selector)| cascade.blur(rule, selector));
        cascade
    }

    /// The rules of dark mode, worked out where their selectors name elements, classes, ids,
    /// ancestors and parents alone, upon those that always hold; `None` where there are none.
    pub(super) fn dark(page: &'a Page) -> Option<Self> {
        let mut dark = rules(page, When::Dark).peekable();
        dark.peek()?;
        let mut cascade = Self::light(page);
        for (place, (rule, selector)) in dark.enumerate() {
            let parts = parts(selector);
            match parts.first().and_then(|part| part.names.last().copied()) {
                Some(name) => {
                    let weight = weight(&parts, place);
                    let known = Known { weight, declarations: &rule.declarations, parts };
                    cascade.known.entry(name).or_default().push(known);
                }
                None => cascade.blur(rule, selector),
            }
        }
        Some(cascade)
    }

    fn blur(&mut self, rule: &Rule, selector: &'a str) {
        for declaration in &rule.declarations {
            let unknown =
                if declaration.is_important() { &mut self.strong } else { &mut self.weak };
            match declaration.name.as_str() {
                "color" => unknown.text.extend(subject(selector)),
                name if name.starts_with("background") => unknown.ground.extend(subject(selector)),
                _ => {}
            }
        }
    }

    /// What the rules that are worked out say of an element, the strongest last.
    pub(super) fn of(
        &self,
        document: &Document,
        at: usize,
        element: &Element,
    ) -> Vec<&'a Declaration> {
        if self.known.is_empty() {
            return Vec::new();
        }
        let names = own_names(element);
        let found = names.iter().filter_map(|name| self.known.get(name.as_str())).flatten();
        let mut found: Vec<&Known<'_>> = found.filter(|rule| rule.holds(document, at)).collect();
        found.sort_by_key(|rule| rule.weight);
        found.into_iter().flat_map(|rule| rule.declarations).collect()
    }

    /// Whether rules that are not worked out may colour an element's text, and what lies below it:
    /// those that overrule a `style` attribute, or the others.
    pub(super) fn may_colour(&self, element: &Element, strong: bool) -> (bool, bool) {
        let unknown = if strong { &self.strong } else { &self.weak };
        if unknown.text.is_empty() && unknown.ground.is_empty() {
            return (false, false);
        }
        let names = own_names(element);
        let any = |of: &BTreeSet<&str>| {
            of.contains("*") || names.iter().any(|name| of.contains(name.as_str()))
        };
        (any(&unknown.text), any(&unknown.ground))
    }
}

impl Known<'_> {
    fn holds(&self, document: &Document, at: usize) -> bool {
        let mut at = at;
        // The first is the element itself, and of each other one is looked for above the last.
        let mut reach = 0;
        for (place, part) in self.parts.iter().enumerate() {
            let start = if place == 0 { Some(at) } else { document.above(at) };
            let mut line = std::iter::successors(start, |at| document.above(*at));
            let found = line.by_ref().take(reach + 1).find(|at| part.is_of(document, *at));
            let Some(found) = found else { return false };
            at = found;
            reach = if part.is_child { 0 } else { HIGHEST };
        }
        true
    }
}

impl Part<'_> {
    fn is_of(&self, document: &Document, at: usize) -> bool {
        let Some(Kind::Element(element)) = document.nodes.get(at).map(|node| &node.kind) else {
            return false;
        };
        let classes = element.attribute("class").unwrap_or_default();
        self.names.iter().all(|name| match (name.strip_prefix('.'), name.strip_prefix('#')) {
            (Some(class), _) => classes.split_whitespace().any(|own| own == class),
            (_, Some(id)) => element.attribute("id") == Some(id),
            _ => element.name == *name,
        })
    }
}

fn weight(parts: &[Part<'_>], place: usize) -> (usize, usize, usize, usize) {
    let names = || parts.iter().flat_map(|part| &part.names);
    let of = |mark: char| names().filter(|name| name.starts_with(mark)).count();
    let (ids, classes) = (of('#'), of('.'));
    (ids, classes, names().count() - ids - classes, place)
}

/// The parts of a selector from the last to the first; none if one of them is not plain.
fn parts(selector: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut is_child = false;
    for word in selector.split_whitespace() {
        if word == ">" {
            is_child = true;
            continue;
        }
        let names = names(word);
        if names.is_empty() {
            return Vec::new();
        }
        parts.push(Part { names, is_child });
        is_child = false;
    }
    parts.reverse();
    parts
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
        assert!(parts("a b:hover").is_empty() && parts("a + b").is_empty());
    }

    /// What is said of the last element of a mail in dark mode.
    fn said(css: &str, html: &str) -> Vec<String> {
        let css = format!("@media (prefers-color-scheme: dark) {{ {css} }}");
        let page = Page::parse(&format!("<style>{css}</style>{html}"));
        let dark = Cascade::dark(&page).unwrap();
        let (at, element) = page.document.elements().last().unwrap();
        dark.of(&page.document, at, element).iter().map(|it| it.value.clone()).collect()
    }

    #[test]
    fn rules_hold_by_names_parents_and_ancestors() {
        let html = "<div class='card x'><p id=top><a class=y>";
        for selector in ["a", ".y", "a.y", ".card a", ".card p > a", "#top > .y", "div.x #top a"] {
            assert_eq!(said(&format!("{selector} {{ color: red }}"), html), ["red"], "{selector}");
        }
        for selector in ["b", ".z", "b.y", ".y a", ".card > a", "#top.x a", "a p", "a:hover"] {
            assert!(said(&format!("{selector} {{ color: red }}"), html).is_empty(), "{selector}");
        }
        let css =
            "#top a { color: three } .card a { color: two } a { color: one } .x a { color: two2 }";
        assert_eq!(said(css, html), ["one", "two", "two2", "three"]);
    }

    #[test]
    fn what_is_not_worked_out_may_colour() {
        let css = "[data-ogsc] .c { color: red } i { background: red } p:lang(x) { color: red !important }";
        let page = Page::parse(&format!("<style>{css}</style><p><u class=c><i>"));
        let light = Cascade::light(&page);
        let told = page.document.elements().skip(1).map(|(_, element)| {
            (light.may_colour(element, false), light.may_colour(element, true))
        });
        let nothing = (false, false);
        assert_eq!(
            told.collect::<Vec<_>>(),
            [(nothing, (true, false)), (nothing, nothing), ((false, true), nothing)]
        );
        assert!(Cascade::dark(&page).is_none());
    }
}
