//! Whether a broadcast is under way.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether a broadcast is under way.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum State {
    /// Its audience is not complete, and nobody is asked about.
    Freezing,
    /// It is decided of its audience, and what is claimed is handed over.
    Running,
    /// Nothing is decided and nothing handed over until somebody resumes it.
    Paused,
    /// Nothing more will be.
    Cancelled,
    /// It was decided of everybody, and the outbox is empty.
    Done,
}

/// What may be asked of a broadcast.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Command {
    /// The audience is complete.
    Begin,
    /// Stop for a while.
    Pause,
    /// Go on.
    Resume,
    /// Stop for good.
    Cancel,
    /// Everything is done.
    Finish,
}

impl State {
    /// The state that a command leads to; `None` where it cannot be carried out. What is so already
    /// may be asked for again.
    pub fn after(self, command: Command) -> Option<Self> {
        use Command::{Begin, Cancel, Finish, Pause, Resume};
        match (self, command) {
            (Self::Freezing, Begin) | (Self::Running | Self::Paused, Resume) => Some(Self::Running),
            (Self::Running | Self::Paused, Pause) => Some(Self::Paused),
            (Self::Freezing | Self::Running | Self::Paused | Self::Cancelled, Cancel) => {
                Some(Self::Cancelled)
            }
            (Self::Running | Self::Done, Finish) => Some(Self::Done),
            _ => None,
        }
    }

    /// The stable text: `freezing`, `done`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Freezing => "freezing",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Begin => "begin",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
            Self::Finish => "finish",
        })
    }
}
