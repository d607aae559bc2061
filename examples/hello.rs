//! The README's example: one person, one segment, one block.

use bespoke::Engine;
use bespoke::content::{Block, Content};
use bespoke::engine::Wanted;
use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::schema::Schema;
use bespoke::value::Kind;

fn main() -> bespoke::Result<()> {
    // Vocabulary: what may be said of a person, typed once.
    let schema = Schema::new()
        .attribute("country", Kind::Text)
        .event("Order Completed", [("revenue", Kind::Number)]);

    // Parts: checked when they are added, so a typo is an error here, with its line and column.
    let mut engine = Engine::new(schema)?;
    engine.add_metric("spend", r#"sum("Order Completed".revenue over 90 days)"#)?;
    engine.add_segment("vip", "spend >= 500 AND country = 'PT'")?;
    let thanks = Content::text("Obrigado! {{ metrics.spend | fixed(2) }} EUR em 90 dias.")?;
    let hero = Block::new(Content::text("Olá!")?);
    let hero = hero.variant("thanks", "in_segment('vip')", thanks)?;
    engine.add_block("hero", &hero)?;

    // Facts in, answer out. No clock is read, nothing is stored, nothing is spawned.
    let ana = Event::identify("p-1", "2026-01-10T08:00:00Z".parse()?).with("country", "PT");
    let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?);
    let timeline = Timeline::of([ana, order.with("revenue", 620)], engine.schema());
    let now = "2026-03-01T09:00:00Z".parse()?;
    let view = engine.evaluate(&timeline.facts(now), &Wanted::everything())?;

    assert!(view.is_in("vip"));
    assert_eq!(view.render("hero")?.text, "Obrigado! 620.00 EUR em 90 dias.");
    // The answer says when it expires: the order leaves the 90-day window then.
    assert_eq!(view.until("vip"), Some("2026-05-02T12:00:00Z".parse()?));
    Ok(())
}
