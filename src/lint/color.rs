//! Colours as CSS writes them, and how well one is read upon another.

use cssparser::color::{parse_hash_color, parse_named_color};
use cssparser::{Parser, Token};

/// A colour in sRGB, each part from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Color {
    red: f64,
    green: f64,
    blue: f64,
    /// 1 covers what lies below, 0 shows it.
    pub(super) alpha: f64,
}

impl Color {
    pub(super) const BLACK: Self = Self::new(0.0, 0.0, 0.0);
    pub(super) const WHITE: Self = Self::new(1.0, 1.0, 1.0);
    /// A link, as the standard of HTML has it.
    pub(super) const LINK: Self = Self::new(0.0, 0.0, 238.0 / 255.0);

    const fn new(red: f64, green: f64, blue: f64) -> Self {
        Self { red, green, blue, alpha: 1.0 }
    }

    /// The first colour of a value; `None` where there is none, or one that is not known.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut input = Parser::new(value);
        while let Ok(token) = input.next().cloned() {
            let color = match token {
                Token::Hash(digits) | Token::IDHash(digits) => hex(&digits),
                Token::Ident(name) => named(&name),
                Token::Function(name) => {
                    let parts = input.parse_nested_block(|input| Ok::<_, Failed>(parts(input)));
                    return function(&name.to_ascii_lowercase(), &parts.ok()?);
                }
                _ => None,
            };
            if color.is_some() {
                return color;
            }
        }
        None
    }

    /// A colour of an attribute, where the `#` may be left out.
    pub(super) fn parse_attribute(value: &str) -> Option<Self> {
        Self::parse(value).or_else(|| hex(value))
    }

    /// This colour as it looks upon an opaque one.
    pub(super) fn over(self, below: Self) -> Self {
        let mix = |top: f64, below: f64| top * self.alpha + below * (1.0 - self.alpha);
        Self::new(
            mix(self.red, below.red),
            mix(self.green, below.green),
            mix(self.blue, below.blue),
        )
    }

    /// How well one opaque colour is read upon another: from 1 to 21, by the [contrast ratio] of
    /// WCAG 2.1.
    ///
    /// [contrast ratio]: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The [relative luminance](https://www.w3.org/TR/WCAG21/#dfn-relative-luminance).
    fn luminance(self) -> f64 {
        let linear = |part: f64| {
            if part <= 0.03928 { part / 12.92 } else { libm::pow((part + 0.055) / 1.055, 2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let byte = |part: f64| (part.clamp(0.0, 1.0) * 255.0).round();
        let [red, green, blue] = [self.red, self.green, self.blue].map(byte);
        #[expect(clippy::cast_possible_truncation, reason = "from 0 to 255")]
        #[expect(clippy::cast_sign_loss, reason = "from 0 to 255")]
        let [red, green, blue] = [red as u8, green as u8, blue as u8];
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

type Failed = cssparser::ParseError<()>;

fn hex(digits: &str) -> Option<Color> {
    let (red, green, blue, alpha) = parse_hash_color(digits.as_bytes()).ok()?;
    Some(Color { alpha: alpha.into(), ..bytes(red, green, blue) })
}

fn named(name: &str) -> Option<Color> {
    if name.eq_ignore_ascii_case("transparent") {
        return Some(Color { alpha: 0.0, ..Color::BLACK });
    }
    parse_named_color(name).ok().map(|(red, green, blue)| bytes(red, green, blue))
}

fn bytes(red: u8, green: u8, blue: u8) -> Color {
    let [red, green, blue] = [red, green, blue].map(|part| f64::from(part) / 255.0);
    Color::new(red, green, blue)
}

/// A number as a function has it, and whether it is a share.
struct Argument {
    value: f64,
    is_share: bool,
}

fn parts(input: &mut Parser<'_>) -> Vec<Argument> {
    let mut parts = Vec::new();
    while let Ok(token) = input.next() {
        match token {
            Token::Number { value, .. } | Token::Dimension { value, .. } => {
                parts.push(Argument { value: f64::from(*value), is_share: false });
            }
            Token::Percentage { unit_value, .. } => {
                parts.push(Argument { value: f64::from(*unit_value), is_share: true });
            }
            _ => {}
        }
    }
    parts
}

fn function(name: &str, parts: &[Argument]) -> Option<Color> {
    let (first, second, third, alpha) = match parts {
        [first, second, third] => (first, second, third, 1.0),
        [first, second, third, alpha] => (first, second, third, alpha.value.clamp(0.0, 1.0)),
        _ => return None,
    };
    let byte = |part: &Argument| {
        let share = if part.is_share { part.value } else { part.value / 255.0 };
        share.clamp(0.0, 1.0)
    };
    let color = match name {
        "rgb" | "rgba" => Color::new(byte(first), byte(second), byte(third)),
        "hsl" | "hsla" => hsl(first.value, second.value, third.value),
        _ => return None,
    };
    Some(Color { alpha, ..color })
}

/// A hue in degrees, a saturation and a lightness from 0 to 1, as [CSS Color] turns them into sRGB.
///
/// [CSS Color]: https://www.w3.org/TR/css-color-4/#hsl-to-rgb
fn hsl(hue: f64, saturation: f64, lightness: f64) -> Color {
    let part = |offset: f64| {
        let turned = (offset + hue.rem_euclid(360.0) / 30.0) % 12.0;
        let reach = saturation * lightness.min(1.0 - lightness);
        lightness - reach * (turned - 3.0).min(9.0 - turned).clamp(-1.0, 1.0)
    };
    Color::new(part(0.0), part(8.0), part(4.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_in_every_form() {
        for (value, expected) in [
            ("#FfF", "#ffffff"),
            ("#11223380", "#112233"),
            ("Red", "#ff0000"),
            ("rgb(1, 2, 3)", "#010203"),
            ("rgb(100% 0% 0% / 50%)", "#ff0000"),
            ("hsl(120deg, 100%, 25%)", "#008000"),
            ("1px solid rebeccapurple", "#663399"),
        ] {
            assert_eq!(Color::parse(value).unwrap().to_string(), expected, "{value}");
        }
        for value in ["inherit", "", "var(--x)", "oklch(1 2 3)", "url(red.png)", "rgb(1)"] {
            assert_eq!(Color::parse(value), None, "{value}");
        }
        assert_eq!(Color::parse_attribute("ffffff"), Some(Color::WHITE));
        assert!(Color::parse("transparent").unwrap().alpha < 0.1);
    }

    /// Figures of webaim.org's contrast checker.
    #[test]
    fn contrast_is_that_of_wcag() {
        let of = |one, two| Color::parse(one).unwrap().contrast(Color::parse(two).unwrap());
        for (one, two, expected) in [
            ("#000", "#fff", 21.0),
            ("#777777", "#ffffff", 4.48),
            ("#767676", "#ffffff", 4.54),
            ("#0000ff", "#ffffff", 8.59),
            ("#ffffff", "#ff0000", 4.0),
        ] {
            assert!((of(one, two) - expected).abs() < 0.01, "{one} on {two}: {}", of(one, two));
        }
        let half = Color::parse("rgba(0,0,0,.5)").unwrap().over(Color::WHITE);
        assert_eq!(half.to_string(), "#808080");
    }
}
