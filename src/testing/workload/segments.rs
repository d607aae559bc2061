//! What is asked of the people: a marketer's rules.

use super::super::catalogue::category;

/// A rule by the round in which it is written.
type Template = fn(Round) -> String;

/// The names of the rules and how each is written.
const TEMPLATES: [(&str, Template); 20] = [
    ("vip", vip),
    ("cart-abandoned", cart_abandoned),
    ("lapsing", lapsing),
    ("browsing", browsing),
    ("reading", reading),
    ("unread", unread),
    ("newcomer", newcomer),
    ("loyal-but-quiet", loyal_but_quiet),
    ("here-now", here_now),
    ("clicked", clicked),
    ("big-baskets", big_baskets),
    ("dear-taste", dear_taste),
    ("all-rounder", all_rounder),
    ("checkout-abandoned", checkout_abandoned),
    ("wishing", wishing),
    ("searching", searching),
    ("bargains", bargains),
    ("reviewer", reviewer),
    ("fading", fading),
    ("full-cart", full_cart),
];

/// So many segments with their names: twenty templates of lifecycle, engagement and preference,
/// written again and again with other thresholds, categories and windows of an hour to a year.
///
/// The first of them are the first of a longer list too. The first thousand are all different;
/// parts of them are alike, as they are in any marketer's list. `docs/BENCHMARKS.md` shows the
/// first round.
pub fn segments(count: usize) -> Vec<(String, String)> {
    let rounds = (0..).map(Round).flat_map(|round| {
        TEMPLATES.map(|(name, rule)| (format!("{name}-{}", round.0 + 1), rule(round)))
    });
    rounds.take(count).collect()
}

/// How often the templates have been written before.
#[derive(Clone, Copy)]
struct Round(usize);

impl Round {
    /// One of the values, the next in each round. Lists of a template whose lengths share no
    /// factor come to every combination.
    fn of<T: Copy, const N: usize>(self, values: [T; N]) -> T {
        values[self.0 % N]
    }

    /// One of eight categories.
    fn category(self) -> &'static str {
        category(self.0)
    }
}

fn vip(round: Round) -> String {
    let (engagement, days) = (round.of([75, 50, 60]), round.of([90, 60, 180, 30, 365]));
    let spent = round.of([500, 200, 1_000, 300]);
    format!(
        r#"engagement > {engagement} AND sum("Order Completed".revenue over {days} days) > {spent}"#
    )
}

fn cart_abandoned(round: Round) -> String {
    let (hours, worth) =
        (round.of([24, 4, 48, 1, 72, 12, 6]), round.of([50, 20, 100, 200, 30, 80, 150, 10]));
    format!(
        r#"sum("Product Added".price over {hours} hours) > {worth} AND count("Order Completed" since last("Product Added")) = 0"#
    )
}

fn lapsing(round: Round) -> String {
    let (days, orders) = (round.of([30, 45, 14, 60, 21, 75, 10]), round.of([2, 1, 3]));
    let engagement = round.of([40, 20, 80, 60]);
    format!(
        r#"now() - last("Order Completed") > INTERVAL '{days} days' AND count("Order Completed" over 365 days) >= {orders} AND engagement < {engagement}"#
    )
}

fn browsing(round: Round) -> String {
    let (category, days, views) =
        (round.category(), round.of([7, 3, 14, 30, 1]), round.of([3, 2, 4]));
    format!(
        r#"count("Product Viewed" where category = '{category}' over {days} days) >= {views} AND count("Order Completed" where products.category = '{category}' over 30 days) = 0"#
    )
}

fn reading(round: Round) -> String {
    let (days, opened) = (round.of([30, 14, 60, 7, 90]), round.of([3, 2, 4, 1]));
    let countries = round.of(["'PT', 'ES'", "'DE', 'FR'", "'IT'"]);
    format!(r#"count("Email Opened" over {days} days) >= {opened} AND country IN ({countries})"#)
}

fn unread(round: Round) -> String {
    let (days, mails) = (round.of([90, 60, 30, 45, 75]), round.of([5, 3, 8]));
    let engagement = round.of([30, 20, 50, 40]);
    format!(
        r#"count("Email Delivered" over {days} days) >= {mails} AND count("Email Opened" over {days} days) = 0 AND engagement < {engagement}"#
    )
}

fn newcomer(round: Round) -> String {
    let (category, days) = (round.category(), round.of([14, 7, 21, 30, 3, 10, 28]));
    format!(
        r#"count("Order Completed") = 1 AND now() - first("Order Completed") <= INTERVAL '{days} days' AND favourite_category = '{category}'"#
    )
}

fn loyal_but_quiet(round: Round) -> String {
    let days = round.of([60, 30, 45, 90, 75, 20, 10]);
    let pages = round.of([10, 20, 5, 15, 30, 25, 40, 50]);
    format!(
        r#"tier IN ('gold', 'platinum') AND NOT count("Order Completed" over {days} days) > 0 AND count("Page Viewed" over 365 days) >= {pages}"#
    )
}

fn here_now(round: Round) -> String {
    let (hours, pages, views) =
        (round.of([1, 2, 6, 12, 24]), round.of([5, 4, 6]), round.of([3, 2, 4, 5]));
    format!(
        r#"count("Page Viewed" over {hours} hours) >= {pages} OR count("Product Viewed" over {hours} hours) >= {views}"#
    )
}

fn clicked(round: Round) -> String {
    let (days, engagement) = (round.of([14, 7, 3, 30, 1]), round.of([20, 40, 10]));
    let country = round.of(["PT", "ES", "DE", "FR"]);
    format!(
        r#"count("Email Link Clicked" over {days} days) >= 1 AND count("Order Completed" since last("Email Link Clicked")) = 0 AND engagement > {engagement} AND country = '{country}'"#
    )
}

fn big_baskets(round: Round) -> String {
    let days = round.of([180, 90, 365, 60, 30]);
    let (mean, orders) = (round.of([80, 50, 100, 150]), round.of([2, 1, 3]));
    format!(
        r#"avg("Order Completed".revenue over {days} days) > {mean} AND count("Order Completed" over {days} days) >= {orders}"#
    )
}

fn dear_taste(round: Round) -> String {
    let days = round.of([30, 7, 14, 60, 90, 3, 21]);
    let price = round.of([200, 100, 300, 500, 150, 400, 250, 50]);
    format!(r#"max("Product Viewed".price over {days} days) >= {price}"#)
}

fn all_rounder(round: Round) -> String {
    let (days, categories) = (round.of([30, 14, 60, 7, 90]), round.of([4, 3, 5]));
    let engagement = round.of([20, 40, 10, 30]);
    format!(
        r#"count(distinct "Product Viewed".category over {days} days) >= {categories} AND engagement >= {engagement}"#
    )
}

fn checkout_abandoned(round: Round) -> String {
    let (hours, worth) = (round.of([6, 1, 12, 24, 2]), round.of([50, 20, 100, 200]));
    let country = round.of(["PT", "ES", "DE"]);
    format!(
        r#"count("Checkout Started" over {hours} hours) > 0 AND count("Order Completed" since last("Checkout Started")) = 0 AND last("Checkout Started".value) >= {worth} AND country <> '{country}'"#
    )
}

fn wishing(round: Round) -> String {
    let (category, days) = (round.category(), round.of([60, 30, 14, 90, 7]));
    let bought = round.of([90, 60, 30]);
    format!(
        r#"count("Product Added to Wishlist" where category = '{category}' over {days} days) > 0 AND NOT count("Order Completed" where products.category = '{category}' over {bought} days) > 0"#
    )
}

fn searching(round: Round) -> String {
    let (days, searches) = (round.of([3, 1, 7, 2, 14]), round.of([2, 1, 3]));
    let engagement = round.of([10, 30, 5, 20]);
    format!(
        r#"count("Products Searched" over {days} days) >= {searches} AND count("Product Added" over {days} days) = 0 AND engagement >= {engagement}"#
    )
}

fn bargains(round: Round) -> String {
    let (days, orders) = (round.of([365, 180, 90, 60, 30]), round.of([1, 2, 3]));
    let country = round.of(["PT", "ES", "DE", "FR"]);
    format!(
        r#"count("Order Completed" where coupon IS NOT NULL over {days} days) >= {orders} AND (country = '{country}' OR engagement > 60)"#
    )
}

fn reviewer(round: Round) -> String {
    let (days, rating) = (round.of([180, 90, 60, 30, 365]), round.of([4, 3, 5]));
    let engagement = round.of([10, 30, 20, 0]);
    format!(
        r#"count("Product Reviewed" where rating >= {rating} over {days} days) >= 1 AND newsletter = TRUE AND engagement >= {engagement}"#
    )
}

fn fading(round: Round) -> String {
    let (days, engagement) = (round.of([7, 14, 3, 10, 5]), round.of([60, 40, 80]));
    let country = round.of(["PT", "ES", "DE", "FR"]);
    format!(
        r#"count("Page Viewed" over {days} days) < count("Page Viewed" over {days} days ending {days} days ago) AND engagement < {engagement} AND country = '{country}'"#
    )
}

fn full_cart(round: Round) -> String {
    let (days, worth) = (round.of([7, 3, 14, 1, 30]), round.of([150, 100, 200]));
    let tier = round.of(["bronze", "silver", "gold", "platinum"]);
    format!(r#"max("Cart Viewed".value over {days} days) > {worth} AND NOT tier = '{tier}'"#)
}
