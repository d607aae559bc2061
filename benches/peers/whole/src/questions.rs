//! The three segments, as rules and as SQL written by hand.

use bespoke::time::Timestamp;
use serde_json::{Value, json};

/// A day in microseconds.
pub(crate) const DAY: i64 = 86_400_000_000;

/// 2026-01-01T00:00:00Z, the instant that is asked about.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000)
}

/// Who has opened and clicked, bought a lot lately and bought luxury.
const VIP: &str = r"
    8 * count(email_open over 30 days) + 15 * count(email_click over 30 days) > 75
    AND sum(purchase.amount over 90 days) > 2000
    AND count(purchase where category = 'luxury') >= 2";
/// Who has opened and clicked, bought often lately and looked around.
const FREQUENT: &str = r"
    8 * count(email_open over 30 days) + 15 * count(email_click over 30 days) > 80
    AND count(purchase over 30 days) >= 3
    AND count(product_view) > 10";
/// Who filled a cart within a day and has bought nothing since.
const CART: &str = "count(purchase since last(add_to_cart over 24 hours)) = 0";

const ENGAGEMENT: &str = "
    count(*) FILTER (WHERE name = 'email_open' AND time > TIMESTAMP '2025-12-02') AS opens,
    count(*) FILTER (WHERE name = 'email_click' AND time > TIMESTAMP '2025-12-02') AS clicks";
const OF_VIP: &str = "
    sum(amount) FILTER (WHERE name = 'purchase' AND time > TIMESTAMP '2025-10-03') AS spent,
    count(*) FILTER (WHERE name = 'purchase' AND category = 'luxury') AS luxury";
const OF_FREQUENT: &str = "
    count(*) FILTER (WHERE name = 'purchase' AND time > TIMESTAMP '2025-12-02') AS purchases,
    count(*) FILTER (WHERE name = 'product_view') AS views";
const OF_CART: &str = "
    max(time) FILTER (WHERE name = 'add_to_cart' AND time > TIMESTAMP '2025-12-31') AS cart,
    max(time) FILTER (WHERE name = 'purchase' AND time > TIMESTAMP '2025-12-31') AS purchase";

const IS_VIP: &str = "8 * opens + 15 * clicks > 75 AND spent > 2000 AND luxury >= 2";
const IS_FREQUENT: &str = "8 * opens + 15 * clicks > 80 AND purchases >= 3 AND views > 10";
const IS_CART: &str = "cart IS NOT NULL AND (purchase IS NULL OR purchase <= cart)";

/// What is asked in one go.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    pub(crate) name: &'static str,
    /// The rules by the names of their segments.
    pub(crate) rules: &'static [(&'static str, &'static str)],
    figures: &'static [&'static str],
    tests: &'static [&'static str],
    rows: &'static str,
}

const S1: (&str, &str) = ("s1", VIP);
const S2: (&str, &str) = ("s2", FREQUENT);
const S3: (&str, &str) = ("s3", CART);

const QUESTIONS: [Question; 4] = [
    Question {
        name: "S1",
        rules: &[S1],
        figures: &[ENGAGEMENT, OF_VIP],
        tests: &[IS_VIP],
        rows: "name IN ('email_open', 'email_click', 'purchase')",
    },
    Question {
        name: "S2",
        rules: &[S2],
        figures: &[ENGAGEMENT, OF_FREQUENT],
        tests: &[IS_FREQUENT],
        rows: "name IN ('email_open', 'email_click', 'purchase', 'product_view')",
    },
    Question {
        name: "S3",
        rules: &[S3],
        figures: &[OF_CART],
        tests: &[IS_CART],
        rows: "name IN ('add_to_cart', 'purchase') AND time > TIMESTAMP '2025-12-31'",
    },
    Question {
        name: "ALL3",
        rules: &[S1, S2, S3],
        figures: &[ENGAGEMENT, OF_VIP, OF_FREQUENT, OF_CART],
        tests: &[IS_VIP, IS_FREQUENT, IS_CART],
        rows: "name IN ('email_open', 'email_click', 'purchase', 'product_view', 'add_to_cart')",
    },
];

impl Question {
    pub(crate) fn named(name: &str) -> Option<Self> {
        QUESTIONS.into_iter().find(|question| question.name == name)
    }

    /// The query over a table `events`: `person`, and a truth for each segment.
    pub(crate) fn sql(&self) -> String {
        let truths = self.rules.iter().zip(self.tests);
        let truths = truths.map(|((name, _), test)| format!("coalesce({test}, FALSE) AS {name}"));
        let truths: Vec<String> = truths.collect();
        let found: Vec<&str> = self.rules.iter().map(|(name, _)| *name).collect();
        format!(
            "SELECT * FROM (SELECT person, {} FROM (\n  SELECT customer_id AS person,{}\n  \
             FROM events WHERE {} AND time <= TIMESTAMP '2026-01-01'\n  GROUP BY customer_id\n) f) t \
             WHERE {}",
            truths.join(", "),
            self.figures.join(","),
            self.rows,
            found.join(" OR "),
        )
    }
}

/// The queries for engines that are not of this package.
pub(crate) fn as_json() -> Value {
    let question = |question: &Question| {
        let names: Vec<&str> = question.rules.iter().map(|(name, _)| *name).collect();
        json!({"name": question.name, "segments": names, "sql": question.sql()})
    };
    QUESTIONS.iter().map(question).collect()
}
