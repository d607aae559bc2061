//! Plans as SQL.

mod scalar;

use std::fmt::Write;

use super::dialect::{Backslash, Dialect, Words};
use super::plan::{Fold, FoldFunction, From, Lift, Pass, Plan, Scalar, Verdict};
use super::{ASKED, MEMBER};

impl Dialect {
    /// A plan in the words of the engine.
    pub(super) fn print(self, plan: &Plan) -> String {
        Printer { dialect: self, words: self.words(), plan }.query()
    }
}

/// Writes a plan. Names of its own begin with `bespoke_` where names of the host's stand beside.
struct Printer<'p> {
    dialect: Dialect,
    words: Words,
    plan: &'p Plan,
}

/// The people of the passes so far.
#[derive(Default)]
struct People<'p> {
    /// The table that has them.
    name: String,
    /// The folds that are in it.
    folds: Vec<usize>,
    /// The passes that are to be joined next.
    sources: Vec<(String, &'p Vec<usize>)>,
}

impl People<'_> {
    /// Joins the next passes: the name of the table that this takes, and how it is made.
    fn joined(&mut self, level: usize) -> Option<(String, String)> {
        let mut sources = std::mem::take(&mut self.sources).into_iter();
        if self.name.is_empty() {
            let (first, folds) = sources.next()?;
            (self.name, self.folds) = (first, folds.clone());
        }
        let first = self.name.clone();
        let column = |of: &str, fold: &usize| format!(", {of}.fold_{fold} AS fold_{fold}");
        let mut columns: String = self.folds.iter().map(|fold| column(&first, fold)).collect();
        let mut joins = String::new();
        for (pass, folds) in sources {
            columns.extend(folds.iter().map(|fold| column(&pass, fold)));
            let _ = write!(joins, "\n  LEFT JOIN {pass} ON {pass}.person = {first}.person");
            self.folds.extend(folds);
        }
        if joins.is_empty() {
            return None;
        }
        self.name = format!("people_{level}");
        let body = format!("  SELECT {first}.person AS person{columns}\n  FROM {first}{joins}");
        Some((self.name.clone(), body))
    }
}

impl Printer<'_> {
    /// Each level's passes, joined to the people of the levels before; at the end the verdicts.
    fn query(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut people = People::default();
        let passes: Vec<(usize, &Pass)> = self.plan.passes.iter().enumerate().collect();
        for level in passes.chunk_by(|(_, a), (_, b)| a.level == b.level) {
            for (number, pass) in level {
                let body = self.pass(pass, &people.name);
                parts.push(format!("pass_{number} AS (\n{body}\n)"));
                people.sources.push((format!("pass_{number}"), &pass.folds));
            }
            if let Some((name, body)) =
                people.joined(level.first().map_or(0, |(_, pass)| pass.level))
            {
                parts.push(format!("{name} AS (\n{body}\n)"));
            }
        }
        let numbered = self.plan.verdicts.iter().enumerate();
        let verdicts = numbered.fold(String::new(), |sql, (number, verdict)| {
            format!("{sql},\n    {} AS segment_{number}", self.verdict(verdict))
        });
        let found = (0..self.plan.verdicts.len()).map(|number| format!("segment_{number} > 0"));
        let found =
            found.reduce(|a, b| format!("{a} OR {b}")).unwrap_or_else(|| "FALSE".to_owned());
        let (parts, people) = (parts.join(",\n"), people.name);
        format!(
            "WITH {parts}\nSELECT * FROM (\n  SELECT\n    people.person AS person{verdicts}\n  \
             FROM {people} people\n) found\nWHERE {found}{}",
            self.words.settings
        )
    }

    fn pass(&self, pass: &Pass, people: &str) -> String {
        let person = self.person();
        let mut sql = format!("  SELECT {person} AS person");
        for number in &pass.folds {
            if let Some(fold) = self.plan.folds.get(*number) {
                let _ = write!(sql, ",\n    {} AS fold_{number}", self.fold(fold));
            }
        }
        let _ = write!(sql, "\n  FROM {}", self.events());
        if let Some(list) = &pass.list {
            let table = self.table(&list.table);
            let on = format!("x.{} = {}", self.name(&list.message), self.message());
            let _ = write!(sql, "\n  JOIN {table} x ON {on}");
        }
        for number in &pass.lifts {
            if let Some(lift) = self.plan.lifts.get(*number) {
                let name = format!("lift_{number}");
                let lift = self.lift(lift, &name);
                let on = format!("{name}.message = {}", self.message());
                let _ = write!(sql, "\n  LEFT JOIN (\n{lift}\n  ) {name} ON {on}");
            }
        }
        if pass.level > 0 {
            let _ = write!(sql, "\n  JOIN {people} people ON people.person = {person}");
        }
        let rows = Scalar::all([self.first_copies(), pass.rows.clone()]);
        let _ = write!(sql, "\n  WHERE {}\n  GROUP BY {person}", self.scalar(&rows));
        sql
    }

    /// The rows of the table of events, each with its person if there are links.
    fn events(&self) -> String {
        let table = &self.plan.table;
        let name = self.table(&table.name);
        let events = match (&table.message, table.copies) {
            (Some(message), true) => {
                let at = self.name(&table.at.name);
                let known = match &table.received {
                    Some(received) => format!("COALESCE({}, {at})", self.name(&received.name)),
                    None => at,
                };
                let message = self.name(message);
                format!(
                    "(\n    SELECT *, ROW_NUMBER() OVER (PARTITION BY {message} ORDER BY {known}) \
                     AS bespoke_copy\n    FROM {name}\n  )"
                )
            }
            _ => name,
        };
        let Some(links) = &table.links else { return format!("{events} e") };
        let (alias, person) = (self.name(&links.alias), self.name(&links.person));
        let (from, linked) = (self.table(&links.table), self.scalar(&self.plan.linked));
        let links = format!(
            "(\n    SELECT k.{alias} AS alias, k.{person} AS person\n    FROM {from} k\n    \
             WHERE {linked}\n  ) link"
        );
        format!("{events} e\n  LEFT JOIN {links} ON link.alias = e.{}", self.name(&table.person))
    }

    fn first_copies(&self) -> Scalar {
        let copies = self.plan.table.copies;
        if !copies {
            return Scalar::Boolean(true);
        }
        let copy = super::Column::integer("bespoke_copy");
        let copy = Scalar::Column(From::Event, copy);
        copy.compare(crate::expr::Comparison::Equal, Scalar::Integer(1))
    }

    fn person(&self) -> String {
        let person = format!("e.{}", self.name(&self.plan.table.person));
        match self.plan.table.links {
            Some(_) => format!("COALESCE(link.person, {person})"),
            None => person,
        }
    }

    fn message(&self) -> String {
        let message = self.plan.table.message.as_deref().unwrap_or_default();
        format!("e.{}", self.name(message))
    }

    /// For each event with elements, whether a test is true of any.
    fn lift(&self, lift: &Lift, name: &str) -> String {
        let list = &lift.list;
        let (table, message) = (self.table(&list.table), self.name(&list.message));
        let truth = lift.test.clone().then(
            Scalar::Integer(2),
            lift.test.clone().negated().then(Scalar::Integer(0), Scalar::Integer(1)),
        );
        let truth = self.scalar(&truth);
        let mut sql = format!(
            "    SELECT x.{message} AS message, MAX({truth}) AS {name}\n    FROM {table} x"
        );
        if lift.reads_event {
            let table = self.table(&self.plan.table.name);
            let _ = write!(sql, "\n    JOIN {table} e ON {} = x.{message}", self.message());
        }
        let _ = write!(sql, "\n    GROUP BY x.{message}");
        sql
    }

    fn fold(&self, fold: &Fold) -> String {
        let Fold { function, value, when, .. } = fold;
        let (before, after) = match function {
            FoldFunction::Count => ("COUNT(", ")"),
            FoldFunction::CountDistinct => ("COUNT(DISTINCT ", ")"),
            FoldFunction::Max => ("MAX(", ")"),
            FoldFunction::Min => ("MIN(", ")"),
            FoldFunction::Sum => ("SUM(", ")"),
            FoldFunction::SumDistinct => ("SUM(DISTINCT ", ")"),
        };
        let value = match value {
            Scalar::Wide(value) if self.words.sum_widens => &**value,
            value => value,
        };
        if *when == Scalar::Boolean(true) || self.words.filters {
            let folded = match (value, function) {
                (Scalar::Integer(_), FoldFunction::Count) => "*".to_owned(),
                (value, _) => self.scalar(value),
            };
            let folded = format!("{before}{folded}{after}");
            return match when {
                Scalar::Boolean(true) => folded,
                when => format!("{folded} FILTER (WHERE {})", self.scalar(when)),
            };
        }
        let value = when.clone().then(value.clone(), Scalar::Null);
        format!("{before}{}{after}", self.scalar(&value))
    }

    fn verdict(&self, verdict: &Verdict) -> String {
        let code = |code: i64| Scalar::Integer(code.into());
        let perhaps = verdict.perhaps.clone().then(code(ASKED), code(0));
        self.scalar(&verdict.surely.clone().then(code(MEMBER), perhaps))
    }

    /// The name of a table, part by part.
    fn table(&self, name: &str) -> String {
        name.split('.').map(|part| self.name(part)).collect::<Vec<_>>().join(".")
    }

    fn name(&self, name: &str) -> String {
        let quote = self.words.quote;
        let name = match self.words.backslash {
            Backslash::InTextsAndNames => {
                name.replace('\\', r"\\").replace(quote, &format!("\\{quote}"))
            }
            _ => name.replace(quote, &format!("{quote}{quote}")),
        };
        format!("{quote}{name}{quote}")
    }
}
