//! A gallery of the mails in `tests/corpus/lint`; it is left in the build folder, to look at.

use std::fs;
use std::path::{Path, PathBuf};

use bespoke::lint::{Lint, Mail};
use bespoke::preview::{Gallery, Page};

fn pages() -> Vec<Page> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/lint");
    let files = fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let pages = files.into_iter().enumerate().map(|(number, file)| {
        let html = fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let template = if number % 2 == 0 { "orders" } else { "news" };
        let subject = format!("Your order is on its way: {name}");
        let text = "Your order is on its way.\n\nFollow it: https://shop.example/orders/7\n";
        let findings = Lint::new().check(&Mail::new(&subject, &html, text));
        Page::new(template, name)
            .with_sender("Shop")
            .with_subject(&subject, "It left our warehouse this morning and arrives on Friday.")
            .with_parts(html, text)
            .in_locale(if number % 3 == 0 { "en-GB" } else { "de-DE" })
            .with_choice("hero", "winter: temperature < 5")
            .with_findings(findings)
    });
    pages.collect()
}

fn gallery() -> Gallery {
    let pages = pages();
    let all = Gallery::new("Corpus").of_version("5f1d7c0a9b3e");
    let all = pages.iter().cloned().fold(all, Gallery::add);
    let (old, new) = (&pages[0], &pages[2]);
    all.compare(old.clone(), new.clone()).compare(new.clone(), new.clone())
}

#[test]
fn a_gallery_holds_every_mail_once_and_only_changes_are_compared() {
    let html = gallery().to_html();
    assert_eq!(html, gallery().to_html());
    let documents = html.matches("<script type=\"application/json\" id=\"mail-").count();
    assert_eq!(documents, pages().len() + 2);
    assert_eq!(html.matches("\"before\":{").count(), 1);
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery.html"), html).unwrap();
}

#[test]
fn hundreds_of_mails_make_one_page() {
    let pages = pages();
    let many = pages.iter().cycle().take(500).cloned();
    let html = many.fold(Gallery::new("Many"), Gallery::add).to_html();
    assert_eq!(html.matches("id=\"mail-").count(), 500);
}
