//! Where somebody is, as their facts say.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Expr, Names};
use crate::facts::Facts;
use crate::metric::{Measure, Metric};
use crate::place::{Coordinates, Near, Places};
use crate::time::{Valid, earlier};
use crate::value::Exact;

/// Places, and the figures that say where somebody is.
#[derive(Clone, Debug)]
pub(crate) struct Whereabouts {
    places: Arc<Places>,
    coordinates: Option<(Metric, Metric)>,
    postal: Option<Metric>,
}

impl Whereabouts {
    /// Checks that the schema declares the traits that say where somebody is.
    pub(crate) fn check(places: &Arc<Places>, names: &Names) -> Result<Self> {
        let traits = places.traits();
        let figure = |name: &Arc<str>| {
            let declared = names.schema().attributes().contains_key(name);
            declared.then(|| Metric::new(&Expr::path([Arc::clone(name)]), names)).transpose()
        };
        let coordinates = figure(&traits.latitude)?.zip(figure(&traits.longitude)?);
        let postal = figure(&traits.postal)?;
        if coordinates.is_none() && postal.is_none() {
            let detail = format!(
                "nothing says where somebody is: declare the traits `{}` and `{}`, or `{}`",
                traits.latitude, traits.longitude, traits.postal
            );
            return Err(Error::new(ErrorKind::Definition, detail));
        }
        Ok(Self { places: Arc::clone(places), coordinates, postal })
    }

    /// The place near the person.
    pub(crate) fn near(&self, facts: &Facts<'_>) -> Valid<Option<Near>> {
        let mut until = None;
        let mut read = |metric: &Metric| {
            let measured = metric.evaluate(facts);
            until = earlier(until, measured.until);
            measured.value
        };
        let point = self.coordinates.as_ref().and_then(|(latitude, longitude)| {
            let (latitude, longitude) = (read(latitude), read(longitude));
            let degrees = |measure: &Measure| measure.as_number().map(Exact::to_f64);
            Coordinates::new(degrees(&latitude)?, degrees(&longitude)?).ok()
        });
        let postal = self.postal.as_ref().and_then(|postal| match read(postal) {
            Measure::Text(code) => Some(code.to_string()),
            Measure::Number(code) => Some(code.to_string()),
            _ => None,
        });
        Valid::until(self.places.near(point, postal.as_deref()), until)
    }
}
