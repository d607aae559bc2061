//! Arguments of the form `--name VALUE` and `--flag`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;
use std::process::{ExitCode, Termination};

/// What was given on the command line.
pub(crate) struct Args(BTreeMap<String, String>);

impl Args {
    /// Reads the process's arguments: `words` come without a name, in this order, `valued` take a
    /// value, `flags` take none.
    fn read(words: &[&str], valued: &[&str], flags: &[&str]) -> Result<Self, String> {
        let mut given = BTreeMap::new();
        let mut words = words.iter();
        let mut args = std::env::args_os().skip(1).map(|arg| {
            arg.into_string().map_err(|arg| format!("{} is no Unicode", arg.to_string_lossy()))
        });
        while let Some(arg) = args.next() {
            let arg = arg?;
            if let Some(word) = words.as_slice().first().filter(|_| !arg.starts_with('-')) {
                given.insert((*word).to_owned(), arg);
                words.next();
                continue;
            }
            let name = arg.strip_prefix("--").unwrap_or_default().to_owned();
            let value = if valued.contains(&name.as_str()) {
                args.next().ok_or_else(|| format!("{arg} needs a value"))??
            } else if flags.contains(&name.as_str()) {
                String::new()
            } else {
                return Err(match nearest(&name, valued.iter().chain(flags)) {
                    Some(near) => format!("there is no option `{arg}`; did you mean `--{near}`?"),
                    None => format!("there is no option `{arg}`"),
                });
            };
            if given.insert(name, value).is_some() {
                return Err(format!("{arg} is given twice"));
            }
        }
        match words.next() {
            None => Ok(Self(given)),
            Some(word) => Err(format!("{} is missing", word.to_uppercase())),
        }
    }

    /// The value of an option or a word; of a flag that is given, an empty text.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Runs a program with its arguments; what is at fault is told, and the process exits with 2.
pub(crate) fn run<T: Termination, E: Display>(
    words: &[&str],
    (valued, flags): (&[&str], &[&str]),
    usage: &str,
    program: impl FnOnce(&Args) -> Result<T, E>,
) -> ExitCode {
    let done = match Args::read(words, valued, flags) {
        Ok(args) => program(&args).map_err(|fault| fault.to_string()),
        Err(message) => Err(format!("{message}\n{usage}")),
    };
    match done {
        Ok(done) => done.report(),
        Err(message) => {
            tell(message);
            ExitCode::from(2)
        }
    }
}

/// Tells the user something, whether anybody listens or not.
pub(crate) fn tell(message: impl Display) {
    // There is nobody left to tell that nobody listens.
    let _ = writeln!(std::io::stderr(), "{message}");
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a &'a str>) -> Option<&'a str> {
    bespoke::error::nearest(name, known.copied())
}
