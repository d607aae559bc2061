//! What two playbooks say differently.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::graph::Defined;
use super::part::{Fields, Name, Sort, parts};
use super::{Playbook, plan};
use crate::content::{Content, Template};
use crate::expr::Expr;

/// What a newer playbook says differently, by sort and name.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Changes {
    /// Every change, in the order of the files and then of names.
    pub changes: Vec<Change>,
}

/// A part that is different, or that what it names is.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// The part's sort.
    pub sort: Sort,
    /// The part's name.
    pub name: Arc<str>,
    /// What became of it.
    pub what: What,
    /// What it said, field by field; of a part that was changed, the fields that were.
    pub old: Vec<(String, String)>,
    /// What it says, likewise.
    pub new: Vec<(String, String)>,
}

/// What became of a part.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// It is new.
    Added,
    /// It says the same, of these parts that do not.
    Affected(Vec<(Sort, Arc<str>)>),
    /// It says something else.
    Changed,
    /// It is no more.
    Removed,
}

/// Compares two playbooks.
pub(super) fn compare(old: &Playbook, newer: &Playbook) -> Changes {
    let (before, after) = (parts(old), parts(newer));
    let names: BTreeSet<&Name> = before.keys().chain(after.keys()).collect();
    let mut changes: BTreeMap<Name, Change> = BTreeMap::new();
    for part in names {
        let change = change(part, before.get(part), after.get(part));
        changes.extend(change.map(|change| (part.clone(), change)));
    }
    spread(&mut changes, &[mentions(old), mentions(newer)]);
    Changes { changes: changes.into_values().collect() }
}

fn change((sort, name): &Name, old: Option<&Fields>, new: Option<&Fields>) -> Option<Change> {
    let what = match (old, new) {
        (Some(old), Some(new)) if old == new => return None,
        (Some(_), Some(_)) => What::Changed,
        (Some(_), None) => What::Removed,
        _ => What::Added,
    };
    let none = Fields::new();
    let (old, new) = (old.unwrap_or(&none), new.unwrap_or(&none));
    let own = |fields: &Fields, other: &Fields| -> Fields {
        let own = fields.iter().filter(|field| !other.contains(field));
        own.cloned().collect()
    };
    let (mut gone, mut come) = (own(old, new), own(new, old));
    if gone.is_empty() && come.is_empty() {
        // Only their order is another, which counts.
        let order = |fields: &Fields| {
            let names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
            vec![("order".to_owned(), names.join(", "))]
        };
        (gone, come) = (order(old), order(new));
    }
    Some(Change { sort: *sort, name: Arc::clone(name), what, old: gone, new: come })
}

/// Adds the parts that name what was changed, and those that name these.
fn spread(changes: &mut BTreeMap<Name, Change>, mentions: &[BTreeMap<Name, BTreeSet<Name>>]) {
    loop {
        let mut affected: BTreeMap<Name, BTreeSet<Name>> = BTreeMap::new();
        for (part, names) in
            mentions.iter().flatten().filter(|(part, _)| !changes.contains_key(*part))
        {
            let changed = names.iter().filter(|name| changes.contains_key(*name)).cloned();
            let changed: Vec<Name> = changed.collect();
            if !changed.is_empty() {
                affected.entry(part.clone()).or_default().extend(changed);
            }
        }
        if affected.is_empty() {
            return;
        }
        for (part, by) in affected {
            let (sort, name) = part.clone();
            let what = What::Affected(by.into_iter().collect());
            changes.insert(part, Change { sort, name, what, old: Vec::new(), new: Vec::new() });
        }
    }
}

/// Which parts each part names.
fn mentions(playbook: &Playbook) -> BTreeMap<Name, BTreeSet<Name>> {
    let defined = Defined::new(playbook, &BTreeSet::new());
    let of = |text: &str| -> BTreeSet<Name> {
        let expr = Expr::parse(text).ok();
        expr.map(|expr| defined.mentions(&expr).parts).unwrap_or_default()
    };
    let mut mentions = BTreeMap::new();
    for (name, plan) in &playbook.metrics {
        let named = match plan {
            super::MetricPlan::Text(text) => of(text),
            super::MetricPlan::Rfm(metric) => of(&metric.text()),
            super::MetricPlan::Engagement(score) => {
                score.weights().keys().map(|event| (Sort::Event, Arc::clone(event))).collect()
            }
        };
        mentions.insert((Sort::Metric, Arc::clone(name)), named);
    }
    for (name, rule) in &playbook.segments {
        mentions.insert((Sort::Segment, Arc::clone(name)), of(rule));
    }
    for (name, score) in &playbook.scores {
        let rules = [&score.eligible, &score.outcome];
        let texts = score.features.iter().map(|(_, text)| text).chain(rules);
        mentions.insert((Sort::Score, Arc::clone(name)), texts.flat_map(|text| of(text)).collect());
    }
    for (name, block) in &playbook.blocks {
        let mut named: BTreeSet<Name> =
            block.variants.iter().flat_map(|variant| of(&variant.rule)).collect();
        for text in block.contents().flat_map(|(_, content)| content.parts()).map(|(_, text)| text)
        {
            let content = Content::text(&plan::source(text));
            named.extend(
                content.iter().flat_map(|content| read(&defined, |root| content.reads(root))),
            );
        }
        mentions.insert((Sort::Block, Arc::clone(name)), named);
    }
    for (name, template) in &playbook.templates {
        let [subject, html, text] = template.parts().map(|(_, text)| plan::source(text));
        let template = Template::new(&subject, &html, &text);
        let named = template.map(|template| read(&defined, |root| template.reads(root)));
        mentions.insert((Sort::Template, Arc::clone(name)), named.unwrap_or_default());
    }
    for (path, text) in &playbook.library {
        let content = Content::text(text);
        let read = |content: &Content| read(&defined, |root| content.reads(root));
        let mut named: BTreeSet<Name> = content.iter().flat_map(read).collect();
        named.extend(plan::library_rules(path, text).iter().flat_map(|rule| of(rule)));
        mentions.insert((Sort::Library, Arc::clone(path)), named);
    }
    for (name, mailing) in &playbook.mailings {
        let mut named = mailing.audience.as_deref().map(of).unwrap_or_default();
        named.insert((Sort::Template, Arc::clone(&mailing.template)));
        named.extend(mailing.topic.iter().map(|topic| (Sort::Topic, Arc::clone(topic))));
        mentions.insert((Sort::Mailing, Arc::clone(name)), named);
    }
    mentions
}

/// What a template reads, by the names below each of what templates read.
fn read(defined: &Defined<'_>, below: impl Fn(&str) -> BTreeSet<String>) -> BTreeSet<Name> {
    let roots = [
        ("blocks", Sort::Block),
        ("metrics", Sort::Metric),
        ("profile", Sort::Attribute),
        ("segments", Sort::Segment),
    ];
    let names = roots.into_iter().flat_map(|(root, sort)| {
        below(root).into_iter().map(move |name| (sort, Arc::<str>::from(name)))
    });
    let names = names.map(|(sort, name)| {
        // A score is a trait to those that read it.
        let score = sort == Sort::Attribute && defined.has(Sort::Score, &name);
        (if score { Sort::Score } else { sort }, name)
    });
    names.collect()
}

impl Changes {
    /// Whether nothing is different.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What became of a part, if anything did.
    pub fn of(&self, sort: Sort, name: &str) -> Option<&Change> {
        self.changes.iter().find(|change| change.sort == sort && &*change.name == name)
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing is different\n");
        }
        self.changes.iter().try_for_each(|change| write!(f, "{change}"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`: ", self.sort, self.name)?;
        match &self.what {
            What::Added => writeln!(f, "added")?,
            What::Affected(by) => {
                let by: Vec<String> =
                    by.iter().map(|(sort, name)| format!("{sort} `{name}`")).collect();
                return writeln!(f, "affected by {}", by.join(", "));
            }
            What::Changed => writeln!(f, "changed")?,
            What::Removed => writeln!(f, "removed")?,
        }
        let mut fields = Vec::new();
        for (name, text) in &self.old {
            fields.push(('-', name, text));
            let same = self.new.iter().filter(|(other, _)| other == name);
            fields.extend(same.map(|(name, text)| ('+', name, text)));
        }
        let known = |name: &String| self.old.iter().any(|(other, _)| other == name);
        let rest = self.new.iter().filter(|(name, _)| !known(name));
        fields.extend(rest.map(|(name, text)| ('+', name, text)));
        for (sign, name, text) in fields {
            let label = if name.is_empty() { String::new() } else { format!("{name}: ") };
            for (at, line) in text.split('\n').enumerate() {
                let label = if at == 0 { &*label } else { "" };
                writeln!(f, "  {sign} {label}{line}")?;
            }
        }
        Ok(())
    }
}
