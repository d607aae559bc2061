//! MJML whose code is masked, as HTML.

use mrml::prelude::parser::Error as Fault;
use mrml::prelude::render::RenderOptions;

use super::sheet::Masked;
use super::tidy::{Tidy, tidy};
use super::{html, markup};
use crate::content::Origin;
use crate::error::nearest;
use crate::lint::{Finding, Severity};

/// The elements that MJML has; the compiler takes others for HTML.
const ELEMENTS: &str = "\
    mj-accordion mj-accordion-element mj-accordion-text mj-accordion-title mj-all mj-attributes \
    mj-body mj-breakpoint mj-button mj-carousel mj-carousel-image mj-class mj-column mj-divider \
    mj-font mj-group mj-head mj-hero mj-html-attribute mj-html-attributes mj-image mj-include \
    mj-navbar mj-navbar-link mj-preview mj-raw mj-section mj-selector mj-social \
    mj-social-element mj-spacer mj-style mj-table mj-text mj-title mj-wrapper";

/// HTML, the preview that the MJML has, and what is odd about it.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) html: String,
    pub(super) preview: Option<String>,
    pub(super) findings: Vec<Finding>,
}

/// Compiles MJML.
///
/// # Errors
///
/// What is no MJML, with its place as far as the compiler tells it.
pub(super) fn compile(masked: &Masked) -> Result<Document, Vec<Finding>> {
    let strange = strangers(masked);
    if !strange.is_empty() {
        return Err(strange);
    }
    let Tidy { mjml, css, notes } = tidy(masked);
    let fault = |error: &Fault| vec![finding(masked, error)];
    let parsed = mrml::parse(&mjml).map_err(|error| fault(&error))?;
    let preview = parsed.element.get_preview();
    let rendered = parsed.element.render(&RenderOptions::default()).map_err(|error| {
        vec![at(masked, 0, &format!("the MJML cannot be made into HTML: {error}"))]
    })?;
    let html = if css.trim().is_empty() {
        rendered
    } else {
        html::inline_only(masked, &rendered, &css).map_err(|faults| {
            faults
                .into_iter()
                .map(|(origin, (code, message, help))| {
                    Finding::new(code, Severity::Error, origin.fault(message).with_help(help))
                })
                .collect::<Vec<_>>()
        })?
    };
    let unread = "MJML does not read this attribute";
    let unread = parsed.warnings.iter().map(|warning| (warning.span.start, unread));
    let findings = unread.chain(notes).map(|(position, message)| {
        let mut finding = at(masked, position, message);
        finding.severity = Severity::Warning;
        finding
    });
    Ok(Document { html, preview, findings: findings.collect() })
}

/// Elements that look like MJML's and are none.
fn strangers(masked: &Masked) -> Vec<Finding> {
    let text = masked.text.as_str();
    let names = markup::names(text).into_iter().filter_map(|at| Some((at.start, text.get(at)?)));
    let strange = names.filter(|(at, name)| {
        let opens = text.get(..*at).is_some_and(|before| before.ends_with('<'));
        let is_known = || ELEMENTS.split(' ').any(|known| known == *name);
        opens && name.starts_with("mj-") && !is_known()
    });
    let findings = strange.map(|(position, name)| {
        let mut finding = at(masked, position, &format!("MJML has no element `{name}`"));
        let near = nearest(name, ELEMENTS.split(' '));
        finding.fault.help = near.map(|near| format!("did you mean `{near}`?"));
        finding
    });
    findings.collect()
}

fn finding(masked: &Masked, error: &Fault) -> Finding {
    let (position, message) = match error {
        Fault::UnexpectedElement { position, .. } => {
            (position.start, "no such element may stand here".to_owned())
        }
        Fault::UnexpectedToken { position, .. } => (position.start, "this is no MJML".to_owned()),
        Fault::MissingAttribute { name, position, .. } => {
            (position.start, format!("the attribute `{name}` is missing"))
        }
        Fault::InvalidAttribute { position, .. } => {
            (position.start, "the attribute is not one of MJML's".to_owned())
        }
        Fault::InvalidFormat { position, .. } => {
            (position.start, "the value is not of the form that MJML wants".to_owned())
        }
        Fault::IncludeLoaderError { position, .. } => {
            (position.start, "templates include no files; what they share is a block".to_owned())
        }
        Fault::EndOfStream { .. } => (masked.text.len(), "the MJML ends too early".to_owned()),
        Fault::NoRootNode => (0, "there is no `<mjml>`".to_owned()),
        other => (0, format!("this is no MJML: {other}")),
    };
    at(masked, position, &message)
}

fn at(masked: &Masked, position: usize, message: &str) -> Finding {
    let origin = masked.origin(position.min(masked.text.len().saturating_sub(1)));
    let fault = origin.as_ref().map_or_else(
        || crate::error::Diagnostic::of_file("mail.mjml", message),
        |origin: &Origin| origin.fault(message),
    );
    Finding::new("mjml", Severity::Error, fault)
}
