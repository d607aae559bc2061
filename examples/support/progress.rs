//! A bar on a terminal; nothing where nobody watches.

use std::fmt;
use std::time::Duration;

use bespoke::run::{Progress, Stage};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// Draws how far a run has come.
pub(crate) struct Bar {
    drawn: ProgressBar,
    stage: Option<Stage>,
    people: Option<u64>,
}

impl Bar {
    /// A bar for so many people, where that is known.
    pub(crate) fn new(people: Option<u64>) -> Self {
        // It draws to the standard error, and only if that is a terminal.
        Self { drawn: ProgressBar::no_length(), stage: None, people }
    }

    pub(crate) fn show(&mut self, progress: Progress) {
        if self.stage != Some(progress.stage) {
            self.stage = Some(progress.stage);
            self.begin(&progress.stage.to_string(), progress.stage != Stage::Delivering);
        }
        self.drawn.set_position(progress.done);
    }

    /// Begins a stage.
    pub(crate) fn begin(&self, stage: &str, counted: bool) {
        let total = self.people.filter(|_| counted);
        let template = if total.is_some() {
            "{msg:>12} {wide_bar} {human_pos}/{human_len} {speed} {eta}"
        } else {
            "{msg:>12} {spinner} {human_pos} {speed}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.drawn.set_style(style.with_key("speed", speed));
        }
        match total {
            Some(total) => self.drawn.set_length(total),
            None => self.drawn.unset_length(),
        }
        self.drawn.reset();
        self.drawn.set_message(stage.to_owned());
        self.drawn.enable_steady_tick(Duration::from_millis(100));
    }

    pub(crate) fn finish(&self) {
        self.drawn.finish_and_clear();
    }
}

fn speed(state: &ProgressState, out: &mut dyn fmt::Write) {
    // A terminal takes whatever is written to it.
    let _ = write!(out, "{:.0}/s", state.per_sec());
}
