//! Segments compiled for live membership: leaves that segments share, and who touches which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::LOOK_BACK;
use super::leaves::{Blank, STEPS};
use super::pull::Pull;
use super::tree::Tree;
use crate::bits::Bits;
use crate::event::{Event, EventKind};
use crate::expr::plan::{self, Cond, Inputs, Reads, Span, Stretch, Test};
use crate::facts::{ByName, Keep, Layout, Lean, Timeline};
use crate::schema::Schema;
use crate::segment::Segment;
use crate::time::{Duration, Timestamp};

/// Segments in the form in which a [`Live`](super::Live) follows them; an
/// [`Engine`](crate::engine::Engine) makes it.
#[derive(Clone, Debug)]
pub struct Program {
    schema: Arc<Schema>,
    layout: Arc<Layout>,
    leaves: Vec<Leaf>,
    segments: Vec<Compiled>,
    routes: Routes,
    /// What an entry does to leaves, by the number of its column.
    pulls: Vec<Vec<Pull>>,
    /// What is known of the leaves of whom nothing else is known.
    blank: Blank,
    every_segment: Bits,
    /// Those that such a person may be in, or that cannot be told of them.
    first_segments: Bits,
    no_segment: Bits,
}

/// A test that segments share.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) cond: Cond,
    /// The segments whose rules it stands in.
    pub(super) segments: Bits,
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

/// What an event can touch.
#[derive(Clone, Debug, Default)]
pub(super) struct Route {
    pub(super) leaves: Vec<usize>,
    /// Those of them that no column answers.
    pub(super) looking: Vec<usize>,
    /// The segments whose rules the leaves stand in.
    pub(super) segments: Bits,
}

/// The numbers of the routes that an event takes: that of its name, and of the traits that it tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Way {
    first: usize,
    more: Vec<usize>,
}

impl Way {
    fn numbers(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }
}

/// Routes by number, and which of them an event takes.
#[derive(Clone, Debug, Default)]
struct Routes {
    numbered: Vec<Route>,
    events: ByName<usize>,
    /// That of an event of any other name.
    other: usize,
    attributes: ByName<usize>,
}

impl Program {
    /// These segments, by their names; what else their rules name, they have with them.
    ///
    /// Two programs made so take a segment for the same if its rule is written the same.
    pub fn of<'s>(
        schema: &Schema,
        segments: impl IntoIterator<Item = (&'s str, &'s Segment)>,
    ) -> Self {
        let mut layout = Layout::default();
        let segments: BTreeMap<Arc<str>, Segment> = segments
            .into_iter()
            .map(|(name, segment)| {
                let mut segment = segment.clone();
                segment.index(&mut layout);
                (name.into(), segment)
            })
            .collect();
        let segments = segments.iter().map(|(name, segment)| {
            (name, segment, (segment.rule().text().into(), BTreeMap::new()))
        });
        Self::new(schema.clone(), &layout, segments)
    }

    pub(crate) fn new<'s>(
        schema: Schema,
        layout: &Layout,
        segments: impl IntoIterator<Item = (&'s Arc<str>, &'s Segment, Content)>,
    ) -> Self {
        let segments: Vec<_> = segments.into_iter().collect();
        let count = segments.len();
        let (mut leaves, numbers) =
            leaves(segments.iter().map(|(_, segment, _)| *segment), &schema);
        let mut compiled = Vec::new();
        for (number, (name, segment, content)) in segments.into_iter().enumerate() {
            let tree = Tree::of(&segment.cond, &mut |test, strict| {
                let leaf = numbers[&Key::of(test, strict)];
                leaves[leaf].segments.set(number, true);
                leaf
            });
            compiled.push(Compiled { name: Arc::clone(name), tree, content });
        }
        let routes = Routes::of(&leaves, compiled.len(), &schema);
        let everything = leaves.iter().any(|leaf| leaf.cond.inputs().everything);
        let layout = if everything { layout.clone() } else { layout.lean(lean(&leaves)) };
        let layout = Arc::new(layout);
        leaves.iter_mut().for_each(|leaf| leaf.renumber(&layout));
        let pulls = pulls(&leaves);
        let blank = blank(&leaves, &layout);
        Self {
            schema: Arc::new(schema),
            every_segment: Bits::all(count),
            first_segments: first_segments(&compiled, &blank),
            no_segment: Bits::of(count),
            segments: compiled,
            layout,
            leaves,
            routes,
            pulls,
            blank,
        }
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

    pub(super) fn every_segment(&self) -> &Bits {
        &self.every_segment
    }

    pub(super) fn blank(&self) -> &Blank {
        &self.blank
    }

    pub(super) fn first_segments(&self) -> &Bits {
        &self.first_segments
    }

    pub(super) fn no_segment(&self) -> &Bits {
        &self.no_segment
    }

    /// How many different tests the segments have.
    pub fn leaf_count(&self) -> usize {
        self.leaves.len()
    }

    pub(super) fn number(&self, segment: &str) -> Option<usize> {
        // Segments are in the order of their names.
        self.segments.binary_search_by(|compiled| (*compiled.name).cmp(segment)).ok()
    }

    /// Whether what has happened by an event's name is told only while nothing of it is to come,
    /// and cannot be taken back.
    pub(super) fn tells_apart(&self, event: &Event) -> bool {
        self.layout.tells_apart(event.name())
    }

    pub(super) fn timeline(&self) -> Timeline {
        Timeline::with_columns(Arc::clone(&self.layout))
    }

    /// The routes that an event takes.
    pub(super) fn way(&self, event: &Event) -> Way {
        let Routes { events, other, attributes, .. } = &self.routes;
        let first = events.get(event.name()).copied().unwrap_or(*other);
        let mut way = Way { first, more: Vec::new() };
        if event.kind() == EventKind::Identify {
            let told = event.fields().iter().filter_map(|(name, _)| attributes.get(name));
            way.more.extend(told);
        }
        way
    }

    pub(super) fn routes<'a>(&'a self, way: &'a Way) -> impl Iterator<Item = &'a Route> {
        way.numbers().filter_map(|number| self.routes.numbered.get(number))
    }

    /// Whether an event can have to do with what becomes of a segment.
    pub(super) fn concerns(&self, way: &Way, segment: usize) -> bool {
        self.routes(way).any(|route| route.segments.get(segment))
    }

    /// What an entry of a column does to leaves.
    pub(super) fn pulls(&self, column: usize) -> &[Pull] {
        self.pulls.get(column).map_or(&[], Vec::as_slice)
    }
}

impl Compiled {
    /// Whether a program has this segment too and means the same by it.
    pub(super) fn is_in(&self, program: &Program) -> bool {
        let found = program.number(&self.name).and_then(|number| program.segments.get(number));
        found.is_some_and(|found| found.content == self.content)
    }
}

impl Leaf {
    fn of(test: &Test, strict: bool, schema: &Schema, segments: usize) -> Self {
        let mut test = test.clone();
        if !strict {
            test.leaf.iter_mut().for_each(|leaf| leaf.take_unknown_for_false());
        }
        let parts = test.leaf.iter().flat_map(|leaf| &leaf.parts);
        let mut apart = parts.map(|part| &part.column.pick).filter(|pick| pick.tells_apart());
        let keyed = |event: &Arc<str>| schema.keyed().contains_key(event);
        // What is told again is taken out, and from such a column it cannot be.
        if apart.any(|pick| pick.event().is_none_or(keyed)) {
            test.leaf = None;
        }
        Self { cond: Cond::Test(Box::new(test)), segments: Bits::of(segments) }
    }

    /// Names its columns by the numbers that they have in this layout.
    fn renumber(&mut self, layout: &Layout) {
        let Cond::Test(test) = &mut self.cond else { return };
        let parts = test.leaf.iter_mut().flat_map(|leaf| &mut leaf.parts);
        parts.for_each(|part| part.for_each_column_mut(&mut |kept| kept.renumber(layout)));
    }

    /// The number of the column that it reads first.
    fn column(&self) -> Option<usize> {
        self.column_test()?.parts.first().map(|part| part.column.number)
    }

    /// The test as one of columns, where it is one.
    fn column_test(&self) -> Option<&plan::Leaf> {
        match &self.cond {
            Cond::Test(test) => test.leaf.as_deref(),
            _ => None,
        }
    }
}

impl Routes {
    fn of(leaves: &[Leaf], segments: usize, schema: &Schema) -> Self {
        let inputs: Vec<Inputs> = leaves.iter().map(|leaf| leaf.cond.inputs()).collect();
        let mut routes = Self::default();
        routes.other = routes.add(leaves, segments, |leaf| {
            inputs.get(leaf).is_some_and(|inputs| inputs.every_event)
        });
        for (name, told) in told_by(&inputs, schema) {
            let route = routes.add(leaves, segments, |leaf| {
                inputs
                    .get(leaf)
                    .is_some_and(|inputs| inputs.every_event || !inputs.events.is_disjoint(&told))
            });
            *routes.events.entry(&name) = route;
        }
        let attributes: BTreeSet<&Arc<str>> =
            inputs.iter().flat_map(|inputs| &inputs.attributes).collect();
        for name in attributes {
            let route = routes.add(leaves, segments, |leaf| {
                inputs.get(leaf).is_some_and(|inputs| inputs.attributes.contains(name))
            });
            *routes.attributes.entry(name) = route;
        }
        routes
    }

    fn add(&mut self, leaves: &[Leaf], segments: usize, touches: impl Fn(usize) -> bool) -> usize {
        self.numbered.push(Route::of(leaves, segments, touches));
        self.numbered.len() - 1
    }
}

impl Route {
    fn of(leaves: &[Leaf], segments: usize, touches: impl Fn(usize) -> bool) -> Self {
        let mut route = Self { segments: Bits::of(segments), ..Self::default() };
        for (number, leaf) in leaves.iter().enumerate().filter(|(number, _)| touches(*number)) {
            route.leaves.push(number);
            if leaf.column_test().is_none() {
                route.looking.push(number);
            }
            route.segments.unite(&leaf.segments);
        }
        route
    }
}

/// What tells one leaf from another. Those of one event are next to each other, since it asks about
/// them together, and of those the ones of one column.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    event: Option<Arc<str>>,
    column: Option<usize>,
    text: String,
    strict: bool,
}

impl Key {
    fn of(test: &Test, strict: bool) -> Self {
        let part = test.leaf.as_ref().and_then(|leaf| leaf.parts.first());
        let event = part.and_then(|part| part.column.pick.event().cloned());
        let column = part.map(|part| part.column.number);
        Self { event, column, text: format!("{:?} {:?}", test.any, test.check), strict }
    }
}

/// The different tests of segments, and their numbers.
fn leaves<'s>(
    segments: impl ExactSizeIterator<Item = &'s Segment>,
    schema: &Schema,
) -> (Vec<Leaf>, BTreeMap<Key, usize>) {
    let (count, mut leaves) = (segments.len(), BTreeMap::new());
    for segment in segments {
        Tree::of(&segment.cond, &mut |test, strict| {
            let leaf = || Leaf::of(test, strict, schema, count);
            leaves.entry(Key::of(test, strict)).or_insert_with(leaf);
            0
        });
    }
    let numbered = leaves.into_iter().enumerate();
    let (numbers, leaves) = numbered.map(|(number, (key, leaf))| ((key, number), leaf)).unzip();
    (leaves, numbers)
}

/// What is known of leaves where no column has an entry; what time alone turns is left to be asked.
fn blank(leaves: &[Leaf], layout: &Arc<Layout>) -> Blank {
    let groups = leaves.chunk_by(|leaf, other| leaf.column() == other.column());
    let mut blank = Blank::of(groups.map(<[Leaf]>::len));
    let nobody = Timeline::with_columns(Arc::clone(layout));
    let facts = nobody.facts(Timestamp::MIN);
    for (number, leaf) in leaves.iter().enumerate() {
        let Some(test) = leaf.column_test() else { continue };
        let standing = test.stands(&facts, STEPS);
        if let Some(standing) = standing.filter(|it| test.slope == 0 || it.truth.is_none()) {
            blank.take(number, &standing);
        }
    }
    blank
}

/// The segments that somebody is in of whom only this is known, and those that it does not decide.
fn first_segments(segments: &[Compiled], blank: &Blank) -> Bits {
    let mut first = Bits::of(segments.len());
    for (number, segment) in segments.iter().enumerate() {
        let held = segment.tree.decided(&|leaf| blank.always(leaf));
        first.set(number, held.is_none_or(|held| held.truth == Some(true)));
    }
    first
}

/// What an entry does to leaves, by the number of its column.
fn pulls(leaves: &[Leaf]) -> Vec<Vec<Pull>> {
    let mut pulls: Vec<Vec<Pull>> = Vec::new();
    for (number, leaf) in leaves.iter().enumerate() {
        let of_leaf = leaf.column_test().into_iter().flat_map(|leaf| Pull::of(number, leaf));
        for (column, pull) in of_leaf {
            pulls.resize_with(pulls.len().max(column + 1), Vec::new);
            pulls[column].push(pull);
        }
    }
    pulls
}

/// The events that tell something of events that leaves count: they themselves, and those that
/// update or cancel them.
fn told_by(inputs: &[Inputs], schema: &Schema) -> BTreeMap<Arc<str>, BTreeSet<Arc<str>>> {
    let mut told: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
    let mut tells = |by: &Arc<str>, name: &Arc<str>| {
        told.entry(Arc::clone(by)).or_default().insert(Arc::clone(name));
    };
    inputs.iter().flat_map(|inputs| &inputs.events).for_each(|name| tells(name, name));
    for (name, key) in schema.keyed() {
        key.updated_by.iter().chain(&key.cancelled_by).for_each(|by| {
            tells(by, name);
            tells(by, by);
        });
    }
    told
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
            // Whatever is cut off is not known again when it comes back.
            (Span::Always, _) if part.column.pick.tells_apart() => Keep::Always,
            // The last is never cut off, and what was cut off still counts.
            (Span::Always, _) => Keep::For(LOOK_BACK),
        };
        keep(part.column.number, length);
        if let Span::Since(reads, column) = &part.stretch {
            let first = matches!(reads, Reads::First);
            keep(column.number, if first { Keep::Always } else { Keep::For(LOOK_BACK) });
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
                let kept = lean.series.entry(event);
                *kept = (*kept).max(Some(length));
            }
            None => lean.every_series = lean.every_series.max(Some(length)),
        }
    });
}

fn reach(length: Duration, ago: Duration) -> Duration {
    let micros = length.micros().saturating_add(ago.micros());
    Duration::from_micros(micros.saturating_add(LOOK_BACK.micros()))
}
