//! The gallery of all mails.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bespoke::library::{Entry, Shown};
use bespoke::lint::Lint;
use bespoke::preview::{Gallery, Page};

use crate::Fault;
use crate::args::tell;
use crate::folder::Folder;

/// Writes `index.html` into a folder, which is made where there is none; mails that are others than in
/// an older version stand beside what they were.
pub(crate) fn write(folder: &Folder, old: Option<&Folder>, out: &str) -> Result<(), Fault> {
    let library = folder.library()?;
    let mut gallery = Gallery::new("Templates").of_version(library.version());
    let before = old.map(pages).transpose()?.unwrap_or_default();
    let mails = pages(folder)?;
    let count = mails.len();
    for (name, page) in mails {
        if let Some(old) = before.get(&name) {
            gallery = gallery.compare(old.clone(), page.clone());
        }
        gallery = gallery.add(page);
    }
    let file = Path::new(out).join("index.html");
    let told = |error: std::io::Error| format!("{}: {error}", file.display());
    fs::create_dir_all(out).map_err(told)?;
    fs::write(&file, gallery.to_html()).map_err(told)?;
    tell(format!("{count} mails are in {}", file.display()));
    Ok(())
}

/// Every mail of a folder, by its name.
fn pages(folder: &Folder) -> Result<BTreeMap<String, Page>, Fault> {
    let library = folder.library()?;
    let mails = library.mails(&Lint::default()).into_iter();
    let pages = mails.map(|shown| {
        let entry = library.templates().get(&shown.template);
        (shown.name(), page(entry, shown))
    });
    Ok(pages.collect())
}

fn page(entry: Option<&Entry>, shown: Shown) -> Page {
    let mut page = Page::new(&*shown.template, &*shown.fixture).with_findings(shown.findings);
    if let Some(from) = entry.and_then(Entry::from) {
        page = page.with_sender(from);
    }
    if let Some(locale) = &shown.locale {
        page = page.in_locale(&**locale);
    }
    if let Some((block, variant)) = &shown.variant {
        page = page.in_variant(format!("{block}: {variant}"));
    }
    let Some(letter) = shown.letter else { return page };
    let page = letter
        .variants
        .iter()
        .fold(page, |page, (block, variant)| page.with_choice(&**block, &**variant));
    let preheader = letter.preheader.unwrap_or_default();
    page.with_subject(letter.subject, preheader).with_parts(letter.html, letter.text)
}
