//! Every mail that a library can show, and what is to be said of each.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Entry, Fixture, Library};
use crate::content::{Block, Letter};
use crate::error::{Diagnostic, Error};
use crate::lint::{Finding, Lint, Mail, Severity, allowed};

/// A mail of a template as a fixture shows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Shown {
    /// The template's name.
    pub template: Arc<str>,
    /// The fixture's name.
    pub fixture: Arc<str>,
    /// What it was rendered with: the fixture, in a locale, with a variant.
    pub with: Fixture,
    /// The locale, of a template that has several.
    pub locale: Option<Arc<str>>,
    /// The block that shows another variant than the fixture says, and which.
    pub variant: Option<(Arc<str>, Arc<str>)>,
    /// What it says; nothing where it could not be rendered, which is found.
    pub letter: Option<Letter>,
    /// What is to be said of it.
    pub findings: Vec<Finding>,
}

impl Library {
    /// Every mail that the fixtures show: each template with each fixture, in each of its locales,
    /// and with each variant of each of its blocks, one at a time. A fixture need not have what a
    /// variant reads that it does not name, if another fixture shows that variant.
    pub fn mails(&self, lint: &Lint) -> Vec<Shown> {
        let entries = self.templates.values();
        let mails = entries.flat_map(|entry| {
            let cases =
                entry.fixtures.iter().flat_map(|(name, fixture)| self.cases(entry, name, fixture));
            let mails: Vec<Shown> = cases.map(|shown| entry.show(shown, lint)).collect();
            let shown: BTreeSet<_> = mails.iter().filter_map(Shown::variants).flatten().collect();
            let needless = |mail: &Shown| {
                let variant = mail.variant.as_ref();
                mail.letter.is_none() && variant.is_some_and(|variant| shown.contains(variant))
            };
            let needed: Vec<bool> = mails.iter().map(|mail| !needless(mail)).collect();
            let kept = mails.into_iter().zip(needed).filter(|(_, needed)| *needed);
            kept.map(|(mail, _)| mail).collect::<Vec<_>>()
        });
        mails.collect()
    }

    /// What is to be said of the library: what was found when it was read, and what is wrong with
    /// the mails that its fixtures show, each where it is in the files. What is allowed is left out.
    pub fn lint(&self, lint: &Lint) -> Vec<Finding> {
        let mut mails = self.mails(lint);
        let mut findings = self.findings.clone();
        for entry in self.templates.values() {
            let own = mails.iter_mut().filter(|shown| shown.template == entry.name);
            let found = own.flat_map(|shown| std::mem::take(&mut shown.findings));
            findings.extend(allowed(unique(found), &entry.allow));
            if entry.fixtures.is_empty() {
                let message = "no fixture shows this template, so nobody has looked at its mail";
                let fault = Diagnostic::of_file(&*entry.file, message)
                    .with_help(format!("add `{}/fixtures/ann.json`", entry.name));
                findings.push(Finding::new("no-fixture", Severity::Warning, fault));
            }
        }
        in_order(allowed(unique(findings), &self.allow))
    }

    fn cases(&self, entry: &Entry, name: &Arc<str>, fixture: &Fixture) -> Vec<Shown> {
        let shown = |with: Fixture, locale, variant| {
            let (template, fixture) = (Arc::clone(&entry.name), Arc::clone(name));
            let (letter, findings) = (None, Vec::new());
            Shown { template, fixture, with, locale, variant, letter, findings }
        };
        let locales = entry.template.locales();
        let own = fixture.locale().map(Arc::from).or_else(|| locales.first().map(Arc::clone));
        let mut cases = vec![shown(fixture.clone(), own.clone(), None)];
        let others = locales.into_iter().filter(|locale| Some(locale) != own.as_ref());
        cases.extend(
            others.map(|locale| {
                shown(fixture.clone().reading(Arc::clone(&locale)), Some(locale), None)
            }),
        );
        for block in entry.template.blocks() {
            let Some((block, variants)) = self.blocks.get_key_value(block.as_str()) else {
                continue;
            };
            let chosen = fixture.choices().get(block).map_or(Block::FALLBACK, |chosen| chosen);
            for variant in variants.variants().filter(|variant| *variant != chosen) {
                let with = fixture.clone().choosing(Arc::clone(block), variant);
                let variant = Some((Arc::clone(block), variant.into()));
                cases.push(shown(with, own.clone(), variant));
            }
        }
        cases
    }
}

impl Shown {
    /// The variants of its blocks, of a mail that could be rendered.
    fn variants(&self) -> Option<impl Iterator<Item = (Arc<str>, Arc<str>)>> {
        let variants = self.letter.as_ref()?.variants.iter();
        Some(variants.map(|(block, variant)| (Arc::clone(block), Arc::clone(variant))))
    }

    /// What the mail is called among all mails: `cart/two`, `cart/two, de` or
    /// `cart/two, hero: vip`.
    pub fn name(&self) -> String {
        let Self { template, fixture, locale, variant, .. } = self;
        let locale = locale.iter().map(|locale| format!(", {locale}"));
        let variant = variant.iter().map(|(block, variant)| format!(", {block}: {variant}"));
        let rest: String = locale.chain(variant).collect();
        format!("{template}/{fixture}{rest}")
    }

    /// The mail as a text that changes only if the mail does, for snapshots in tests: subject,
    /// preheader, variants, text and HTML.
    ///
    /// ```
    /// use bespoke::library::Library;
    /// use bespoke::lint::Lint;
    ///
    /// let files = [
    ///     ("a/mail.html", "+++\nsubject = \"Hi {{ profile.name }}\"\n+++\n<p>Hello"),
    ///     ("a/fixtures/ann.json", "{\"profile\": {\"name\": \"Ann\"}}"),
    /// ];
    /// let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    /// let library = Library::from_files(&files.into())?;
    /// let mails = library.mails(&Lint::default());
    /// assert_eq!(mails[0].name(), "a/ann");
    /// assert!(mails[0].snapshot().starts_with("Subject: Hi Ann\n"));
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    pub fn snapshot(&self) -> String {
        let Some(letter) = &self.letter else {
            let told: Vec<String> = self.findings.iter().map(ToString::to_string).collect();
            return told.join("\n");
        };
        let variants = letter.variants.iter();
        let variants: Vec<String> =
            variants.map(|(block, variant)| format!("{block}: {variant}\n")).collect();
        let variants = variants.concat();
        let preheader = letter.preheader.as_deref().unwrap_or_default();
        let Letter { subject, text, html, .. } = letter;
        format!("Subject: {subject}\nPreheader: {preheader}\n{variants}\n{text}\n{html}\n")
    }
}

impl Entry {
    /// Renders a mail and says what is to be said of it.
    fn show(&self, mut shown: Shown, lint: &Lint) -> Shown {
        match self.render(&shown.with) {
            Ok(letter) => {
                let found = lint.inspect(&self.mail(&shown, &letter)).into_iter();
                shown.findings = found.filter_map(|finding| self.placed(finding)).collect();
                shown.letter = Some(letter);
            }
            Err(error) => shown.findings = self.unrendered(&shown, &error),
        }
        shown
    }

    fn mail<'m>(&self, shown: &'m Shown, letter: &'m Letter) -> Mail<'m> {
        let mail = Mail::new(&letter.subject, &letter.html, &letter.text);
        // Without one it is missing, and not somewhere else.
        let mail = mail.with_preheader(letter.preheader.as_deref().unwrap_or_default());
        let mail = letter.amp.as_deref().map_or(mail, |amp| mail.with_amp(amp));
        let mail = shown.locale.as_deref().map_or(mail, |locale| mail.in_language(locale));
        if self.transactional {
            return mail;
        }
        let given = |name| shown.with.given(name);
        mail.for_marketing(given("unsubscribe_url"), given("postal_address"))
    }

    /// A finding in a mail, at the first place in the files that it may come from; none for a note
    /// on what is in no file: MJML is compiled to what no author can change.
    fn placed(&self, finding: Finding) -> Option<Finding> {
        let needle = finding.needle.clone().unwrap_or_default();
        let holds =
            |(_, text): &&(Arc<str>, Arc<str>)| !needle.is_empty() && text.contains(&needle);
        match self.sources.iter().find(holds) {
            Some((file, text)) => Some(finding.placed(file, text)),
            None if finding.severity == Severity::Note && !needle.is_empty() => None,
            None => Some(finding.placed(&self.file, "")),
        }
    }

    /// Why a mail cannot be rendered.
    fn unrendered(&self, shown: &Shown, error: &Error) -> Vec<Finding> {
        let Shown { fixture, .. } = shown;
        let faults = match error.diagnostics() {
            [] => vec![Diagnostic::of_file(&*self.file, error.detail())],
            faults => faults.to_vec(),
        };
        let findings = faults.into_iter().map(|mut fault| {
            fault.message = format!("with the fixture `{fixture}`: {}", fault.message);
            Finding::new("render", Severity::Error, fault)
        });
        findings.collect()
    }
}

/// The findings without those that say the same of the same place.
fn unique(findings: impl IntoIterator<Item = Finding>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let new = |found: &Finding| {
        let Diagnostic { file, line, column, message, .. } = &found.fault;
        // How often something is found differs from mail to mail.
        let what = found.needle.as_ref().unwrap_or(message);
        seen.insert((found.code, file.clone(), *line, *column, what.clone()))
    };
    findings.into_iter().filter(new).collect()
}

/// The findings by file and place.
pub(super) fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_cached_key(|found| {
        let Diagnostic { file, line, column, message, .. } = &found.fault;
        (file.clone(), *line, *column, found.severity, found.code, message.clone())
    });
    findings
}
