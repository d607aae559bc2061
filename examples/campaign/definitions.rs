//! What the campaign is made of: metrics, segments, blocks and a template.

use bespoke::content::{Block, Content, Template};
use bespoke::metric::Engagement;
use bespoke::{Engine, Result};

/// Segments of every shop that has orders.
const ORDERS: [(&str, &str); 5] = [
    ("active", r#"count("Order Completed" over 90 days) > 0"#),
    (
        "at_risk",
        r#"count("Order Completed" over 90 days) = 0 AND count("Order Completed" over 180 days) > 0"#,
    ),
    ("lapsed", r#"count("Order Completed") > 0 AND count("Order Completed" over 180 days) = 0"#),
    (
        "vip",
        r#"sum("Order Completed".revenue over 90 days) > 2000
           AND count("Order Completed" where revenue >= 500) >= 2"#,
    ),
    ("frequent", r#"count("Order Completed" over 30 days) >= 3"#),
];

/// Segments of a shop that also sees what people look at and which mail they open.
const BEHAVIOUR: [(&str, &str); 5] = [
    (
        "engaged_frequent",
        r#"engagement > 80 AND count("Order Completed" over 30 days) >= 3
           AND count("Product Viewed") > 10"#,
    ),
    (
        "cart_abandoner",
        r#"count("Product Added" over 24 hours) > 0
           AND count("Order Completed" since last("Product Added")) = 0"#,
    ),
    ("recent_browser", r#"count("Product Viewed" over 7 days) > 0"#),
    (
        "electronics",
        r#"in_segment('active') AND in_segment('recent_browser')
           AND count("Order Completed" where products.category = 'electronics' over 90 days) > 0"#,
    ),
    (
        "bargain_hunter",
        r#"count("Order Completed") >= 3
           AND count("Order Completed" where coupon IS NOT NULL) >= 0.7 * count("Order Completed")"#,
    ),
];

/// Metrics and segments of orders.
pub(crate) fn add_orders(engine: &mut Engine) -> Result<()> {
    engine.add_metric("spend_90d", r#"sum("Order Completed".revenue over 90 days)"#)?;
    engine.add_metric("orders", r#"count("Order Completed")"#)?;
    engine.add_metric("last_order", r#"last("Order Completed")"#)?;
    add_segments(engine, ORDERS)
}

/// A score and segments of behaviour; they name those of orders.
pub(crate) fn add_behaviour(engine: &mut Engine) -> Result<()> {
    let weights = [
        ("Product Viewed", 2),
        ("Product Added", 4),
        ("Order Completed", 10),
        ("Email Opened", 5),
        ("Email Link Clicked", 10),
    ];
    engine.add_engagement("engagement", &Engagement::new(weights))?;
    add_segments(engine, BEHAVIOUR)
}

fn add_segments(engine: &mut Engine, segments: [(&str, &str); 5]) -> Result<()> {
    for (name, rule) in segments {
        engine.add_segment(name, rule)?;
    }
    Ok(())
}

pub(crate) fn add_content(engine: &mut Engine) -> Result<()> {
    engine.add_block("hero", &hero(engine)?)?;
    engine.add_block("offer", &offer()?)?;
    let template = Template::new(SUBJECT, HTML, TEXT)?;
    engine.add_template("season", template.given(["unsubscribe_url", "postal_address"]))
}

/// The opening: what somebody left in the cart, else where they stand.
fn hero(engine: &Engine) -> Result<Block> {
    let block = Block::new(Content::new(
        "<h1>The season is open</h1><p>Have a look at what is new.</p>",
        "The season is open. Have a look at what is new.",
    )?);
    let block = if engine.segments().contains_key("cart_abandoner") {
        block.variant(
            "cart",
            "in_segment('cart_abandoner')",
            Content::new(
                "<h1>Still in your cart</h1><p>We have kept it for you.</p>",
                "Still in your cart: we have kept it for you.",
            )?,
        )?
    } else {
        block
    };
    block
        .variant(
            "loyal",
            "in_segment('vip') OR in_segment('frequent')",
            Content::new(
                "<h1>Thank you</h1><p>{{ metrics.orders }} orders, and we remember each.</p>",
                "Thank you: {{ metrics.orders }} orders, and we remember each.",
            )?,
        )?
        .variant(
            "come-back",
            "in_segment('at_risk') OR in_segment('lapsed')",
            Content::new(
                "<h1>It has been a while</h1><p>Here is what you have missed.</p>",
                "It has been a while. Here is what you have missed.",
            )?,
        )
}

/// What is offered.
fn offer() -> Result<Block> {
    Block::new(Content::text("Free delivery this week.")?)
        .variant(
            "vip",
            "in_segment('vip')",
            Content::text(
                "For {{ metrics.spend_90d | fixed(2) }} in 90 days: early access to the sale.",
            )?,
        )?
        .variant("win-back", "in_segment('lapsed')", Content::text("15 % off your next order.")?)
}

const SUBJECT: &str = "{{ profile.name | default('Dear customer') }}, the season is open";

const HTML: &str = r#"<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>The season is open</title></head>
<body>
<p>Dear {{ profile.name | default("customer") }},</p>
{{ blocks.hero }}
<p>{{ blocks.offer }}</p>
<hr>
<p>{{ given.postal_address }}<br>
<a href="{{ given.unsubscribe_url }}">Unsubscribe</a></p>
</body>
</html>
"#;

const TEXT: &str = "\
Dear {{ profile.name | default('customer') }},

{{ blocks.hero }}

{{ blocks.offer }}

-- 
{{ given.postal_address }}
Unsubscribe: {{ given.unsubscribe_url }}
";
