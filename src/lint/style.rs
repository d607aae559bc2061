//! CSS as a list of rules: what a `style` element or attribute declares, and under which condition.

use cssparser::{
    AtRuleParser, CowRcStr, DeclarationParser, ParseError, Parser, ParserState,
    QualifiedRuleParser, RuleBodyItemParser, RuleBodyParser, StyleSheetParser, Token,
};

/// At-rules that hold rules; others hold declarations.
const GROUPS: [&str; 6] = ["container", "layer", "media", "scope", "starting-style", "supports"];

/// What a `style` element says.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) at_rules: Vec<AtRule>,
    /// Each after those that it is nested in.
    pub(super) rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub(super) struct AtRule {
    /// Without the `@`, in lower case.
    pub(super) name: String,
    /// What stands before its block, in lower case.
    pub(super) prelude: String,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) selector: String,
    pub(super) declarations: Vec<Declaration>,
    pub(super) when: When,
    /// Whether it stands within another rule.
    pub(super) nested: bool,
}

/// When a rule holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum When {
    #[default]
    Always,
    /// In dark mode only.
    Dark,
    /// As some at-rule says.
    Sometimes,
}

/// A property and its value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Declaration {
    /// In lower case.
    pub(super) name: String,
    /// Without `!important`.
    pub(super) value: String,
    /// Both as they are written.
    pub(super) text: String,
}

impl Declaration {
    /// Whether it is stronger than a `style` attribute.
    pub(super) fn is_important(&self) -> bool {
        self.text.len() > self.value.len() && self.text.contains('!')
    }
}

impl Sheet {
    /// Reads a sheet that holds then; what is no CSS is passed over, as a browser does.
    pub(super) fn parse(css: &str, when: When) -> Self {
        let mut reader = Reader { when, ..Reader::default() };
        let mut parser = Parser::new(css);
        StyleSheetParser::new(&mut parser, &mut reader).for_each(drop);
        reader.sheet
    }
}

/// Reads a `style` attribute.
pub(super) fn declarations(css: &str) -> Vec<Declaration> {
    let mut reader = Reader { in_rule: true, ..Reader::default() };
    let mut parser = Parser::new(css);
    RuleBodyParser::new(&mut parser, &mut reader).for_each(drop);
    reader.declarations
}

/// A part of a value that tells which features it uses.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    Function(String),
    Ident(String),
    Number(f32),
    Unit(f32, String),
    Url(String),
}

/// The parts of a value, also within functions; names are in lower case.
pub(super) fn words(value: &str) -> Vec<Word> {
    let mut words = Vec::new();
    gather(&mut Parser::new(value), &mut words);
    words
}

fn gather(input: &mut Parser<'_>, words: &mut Vec<Word>) {
    while let Ok(token) = input.next().cloned() {
        let opens = matches!(
            token,
            Token::CurlyBracketBlock
                | Token::Function(_)
                | Token::ParenthesisBlock
                | Token::SquareBracketBlock
        );
        let in_url = matches!(words.last(), Some(Word::Function(name)) if name == "url");
        words.extend(word(token, in_url));
        // Past the parser's limit of nesting the rest is passed over.
        let inside = |input: &mut Parser<'_>| {
            gather(input, words);
            Ok::<(), ParseError<()>>(())
        };
        if opens && input.parse_nested_block(inside).is_err() {
            return;
        }
    }
}

fn word(token: Token<'_>, in_url: bool) -> Option<Word> {
    Some(match token {
        Token::Function(name) => Word::Function(name.to_ascii_lowercase()),
        Token::Ident(name) => Word::Ident(name.to_ascii_lowercase()),
        Token::Number { value, .. } => Word::Number(value),
        Token::Dimension { value, unit, .. } => Word::Unit(value, unit.to_ascii_lowercase()),
        Token::Percentage { unit_value, .. } => Word::Unit(unit_value * 100.0, "%".into()),
        Token::QuotedString(text) if in_url => Word::Url(text.to_string()),
        Token::UnquotedUrl(url) => Word::Url(url.to_string()),
        _ => return None,
    })
}

#[derive(Default)]
struct Reader {
    sheet: Sheet,
    /// Those of the rule that is being read.
    declarations: Vec<Declaration>,
    /// Whether declarations may stand here.
    in_rule: bool,
    /// Whether a rule is being read, so that the next is nested.
    nested: bool,
    when: When,
}

impl Reader {
    /// Reads what stands between braces, as the inside of such a place.
    fn read(&mut self, input: &mut Parser<'_>, inside: Self) -> Vec<Declaration> {
        let sheet = std::mem::take(&mut self.sheet);
        let mut inner = Self { sheet, ..inside };
        RuleBodyParser::new(input, &mut inner).for_each(drop);
        self.sheet = inner.sheet;
        inner.declarations
    }
}

impl<'i> QualifiedRuleParser<'i> for Reader {
    type Error = ();
    type Prelude = String;
    type QualifiedRule = ();

    fn parse_prelude(&mut self, input: &mut Parser<'i>) -> Result<String, ParseError<()>> {
        Ok(rest(input).to_owned())
    }

    fn parse_block(
        &mut self,
        selector: String,
        _start: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<(), ParseError<()>> {
        let at = self.sheet.rules.len();
        let (when, nested) = (self.when, self.nested);
        self.sheet.rules.push(Rule { selector, declarations: Vec::new(), when, nested });
        let inside = Self { in_rule: true, nested: true, when, ..Self::default() };
        let declarations = self.read(input, inside);
        if let Some(rule) = self.sheet.rules.get_mut(at) {
            rule.declarations = declarations;
        }
        Ok(())
    }
}

impl<'i> AtRuleParser<'i> for Reader {
    type AtRule = ();
    type Error = ();
    type Prelude = AtRule;

    fn parse_prelude(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
    ) -> Result<AtRule, ParseError<()>> {
        Ok(AtRule { name: name.to_ascii_lowercase(), prelude: rest(input).to_lowercase() })
    }

    fn rule_without_block(&mut self, rule: AtRule, _start: &ParserState) -> Result<(), ()> {
        self.sheet.at_rules.push(rule);
        Ok(())
    }

    fn parse_block(
        &mut self,
        rule: AtRule,
        _start: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<(), ParseError<()>> {
        self.sheet.at_rules.push(rule.clone());
        if !GROUPS.contains(&rule.name.as_str()) {
            return Ok(());
        }
        let dark = rule.prelude.contains("prefers-color-scheme") && rule.prelude.contains("dark");
        let when = if dark || self.when == When::Dark { When::Dark } else { When::Sometimes };
        let inside = Self { in_rule: self.in_rule, nested: self.nested, when, ..Self::default() };
        self.read(input, inside);
        Ok(())
    }
}

impl<'i> DeclarationParser<'i> for Reader {
    type Declaration = ();
    type Error = ();

    fn parse_value(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
        begin: &ParserState,
    ) -> Result<(), ParseError<()>> {
        let start = input.position();
        let mut is_important = false;
        while let Ok(token) = input.next_including_whitespace_and_comments() {
            // `a:hover {` is no declaration but the rule of a link that is pointed at.
            if matches!(token, Token::CurlyBracketBlock) && !name.starts_with("--") {
                return Err(ParseError::unexpected_token());
            }
            is_important |= matches!(token, Token::Delim('!'));
        }
        let text = input.slice_from(start);
        let value = text.rsplit_once('!').filter(|_| is_important).map_or(text, |(value, _)| value);
        let value = value.trim().to_owned();
        let text = input.slice_from(begin.position()).trim().to_owned();
        self.declarations.push(Declaration { name: name.to_ascii_lowercase(), value, text });
        Ok(())
    }
}

impl RuleBodyItemParser<'_, (), ()> for Reader {
    fn parse_declarations(&self) -> bool {
        self.in_rule
    }

    fn parse_qualified(&self) -> bool {
        true
    }
}

/// What is left, as it stands.
fn rest<'i>(input: &mut Parser<'i>) -> &'i str {
    let start = input.position();
    while input.next_including_whitespace_and_comments().is_ok() {}
    input.slice_from(start).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_keep_what_they_declare_and_when_they_hold() {
        let css = "@import url(x.css); @font-face { font-family: A; src: url(a) }
            a:hover, p > .b { Color : RED !important; width: calc(100% - 3px) }
            @media (prefers-color-scheme: dark) { a:hover { color: #fff } @supports (x: y) { b {} } }
            .c { color: red; &:hover { color: blue } }";
        let sheet = Sheet::parse(css, When::Always);
        let names: Vec<&str> = sheet.at_rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["import", "font-face", "media", "supports"]);
        let told: Vec<String> = sheet
            .rules
            .iter()
            .map(|rule| {
                let each = rule.declarations.iter().map(|d| format!("{}={}", d.name, d.value));
                let nested = if rule.nested { "nested " } else { "" };
                let each = each.collect::<Vec<_>>().join(";");
                format!("{:?} {nested}{}{{{each}}}", rule.when, rule.selector)
            })
            .collect();
        assert_eq!(
            told,
            [
                "Always a:hover, p > .b{color=RED;width=calc(100% - 3px)}",
                "Dark a:hover{color=#fff}",
                "Dark b{}",
                "Always .c{color=red}",
                "Always nested &:hover{color=blue}"
            ]
        );
    }

    #[test]
    fn attributes_and_values_are_read() {
        let read = declarations(
            "color:red; ;background:url('a;b'),url(c) ; x; WIDTH:1.5REM!important;fill:rgb(1,2)!important;top:f(1)",
        );
        let names: Vec<&str> = read.iter().map(|declaration| declaration.name.as_str()).collect();
        assert_eq!(names, ["color", "background", "width", "fill", "top"]);
        assert_eq!(
            words(&read[1].value),
            [Word::Function("url".into()), Word::Url("a;b".into()), Word::Url("c".into())]
        );
        assert_eq!(read[2].text, "WIDTH:1.5REM!important");
        assert_eq!((read[3].value.as_str(), read[4].value.as_str()), ("rgb(1,2)", "f(1)"));
        assert_eq!(words(&read[2].value), [Word::Unit(1.5, "rem".into())]);
        assert_eq!(words("min(1px, 2 * (3vw))").len(), 4);
    }

    #[test]
    fn nesting_and_nonsense_end() {
        for piece in
            ["a{", "@media{", "a:b{", "(", "f(", "{", "\"", "/*", "a:b;", "}", "@x;", "url("]
        {
            let css = piece.repeat(50_000);
            Sheet::parse(&css, When::Sometimes);
            declarations(&css);
            words(&css);
        }
    }
}
