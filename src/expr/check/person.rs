//! Questions about a person against the schema.

use std::sync::Arc;

use super::Checker;
use crate::expr::person::{Asked, Home, Person, PersonTerm, ZONE};
use crate::expr::plan::Term;
use crate::expr::resolve::{self, Lost, Scope};
use crate::expr::typing::{Base, Type};
use crate::expr::{Expr, Node};
use crate::schema::{Schema, Sensitivity, Shape};
use crate::seed::Seed;
use crate::time::Window;
use crate::value::Kind;

impl Checker<'_> {
    pub(super) fn person(&mut self, person: &Person) -> Option<(Term, Type)> {
        let (asked, base) = match person {
            Person::Anniversary { of, zone } => {
                let (path, ty) = self.attribute(of)?;
                if !ty.base.is(Base::Instant) && !ty.base.is(Base::Text) {
                    let message = format!("`anniversary` needs a date, this is {}", ty.describe());
                    let help = "a date is an instant, or a text such as '1990-05-17'";
                    self.fault(of.span(), message, Some(help));
                    return None;
                }
                let home = zone.map_or_else(|| home(&self.names.schema), Home::Zone);
                (Asked::Anniversary { of: path, home }, Base::Boolean)
            }
            Person::Bucket { count, salt } => {
                let seed = Seed::new(0).fork("bucket").fork(salt);
                (Asked::Bucket { count: *count, seed }, Base::Number)
            }
            Person::Changed { of, over } => {
                let (path, _) = self.attribute(of)?;
                (Asked::Changed { of: path, window: Window::over(*over) }, Base::Boolean)
            }
            Person::ObservedFor(length) => (Asked::ObservedFor(*length), Base::Boolean),
        };
        let term = PersonTerm { asked, text: person.to_string().into() };
        Some((Term::Person(Box::new(term)), base.plain()))
    }

    /// The path of a trait that has one value. It is one of the person's, in a filter too.
    fn attribute(&mut self, of: &Expr) -> Option<(Vec<Arc<str>>, Type)> {
        let Node::Path(path) = of.node() else { return None };
        match resolve::find(&self.names.schema, Scope::default(), path) {
            Ok(Some(found)) if found.any.is_some() => {
                let message = "a trait of one value is wanted, this goes through a list";
                self.fault(of.span(), message, None);
                None
            }
            Ok(Some(found)) => Some((found.path, found.ty)),
            Ok(None) => {
                let known = resolve::known(&self.names.schema, Scope::default());
                let name = resolve::joined(path);
                let mut lost = Lost::unknown("trait", &name, known);
                if self.names.contains(&name) {
                    lost.help = Some("it is computed; a trait is told".to_owned());
                }
                self.lost(of.span(), &lost);
                None
            }
            Err(lost) => {
                self.lost(of.span(), &lost);
                None
            }
        }
    }
}

/// Where people live of whom the rule does not say it.
fn home(schema: &Schema) -> Home {
    let field = schema.attributes().get(ZONE);
    let told = field.is_some_and(|field| {
        field.sensitivity() == Sensitivity::Public && *field.shape() == Shape::Scalar(Kind::Text)
    });
    if told { Home::Told } else { Home::Zone(crate::time::Zone::UTC) }
}
