//! Named values, in the order of their names.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::Value;

/// Named values in ascending order of their names, each name once.
///
/// ```
/// use bespoke::value::{Fields, Value};
///
/// let line = Fields::from_iter([("sku", Value::from("A-1")), ("quantity", Value::from(2))]);
/// assert_eq!(line.get("quantity"), Some(&Value::from(2)));
/// assert_eq!(line.get("price"), None);
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fields(Arc<[(Arc<str>, Value)]>);

impl Fields {
    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        // A few fields are found faster by looking at each than by halving.
        self.0.iter().find(|(key, _)| &**key == name).map(|(_, value)| value)
    }

    /// The value at the end of a path.
    #[inline]
    pub(crate) fn descend(&self, path: &[Arc<str>]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        self.get(first)?.descend(rest)
    }

    /// The values with their names, in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same fields with one more, or one replaced.
    #[must_use]
    pub fn with(&self, name: impl Into<Arc<str>>, value: Value) -> Self {
        let name = name.into();
        self.0
            .iter()
            .filter(|(key, _)| *key != name)
            .cloned()
            .chain([(Arc::clone(&name), value)])
            .collect()
    }
}

impl<N: Into<Arc<str>>> FromIterator<(N, Value)> for Fields {
    /// Of several values of one name the last stands.
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(fields: I) -> Self {
        let mut fields: Vec<(Arc<str>, Value)> =
            fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        fields.reverse();
        fields.dedup_by(|(later, _), (earlier, _)| later == earlier);
        fields.reverse();
        Self(fields.into())
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_name_stands() {
        let fields = Fields::from_iter([
            ("b", Value::from(1)),
            ("a", Value::from(2)),
            ("b", Value::from(3)),
        ]);
        let names: Vec<(&str, i64)> = fields
            .iter()
            .map(|(name, value)| (&**name, value.as_number().unwrap().micros() / 1_000_000))
            .collect();
        assert_eq!(names, [("a", 2), ("b", 3)]);
        assert_eq!(fields.with("b", Value::Null).get("b"), Some(&Value::Null));
    }
}
