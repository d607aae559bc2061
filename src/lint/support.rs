//! What the programs that readers use do not support.
//!
//! What a mail uses is put into words like `property:gap`, by which the table of clients knows its
//! features. How bad a gap is follows from what is lost: looks are noted; a layout that breaks is a
//! warning; content that is lost is a warning, or an error where many lose it. What has something
//! to fall back on is noted only.

use std::collections::{BTreeMap, BTreeSet};

use super::clients::{Audience, Feature, Impact, Readers, Support, feature};
use super::document::{Element, Kind, Node};
use super::page::{Found, Page, Part, finding, named, quoted};
use super::style::{Declaration, Rule, Sheet, When, Word, words};
use super::{Lint, Severity};

pub(super) fn check(lint: &Lint, page: &Page, found: &mut Found) {
    let mut uses = Uses::new(lint, page.has_word_tables);
    for (at, element) in page.document.elements() {
        let place = place_of(page, at);
        markup(page, at, element, place, &mut uses);
        // What is hidden by all means available needs none of them by itself.
        if !page.is_hidden(at) {
            let declarations = page.inline.get(at).map(Vec::as_slice).unwrap_or_default();
            styles(declarations, place, &mut uses);
        }
    }
    for (at, sheet) in &page.sheets {
        sheets(sheet, place_of(page, *at), &mut uses);
    }
    uses.report(found);
}

/// Under which circumstances something is used.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Whether Outlook on Windows does not read it.
    without_word: bool,
    /// Whether there is something to fall back on.
    has_fallback: bool,
}

impl Place {
    fn falling_back(self, has_fallback: bool) -> Self {
        Self { has_fallback: self.has_fallback || has_fallback, ..self }
    }
}

fn place_of(page: &Page, at: usize) -> Place {
    let node = page.document.nodes.get(at);
    Place { without_word: node.is_some_and(|node| node.without_word), has_fallback: false }
}

fn markup(page: &Page, at: usize, element: &Element, place: Place, uses: &mut Uses<'_>) {
    let name = element.name.as_str();
    let address = |attribute| element.attribute(attribute).unwrap_or_default();
    match name {
        "img" => picture(address("src"), place, uses),
        "source" | "meta" | "head" | "html" => {}
        // A font from elsewhere has those that are installed to fall back on.
        "link" => {
            let href = address("href");
            if address("rel").eq_ignore_ascii_case("stylesheet") {
                uses.add("element:link", href, place.falling_back(href.contains("font")));
            }
        }
        _ => {
            let instead = |node: &Node| match &node.kind {
                Kind::Element(inner) => ["a", "img"].contains(&inner.name.as_str()),
                _ => false,
            };
            let has_fallback =
                ["audio", "video"].contains(&name) && page.document.within(at).iter().any(instead);
            let needle = format!("<{name}");
            uses.add(&format!("element:{name}"), &needle, place.falling_back(has_fallback));
        }
    }
    for (attribute, _) in &element.attributes {
        uses.add(&format!("attribute:{attribute}"), attribute, place);
    }
    let href = address("href");
    if name == "a" && href.len() > 1 && href.starts_with('#') {
        uses.add("link:#", href, place);
    }
}

/// A picture's format, by the end of its address.
fn picture(source: &str, place: Place, uses: &mut Uses<'_>) {
    if source.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        return uses.add("image:data", named(source), place);
    }
    let path = source.split(['?', '#']).next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    if let Some((_, kind)) = file.rsplit_once('.') {
        uses.add(&format!("image:{}", kind.to_ascii_lowercase()), source, place);
    }
}

fn styles(declarations: &[Declaration], place: Place, uses: &mut Uses<'_>) {
    let mut before = BTreeSet::new();
    for Declaration { name, value, text: needle } in declarations {
        // Who does not know a value keeps that of the declaration before.
        let place = place.falling_back(!before.insert(name.as_str()));
        uses.add(&format!("property:{name}"), name, place);
        for word in words(value) {
            match word {
                Word::Function(function) => {
                    uses.add(&format!("function:{function}"), needle, place);
                }
                Word::Ident(word) => {
                    uses.add(&format!("value:{name}:{word}"), needle, place);
                    uses.add(&format!("word:{word}"), needle, place);
                }
                Word::Unit(_, unit) => uses.add(&format!("unit:{unit}"), needle, place),
                Word::Url(url) if name.starts_with("background") => {
                    picture(&url, place.falling_back(true), uses);
                }
                Word::Number(_) | Word::Url(_) => {}
            }
        }
    }
}

fn sheets(sheet: &Sheet, place: Place, uses: &mut Uses<'_>) {
    for rule in &sheet.at_rules {
        uses.add(&format!("at:{}", rule.name), &format!("@{}", rule.name), place);
        if rule.name == "media" {
            let features = rule.prelude.split('(').skip(1);
            for feature in features {
                let name = feature.split([':', ')', ' ', '<', '>', '=']).next().unwrap_or_default();
                uses.add(&format!("media:{name}"), name, place);
            }
        }
    }
    for rule in &sheet.rules {
        let place = place.falling_back(rule.when != When::Always);
        if rule.nested && !rule.selector.is_empty() {
            uses.add("at:nesting", &rule.selector, place);
        }
        selector(rule, place, uses);
        styles(&rule.declarations, place, uses);
    }
}

fn selector(rule: &Rule, place: Place, uses: &mut Uses<'_>) {
    let selector = rule.selector.as_str();
    for part in selector.split(':').skip(1) {
        let name: String = part
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
            .collect();
        uses.add(&format!("pseudo:{name}"), &format!(":{name}"), place);
    }
    for (mark, key) in [('>', ">"), ('+', "+"), ('~', "~"), ('*', "*"), ('[', "[]")] {
        let is_used = selector.contains(mark) && (mark == '[' || !selector.contains('['));
        if is_used {
            uses.add(&format!("selector:{key}"), selector, place);
        }
    }
}

/// The features that a mail uses, each at its worst.
struct Uses<'a> {
    lint: &'a Lint,
    /// The readers without those of Outlook on Windows.
    others: Audience,
    has_word_tables: bool,
    worst: BTreeMap<&'static str, Use>,
}

struct Use {
    severity: Severity,
    feature: &'static Feature,
    readers: Readers,
    support: Support,
    needle: String,
    times: usize,
}

impl<'a> Uses<'a> {
    fn new(lint: &'a Lint, has_word_tables: bool) -> Self {
        let others = lint.audience.without_word();
        Self { lint, others, has_word_tables, worst: BTreeMap::new() }
    }

    fn add(&mut self, key: &str, needle: &str, place: Place) {
        let Some(feature) = feature(key) else { return };
        let Some(used) = self.judge(feature, needle, place) else { return };
        match self.worst.get_mut(feature.slug) {
            Some(worst) => {
                worst.times += 1;
                if used.severity < worst.severity {
                    *worst = Use { times: worst.times, ..used };
                }
            }
            None => {
                self.worst.insert(feature.slug, used);
            }
        }
    }

    /// What is lost, where anything is.
    fn judge(&self, feature: &'static Feature, needle: &str, place: Place) -> Option<Use> {
        let is_layout = feature.impact == Impact::Layout;
        let without_word = place.without_word || is_layout && self.has_word_tables;
        let audience = if without_word { &self.others } else { &self.lint.audience };
        let mut support = Support::None;
        let mut readers = audience.where_it_is(feature, support);
        if readers.share == 0 && feature.impact == Impact::Content {
            support = Support::Partial;
            readers = audience.where_it_is(feature, support);
        }
        if readers.share == 0 {
            return None;
        }
        let severity = match feature.impact {
            _ if place.has_fallback || support == Support::Partial => Severity::Note,
            Impact::Content if readers.share >= self.lint.limits.readers_lost => Severity::Error,
            Impact::Content | Impact::Layout => Severity::Warning,
            Impact::Style => Severity::Note,
        };
        let needle = needle.to_owned();
        Some(Use { severity, feature, readers, support, needle, times: 1 })
    }

    fn report(self, found: &mut Found) {
        self.worst.into_values().for_each(|used| found.add(used.finding()));
    }
}

impl Use {
    fn finding(self) -> super::Finding {
        let Self { feature, readers, .. } = &self;
        let code = match feature.slug.split('-').next() {
            Some("css") => "unsupported-css",
            Some("image") => "unsupported-image",
            _ => "unsupported-html",
        };
        let lack =
            if self.support == Support::Partial { "have only part of" } else { "do without" };
        let times = if self.times > 1 { format!(", {} times", self.times) } else { String::new() };
        let message = format!(
            "{} of 100 readers {lack} {}, in {}: {}{times}",
            readers.share,
            feature.title,
            listed(&readers.names),
            quoted(&self.needle)
        );
        let help = format!("https://www.caniemail.com/features/{}/", feature.slug);
        let told = finding(code, self.severity, Part::Html, message);
        told.with_needle(self.needle).with_help(help)
    }
}

/// Names as a sentence has them: the first few, and how many more.
fn listed(names: &[&str]) -> String {
    const FEW: usize = 4;
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [rest @ .., last] if names.len() <= FEW => format!("{} and {last}", rest.join(", ")),
        names => {
            let shown = names.get(..FEW - 1).unwrap_or_default();
            format!("{} and {} more", shown.join(", "), names.len() - shown.len())
        }
    }
}
