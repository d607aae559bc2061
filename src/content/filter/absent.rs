//! The filters by locale, where the crate is built without.

use minijinja::Environment;

/// The filters that would be there with the feature `locale`.
pub(in crate::content) const MISSING: &str = "date money number plural";

/// Adds nothing: a template that uses one of [`MISSING`] is refused before it is rendered.
pub(in crate::content) fn register(_: &mut Environment<'_>) {}
