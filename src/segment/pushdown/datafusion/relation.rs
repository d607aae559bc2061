//! A plan's passes as relations of a session.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::common::{Result, TableReference};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt, JoinType, cast, ident, lit};
use datafusion::prelude::{DataFrame, SessionContext, coalesce};

use super::column::cast_to;
use super::expression::{aggregate, expression, fold, lift, of, relation};
use super::unplanned;
use crate::segment::pushdown::plan::{From, Lift, Pass, Plan, Scalar, Verdict};
use crate::segment::pushdown::table::{Column, Links, List, Table};
use crate::segment::pushdown::{ASKED, MEMBER};

/// What a session has of the tables that a plan is about, as the plan reads them.
pub(super) struct Relations<'p> {
    plan: &'p Plan,
    /// The table of events as `e`, each row with its person as `person`.
    events: DataFrame,
    /// The tables of elements as `x`, by their names.
    lists: BTreeMap<Arc<str>, DataFrame>,
}

/// The columns of a table that are read.
#[derive(Default)]
struct Used {
    typed: BTreeMap<Arc<str>, Column>,
    /// Those whose type is the host's.
    plain: BTreeSet<Arc<str>>,
}

impl<'p> Relations<'p> {
    pub(super) async fn of(session: &SessionContext, plan: &'p Plan) -> crate::error::Result<Self> {
        let Table { name, person, message, links, .. } = &*plan.table;
        let mut used = Used { plain: BTreeSet::from([Arc::clone(person)]), ..Used::default() };
        used.plain.extend(message.clone());
        used.read([&plan.table.at].into_iter().chain(&plan.table.received));
        used.columns(plan, From::Event, |_| true);
        let events = opened(session, name, From::Event, &used).await?;
        let links = match links {
            Some(links) => Some((links, linked(session, links, plan).await?)),
            None => None,
        };
        let mut lists = BTreeMap::new();
        for (table, mut used) in plan.elements() {
            used.columns(plan, From::Element, |list| list.is_some_and(|list| list.table == table));
            let rows = opened(session, &table, From::Element, &used).await?;
            lists.insert(table, rows);
        }
        let events = events_of_people(plan, events, links).map_err(unplanned)?;
        Ok(Self { plan, events, lists })
    }

    /// Who is in a segment or may be, with a code for each.
    pub(super) fn verdicts(&self) -> Result<DataFrame> {
        let mut people: Option<DataFrame> = None;
        for level in self.plan.passes.chunk_by(|a, b| a.level == b.level) {
            let known = people.clone();
            for pass in level {
                let found = self.pass(pass, known.as_ref())?;
                people = Some(match people {
                    None => found.alias("people")?,
                    Some(people) => joined(people, found, pass)?,
                });
            }
        }
        let Some(people) = people else { return self.events.clone().filter(lit(false)) };
        let names: Vec<String> =
            (0..self.plan.verdicts.len()).map(|number| format!("segment_{number}")).collect();
        let codes = names.iter().zip(&self.plan.verdicts);
        let codes = codes.map(|(name, verdict)| Ok(code(verdict)?.alias(name)));
        let codes: Vec<Expr> = codes.collect::<Result<_>>()?;
        let found = names.iter().map(|name| ident(name).gt(lit(0_i64)));
        let found = found.reduce(Expr::or).unwrap_or_else(|| lit(false));
        people.select([vec![of("people", "person")], codes].concat())?.filter(found)
    }

    /// The folds of a pass, for each person whose rows it reads.
    fn pass(&self, pass: &Pass, people: Option<&DataFrame>) -> Result<DataFrame> {
        let message = || of("e", self.plan.table.message.as_deref().unwrap_or_default());
        let mut rows = self.events.clone();
        if let Some((list, elements)) = pass.list.as_ref().and_then(|list| self.elements(list)) {
            let on = of("x", &list.message).eq(message());
            rows = rows.join_on(elements, JoinType::Inner, [on])?;
        }
        for number in &pass.lifts {
            if let Some(lifted) = self.lifted(*number)? {
                let on = of(&lift(*number), "message").eq(message());
                rows = rows.join_on(lifted, JoinType::Left, [on])?;
            }
        }
        if let Some(people) = people.filter(|_| pass.level > 0) {
            let on = of("people", "person").eq(of("e", PERSON));
            rows = rows.join_on(people.clone(), JoinType::Inner, [on])?;
        }
        let folds =
            pass.folds.iter().filter_map(|number| Some((*number, self.plan.folds.get(*number)?)));
        let folds = folds.map(|(number, folded)| Ok(aggregate(folded)?.alias(fold(number))));
        let folds = folds.collect::<Result<_>>()?;
        rows.filter(expression(&pass.rows)?)?
            .aggregate(vec![of("e", PERSON).alias("person")], folds)
    }

    fn elements<'l>(&self, list: &'l List) -> Option<(&'l List, DataFrame)> {
        Some((list, self.lists.get(&list.table)?.clone()))
    }

    /// For each event with elements, whether a test is true of any.
    fn lifted(&self, number: usize) -> Result<Option<DataFrame>> {
        let Some(Lift { list, test, reads_event }) = self.plan.lifts.get(number) else {
            return Ok(None);
        };
        let Some((list, mut rows)) = self.elements(list) else { return Ok(None) };
        if *reads_event {
            let message = self.plan.table.message.as_deref().unwrap_or_default();
            let on = of("e", message).eq(of("x", &list.message));
            rows = rows.join_on(self.events.clone(), JoinType::Inner, [on])?;
        }
        let (yes, no, unknown) = (Scalar::Integer(2), Scalar::Integer(0), Scalar::Integer(1));
        let truth = test.clone().then(yes, test.clone().negated().then(no, unknown));
        let greatest = datafusion::functions_aggregate::expr_fn::max(expression(&truth)?);
        let message = of("x", &list.message).alias("message");
        rows.aggregate(vec![message], vec![greatest.alias(lift(number))])?
            .alias(&lift(number))
            .map(Some)
    }
}

/// What the person of a row is called, beside the columns of the host's table.
const PERSON: &str = "bespoke_person";
const COPY: &str = "bespoke_copy";

/// A table of the session with the columns that are used, each of the type that plans read.
async fn opened(
    session: &SessionContext,
    name: &str,
    from: From,
    used: &Used,
) -> crate::error::Result<DataFrame> {
    let table = session.table(reference(name)).await.map_err(unplanned)?;
    let mut columns: Vec<Expr> = Vec::new();
    let typed = used.typed.values().filter(|column| !used.plain.contains(&column.name));
    for column in typed {
        let field = table.schema().field_with_unqualified_name(&column.name).map_err(unplanned)?;
        let stored = ident(&*column.name);
        columns.push(match cast_to(column, field.data_type())? {
            Some(ty) => cast(stored, ty).alias(&*column.name),
            None => stored,
        });
    }
    columns.extend(used.plain.iter().map(|name| ident(&**name)));
    table.select(columns).and_then(|table| table.alias(relation(from))).map_err(unplanned)
}

/// A table's name, part by part as it is written.
fn reference(name: &str) -> TableReference {
    match *name.split('.').collect::<Vec<_>>() {
        [schema, table] => TableReference::partial(schema, table),
        [catalog, schema, table] => TableReference::full(catalog, schema, table),
        _ => TableReference::bare(name),
    }
}

/// The links that count, as `link`.
async fn linked(
    session: &SessionContext,
    links: &Links,
    plan: &Plan,
) -> crate::error::Result<DataFrame> {
    let plain = BTreeSet::from([&links.alias, &links.person].map(Arc::clone));
    let mut used = Used { plain, ..Used::default() };
    used.read([&links.known_from, &links.known_until].into_iter().flatten());
    let rows = opened(session, &links.table, From::Link, &used).await?;
    let columns = [("alias", &links.alias), ("person", &links.person)];
    let columns = columns.map(|(name, column)| of("k", column).alias(name));
    let linked = expression(&plan.linked).and_then(|linked| rows.filter(linked));
    linked.and_then(|rows| rows.select(columns)?.alias("link")).map_err(unplanned)
}

/// The first copy of each event, with its person.
fn events_of_people(
    plan: &Plan,
    events: DataFrame,
    links: Option<(&Links, DataFrame)>,
) -> Result<DataFrame> {
    let Table { person, message, at, received, copies, .. } = &*plan.table;
    let mut events = events;
    if let (true, Some(message)) = (copies, message) {
        let at = of("e", &at.name);
        let known = match received {
            Some(received) => coalesce(vec![of("e", &received.name), at]),
            None => at,
        };
        let copy = row_number().partition_by(vec![of("e", message)]);
        let copy = copy.order_by(vec![known.sort(true, false)]).build()?;
        events = events.with_column(COPY, copy)?.filter(ident(COPY).eq(lit(1_u64)))?;
    }
    let mut named = of("e", person);
    if let Some((_, links)) = links {
        let on = of("link", "alias").eq(of("e", person));
        events = events.join_on(links, JoinType::Left, [on])?;
        named = coalesce(vec![of("link", "person"), named]);
    }
    events.with_column(PERSON, named)?.alias("e")
}

/// People with the folds of another pass, which they may lack.
fn joined(people: DataFrame, found: DataFrame, pass: &Pass) -> Result<DataFrame> {
    let columns = people.schema().columns().into_iter().map(Expr::Column);
    let folds = pass.folds.iter().map(|number| of("found", &fold(*number)));
    let columns: Vec<Expr> = columns.chain(folds).collect();
    let on = of("found", "person").eq(of("people", "person"));
    people.join_on(found.alias("found")?, JoinType::Left, [on])?.select(columns)?.alias("people")
}

fn code(Verdict { surely, perhaps }: &Verdict) -> Result<Expr> {
    let code = |code: i64| Scalar::Integer(code.into());
    let perhaps = perhaps.clone().then(code(ASKED), code(0));
    expression(&surely.clone().then(code(MEMBER), perhaps))
}

impl Used {
    fn read<'c>(&mut self, columns: impl IntoIterator<Item = &'c Column>) {
        for column in columns {
            self.typed.entry(Arc::clone(&column.name)).or_insert_with(|| column.clone());
        }
    }

    /// Reads what a plan's expressions name, of elements those of lists that are wanted.
    fn columns(&mut self, plan: &Plan, from: From, wanted: impl Fn(Option<&Arc<List>>) -> bool) {
        plan.for_each(&mut |list, scalar| match scalar {
            Scalar::Column(of, column) if *of == from && wanted(list) => self.read([column]),
            _ => {}
        });
    }
}

impl Plan {
    /// The tables of elements that are read, each with its column of `messageId`s.
    fn elements(&self) -> BTreeMap<Arc<str>, Used> {
        let lists = self.passes.iter().filter_map(|pass| pass.list.as_ref());
        let mut tables: BTreeMap<Arc<str>, Used> = BTreeMap::new();
        for list in lists.chain(self.lifts.iter().map(|lift| &lift.list)) {
            let used = tables.entry(Arc::clone(&list.table)).or_default();
            used.plain.insert(Arc::clone(&list.message));
        }
        tables
    }

    /// Visits every expression over rows, with the list whose elements the rows are.
    fn for_each<'s>(&'s self, visit: &mut impl FnMut(Option<&'s Arc<List>>, &'s Scalar)) {
        for pass in &self.passes {
            pass.rows.for_each(&mut |scalar| visit(pass.list.as_ref(), scalar));
            for fold in pass.folds.iter().filter_map(|number| self.folds.get(*number)) {
                for part in [&fold.value, &fold.when] {
                    part.for_each(&mut |scalar| visit(pass.list.as_ref(), scalar));
                }
            }
        }
        for lift in &self.lifts {
            lift.test.for_each(&mut |scalar| visit(Some(&lift.list), scalar));
        }
    }
}
