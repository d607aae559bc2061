//! Arguments of the form `--name VALUE` and `--flag`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// What was given on the command line.
pub(crate) struct Args(BTreeMap<String, String>);

impl Args {
    /// Reads the process's arguments: `valued` take a value, `flags` take none.
    fn read(valued: &[&str], flags: &[&str]) -> Result<Self, String> {
        let mut given = BTreeMap::new();
        let mut args = std::env::args_os().skip(1).map(|arg| {
            arg.into_string().map_err(|arg| format!("{} is no Unicode", arg.to_string_lossy()))
        });
        while let Some(arg) = args.next() {
            let arg = arg?;
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
        Ok(Self(given))
    }

    /// The value of an option; of a flag that is given, an empty text.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Runs a program with its arguments; what is at fault is told, and the process exits with 2.
pub(crate) fn run<E: Display>(
    valued: &[&str],
    flags: &[&str],
    usage: &str,
    program: impl FnOnce(&Args) -> Result<(), E>,
) -> ExitCode {
    let done = match Args::read(valued, flags) {
        Ok(args) => program(&args).map_err(|fault| fault.to_string()),
        Err(message) => Err(format!("{message}\n{usage}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
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
