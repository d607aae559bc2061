//! The filters by locale, over ICU4X.

#![expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands named arguments over by value"
)]

use fixed_decimal::{Decimal as Digits, SignedRoundingMode, UnsignedRoundingMode};
use icu_datetime::DateTimeFormatter;
use icu_datetime::fieldsets::{YMD, YMDE};
use icu_datetime::input::{Date, DateTime, Time};
use icu_decimal::DecimalFormatter;
use icu_decimal::options::DecimalFormatterOptions;
use icu_experimental::dimension::currency::CurrencyType;
use icu_experimental::dimension::currency::formatter::CurrencyFormatter;
use icu_experimental::dimension::currency::options::CurrencyFormatterOptions;
use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules};
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, State, Value};

use crate::time::{Local, LocalDate, LocalTime, Timestamp, Zone};
use crate::value::Decimal;

/// None is missing.
pub(in crate::content) const MISSING: &str = "";

/// Digits after the point are rounded half to even, as `fixed` does.
const ROUNDING: SignedRoundingMode = SignedRoundingMode::Unsigned(UnsignedRoundingMode::HalfEven);

/// Adds the filters.
pub(in crate::content) fn register(environment: &mut Environment<'_>) {
    environment.add_filter("date", date);
    environment.add_filter("money", money);
    environment.add_filter("number", number);
    environment.add_filter("plural", plural);
}

fn money(
    state: &State<'_, '_>,
    value: &Value,
    currency: &str,
    named: Kwargs,
) -> Result<String, Error> {
    let (locale, digits) = (locale(state, &named)?, digits("money", value)?);
    named.assert_all_used()?;
    let code = CurrencyType::try_from_str(currency)
        .map_err(|_| fault("`money` wants a currency by its three letters, such as `'EUR'`"))?;
    let formatter = CurrencyFormatter::try_new_symbol(
        (&locale).into(),
        code,
        CurrencyFormatterOptions::default(),
    );
    let formatter = formatter.map_err(|_| no_data("money"))?;
    Ok(formatter.format_fixed_decimal(&digits).to_string())
}

fn number(
    state: &State<'_, '_>,
    value: &Value,
    decimals: Option<u8>,
    named: Kwargs,
) -> Result<String, Error> {
    let (locale, mut digits) = (locale(state, &named)?, digits("number", value)?);
    named.assert_all_used()?;
    if let Some(decimals) = decimals {
        let last = -i16::from(decimals.min(6));
        digits.round_with_mode(last, ROUNDING);
        digits.pad_end(last);
    }
    let formatter = DecimalFormatter::try_new((&locale).into(), DecimalFormatterOptions::default());
    let formatter = formatter.map_err(|_| no_data("number"))?;
    Ok(formatter.format(&digits).to_string())
}

fn plural(state: &State<'_, '_>, value: &Value, named: Kwargs) -> Result<String, Error> {
    let (locale, digits) = (locale(state, &named)?, digits("plural", value)?);
    let rules = PluralRules::try_new_cardinal((&locale).into());
    let category = rules.map_err(|_| no_data("plural"))?.category_for(&digits);
    let (mut form, mut other) = (None, None);
    for each in PluralCategory::all() {
        let given: Option<String> = named.get(name(each))?;
        if each == PluralCategory::Other {
            other.clone_from(&given);
        }
        if each == category {
            form = given;
        }
    }
    let has_forms = ["zero", "one", "two", "few", "many", "other"].iter().any(|it| named.has(it));
    named.assert_all_used()?;
    match other {
        Some(other) => Ok(form.unwrap_or(other)),
        None if has_forms => Err(fault("`plural` wants a form for `other`")),
        None => Ok(name(category).to_owned()),
    }
}

fn name(category: PluralCategory) -> &'static str {
    match category {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    }
}

fn date(
    state: &State<'_, '_>,
    value: &Value,
    length: Option<&str>,
    named: Kwargs,
) -> Result<String, Error> {
    let locale = locale(state, &named)?;
    let zone: Option<&str> = named.get("zone")?;
    let time = named.get::<Option<bool>>("time")?.unwrap_or_default();
    named.assert_all_used()?;
    let zone = zone.map_or(Ok(Zone::UTC), |zone| {
        zone.parse().map_err(|error: crate::error::Error| fault(error.to_string()))
    })?;
    let local = moment(value, zone, time).ok_or_else(|| {
        fault("`date` wants an instant such as `2026-03-01T09:00:00Z`, or a date without `time`")
    })?;
    written(&locale, local, (length.unwrap_or("medium"), time))
}

fn written(locale: &Locale, local: Local, form: (&str, bool)) -> Result<String, Error> {
    let (date, time) = (local.date, local.time);
    let part = |number: u32| u8::try_from(number).unwrap_or_default();
    let date = Date::try_new_iso(date.year(), part(date.month()), part(date.day()));
    let time = Time::try_new(part(time.hour()), part(time.minute()), 0, 0);
    let (Ok(date), Ok(time)) = (date, time) else { return Err(no_data("date")) };
    let moment = DateTime { date, time };
    // Each set of fields is a type of its own, and so is what formats it.
    macro_rules! write {
        ($fields:expr) => {
            DateTimeFormatter::try_new(locale.into(), $fields)
                .map(|formatter| formatter.format(&moment).to_string())
        };
    }
    let written = match form {
        ("short", false) => write!(YMD::short()),
        ("short", true) => write!(YMD::short().with_time_hm()),
        ("medium", false) => write!(YMD::medium()),
        ("medium", true) => write!(YMD::medium().with_time_hm()),
        ("long", false) => write!(YMD::long()),
        ("long", true) => write!(YMD::long().with_time_hm()),
        ("full", false) => write!(YMDE::long()),
        ("full", true) => write!(YMDE::long().with_time_hm()),
        _ => return Err(fault("a date is `short`, `medium`, `long` or `full`")),
    };
    written.map_err(|_| no_data("date"))
}

/// What calendar and clock show: of an instant in the zone, of a date anywhere.
fn moment(value: &Value, zone: Zone, time: bool) -> Option<Local> {
    let text = value.as_str()?;
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(zone.local(at));
    }
    let date: LocalDate = text.parse().ok().filter(|_| !time)?;
    Some(Local::new(date, LocalTime::new(0, 0, 0).ok()?))
}

/// The locale that is given with the filter, else that of the message.
fn locale(state: &State<'_, '_>, named: &Kwargs) -> Result<Locale, Error> {
    let given: Option<Value> = named.get("locale")?;
    let known = given.or_else(|| state.lookup("locale"));
    let known = known.as_ref().and_then(Value::as_str).ok_or_else(|| {
        fault("the message has no locale; say `locale='en-GB'`, or in a macro `locale=locale`")
    })?;
    Locale::try_from_str(known).map_err(|_| fault(format!("`{known}` is no locale")))
}

/// A number in digits, exactly. The value is not shown where it is none: errors are logged, and it
/// may be personal.
fn digits(filter: &str, value: &Value) -> Result<Digits, Error> {
    let number: Result<Decimal, _> = value.to_string().parse();
    let number = number.map_err(|_| fault(format!("`{filter}` wants a number")))?;
    let mut digits = Digits::from(number.micros());
    digits.multiply_pow10(-6);
    digits.trim_end();
    Ok(digits)
}

fn no_data(filter: &str) -> Error {
    fault(format!("`{filter}` has no data for this"))
}

fn fault(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail)
}
