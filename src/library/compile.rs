//! The order of compiling: put together, mask, MJML, styles, text, unmask with escaping.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::block::{BlockFile, VariantFile};
use super::expand::{Expander, Markup, Source};
use super::front::{self, Front};
use super::sheet::{Masked, Part, Sheet};
use super::text::Texts;
use super::{html, markup, plain, unmask};
use crate::content::{Assembled, Origin};
use crate::error::{Span, nearest};
use crate::lint::{Finding, Severity};

/// What follows a preheader, so that the preview in a list of mails does not go on with the mail: a
/// joiner that nobody sees, a non-joiner and a space that does not break.
const PADDING: &str = "&#847;&zwnj;&nbsp;";
/// How often: mail programs show 140 characters at most.
const PADDED: usize = 70;

/// Where a piece of MJML begins and ends in the HTML that comes of it.
const BEGIN: &str = "the piece begins here";
const END: &str = "the piece ends here";

/// How deep elements of HTML may be nested. Half as much again passes with a stack of 2 MiB in a
/// build for tests.
const DEEPEST_HTML: usize = 500;
/// The same of MJML, whose elements become several each.
const DEEPEST_MJML: usize = 100;

/// The files of a template.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) mail: Source,
    pub(super) markup: Markup,
    pub(super) text: Option<Source>,
    pub(super) amp: Option<Source>,
}

/// A template in one locale, compiled.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) subject: Assembled,
    pub(super) preheader: Option<Assembled>,
    pub(super) html: Assembled,
    pub(super) text: Assembled,
    pub(super) amp: Option<Assembled>,
}

/// Compiles one template in one locale.
#[derive(Debug)]
pub(super) struct Compiler<'l> {
    pub(super) blocks: &'l BTreeMap<Arc<str>, BlockFile>,
    pub(super) layouts: &'l BTreeMap<String, Source>,
    pub(super) texts: &'l Texts,
    pub(super) findings: Vec<Finding>,
    /// The files that it is from.
    pub(super) used: BTreeSet<Arc<str>>,
    /// The blocks that it holds.
    pub(super) held: BTreeSet<Arc<str>>,
}

/// HTML whose code is masked, and the preview that it came with.
struct Document {
    masked: Masked,
    html: String,
    preview: Option<String>,
}

impl<'l> Compiler<'l> {
    pub(super) fn new(
        blocks: &'l BTreeMap<Arc<str>, BlockFile>,
        layouts: &'l BTreeMap<String, Source>,
        texts: &'l Texts,
    ) -> Self {
        let (findings, used, held) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        Self { blocks, layouts, texts, findings, used, held }
    }

    /// Compiles a template; nothing where that cannot be done, which is found.
    pub(super) fn compile(&mut self, files: &Files, front: &Front) -> Option<Parts> {
        let sheet = self.whole(&files.mail, files.markup, front)?;
        let document = match files.markup {
            Markup::Mjml => self.mjml(sheet),
            _ => self.inlined(sheet),
        };
        let Document { mut masked, mut html, preview } = document?;
        let text = match &files.text {
            Some(text) => self.plain(text),
            None => unmask::plain(&masked, &plain::text(&masked, &html)),
        };
        let preheader = match &front.preheader {
            Some(said) => {
                let said = front::said(&files.mail, said);
                let sheet = self.sheet(&said, Markup::Html, None);
                insert(&mut html, &hidden(&masked.adopt(sheet)));
                Some(self.plain(&said))
            }
            None => preview.map(|preview| unmask::plain(&masked, &preview)),
        };
        let subject = self.subject(files, front)?;
        let amp = match &files.amp {
            Some(amp) => Some(self.amp(amp)?),
            None => None,
        };
        let html = unmask::html(&masked, &html);
        let html = html.map_err(|faults| self.faults(faults)).ok()?;
        Some(Parts { subject, preheader, html, text, amp })
    }

    /// Compiles what a variant says by itself: its HTML and its text.
    pub(super) fn said(&mut self, variant: &VariantFile) -> Option<(Assembled, Assembled)> {
        let html = variant.said(Markup::Html).cloned();
        let (masked, html) = match (html, variant.said(Markup::Mjml).cloned()) {
            (Some(said), _) => {
                let sheet = self.sheet(&said, Markup::Html, None);
                let masked = self.masked(sheet, Markup::Html)?;
                let html = masked.text.clone();
                (masked, html)
            }
            (None, Some(said)) => self.fragment(&said)?,
            (None, None) => return Some((Assembled::default(), Assembled::default())),
        };
        let text = match variant.said(Markup::Text).cloned() {
            Some(text) => self.plain(&text),
            None => unmask::plain(&masked, &plain::text(&masked, &html)),
        };
        let html = unmask::html(&masked, &html).map_err(|faults| self.faults(faults)).ok()?;
        Some((html, text))
    }

    /// A piece of MJML as the piece of HTML that comes of it. It may be sections, or what stands in
    /// a column.
    fn fragment(&mut self, said: &Source) -> Option<(Masked, String)> {
        let sheet = self.sheet(said, Markup::Mjml, None);
        let is_section = ["<mj-section", "<mj-wrapper", "<mj-hero", "<mj-raw"]
            .iter()
            .any(|name| sheet.source().trim_start().starts_with(name));
        let (open, close) = if is_section {
            ("<mjml><mj-body>", "</mj-body></mjml>")
        } else {
            ("<mjml><mj-body><mj-section><mj-column>", "</mj-column></mj-section></mj-body></mjml>")
        };
        let around = |text: &str| {
            let (file, whole) = (Arc::clone(&said.path), Arc::clone(&said.text));
            let span = Span::new(said.start, said.start);
            Part::Text(text.to_owned(), Origin { file, text: whole, span })
        };
        let mark = |text: &str| format!("<mj-raw><!--{text}--></mj-raw>");
        let mut parts = vec![around(&format!("{open}{}", mark(BEGIN)))];
        parts.extend(sheet.0);
        parts.push(around(&format!("{}{close}", mark(END))));
        let Document { masked, html, .. } = self.mjml(Sheet(parts))?;
        let (_, html) = html.split_once(&format!("<!--{BEGIN}-->"))?;
        let (html, _) = html.split_once(&format!("<!--{END}-->"))?;
        let html = html.to_owned();
        Some((masked, html))
    }

    fn sheet(&mut self, source: &Source, markup: Markup, content: Option<Sheet>) -> Sheet {
        let mut expander = Expander::new(self.blocks, self.texts, markup);
        let sheet = expander.sheet(source, content);
        let Expander { findings, used, held, .. } = expander;
        self.findings.extend(findings);
        self.used.extend(used);
        self.held.extend(held);
        sheet
    }

    /// The template in its layout.
    fn whole(&mut self, mail: &Source, markup: Markup, front: &Front) -> Option<Sheet> {
        let sheet = self.sheet(mail, markup, None);
        let Some(layout) = &front.layout else { return Some(sheet) };
        let name = layout.get_ref();
        let end = if markup == Markup::Mjml { "mjml" } else { "html" };
        let path = format!("{name}.{end}");
        if let Some(layout) = self.layouts.get(&path) {
            return Some(self.sheet(&layout.clone(), markup, Some(sheet)));
        }
        let help = match nearest(&path, self.layouts.keys().map(String::as_str)) {
            Some(near) => format!("there is `_layouts/{near}`"),
            None => format!("add `_layouts/{path}`"),
        };
        let fault = (format!("there is no layout `{path}`"), help);
        self.findings.push(mail.finding("unknown-layout", front::span(layout), fault));
        None
    }

    fn subject(&mut self, files: &Files, front: &Front) -> Option<Assembled> {
        let Some(subject) = &front.subject else {
            let help = "add `subject = \"…\"` between two lines of `+++` before the template";
            let fault = ("the subject is missing", help);
            let span = Span::new(files.mail.start, files.mail.start);
            self.findings.push(files.mail.finding("subject-missing", span, fault));
            return None;
        };
        Some(self.plain(&front::said(&files.mail, subject)))
    }

    /// What is no markup.
    fn plain(&mut self, source: &Source) -> Assembled {
        let sheet = self.sheet(source, Markup::Text, None);
        unmask::sheet(&sheet)
    }

    /// AMP keeps its styles where they are.
    fn amp(&mut self, source: &Source) -> Option<Assembled> {
        let sheet = self.sheet(source, Markup::Amp, None);
        let masked = self.masked(sheet, Markup::Amp)?;
        let amp = unmask::html(&masked, &masked.text);
        amp.map_err(|faults| self.faults(faults)).ok()
    }

    /// The markup with its code masked, unless it is nested too deep for those that work on it.
    fn masked(&mut self, sheet: Sheet, markup: Markup) -> Option<Masked> {
        let masked = sheet.mask();
        let is_mjml = markup == Markup::Mjml;
        let most = if is_mjml { DEEPEST_MJML } else { DEEPEST_HTML };
        let Some(place) = markup::too_deep(&masked.text, most, is_mjml) else {
            return Some(masked);
        };
        let message = format!("elements are nested deeper than {most}");
        let fault = masked.origin(place)?.fault(message).with_help("end the elements before it");
        self.findings.push(Finding::new("too-deep", Severity::Error, fault));
        None
    }

    fn inlined(&mut self, sheet: Sheet) -> Option<Document> {
        let masked = self.masked(sheet, Markup::Html)?;
        let html = html::inline(&masked).map_err(|faults| self.faults(faults)).ok()?;
        Some(Document { masked, html, preview: None })
    }

    #[cfg(feature = "mjml")]
    fn mjml(&mut self, sheet: Sheet) -> Option<Document> {
        let masked = self.masked(sheet, Markup::Mjml)?;
        let document = super::mjml::compile(&masked);
        let document = document.map_err(|found| self.findings.extend(found)).ok()?;
        let super::mjml::Document { html, preview, findings } = document;
        self.findings.extend(findings);
        let misplaced = html::misplaced(&masked, &html);
        if !misplaced.is_empty() {
            self.faults(misplaced);
            return None;
        }
        Some(Document { masked, html, preview })
    }

    #[cfg(not(feature = "mjml"))]
    fn mjml(&mut self, sheet: Sheet) -> Option<Document> {
        let masked = sheet.mask();
        let origin = masked.origin(0)?;
        let fault =
            origin.fault("this build reads no MJML").with_help("turn on the feature `mjml`");
        self.findings.push(Finding::new("mjml", Severity::Error, fault));
        None
    }

    fn faults(&mut self, faults: Vec<(Origin, (&'static str, String, &'static str))>) {
        for (origin, (code, message, help)) in faults {
            let fault = origin.fault(message);
            let fault = if help.is_empty() { fault } else { fault.with_help(help) };
            let finding = Finding::new(code, Severity::Error, fault);
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
    }
}

/// A line that a list of mails shows and the mail does not.
fn hidden(preheader: &str) -> String {
    format!(
        "<div style=\"display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;\
         opacity:0;overflow:hidden;mso-hide:all;\">{preheader}{}</div>",
        PADDING.repeat(PADDED)
    )
}

/// Puts something at the beginning of the body.
fn insert(html: &mut String, what: &str) {
    let body = markup::names(html)
        .into_iter()
        .find(|name| html.get(name.clone()).is_some_and(|name| name.eq_ignore_ascii_case("body")));
    let end = body.and_then(|name| Some(name.end + html.get(name.end..)?.find('>')? + 1));
    html.insert_str(end.unwrap_or(0), what);
}
