//! Text that is hard to read, as far as colours are known: from attributes and inline styles.
//!
//! Of style elements the rules for dark mode are worked out if their selectors are plain. What the
//! others may change is taken for unknown, and of what is unknown nothing is said.

use super::cascade::Cascade;
use super::color::Color;
use super::document::{Element, Kind};
use super::page::{Found, Page, Part, error, note, quoted, warning};
use super::style::{Declaration, Word, words};

/// Below this, text of usual size is a warning: [1.4.3] of WCAG 2.1, level AA.
///
/// [1.4.3]: https://www.w3.org/TR/WCAG21/#contrast-minimum
const READABLE: f64 = 4.5;
/// Below this it is an error, and large text is a warning: the same source asks it of large text.
const LEGIBLE: f64 = 3.0;
/// Text is large from 18 points on, and bold text from 14 points on, in pixels.
const LARGE: f64 = 24.0;
const LARGE_BOLD: f64 = 56.0 / 3.0;

pub(super) fn check(page: &Page, found: &mut Found) {
    read(page, &Cascade::light(page), Look::LIGHT, |text, look| judge(text, look, found));
    if let Some(cascade) = Cascade::dark(page) {
        read(page, &cascade, Look::DARK, |_, look| judge_dark(look, found));
    }
}

/// Goes through the text that is shown, with how it looks.
fn read<'a>(
    page: &'a Page,
    cascade: &Cascade<'a>,
    first: Look<'a>,
    mut judge: impl FnMut(&'a str, &Look<'a>),
) {
    let mut looks: Vec<Look<'_>> = Vec::with_capacity(page.document.nodes.len());
    for (at, node) in page.document.nodes.iter().enumerate() {
        let mut look = node.parent.and_then(|parent| looks.get(parent)).copied().unwrap_or(first);
        match &node.kind {
            Kind::Element(element) => {
                look.enter(element);
                look.blur(cascade.may_colour(element, false));
                let rules = cascade.of(&page.document, at, element);
                let inline = page.inline.get(at).into_iter().flatten();
                let (strong, weak): (Vec<_>, Vec<_>) =
                    rules.into_iter().partition(|rule| rule.is_important());
                weak.into_iter().chain(inline).chain(strong).for_each(|each| look.declare(each));
                look.blur(cascade.may_colour(element, true));
                look.is_hidden |= page.is_hidden(at) || !super::page::is_read(element);
            }
            Kind::Text(text) if look.shows(text) => judge(text, &look),
            _ => {}
        }
        looks.push(look);
    }
}

/// How text looks at a place. What is `None` is not known.
#[derive(Clone, Copy, Debug)]
struct Look<'a> {
    color: Option<Color>,
    /// The colour of a link that nobody has coloured.
    link: Option<Color>,
    /// The text that told the colour, where one did.
    source: Option<&'a str>,
    ground: Option<Color>,
    /// Whether somebody said upon what the text stands.
    has_ground: bool,
    /// In pixels.
    size: f64,
    is_bold: bool,
    is_hidden: bool,
}

impl<'a> Look<'a> {
    /// Text that nobody has coloured.
    const LIGHT: Self = Self {
        color: Some(Color::BLACK),
        link: Some(Color::LINK),
        source: None,
        ground: Some(Color::WHITE),
        has_ground: false,
        size: 16.0,
        is_bold: false,
        is_hidden: false,
    };
    /// The same in dark mode, where each program has colours of its own.
    const DARK: Self = Self { color: None, link: None, ground: None, ..Self::LIGHT };

    /// What an element and its attributes change.
    fn enter(&mut self, element: &'a Element) {
        let heading = match element.name.as_str() {
            "h1" => Some(2.0),
            "h2" => Some(1.5),
            "h3" => Some(1.17),
            _ => None,
        };
        self.size *= heading.unwrap_or(1.0);
        self.is_bold |= heading.is_some() || ["b", "strong", "th"].contains(&element.name.as_str());
        if element.name == "a" && element.attribute("href").is_some() {
            self.color = self.link;
            self.source = None;
        }
        let color = match element.name.as_str() {
            "body" => element.attribute("text"),
            "font" => element.attribute("color"),
            _ => None,
        };
        if let Some(color) = color {
            self.color = Color::parse_attribute(color);
            self.source = Some(color);
        }
        if let Some(color) = element.attribute("bgcolor") {
            self.cover(Color::parse_attribute(color));
        }
        if element.attribute("background").is_some() {
            self.cover(None);
        }
    }

    /// Takes for unknown what a rule may have said of the text, and of what lies below it.
    fn blur(&mut self, (text, ground): (bool, bool)) {
        if text {
            self.color = None;
        }
        if ground {
            self.ground = None;
            self.has_ground = true;
        }
    }

    /// What a declaration changes.
    fn declare(&mut self, declaration: &'a Declaration) {
        let value = declaration.value.as_str();
        match declaration.name.as_str() {
            "color" if value.eq_ignore_ascii_case("inherit") => {}
            "color" => {
                self.color = Color::parse(value);
                self.source = Some(value);
            }
            "background-color" if !is_keyword(value) => self.cover(Color::parse(value)),
            "background-image" if !is_keyword(value) => self.cover(None),
            "background" if !is_keyword(value) => {
                let color = if is_drawn(value) { None } else { Color::parse(value) };
                self.cover(color);
            }
            "font-size" => self.resize(value),
            "font-weight" => self.weigh(value),
            "font" => {
                self.resize(value);
                self.weigh(value);
            }
            _ => {}
        }
    }

    /// Puts a colour below the text; `None` is a picture, or a colour that is not known.
    fn cover(&mut self, color: Option<Color>) {
        self.has_ground |= color.is_none_or(|color| color.alpha > 0.0);
        self.ground = match (color, self.ground) {
            (Some(color), _) if color.alpha >= 1.0 => Some(color),
            (Some(color), Some(below)) => Some(color.over(below)),
            _ => None,
        };
    }

    fn resize(&mut self, value: &str) {
        let size = words(value).into_iter().find_map(|word| match word {
            Word::Unit(size, unit) => Some((f64::from(size), unit)),
            _ => None,
        });
        let Some((size, unit)) = size else { return };
        self.size = match unit.as_str() {
            "px" => size,
            "pt" => size * 4.0 / 3.0,
            "em" => size * self.size,
            "%" => size * self.size / 100.0,
            "rem" => size * 16.0,
            _ => self.size,
        };
    }

    fn weigh(&mut self, value: &str) {
        let weight = words(value).into_iter().find_map(|word| match word {
            Word::Ident(name) if ["bold", "bolder"].contains(&name.as_str()) => Some(true),
            Word::Ident(name) if name == "normal" => Some(false),
            Word::Number(weight) if weight >= 100.0 => Some(weight >= 600.0),
            _ => None,
        });
        self.is_bold = weight.unwrap_or(self.is_bold);
    }

    /// Whether anybody is to read a text here: a single pixel hides it too.
    fn shows(&self, text: &str) -> bool {
        !self.is_hidden && self.size > 1.0 && !text.trim().is_empty()
    }

    fn is_large(&self) -> bool {
        self.size >= if self.is_bold { LARGE_BOLD } else { LARGE }
    }
}

/// Text whose colour and ground are both said, one of them for light mode only.
fn judge_dark(look: &Look<'_>, found: &mut Found) {
    let (Some(color), Some(ground)) = (look.color, look.ground) else { return };
    let shown = color.over(ground);
    let contrast = shown.contrast(ground);
    if contrast < LEGIBLE {
        let message = format!(
            "in dark mode text in {shown} on {ground} has a contrast of {contrast:.2}, not {LEGIBLE}"
        );
        let help = "let the rules for dark mode colour both, with `!important` where a `style` \
                    attribute says otherwise";
        let told = warning("dark-contrast", Part::Html, message).with_help(help);
        found.add(match look.source {
            Some(source) => told.with_needle(source),
            None => told,
        });
    }
}

/// Whether a value leaves things as they are.
fn is_keyword(value: &str) -> bool {
    ["inherit", "initial", "none", "unset"].contains(&value.to_ascii_lowercase().as_str())
}

/// Whether a background is a picture or a gradient.
fn is_drawn(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["url(", "gradient(", "image("].into_iter().any(|drawn| value.contains(drawn))
}

fn judge(text: &str, look: &Look<'_>, found: &mut Found) {
    let (Some(color), Some(ground)) = (look.color, look.ground) else { return };
    let shown = color.over(ground);
    let contrast = shown.contrast(ground);
    let is_large = look.is_large();
    let wanted = if is_large { LEGIBLE } else { READABLE };
    if contrast < wanted {
        let size = if is_large { "large text" } else { "text" };
        let message =
            format!("{size} in {shown} on {ground} has a contrast of {contrast:.2}, not {wanted}");
        let told = if contrast < LEGIBLE && !is_large { error } else { warning };
        let told = told("contrast", Part::Html, message);
        let needle = look.source.unwrap_or_else(|| text.trim());
        found.add(
            told.with_needle(needle)
                .with_help("WCAG 2.1, 1.4.3; choose a darker or a lighter colour"),
        );
    }
    if let Some(source) = look.source
        && !look.has_ground
        && [Color::BLACK, Color::WHITE].contains(&shown)
    {
        let message = format!("text in {} stands on no colour of its own", quoted(source));
        let help = "dark mode may change what it stands on and not the text; say both, or neither";
        found.add(note("dark-text", Part::Html, message).with_needle(source).with_help(help));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(html: &str) -> Vec<String> {
        let mut found = Found::default();
        check(&Page::parse(html), &mut found);
        let told = found.in_order();
        told.iter().map(|it| format!("{} {}", it.severity, it.fault.message)).collect()
    }

    #[test]
    fn colours_are_inherited_and_covered() {
        let html = "<body bgcolor=000000><div style='color:#777'><p>dim</p>
            <table style='background:#fff'><tr><td>better</td></tr></table>
            <td style='background:url(x.png) #fff'>unknown</td></div>";
        // On black the same grey is read well enough.
        assert_eq!(
            told(html),
            ["warning text in #777777 on #ffffff has a contrast of 4.48, not 4.5"]
        );
        assert_eq!(
            told("<p style='color:rgba(0,0,0,.3)'>faint<b style='color:inherit'>faint"),
            ["error text in #b2b2b2 on #ffffff has a contrast of 2.11, not 4.5 (2 times)"]
        );
    }

    #[test]
    fn large_text_may_be_lighter() {
        assert!(told("<h1 style='color:#888'>big</h1>").is_empty());
        assert!(told("<p style='color:#888;font-size:18pt'>big</p>").is_empty());
        assert_eq!(
            told("<h1 style='color:#aaa'>big</h1>"),
            ["warning large text in #aaaaaa on #ffffff has a contrast of 2.32, not 3"]
        );
        assert_eq!(told("<h1 style='color:#888;font:13px/1 Arial'>small").len(), 1);
    }

    #[test]
    fn links_have_a_colour_of_their_own() {
        let html =
            "<div style='background:#111;color:#fff'>ok <a href=x>link</a> <a name=y>no link</a>";
        assert_eq!(
            told(html),
            ["error text in #0000ee on #111111 has a contrast of 2.01, not 4.5"]
        );
    }

    #[test]
    fn what_may_be_coloured_from_afar_is_not_judged() {
        let style = "<style>.a, td p.b { color: red } #c { background-color: red } @media x { p { color: red } }</style>";
        let text = |attribute: &str| {
            told(&format!("{style}<p {attribute} style='x:y'><i style='font-size:12px'>x"))
        };
        let pale =
            |attribute: &str| told(&format!("{style}<div style='color:#eee'><p {attribute}>x"));
        assert_eq!(pale("").len(), 1);
        assert!(
            pale("class='z a'").is_empty() && pale("class=b").is_empty() && pale("id=c").is_empty()
        );
        assert!(text("").is_empty());
    }

    #[test]
    fn hidden_text_is_not_judged() {
        for style in ["display:none", "max-height:0", "font-size:1px", "opacity:0", "mso-hide:all"]
        {
            assert!(
                told(&format!("<p style='color:#fff;{style}'>x <b>y</b></p>")).is_empty(),
                "{style}"
            );
        }
        assert!(told("<title style='color:#fff'>x</title>").is_empty());
    }

    #[test]
    fn black_on_nothing_is_noted() {
        assert_eq!(
            told("<p style='color:#000'>x"),
            ["note text in `#000` stands on no colour of its own"]
        );
        assert!(told("<p style='color:#000;background:#fff'>x").is_empty());
        assert!(told("<p>x").is_empty());
    }

    #[test]
    fn dark_rules_colour_text_and_what_it_stands_on() {
        let style = "<style>@media (prefers-color-scheme: dark) { .card { background: #111 !important }
            .weak { background: #111 } .text { color: #eee !important } .b:not(.c) { color: #111 !important } }</style>";
        let dark = |html: &str| told(&format!("{style}{html}"));
        let card = "<td class=card style='background:#fff;color:#333'>";
        let said = "warning in dark mode text in #333333 on #111111 has a contrast of 1.49, not 3";
        assert_eq!(dark(&format!("{card}text")), [said]);
        assert!(dark(&format!("{card}<p class=text>text")).is_empty());
        assert!(dark(&format!("{card}<p class=b>text")).is_empty());
        assert!(dark("<td class=weak style='background:#fff;color:#333'>text").is_empty());
        assert_eq!(dark("<td style='background:#fff'><p class=text>text").len(), 1);
        assert!(dark("<p>text <a href=x>link").is_empty());
    }
}
