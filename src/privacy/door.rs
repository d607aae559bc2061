//! The door: what goes on, and what goes to the vault.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::personal::{PersonalRecord, Place, Protection};
use crate::error::Rejection;
use crate::event::{Event, EventKind};
use crate::schema::{Field, Schema, Sensitivity, Shape};
use crate::value::{Fields, Kind, Value};

/// An event split at the door.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Admitted {
    /// What is declared and public; it keeps the `messageId` of the whole.
    pub event: Event,
    /// What goes to the vault, if anything does.
    pub personal: Option<PersonalRecord>,
}

/// Splits an event by the schema.
///
/// Fields of objects and lists are split too: the public rest stays where it was, and a list's
/// personal part has an entry for each element, so that the two still belong together. A value that
/// is not of the shape declared for it counts as not declared, and so do the parts of the envelope
/// that this crate does not use (`context` holds IP addresses).
///
/// The split depends on the declarations of today. Declaring a field as public later does not bring
/// back what went to the vault. Identifiers go on as they are: a host whose `userId` is a mail
/// address replaces it by a digest before the door. An event without `messageId` keeps the one
/// derived from all of its content, a plain hash by which a guess at that content can be checked;
/// sources of personal data had better bring their own.
///
/// # Errors
///
/// `missing-field` for personal data of an event of nobody.
pub fn door(event: Event, schema: &Schema) -> Result<Admitted, Rejection> {
    let (id, at, known) = (event.id(), event.at(), event.known_from());
    let (public, held) = split(&event, schema);
    let personal = match (held.is_empty(), event.person()) {
        (true, _) => None,
        (false, Some(person)) => {
            let record = PersonalRecord::new(person.clone(), place(&event), id.clone(), at);
            let record = held.into_iter().fold(record.known(known), |record, held| {
                record.with_at(held.place, held.name, held.protection, held.value)
            });
            Some(record)
        }
        (false, None) => {
            let detail = "personal data needs a userId or an anonymousId";
            return Err(Rejection::new("missing-field", detail).in_field("userId"));
        }
    };
    Ok(Admitted { event: event.with_id(id).without_undeclared().with_fields(public), personal })
}

/// A value on its way to the vault.
struct Withheld {
    place: Place,
    name: Arc<str>,
    protection: Protection,
    value: Value,
}

fn place(event: &Event) -> Place {
    match event.kind() {
        EventKind::Identify => Place::Attribute,
        _ => Place::Event(Arc::clone(event.name())),
    }
}

fn split(event: &Event, schema: &Schema) -> (Fields, Vec<Withheld>) {
    let mut public = Vec::with_capacity(event.fields().len());
    let mut held = Vec::new();
    for (name, value) in event.fields().iter() {
        let field = event.declaration(schema, name);
        public.extend(part(field, value, None).map(|value| (Arc::clone(name), value)));
        for protection in [Protection::Personal, Protection::Special, Protection::Undeclared] {
            let Some(value) = part(field, value, Some(protection)) else { continue };
            let value = match protection {
                Protection::Undeclared => Value::from(json(&value)),
                _ => value,
            };
            held.push(Withheld { place: place(event), name: Arc::clone(name), protection, value });
        }
    }
    let undeclared = event.undeclared().map(|(name, raw)| (place(event), name, raw));
    let envelope = event.envelope().map(|(name, raw)| (Place::Envelope, name, raw));
    held.extend(undeclared.chain(envelope).map(|(place, name, raw)| Withheld {
        place,
        name: name.into(),
        protection: Protection::Undeclared,
        value: raw.into(),
    }));
    (Fields::from_iter(public), held)
}

/// The part of a value under this protection; `None` asks for what is public.
fn part(field: Option<&Field>, value: &Value, wanted: Option<Protection>) -> Option<Value> {
    let whole = |protection| (protection == wanted).then(|| value.clone());
    let Some(field) = field else { return whole(Some(Protection::Undeclared)) };
    match field.sensitivity() {
        Sensitivity::Personal => return whole(Some(Protection::Personal)),
        Sensitivity::Special => return whole(Some(Protection::Special)),
        Sensitivity::Public => {}
    }
    match (field.shape(), value) {
        (_, Value::Null) => whole(None),
        (Shape::Scalar(kind), value) if fits(*kind, value) => whole(None),
        (Shape::ScalarList(kind), Value::List(elements))
            if elements.iter().all(|element| fits(*kind, element)) =>
        {
            whole(None)
        }
        (Shape::Object(inner), Value::Object(fields)) => {
            let part = part_of_fields(inner, fields, wanted);
            (wanted.is_none() || !part.is_empty()).then(|| part.into())
        }
        (Shape::ObjectList(inner), Value::List(elements))
            if elements.iter().all(|element| element.kind() == Kind::Object) =>
        {
            part_of_list(inner, elements, wanted)
        }
        _ => whole(Some(Protection::Undeclared)),
    }
}

fn part_of_fields(
    declared: &BTreeMap<Arc<str>, Field>,
    fields: &Fields,
    wanted: Option<Protection>,
) -> Fields {
    let parts = fields.iter().filter_map(|(name, value)| {
        Some((Arc::clone(name), part(declared.get(name), value, wanted)?))
    });
    parts.collect()
}

/// The parts of a list's objects, an entry for each.
fn part_of_list(
    declared: &BTreeMap<Arc<str>, Field>,
    elements: &[Value],
    wanted: Option<Protection>,
) -> Option<Value> {
    let objects = elements.iter().filter_map(Value::as_object);
    let parts: Vec<Fields> =
        objects.map(|object| part_of_fields(declared, object, wanted)).collect();
    let any = wanted.is_none() || parts.iter().any(|part| !part.is_empty());
    any.then(|| Value::from(parts.into_iter().map(Value::from).collect::<Vec<_>>()))
}

fn fits(declared: Kind, value: &Value) -> bool {
    match value.kind() {
        Kind::Null => true,
        Kind::List | Kind::Object => false,
        kind => kind == declared || declared == Kind::Null,
    }
}

fn json(value: &Value) -> String {
    // Texts, numbers and lists of them: nothing that JSON cannot say.
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;

    fn schema() -> Schema {
        let address = Field::object([
            ("city", Field::from(Kind::Text)),
            ("street", Field::from(Kind::Text).personal()),
            ("parish", Field::from(Kind::Text).sensitivity_of(Sensitivity::Special)),
        ]);
        Schema::new()
            .attribute("country", Kind::Text)
            .attribute("email", Field::from(Kind::Text).personal())
            .attribute("allergies", Field::list(Kind::Text).sensitivity_of(Sensitivity::Special))
            .attribute("address", address)
            .event(
                "Order Completed",
                [
                    ("revenue", Field::from(Kind::Number)),
                    (
                        "products",
                        Field::list_of([
                            ("sku", Field::from(Kind::Text)),
                            ("engraving", Field::from(Kind::Text).personal()),
                        ]),
                    ),
                ],
            )
    }

    fn held(admitted: &Admitted) -> Vec<(Place, String, Protection, String)> {
        let held = admitted.personal.iter().flat_map(PersonalRecord::held);
        held.map(|held| {
            (held.place.clone(), held.name.to_string(), held.protection, held.value.to_string())
        })
        .collect()
    }

    #[test]
    fn traits_are_split_at_every_depth() {
        let text = r#"{"type": "identify", "userId": "p-1", "messageId": "m-1",
            "timestamp": "2026-02-01T12:00:00Z", "receivedAt": "2026-02-01T12:00:09Z",
            "context": {"ip": "203.0.113.9"},
            "traits": {"country": "DE", "email": "ann@x.de", "allergies": ["nuts"], "shoe": 3.80,
                "address": {"city": "Ulm", "street": "Weg 1", "parish": "St. Georg"}}}"#;
        let admitted = door(Event::read(text, &schema()).unwrap(), &schema()).unwrap();
        let public = serde_json::to_string(admitted.event.fields()).unwrap();
        assert_eq!(public, r#"{"address":{"city":"Ulm"},"country":"DE"}"#);
        let json = admitted.event.to_json();
        for secret in ["ann@x.de", "nuts", "3.8", "Weg 1", "St. Georg", "203.0.113.9"] {
            assert!(!json.contains(secret), "{secret} in {json}");
        }
        let own = |name: &str, protection, value: &str| {
            (Place::Attribute, name.to_owned(), protection, value.to_owned())
        };
        let expected = vec![
            own("address", Protection::Personal, r#"{"street":"Weg 1"}"#),
            own("address", Protection::Special, r#"{"parish":"St. Georg"}"#),
            own("allergies", Protection::Special, r#"["nuts"]"#),
            own("email", Protection::Personal, "ann@x.de"),
            own("shoe", Protection::Undeclared, "3.80"),
            (
                Place::Envelope,
                "context".to_owned(),
                Protection::Undeclared,
                r#"{"ip": "203.0.113.9"}"#.to_owned(),
            ),
        ];
        assert_eq!(held(&admitted), expected);
        let record = admitted.personal.unwrap();
        assert_eq!((record.person().as_str(), record.id().as_str()), ("p-1", "m-1"));
        assert_eq!(record.known_from().to_string(), "2026-02-01T12:00:09.000000Z");
    }

    #[test]
    fn lists_keep_an_entry_for_each_element() {
        let lines = vec![
            Value::from(Fields::from_iter(
                [("sku", "A"), ("engraving", "Ann")].map(|(n, v)| (n, v.into())),
            )),
            Value::from(Fields::from_iter(
                [("sku", "B"), ("hint", "gift")].map(|(n, v)| (n, v.into())),
            )),
        ];
        let order = Event::track("p-1", "Order Completed", Timestamp::from_micros(0))
            .with("revenue", 5)
            .with("products", lines);
        let admitted = door(order, &schema()).unwrap();
        let public = serde_json::to_string(admitted.event.fields()).unwrap();
        assert_eq!(public, r#"{"products":[{"sku":"A"},{"sku":"B"}],"revenue":5}"#);
        let values: Vec<String> = held(&admitted).into_iter().map(|(.., value)| value).collect();
        assert_eq!(values, [r#"[{"engraving":"Ann"},{}]"#, r#"[{},{"hint":"gift"}]"#]);
    }

    #[test]
    fn what_is_not_as_declared_is_withheld() {
        let odd = Value::from(Fields::from_iter([("ann@x.de", Value::from(1))]));
        for (name, value) in [
            ("country", odd.clone()),
            ("country", Value::from(5)),
            ("address", Value::from("Weg 1, Ulm")),
            ("unheard", Value::from("x")),
        ] {
            let told = Event::identify("p-1", Timestamp::from_micros(0)).with(name, value);
            let admitted = door(told, &schema()).unwrap();
            assert!(admitted.event.fields().is_empty(), "{name}");
            assert_eq!(held(&admitted)[0].2, Protection::Undeclared, "{name}");
        }
        let mixed = vec![odd, Value::from("Ann")];
        let order = Event::track("p-1", "Order Completed", Timestamp::from_micros(0));
        let admitted = door(order.with("products", mixed), &schema()).unwrap();
        assert!(admitted.event.fields().is_empty());
    }

    #[test]
    fn the_split_does_not_change_which_fact_it_is() {
        let told =
            |email: &str| Event::identify("p-1", Timestamp::from_micros(0)).with("email", email);
        let (ann, bob) = (told("ann@x.de"), told("bob@x.de"));
        let ids = [ann.id(), bob.id()];
        assert_ne!(ids[0], ids[1]);
        let admitted = [ann, bob].map(|event| door(event, &schema()).unwrap());
        assert_eq!(admitted.each_ref().map(|admitted| admitted.event.id()), ids);
    }

    #[test]
    fn an_event_of_nobody_may_be_public_only() {
        let event = Event::new(EventKind::Track, "Order Completed", Timestamp::from_micros(0));
        assert!(door(event.clone().with("revenue", 5), &schema()).unwrap().personal.is_none());
        let rejection = door(event.with("unheard", 5), &schema()).unwrap_err();
        assert_eq!(rejection.reason, "missing-field");
    }

    #[test]
    fn an_unset_trait_goes_where_the_trait_is() {
        let unset = Event::identify("p-1", Timestamp::from_micros(0))
            .with("email", Value::Null)
            .with("country", Value::Null);
        let admitted = door(unset, &schema()).unwrap();
        assert_eq!(admitted.event.fields().get("country"), Some(&Value::Null));
        assert_eq!(admitted.event.fields().get("email"), None);
        assert_eq!(held(&admitted)[0].2, Protection::Personal);
    }

    /// A field of any sensitivity and shape, `depth` levels deep.
    fn field(depth: u32) -> BoxedStrategy<Field> {
        let sensitivity = prop::sample::select(vec![
            Sensitivity::Public,
            Sensitivity::Public,
            Sensitivity::Personal,
            Sensitivity::Special,
        ]);
        let flat = prop_oneof![Just(Field::from(Kind::Text)), Just(Field::list(Kind::Number))];
        let shape = if depth == 0 {
            flat.boxed()
        } else {
            let inner = prop::collection::btree_map("[abc]", field(depth - 1), 0..3);
            let object = inner.clone().prop_map(Field::object);
            prop_oneof![flat, object, inner.prop_map(Field::list_of)].boxed()
        };
        (shape, sensitivity)
            .prop_map(|(field, sensitivity)| field.sensitivity_of(sensitivity))
            .boxed()
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            "[xy]{1,2}".prop_map(Value::from),
            any::<i32>().prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let fields = prop::collection::btree_map("[abcd]", inner.clone(), 0..4);
            prop_oneof![
                fields.prop_map(|fields| Value::from(Fields::from_iter(fields))),
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
            ]
        })
    }

    /// Every scalar with the path to it.
    fn leaves(value: &Value, path: &str, into: &mut Vec<(String, Value)>) {
        match value {
            Value::List(elements) => {
                for (at, element) in elements.iter().enumerate() {
                    leaves(element, &format!("{path}/{at}"), into);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields.iter() {
                    leaves(value, &format!("{path}/{name}"), into);
                }
            }
            scalar => into.push((path.to_owned(), scalar.clone())),
        }
    }

    proptest! {
        #[test]
        fn every_value_goes_to_exactly_one_side(field in field(3), value in value()) {
            let sides = [
                None,
                Some(Protection::Personal),
                Some(Protection::Special),
                Some(Protection::Undeclared),
            ];
            let (mut whole, mut parts) = (Vec::new(), Vec::new());
            leaves(&value, "", &mut whole);
            for side in sides {
                if let Some(part) = part(Some(&field), &value, side) {
                    leaves(&part, "", &mut parts);
                }
            }
            whole.sort();
            parts.sort();
            prop_assert_eq!(parts, whole);
        }
    }
}
