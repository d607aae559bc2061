//! Expressions as JSON, for rule builders in a web page.

mod funnel;
mod person;
mod window;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use funnel::FunnelJson;
use window::Fields;

use super::{Aggregate, Comparison, Expr, Function, Literal, MAX_DEPTH, Node, Series, Sign, Truth};
use crate::error::{Error, ErrorKind, Result, Span};
use crate::schema::ANY_EVENT;
use crate::time::{Duration, Timestamp, Zone};
use crate::value::Decimal;

impl Expr {
    /// Writes the expression as JSON: one object for each construct, named after it.
    ///
    /// ```
    /// use bespoke::expr::Expr;
    ///
    /// let rule = Expr::parse("NOT country IN ('PT', 'ES')")?;
    /// assert_eq!(
    ///     rule.to_json(),
    ///     r#"{"not":{"in":{"value":{"path":["country"]},"list":[{"text":"PT"},{"text":"ES"}]}}}"#
    /// );
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        // Objects with text keys, texts and numbers: nothing that JSON cannot say.
        serde_json::to_string(&Json::from(self)).unwrap_or_default()
    }

    /// Reads an expression from JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] with line and column of what is no expression.
    pub fn from_json(json: &str) -> Result<Self> {
        let read: Json = serde_json::from_str(json).map_err(|error| {
            Error::new(ErrorKind::Rule, format!("the rule's JSON: {error}")).with_source(error)
        })?;
        let expr = Self::try_from(read)?;
        if expr.depth() > MAX_DEPTH {
            let detail = format!("the rule is nested more than {MAX_DEPTH} deep");
            return Err(Error::new(ErrorKind::Rule, detail));
        }
        Ok(expr)
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Json {
    Anniversary {
        path: Vec<Arc<str>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<Zone>,
    },
    Aggregate(Box<AggregateJson>),
    And(Vec<Self>),
    Any {
        field: Vec<Arc<str>>,
        rule: Box<Self>,
    },
    Between {
        value: Box<Self>,
        low: Box<Self>,
        high: Box<Self>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        negated: bool,
    },
    Boolean(bool),
    Bucket {
        count: Box<RawValue>,
        salt: Arc<str>,
    },
    Changed {
        path: Vec<Arc<str>>,
        over: Duration,
    },
    Class {
        value: Box<Self>,
        cuts: Vec<Self>,
    },
    Coalesce(Vec<Self>),
    Compare {
        left: Box<Self>,
        operator: String,
        right: Box<Self>,
    },
    Funnel(Box<FunnelJson>),
    In {
        value: Box<Self>,
        list: Vec<Self>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        negated: bool,
    },
    InSegment(Arc<str>),
    Interval(Duration),
    Is {
        value: Box<Self>,
        what: TruthJson,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        negated: bool,
    },
    Like {
        value: Box<Self>,
        pattern: Arc<str>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        negated: bool,
    },
    Not(Box<Self>),
    Now,
    Null,
    Number(Box<RawValue>),
    ObservedFor(Duration),
    Or(Vec<Self>),
    Path(Vec<Arc<str>>),
    Scale {
        by: Box<RawValue>,
        of: Box<Self>,
    },
    Sum(Vec<TermJson>),
    Text(Arc<str>),
    Timestamp(Timestamp),
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum TruthJson {
    False,
    Null,
    True,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum TermJson {
    Plus(Json),
    Minus(Json),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct AggregateJson {
    function: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    distinct: bool,
    event: Arc<str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    field: Vec<Arc<str>>,
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    filter: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    over: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ending: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    zone: Option<Zone>,
}

impl From<&Expr> for Json {
    fn from(expr: &Expr) -> Self {
        let boxed = |expr: &Expr| Box::new(Self::from(expr));
        let all = |parts: &[Expr]| parts.iter().map(Self::from).collect();
        match expr.node() {
            Node::Aggregate(aggregate) => Self::Aggregate(Box::new(aggregate.into())),
            Node::And(parts) => Self::And(all(parts)),
            Node::Between { value, low, high, negated } => Self::Between {
                value: boxed(value),
                low: boxed(low),
                high: boxed(high),
                negated: *negated,
            },
            Node::Class { value, cuts } => {
                Self::Class { value: boxed(value), cuts: cuts.iter().map(Self::from).collect() }
            }
            Node::Coalesce(values) => Self::Coalesce(all(values)),
            Node::Compare { left, op, right } => Self::Compare {
                left: boxed(left),
                operator: op.symbol().to_owned(),
                right: boxed(right),
            },
            Node::Funnel(funnel) => Self::Funnel(Box::new(funnel.into())),
            Node::Group { by, rule } => Self::Any { field: by.clone(), rule: boxed(rule) },
            Node::In { value, list, negated } => Self::In {
                value: boxed(value),
                list: list.iter().map(Self::from).collect(),
                negated: *negated,
            },
            Node::InSegment(name) => Self::InSegment(Arc::clone(name)),
            Node::Is { value, what, negated } => {
                Self::Is { value: boxed(value), what: (*what).into(), negated: *negated }
            }
            Node::Like { value, pattern, negated } => {
                Self::Like { value: boxed(value), pattern: Arc::clone(pattern), negated: *negated }
            }
            Node::Literal(literal) => Self::from(literal),
            Node::Not(inner) => Self::Not(boxed(inner)),
            Node::Now => Self::Now,
            Node::Or(parts) => Self::Or(all(parts)),
            Node::Path(path) => Self::Path(path.clone()),
            Node::Person(person) => person.into(),
            Node::Scale { by, of } => Self::Scale { by: raw(*by), of: boxed(of) },
            Node::Sum { first, rest } => Self::Sum(sum(first, rest)),
        }
    }
}

impl From<&Literal> for Json {
    fn from(literal: &Literal) -> Self {
        match literal {
            Literal::Boolean(value) => Self::Boolean(*value),
            Literal::Interval(interval) => Self::Interval(*interval),
            Literal::Null => Self::Null,
            Literal::Number(number) => Self::Number(raw(*number)),
            Literal::Text(text) => Self::Text(Arc::clone(text)),
            Literal::Timestamp(at) => Self::Timestamp(*at),
        }
    }
}

impl From<&Aggregate> for AggregateJson {
    fn from(aggregate: &Aggregate) -> Self {
        let Fields { over, ending, since, last, from, to, zone } = aggregate.window().into();
        Self {
            function: aggregate.function().name().to_owned(),
            distinct: aggregate.is_distinct(),
            event: event_json(aggregate.series()),
            field: aggregate.series().path().to_vec(),
            filter: aggregate.filter().map(Json::from),
            over,
            ending,
            since,
            last,
            from,
            to,
            zone,
        }
    }
}

fn event_json(series: &Series) -> Arc<str> {
    series.event().cloned().unwrap_or_else(|| ANY_EVENT.into())
}

fn sum(first: &Expr, rest: &[(Sign, Expr)]) -> Vec<TermJson> {
    let rest = rest.iter().map(|(sign, term)| match sign {
        Sign::Plus => TermJson::Plus(term.into()),
        Sign::Minus => TermJson::Minus(term.into()),
    });
    std::iter::once(TermJson::Plus(first.into())).chain(rest).collect()
}

fn raw(number: Decimal) -> Box<RawValue> {
    // A decimal prints as a JSON number.
    RawValue::from_string(number.to_string()).unwrap_or_default()
}

impl TryFrom<Json> for Expr {
    type Error = Error;

    fn try_from(json: Json) -> Result<Self> {
        let boxed = |json: Box<Json>| Self::try_from(*json);
        let all = |parts: Vec<Json>| parts.into_iter().map(Self::try_from).collect::<Result<_>>();
        let node = match json {
            json @ (Json::Anniversary { .. }
            | Json::Bucket { .. }
            | Json::Changed { .. }
            | Json::ObservedFor(_)) => Node::Person(json.try_into()?),
            Json::Aggregate(aggregate) => Node::Aggregate((*aggregate).try_into()?),
            Json::And(parts) => Node::And(all(parts)?),
            Json::Any { field, rule } => Node::Group { by: named(field)?, rule: boxed(rule)? },
            Json::Between { value, low, high, negated } => {
                let (value, low, high) = (boxed(value)?, boxed(low)?, boxed(high)?);
                Node::Between { value, low, high, negated }
            }
            Json::Class { cuts, .. } if cuts.is_empty() => {
                return Err(fault("`class` needs a cut point"));
            }
            Json::Class { value, cuts } => {
                let cuts = cuts.into_iter().map(literal).collect::<Result<_>>()?;
                Node::Class { value: boxed(value)?, cuts }
            }
            Json::Coalesce(values) if values.is_empty() => {
                return Err(fault("`coalesce` needs a value"));
            }
            Json::Coalesce(values) => Node::Coalesce(all(values)?),
            Json::Compare { left, operator, right } => {
                let known = Comparison::ALL.into_iter().find(|(_, symbol)| *symbol == operator);
                let (op, _) =
                    known.ok_or_else(|| fault(&format!("`{operator}` is no comparison")))?;
                Node::Compare { left: boxed(left)?, op, right: boxed(right)? }
            }
            Json::Funnel(funnel) => Node::Funnel((*funnel).try_into()?),
            Json::In { list, .. } if list.is_empty() => {
                return Err(fault("the list of `in` needs a literal"));
            }
            Json::In { value, list, negated } => {
                let list = list.into_iter().map(literal).collect::<Result<_>>()?;
                Node::In { value: boxed(value)?, list, negated }
            }
            Json::InSegment(name) => Node::InSegment(name),
            Json::Is { value, what, negated } => {
                Node::Is { value: boxed(value)?, what: what.into(), negated }
            }
            Json::Like { value, pattern, negated } => {
                Node::Like { value: boxed(value)?, pattern, negated }
            }
            Json::Not(inner) => Node::Not(boxed(inner)?),
            Json::Now => Node::Now,
            Json::Or(parts) => Node::Or(all(parts)?),
            Json::Path(path) => Node::Path(named(path)?),
            Json::Scale { by, of } => Node::Scale { by: number(&by)?, of: boxed(of)? },
            Json::Sum(terms) => return terms_to_sum(terms),
            json => Node::Literal(literal(json)?),
        };
        Ok(Self::new(node, Span::default()))
    }
}

fn literal(json: Json) -> Result<Literal> {
    Ok(match json {
        Json::Boolean(value) => Literal::Boolean(value),
        Json::Interval(interval) => Literal::Interval(interval),
        Json::Null => Literal::Null,
        Json::Number(raw) => Literal::Number(number(&raw)?),
        Json::Text(text) => Literal::Text(text),
        Json::Timestamp(at) => Literal::Timestamp(at),
        _ => return Err(fault("a list takes literals only")),
    })
}

fn terms_to_sum(terms: Vec<TermJson>) -> Result<Expr> {
    let mut terms = terms.into_iter();
    let Some(TermJson::Plus(first)) = terms.next() else {
        return Err(fault("a sum begins with a `plus`"));
    };
    let rest = terms.map(|term| match term {
        TermJson::Plus(term) => Ok((Sign::Plus, Expr::try_from(term)?)),
        TermJson::Minus(term) => Ok((Sign::Minus, Expr::try_from(term)?)),
    });
    let node = Node::Sum { first: first.try_into()?, rest: rest.collect::<Result<_>>()? };
    Ok(Expr::new(node, Span::default()))
}

impl TryFrom<AggregateJson> for Aggregate {
    type Error = Error;

    fn try_from(json: AggregateJson) -> Result<Self> {
        let known = Function::ALL.into_iter().find(|(_, name)| *name == json.function);
        let (function, _) =
            known.ok_or_else(|| fault(&format!("`{}` is no aggregate", json.function)))?;
        let AggregateJson { over, ending, since, last, from, to, zone, .. } = json;
        let window = Fields { over, ending, since, last, from, to, zone }.window()?;
        let path = json.field;
        std::iter::once(&json.event).chain(&path).try_for_each(|name| some_letters(name))?;
        let event = Some(json.event).filter(|name| **name != *ANY_EVENT);
        Ok(Self {
            function,
            distinct: json.distinct,
            series: Series { event, path, span: Span::default() },
            filter: json.filter.map(Expr::try_from).transpose()?,
            window,
        })
    }
}

impl From<Truth> for TruthJson {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::False => Self::False,
            Truth::Null => Self::Null,
            Truth::True => Self::True,
        }
    }
}

impl From<TruthJson> for Truth {
    fn from(truth: TruthJson) -> Self {
        match truth {
            TruthJson::False => Self::False,
            TruthJson::Null => Self::Null,
            TruthJson::True => Self::True,
        }
    }
}

fn named(path: Vec<Arc<str>>) -> Result<Vec<Arc<str>>> {
    if path.is_empty() || path.iter().any(|name| name.is_empty()) {
        return Err(fault("a path needs names"));
    }
    Ok(path)
}

fn some_letters(name: &str) -> Result<()> {
    if name.is_empty() { Err(fault("a name needs some letters")) } else { Ok(()) }
}

fn number(raw: &RawValue) -> Result<Decimal> {
    match Decimal::read(raw.get()) {
        Ok((number, false)) => Ok(number),
        _ => Err(fault("a number has at most 12 digits before the point and 6 after it")),
    }
}

fn fault(detail: &str) -> Error {
    Error::new(ErrorKind::Rule, format!("the rule's JSON: {detail}"))
}
