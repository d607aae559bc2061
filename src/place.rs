//! Places: shops, regions, and which of them is near somebody.
//!
//! ```
//! use bespoke::place::{Coordinates, Place, Places};
//!
//! let shops = Places::new([
//!     Place::new("Berlin").region("north").at(Coordinates::new(52.52, 13.405)?).postal(["10", "12"]),
//!     Place::new("Munich").region("south").at(Coordinates::new(48.137, 11.575)?).postal(["80"]),
//! ])?;
//! let near = shops.nearest(Coordinates::new(50.98, 11.03)?).unwrap();
//! assert_eq!((&*near.place.name, near.distance_km.unwrap().round()), ("Berlin", 237.0));
//! assert_eq!(&*shops.by_postal("80331").unwrap().place.name, "Munich");
//! # Ok::<(), bespoke::Error>(())
//! ```

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

/// The mean radius of the Earth in kilometres, (2a + b) / 3 of the GRS 80 ellipsoid.
const RADIUS_KM: f64 = 6_371.008_8;

/// A place on Earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coordinates {
    latitude: f64,
    longitude: f64,
}

/// A place that somebody may be near: a shop, a branch, a warehouse.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Place {
    /// Its name, which no other has.
    pub name: Arc<str>,
    /// The region that it is in, where offers go by region.
    pub region: Option<Arc<str>>,
    /// Where it lies, for those whose coordinates are known.
    pub coordinates: Option<Coordinates>,
    /// What postal codes begin with of those who belong to it.
    pub postal: Vec<Arc<str>>,
}

/// Places by which people are chosen for, and by which traits people are found.
#[derive(Clone, Debug, PartialEq)]
pub struct Places {
    /// In the order of their names.
    all: Vec<Place>,
    located: Located,
    within_km: f64,
}

/// The traits that say where somebody is.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Located {
    /// The trait of the latitude, a number of degrees.
    pub latitude: Arc<str>,
    /// The trait of the longitude, a number of degrees.
    pub longitude: Arc<str>,
    /// The trait of the postal code, or of its first signs.
    pub postal: Arc<str>,
}

/// The place that was found for somebody.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Near {
    /// The place.
    pub place: Place,
    /// How far away it is as the crow flies, in kilometres, if coordinates told.
    pub distance_km: Option<f64>,
}

impl Coordinates {
    /// The point at this latitude and longitude, in degrees.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for a latitude beyond 90 or a longitude beyond 180 degrees.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self> {
        if latitude.abs() <= 90.0 && longitude.abs() <= 180.0 {
            return Ok(Self { latitude, longitude });
        }
        Err(Error::new(ErrorKind::Input, "these are no degrees of latitude and longitude"))
    }

    /// How far it is to another point along a great circle, in kilometres: by the haversine formula
    /// (Sinnott, "Virtues of the Haversine", 1984), which errs by up to 0.6 % as the Earth is no
    /// sphere. The same bits on every machine.
    pub fn distance_km(self, other: Self) -> f64 {
        let half = |degrees: f64| libm::sin(degrees.to_radians() / 2.0);
        let north = half(other.latitude - self.latitude);
        let east = half(other.longitude - self.longitude);
        let narrow = |degrees: f64| libm::cos(degrees.to_radians());
        let squared = north * north + narrow(self.latitude) * narrow(other.latitude) * east * east;
        2.0 * RADIUS_KM * libm::asin(libm::sqrt(squared.clamp(0.0, 1.0)))
    }
}

impl Place {
    /// A place of this name that nobody is near yet.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), region: None, coordinates: None, postal: Vec::new() }
    }

    /// The same place in a region.
    #[must_use]
    pub fn region(self, region: impl Into<Arc<str>>) -> Self {
        Self { region: Some(region.into()), ..self }
    }

    /// The same place at a point.
    #[must_use]
    pub fn at(self, coordinates: Coordinates) -> Self {
        Self { coordinates: Some(coordinates), ..self }
    }

    /// The same place for postal codes that begin so; letters in any case, spaces and hyphens do not
    /// count.
    #[must_use]
    pub fn postal<P: AsRef<str>>(mut self, prefixes: impl IntoIterator<Item = P>) -> Self {
        self.postal.extend(prefixes.into_iter().map(|prefix| canonical(prefix.as_ref()).into()));
        self
    }
}

/// The first of ordered texts that is the one before it.
fn twice<'t>(mut texts: impl Iterator<Item = &'t Arc<str>> + Clone) -> Option<&'t Arc<str>> {
    let all = texts.clone();
    texts.next()?;
    all.zip(texts).find_map(|(one, next)| (one == next).then_some(one))
}

/// A postal code as it is compared.
fn canonical(code: &str) -> String {
    let signs = code.chars().filter(|c| !c.is_whitespace() && *c != '-');
    signs.flat_map(char::to_uppercase).collect()
}

impl Default for Located {
    /// The traits `latitude`, `longitude` and `postal_code`.
    fn default() -> Self {
        Self {
            latitude: "latitude".into(),
            longitude: "longitude".into(),
            postal: "postal_code".into(),
        }
    }
}

impl Located {
    /// The same with coordinates in other traits.
    #[must_use]
    pub fn coordinates(
        self,
        latitude: impl Into<Arc<str>>,
        longitude: impl Into<Arc<str>>,
    ) -> Self {
        Self { latitude: latitude.into(), longitude: longitude.into(), ..self }
    }

    /// The same with the postal code in another trait.
    #[must_use]
    pub fn postal(self, postal: impl Into<Arc<str>>) -> Self {
        Self { postal: postal.into(), ..self }
    }
}

impl Places {
    /// These places, for people at any distance, who are found by the traits of [`Located::default`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`] for a name that is empty or taken, and for a postal prefix that two
    /// places have.
    pub fn new(places: impl IntoIterator<Item = Place>) -> Result<Self> {
        let mut places: Vec<Place> = places.into_iter().collect();
        places.sort_by(|one, other| one.name.cmp(&other.name));
        let names = places.iter().map(|place| &place.name);
        if let Some(name) =
            twice(names.clone()).or_else(|| names.clone().find(|name| name.is_empty()))
        {
            let detail = format!("the place name `{name}` is empty or taken");
            return Err(Error::new(ErrorKind::Definition, detail));
        }
        let mut prefixes: Vec<&Arc<str>> = places.iter().flat_map(|place| &place.postal).collect();
        prefixes.sort();
        if let Some(prefix) = twice(prefixes.into_iter()) {
            let detail = format!("the postal prefix `{prefix}` stands twice");
            return Err(Error::new(ErrorKind::Definition, detail));
        }
        Ok(Self { all: places, located: Located::default(), within_km: f64::INFINITY })
    }

    /// The same places, for people who are found by other traits.
    #[must_use]
    pub fn located(self, located: Located) -> Self {
        Self { located, ..self }
    }

    /// The same places, of which one that is farther is not near.
    #[must_use]
    pub fn within_km(self, within_km: f64) -> Self {
        Self { within_km, ..self }
    }

    /// The places, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Place> {
        self.all.iter()
    }

    /// The place nearest to a point; of several as near the first by name.
    pub fn nearest(&self, point: Coordinates) -> Option<Near> {
        let distances = self.all.iter().filter_map(|place| {
            let distance = place.coordinates?.distance_km(point);
            (distance <= self.within_km).then_some((distance, place))
        });
        let nearest = distances.min_by(|(one, _), (other, _)| one.total_cmp(other));
        nearest.map(|(km, place)| Near { place: place.clone(), distance_km: Some(km) })
    }

    /// The place with the longest prefix of a postal code.
    pub fn by_postal(&self, code: &str) -> Option<Near> {
        let code = canonical(code);
        let prefixes = self.all.iter().flat_map(|place| {
            let own = place.postal.iter().filter(|prefix| code.starts_with(&***prefix));
            own.map(move |prefix| (prefix.len(), place))
        });
        let (_, place) = prefixes.max_by_key(|(length, _)| *length)?;
        Some(Near { place: place.clone(), distance_km: None })
    }

    /// The traits that say where somebody is.
    pub fn traits(&self) -> &Located {
        &self.located
    }

    /// The place near somebody: by coordinates, and by postal code where there are none.
    pub fn near(&self, point: Option<Coordinates>, postal: Option<&str>) -> Option<Near> {
        match point {
            Some(point) => self.nearest(point),
            None => self.by_postal(postal?),
        }
    }
}
