//! What templates may read: roots, and what is known of each value below them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::schema::{Field, Sensitivity, Shape};
use crate::value::Kind;

/// The names that templates may use, by their first part, in the order in which help lists them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabulary {
    roots: Vec<(Arc<str>, Known)>,
}

/// What is known of a value before there is one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) form: Form,
    /// Whether it may be missing, so that printing it is an error for some.
    pub(crate) nullable: bool,
    pub(crate) sensitivity: Sensitivity,
}

/// What a value may hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Form {
    /// Whatever it is, anything may be below it.
    Any,
    /// Values of one form.
    List(Arc<Known>),
    /// Named values, and no others.
    Object(Arc<BTreeMap<Arc<str>, Known>>),
    /// One value of this kind.
    Scalar(Kind),
}

impl Vocabulary {
    /// The same vocabulary with one more root; one of the same name gives way.
    #[must_use]
    pub(crate) fn with(mut self, root: &str, known: Known) -> Self {
        self.roots.retain(|(name, _)| **name != *root);
        self.roots.push((root.into(), known));
        self
    }

    /// The same vocabulary, in which what a path such as `profile.city` names is never missing.
    #[must_use]
    pub(crate) fn require(mut self, path: &str) -> Self {
        let (root, below) = path.split_once('.').unwrap_or((path, ""));
        let known = self.roots.iter_mut().find(|(name, _)| **name == *root);
        if let Some((_, known)) = known {
            known.require(below);
        }
        self
    }

    pub(crate) fn root(&self, name: &str) -> Option<&Known> {
        self.roots.iter().find(|(root, _)| **root == *name).map(|(_, known)| known)
    }

    pub(crate) fn roots(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(|(root, _)| &**root)
    }
}

impl Known {
    /// A value of which nothing is known but that it is there.
    pub(crate) fn any() -> Self {
        Self::of(Form::Any)
    }

    /// A value of one kind that is there.
    pub(crate) fn scalar(kind: Kind) -> Self {
        match kind {
            Kind::List | Kind::Null | Kind::Object => Self::any(),
            _ => Self::of(Form::Scalar(kind)),
        }
    }

    /// Several such values.
    pub(crate) fn list(element: Self) -> Self {
        Self::of(Form::List(Arc::new(element)))
    }

    /// Named values, and no others.
    pub(crate) fn object<N: Into<Arc<str>>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        let fields = fields.into_iter().map(|(name, known)| (name.into(), known));
        Self::of(Form::Object(Arc::new(fields.collect())))
    }

    /// A place that is near somebody.
    pub(crate) fn place() -> Self {
        let region = Self::scalar(Kind::Text).or_missing();
        let distance = Self::scalar(Kind::Number).or_missing();
        let name = Self::scalar(Kind::Text);
        Self::object([("name", name), ("region", region), ("distance_km", distance)])
    }

    fn of(form: Form) -> Self {
        Self { form, nullable: false, sensitivity: Sensitivity::Public }
    }

    /// What is declared of traits and fields: any may be missing, and what is of a special category
    /// is not there.
    pub(crate) fn declared(fields: &BTreeMap<Arc<str>, Field>) -> Self {
        let readable = fields.iter().filter(|(_, field)| {
            // It stays in the vault.
            field.sensitivity() != Sensitivity::Special
        });
        Self::object(readable.map(|(name, field)| (Arc::clone(name), Self::field(field))))
    }

    fn field(field: &Field) -> Self {
        let known = match field.shape() {
            Shape::Scalar(kind) => Self::scalar(*kind),
            Shape::ScalarList(kind) => Self::list(Self::scalar(*kind)),
            Shape::Object(fields) => Self::declared(fields),
            Shape::ObjectList(fields) => Self::list(Self::declared(fields)),
        };
        Self { sensitivity: field.sensitivity(), ..known.or_missing() }
    }

    /// The same value, which may be missing.
    #[must_use]
    pub(crate) fn or_missing(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// The same value, which is there.
    #[must_use]
    pub(crate) fn present(self) -> Self {
        Self { nullable: false, ..self }
    }

    /// What may be either.
    #[must_use]
    pub(crate) fn either(self, other: &Self) -> Self {
        let form = if self.form == other.form { self.form } else { Form::Any };
        Self {
            form,
            nullable: self.nullable || other.nullable,
            sensitivity: self.sensitivity.max(other.sensitivity),
        }
    }

    /// One of its elements.
    pub(crate) fn element(&self) -> Self {
        let element = match &self.form {
            Form::List(element) => Self::clone(element),
            // The names of its fields.
            Form::Object(_) => Self::scalar(Kind::Text),
            Form::Any | Form::Scalar(_) => Self::any(),
        };
        Self { sensitivity: self.sensitivity.max(element.sensitivity), ..element }
    }

    /// How sensitive it is with everything below it.
    pub(crate) fn exposes(&self) -> Sensitivity {
        let below = match &self.form {
            Form::List(element) => element.exposes(),
            Form::Object(fields) => fields.values().map(Self::exposes).max().unwrap_or_default(),
            Form::Any | Form::Scalar(_) => Sensitivity::Public,
        };
        self.sensitivity.max(below)
    }

    fn require(&mut self, path: &str) {
        self.nullable = false;
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        if let Form::Object(fields) = &mut self.form
            && fields.contains_key(first)
            && let Some(field) = Arc::make_mut(fields).get_mut(first)
        {
            field.require(rest);
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::List(_) => f.write_str("a list"),
            Self::Object(_) => f.write_str("an object"),
            Self::Scalar(kind) => fmt::Display::fmt(kind, f),
        }
    }
}
