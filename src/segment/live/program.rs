//! Segments compiled for live membership: leaves that segments share, and who touches which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::tree::Tree;
use crate::event::{Event, EventKind};
use crate::expr::plan::{Cond, Reads, Span, Stretch, Test};
use crate::facts::{Keep, Layout, Lean, Timeline};
use crate::schema::Schema;
use crate::segment::Segment;
use crate::time::Duration;

/// Segments in the form in which a [`Live`](super::Live) follows them; an
/// [`Engine`](crate::engine::Engine) makes it.
#[derive(Clone, Debug)]
pub struct Program {
    schema: Arc<Schema>,
    layout: Arc<Layout>,
    leaves: Vec<Leaf>,
    segments: Vec<Compiled>,
    routes: Routes,
}

/// A test that segments share.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) cond: Cond,
    /// The segments whose rules it stands in.
    pub(super) segments: Vec<usize>,
}

/// A segment over leaves.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) name: Arc<str>,
    pub(super) tree: Tree,
    /// Its rule and all that the rule names, as they are written.
    content: Content,
}

/// A rule's text, and those of the parts that it names.
pub(crate) type Content = (Arc<str>, BTreeMap<Arc<str>, Arc<str>>);

/// Which leaves an event can touch, ascending.
#[derive(Clone, Debug, Default)]
struct Routes {
    events: BTreeMap<Arc<str>, Vec<usize>>,
    /// Those that an event of any other name can touch.
    other: Vec<usize>,
    attributes: BTreeMap<Arc<str>, Vec<usize>>,
}

/// Late facts are asked about as far back as this, to tell when they took effect.
const MARGIN: Duration = Duration::days(1);

impl Program {
    pub(crate) fn new<'s>(
        schema: Schema,
        layout: &Layout,
        segments: impl IntoIterator<Item = (&'s Arc<str>, &'s Segment, Content)>,
    ) -> Self {
        let (mut leaves, mut numbers) = (Vec::new(), BTreeMap::new());
        let mut compiled = Vec::new();
        for (number, (name, segment, content)) in segments.into_iter().enumerate() {
            let tree = Tree::of(&segment.cond, &mut |test| {
                let key = format!("{:?} {:?}", test.any, test.check);
                *numbers.entry(key).or_insert_with(|| {
                    leaves.push(Leaf::of(test, &schema));
                    leaves.len() - 1
                })
            });
            tree.for_each_leaf(&mut |leaf| {
                let of_leaf: &mut Leaf = &mut leaves[leaf];
                if of_leaf.segments.last() != Some(&number) {
                    of_leaf.segments.push(number);
                }
            });
            compiled.push(Compiled { name: Arc::clone(name), tree, content });
        }
        let routes = Routes::of(&leaves, &schema);
        let everything = leaves.iter().any(|leaf| leaf.cond.inputs().everything);
        let layout = if everything { layout.clone() } else { layout.lean(lean(&leaves)) };
        let layout = Arc::new(layout);
        Self { schema: Arc::new(schema), layout, leaves, segments: compiled, routes }
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(super) fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    pub(super) fn segments(&self) -> &[Compiled] {
        &self.segments
    }

    /// How many different tests the segments have.
    pub fn leaf_count(&self) -> usize {
        self.leaves.len()
    }

    pub(super) fn number(&self, segment: &str) -> Option<usize> {
        // Segments are in the order of their names.
        self.segments.binary_search_by(|compiled| (*compiled.name).cmp(segment)).ok()
    }

    /// Whether another program has this segment too and means the same by it.
    pub(super) fn shares(&self, segment: &Compiled, other: &Self) -> bool {
        let found = other.number(&segment.name).and_then(|number| other.segments.get(number));
        found.is_some_and(|found| found.content == segment.content)
    }

    /// Whether what has happened by an event's name is told only while nothing of it is to come,
    /// and cannot be taken back.
    pub(super) fn tells_apart(&self, event: &Event) -> bool {
        self.layout.tells_apart(event.name())
    }

    pub(super) fn timeline(&self) -> Timeline {
        Timeline::with_columns(Arc::clone(&self.layout))
    }

    /// Visits lists of leaves, each ascending, that an event can touch.
    pub(super) fn for_each_route(&self, event: &Event, visit: &mut impl FnMut(&[usize])) {
        if event.kind() == EventKind::Identify {
            for (name, _) in event.fields().iter() {
                self.routes.attributes.get(name).into_iter().for_each(|leaves| visit(leaves));
            }
        }
        visit(self.routes.events.get(event.name()).unwrap_or(&self.routes.other));
    }
}

impl Leaf {
    fn of(test: &Test, schema: &Schema) -> Self {
        let mut test = test.clone();
        let parts = test.leaf.iter().flat_map(|leaf| &leaf.parts);
        let mut apart = parts.map(|part| &part.column.pick).filter(|pick| pick.tells_apart());
        let keyed =
            |event: &Arc<str>| schema.events().get(event).is_some_and(|e| e.key().is_some());
        // What is told again is taken out, and from such a column it cannot be.
        if apart.any(|pick| pick.event().is_none_or(keyed)) {
            test.leaf = None;
        }
        Self { cond: Cond::Test(Box::new(test)), segments: Vec::new() }
    }
}

impl Routes {
    fn of(leaves: &[Leaf], schema: &Schema) -> Self {
        let inputs: Vec<_> = leaves.iter().map(|leaf| leaf.cond.inputs()).collect();
        let touched = |touches: &dyn Fn(&crate::expr::plan::Inputs) -> bool| -> Vec<usize> {
            let touched = inputs.iter().enumerate().filter(|(_, inputs)| touches(inputs));
            touched.map(|(number, _)| number).collect()
        };
        let named: BTreeSet<&Arc<str>> = inputs.iter().flat_map(|inputs| &inputs.events).collect();
        let mut events = BTreeMap::new();
        let updates = schema.events().iter().filter_map(|(name, shape)| Some((name, shape.key()?)));
        for (name, key) in updates {
            for update in key.updated_by.iter().chain(&key.cancelled_by) {
                events.entry(Arc::clone(update)).or_insert_with(BTreeSet::new).insert(name);
            }
        }
        for name in named {
            events.entry(Arc::clone(name)).or_default().insert(name);
        }
        let route = |names: &BTreeSet<&Arc<str>>| {
            touched(&|inputs| {
                inputs.every_event || names.iter().any(|name| inputs.events.contains(*name))
            })
        };
        let attributes: BTreeSet<&Arc<str>> =
            inputs.iter().flat_map(|inputs| &inputs.attributes).collect();
        Self {
            events: events.iter().map(|(name, names)| (Arc::clone(name), route(names))).collect(),
            other: touched(&|inputs| inputs.every_event),
            attributes: attributes
                .into_iter()
                .map(|name| {
                    let leaves = touched(&|inputs| inputs.attributes.contains(name));
                    (Arc::clone(name), leaves)
                })
                .collect(),
        }
    }
}

/// What the leaves need to be kept.
fn lean(leaves: &[Leaf]) -> Lean {
    let mut lean = Lean::default();
    for leaf in leaves {
        let Cond::Test(test) = &leaf.cond else { continue };
        lean.attributes.extend(leaf.cond.inputs().attributes);
        if test.leaf.is_some() {
            keep_columns(test, &mut lean);
        } else {
            keep_series(&leaf.cond, &mut lean);
        }
    }
    lean
}

fn keep_columns(test: &Test, lean: &mut Lean) {
    let mut keep = |number: usize, keep: Keep| {
        let kept = lean.columns.entry(number).or_insert(keep);
        *kept = keep.max(*kept);
    };
    for part in test.leaf.iter().flat_map(|leaf| &leaf.parts) {
        let length = match (&part.stretch, part.reads) {
            (Span::Sliding(window), _) => Keep::For(reach(window.length(), window.ago())),
            (Span::Since(..), _) | (Span::Always, Reads::First) => Keep::Always,
            // The last is never cut off, and what was cut off still counts.
            (Span::Always, _) => Keep::For(MARGIN),
        };
        keep(part.column.number, length);
        if let Span::Since(reads, column) = &part.stretch {
            let first = matches!(reads, Reads::First);
            keep(column.number, if first { Keep::Always } else { Keep::For(MARGIN) });
        }
    }
}

fn keep_series(cond: &Cond, lean: &mut Lean) {
    cond.for_each_figure(&mut |figure| {
        let length = match &figure.window {
            Stretch::Sliding(window) => Keep::For(reach(window.length(), window.ago())),
            Stretch::Always | Stretch::Fixed(..) | Stretch::Last(_) | Stretch::Since(_) => {
                Keep::Always
            }
        };
        match &figure.event {
            Some(event) => {
                let kept = lean.series.entry(Arc::clone(event)).or_insert(length);
                *kept = length.max(*kept);
            }
            None => lean.every_series = lean.every_series.max(Some(length)),
        }
    });
}

fn reach(length: Duration, ago: Duration) -> Duration {
    let micros = length.micros().saturating_add(ago.micros());
    Duration::from_micros(micros.saturating_add(MARGIN.micros()))
}
