//! What was asked for.

use crate::Fault;
use crate::args::Args;

pub(crate) const WORDS: [&str; 2] = ["command", "dir"];
pub(crate) const VALUED: [&str; 6] = ["out", "old", "template", "fixture", "locale", "eml"];

pub(crate) const USAGE: &str = "\
usage: mail lint DIR
       mail preview DIR --out DIR [--old DIR]
       mail render DIR --template T --fixture F [--locale L] [--eml FILE]";

/// The arguments, read and checked.
pub(crate) struct Options {
    pub(crate) folder: String,
    pub(crate) work: Work,
}

/// What is to be done.
pub(crate) enum Work {
    Lint,
    Preview { out: String, old: Option<String> },
    Render { template: String, fixture: String, locale: Option<String>, eml: Option<String> },
}

impl Options {
    pub(crate) fn read(args: &Args) -> Result<Self, Fault> {
        let given = |name: &str| args.get(name).map(str::to_owned);
        let wanted = |name: &str| given(name).ok_or_else(|| format!("--{name} is missing"));
        let (command, folder) = (wanted("command")?, wanted("dir")?);
        let (work, takes): (Work, &[&str]) = match command.as_str() {
            "lint" => (Work::Lint, &[]),
            "preview" => {
                let (out, old) = (wanted("out")?, given("old"));
                (Work::Preview { out, old }, &["out", "old"])
            }
            "render" => {
                let (template, fixture) = (wanted("template")?, wanted("fixture")?);
                let (locale, eml) = (given("locale"), given("eml"));
                let work = Work::Render { template, fixture, locale, eml };
                (work, &["template", "fixture", "locale", "eml"])
            }
            other => {
                let near = bespoke::error::nearest(other, ["lint", "preview", "render"]);
                let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return Err(format!("there is no command `{other}`{help}"));
            }
        };
        let stray = VALUED.iter().find(|name| given(name).is_some() && !takes.contains(name));
        match stray {
            Some(stray) => Err(format!("`{command}` takes no --{stray}")),
            None => Ok(Self { folder, work }),
        }
    }
}
