//! What records say of a schema.

use serde_json::value::RawValue;

use super::mapping::columns;
use super::{Record, TableMapping};
use crate::error::Rejection;
use crate::event::{Event, EventKind, split_batch};
use crate::schema::{Inference, Raw, Schema};

/// Lets `inference` see a record: names of events, their properties, traits of an identify.
///
/// Every cell of a table has its say, also that of a row which will be refused for another cell;
/// JSON that is no event has none.
///
/// ```
/// use bespoke::schema::Inference;
/// use bespoke::source::{Record, TableMapping, infer};
///
/// let line = r#"{"userId": "p-1", "event": "Order Completed",
///     "timestamp": "2026-02-01T12:00:00Z", "properties": {"revenue": 620.50}}"#;
/// let mut inference = Inference::new();
/// infer(&Record::json(1, 1, line), &TableMapping::events(), &mut inference);
/// assert!(inference.finish().event_field("Order Completed", "revenue").is_some());
/// ```
pub fn infer(record: &Record, mapping: &TableMapping, inference: &mut Inference) {
    // What is refused has no say.
    let _ = match record.columns() {
        Some(_) => row(record, mapping, inference),
        None => batch(record, inference),
    };
}

fn row(
    record: &Record,
    mapping: &TableMapping,
    inference: &mut Inference,
) -> Result<(), Rejection> {
    let roles = mapping.find(columns(record)?);
    for (name, cell) in roles.others(record) {
        field(mapping.kind(), name, Raw::Text(&cell), inference);
    }
    name(&mapping.envelope(record, &roles)?, inference);
    Ok(())
}

fn batch(record: &Record, inference: &mut Inference) -> Result<(), Rejection> {
    // Nothing is declared, so every field stays as it came.
    let nothing = Schema::new();
    for item in split_batch(record.text())? {
        let Ok(event) = Event::read(item.get(), &nothing) else { continue };
        name(&event, inference);
        for (name, raw) in event.undeclared() {
            if let Ok(raw) = serde_json::from_str::<&RawValue>(raw) {
                field(event.kind(), name, Raw::Json(raw), inference);
            }
        }
    }
    Ok(())
}

fn name(event: &Event, inference: &mut Inference) {
    if matches!(event.kind(), EventKind::Page | EventKind::Screen | EventKind::Track) {
        inference.event(event.name());
    }
}

fn field(kind: EventKind, name: &str, raw: Raw<'_>, inference: &mut Inference) {
    match kind {
        EventKind::Identify => inference.attribute(name, raw),
        EventKind::Alias | EventKind::Group => {}
        _ => inference.event_field(name, raw),
    }
}
