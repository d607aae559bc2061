//! What the programs that learn from a table have in common.

use std::collections::BTreeMap;
use std::io::Write;

use bespoke::error::Result;
use bespoke::scorer::{
    BoostedParams, Examples, Folds, ForestParams, Labels, LinearParams, LogisticParams, Model,
    Scorer, Trainer,
};
use bespoke::seed::Seed;
use bespoke::source::CsvReader;
use bespoke::table::{Cell, ColumnKind, Table};
use cpu_time::ProcessTime;

use crate::args::{Args, tell};

/// A trainer of the library's, whichever was asked for.
pub(crate) type AnyTrainer = Box<dyn Trainer<Scorer = Model>>;

/// A table as it was read, with what was asked about it.
pub(crate) struct Asked {
    /// The columns to learn from.
    pub(crate) table: Table,
    /// What each row has in the column to be predicted, as it is written.
    pub(crate) target: Vec<Cell>,
    /// Which line of the file each row is.
    pub(crate) lines: Vec<u64>,
    /// Which row of the file each row is, from 0, those that were refused counted too.
    places: Vec<usize>,
    folds: usize,
}

/// Predictions of rows that no model was fitted to, and what they took.
pub(crate) struct Predicted {
    pub(crate) scores: Vec<f64>,
    pub(crate) fit_cpu_s: f64,
    pub(crate) score_us_per_row: f64,
}

impl Asked {
    /// Reads the table of `--table`; `target` is the option that names what is to be predicted.
    pub(crate) fn read(args: &Args, target: &str) -> std::result::Result<Self, String> {
        let path = needed(args, "table")?;
        let wanted = needed(args, target)?;
        let folds = match args.get("folds") {
            None => 5,
            Some(text) => text.parse().map_err(|_| format!("--folds: `{text}` is no number"))?,
        };
        let located = |fault: String| {
            if fault.starts_with(path) { fault } else { format!("{path}: {fault}") }
        };
        let mut asked = read_rows(path).map_err(located)?;
        let drop = args.get("drop").unwrap_or_default();
        let dropped: Vec<&str> = drop.split(',').filter(|name| !name.is_empty()).collect();
        for name in dropped.iter().chain([&wanted]) {
            if asked.table.column(name).is_none() {
                let names = asked.table.names().iter().map(|name| &**name);
                let near = bespoke::error::nearest(name, names);
                let near = near.map(|near| format!("; did you mean `{near}`?"));
                return Err(format!("{path}: no column `{name}`{}", near.unwrap_or_default()));
            }
        }
        asked.keep_labelled(wanted);
        let without: Vec<&str> = dropped.into_iter().chain([wanted]).collect();
        let table = asked.table.clone().inferred().without(&without);
        let table = table.map_err(|_| format!("{path}: there is no column to learn from"))?;
        Ok(Self { table, folds, ..asked })
    }

    /// Leaves out the rows of which it is not known what is to be predicted.
    fn keep_labelled(&mut self, target: &str) {
        let Some(column) = self.table.column(target) else { return };
        let known = |row: &usize| column.cell(*row) != Cell::Missing;
        let rows: Vec<usize> = (0..self.table.len()).filter(known).collect();
        let missing = self.table.len() - rows.len();
        if missing > 0 {
            tell(format!("{missing} rows have nothing in the column `{target}` and are left out"));
        }
        self.target = rows.iter().map(|row| column.cell(*row)).collect();
        self.lines = rows.iter().filter_map(|row| self.lines.get(*row).copied()).collect();
        self.places = rows.iter().filter_map(|row| self.places.get(*row).copied()).collect();
        self.table = self.table.select(&rows);
    }

    /// Predicts each row by a model that was fitted to the other folds.
    pub(crate) fn cross_validate(&self, trainer: &AnyTrainer, labels: Labels) -> Result<Predicted> {
        let examples = Examples::new(self.table.clone(), labels)?;
        let of = self.places.iter().map(|place| place % self.folds.max(1)).collect();
        let folds = Folds::of(of, self.folds)?;
        let mut scores = vec![0.0; examples.len()];
        let (mut fit, mut score) = (0.0, 0.0);
        for fold in 0..folds.count() {
            let (fitted, held) = folds.split(fold);
            let (fitted, rows) = (examples.select(&fitted), examples.table().select(&held));
            let clock = ProcessTime::now();
            let model = trainer.train(&fitted).map_err(|e| e.within(format!("fold {fold}")))?;
            fit += clock.elapsed().as_secs_f64();
            let clock = ProcessTime::now();
            let found = model.score_all(&rows)?;
            score += clock.elapsed().as_secs_f64();
            held.iter().zip(found).for_each(|(row, score)| scores[*row] = score);
            tell(format!("fold {} of {}: {fit:.2} s of fitting so far", fold + 1, folds.count()));
        }
        let score_us_per_row = score * 1e6 / examples.len() as f64;
        Ok(Predicted { scores, fit_cpu_s: fit, score_us_per_row })
    }
}

/// What is learnt for `--model`, with the seed of `--seed`; of classes or of numbers.
pub(crate) fn trainer(args: &Args, classes: bool) -> std::result::Result<AnyTrainer, String> {
    let seed = match args.get("seed") {
        None => Seed::new(1),
        Some(text) => {
            Seed::new(text.parse().map_err(|_| format!("--seed: `{text}` is no number"))?)
        }
    };
    match (args.get("model").unwrap_or("boosted"), classes) {
        ("boosted", _) => Ok(Box::new(BoostedParams::new(seed))),
        ("forest", _) => Ok(Box::new(ForestParams::new(seed))),
        ("logistic", true) => Ok(Box::new(LogisticParams::new())),
        ("linear", false) => Ok(Box::new(LinearParams::new())),
        (other, _) => {
            let first = if classes { "logistic" } else { "linear" };
            Err(format!("--model: `{other}` is none of {first}, forest, boosted"))
        }
    }
}

/// Prints figures as one object of JSON, with what fitting and scoring took.
pub(crate) fn print(
    figures: &[(&str, Option<f64>)],
    predicted: &Predicted,
) -> std::result::Result<(), String> {
    let took = [
        ("fit_cpu_s", Some(predicted.fit_cpu_s)),
        ("score_us_per_row", Some(predicted.score_us_per_row)),
    ];
    let object: BTreeMap<_, _> = figures.iter().chain(&took).copied().collect();
    let json = serde_json::to_string(&object).map_err(|error| error.to_string())?;
    writeln!(std::io::stdout(), "{json}").map_err(|error| error.to_string())
}

/// An option that must be given.
pub(crate) fn needed<'a>(args: &'a Args, name: &str) -> std::result::Result<&'a str, String> {
    args.get(name).ok_or_else(|| format!("--{name} is missing"))
}

/// The rows of a file of comma-separated values, all as texts; an empty cell is missing.
fn read_rows(path: &str) -> std::result::Result<Asked, String> {
    let mut reader = CsvReader::open(path).map_err(|error| error.to_string())?;
    let columns = reader.columns().iter().map(|name| (&**name, ColumnKind::Text));
    let table = Table::new(columns).map_err(|error| error.to_string())?;
    let (target, lines, places) = (Vec::new(), Vec::new(), Vec::new());
    let mut asked = Asked { table, target, lines, places, folds: 0 };
    let mut place = 0;
    while let Some(item) = reader.next_record().map_err(|error| error.to_string())? {
        match item {
            Err(reject) => tell(format!("{path}: {reject}")),
            Ok(record) => {
                let row: Vec<Cell> = record.cells().map(|(_, text)| cell(&text)).collect();
                asked.table.push(&row).map_err(|error| error.to_string())?;
                asked.lines.push(record.line());
                asked.places.push(place);
            }
        }
        place += 1;
    }
    Ok(asked)
}

fn cell(text: &str) -> Cell {
    match text.trim() {
        "" => Cell::Missing,
        text => Cell::from(text),
    }
}
