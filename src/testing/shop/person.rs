//! Who the customers are and how they are given to behave.

use super::super::chance::{Curve, any, between, weighted};
use super::{Consent, History, Subscription, Suppression};
use crate::id::ProfileId;
use crate::seed::{Draws, Seed};
use crate::time::{Duration, Timestamp};

const FIRST_NAMES: [&str; 24] = [
    "Ana", "João", "Maria", "Tiago", "Inês", "Lucía", "Pablo", "Carmen", "Hugo", "Camille",
    "Louis", "Zoé", "Lena", "Jonas", "Mia", "Felix", "Giulia", "Marco", "Sofie", "Daan", "Aoife",
    "Liam", "Jörg", "Noor",
];

const LAST_NAMES: [&str; 24] = [
    "Silva", "Santos", "Ferreira", "Costa", "García", "López", "Martín", "Dubois", "Lefèvre",
    "Moreau", "Müller", "Schmidt", "Weber", "Wagner", "Rossi", "Ricci", "Conti", "Jansen",
    "Bakker", "Visser", "Murphy", "Byrne", "Gruber", "Novak",
];

const COUNTRIES: [(&str, u64); 8] =
    [("PT", 30), ("ES", 20), ("DE", 18), ("FR", 14), ("IT", 8), ("NL", 5), ("IE", 3), ("AT", 2)];

/// Where people of a country live.
const ZONES: [(&str, &str); 8] = [
    ("AT", "Europe/Vienna"),
    ("DE", "Europe/Berlin"),
    ("ES", "Europe/Madrid"),
    ("FR", "Europe/Paris"),
    ("IE", "Europe/Dublin"),
    ("IT", "Europe/Rome"),
    ("NL", "Europe/Amsterdam"),
    ("PT", "Europe/Lisbon"),
];

/// Where some of them live instead.
const ELSEWHERE: [(&str, u64); 4] =
    [("Atlantic/Azores", 4), ("America/New_York", 3), ("America/Sao_Paulo", 3), ("Asia/Tokyo", 2)];

const HOSTS: [(&str, u64); 4] = [
    ("mail.example.com", 50),
    ("post.example.com", 30),
    ("inbox.example.com", 15),
    ("work.example.com", 5),
];

/// Each category's number with how many favour it.
const FAVOURITES: [(usize, u64); 8] =
    [(0, 22), (1, 16), (2, 18), (3, 13), (4, 5), (5, 9), (6, 8), (7, 9)];

/// Visits a year: most customers come now and then, few come all the time.
const VISITS_A_YEAR: Curve = Curve(&[
    (0, 1),
    (250_000, 3),
    (500_000, 5),
    (750_000, 11),
    (900_000, 23),
    (970_000, 60),
    (995_000, 160),
    (1_000_000, 300),
]);

/// How many of a hundred newsletters are opened: many people open none.
const OPENS: Curve = Curve(&[(0, 0), (300_000, 3), (700_000, 25), (950_000, 60), (1_000_000, 95)]);

/// A customer as the simulation knows them.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: ProfileId,
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) country: &'static str,
    pub(super) timezone: &'static str,
    pub(super) birthday: Option<String>,
    /// The number of the category they favour.
    pub(super) favourite: usize,
    pub(super) joined: Timestamp,
    /// From when on they do not come any more.
    pub(super) left: Timestamp,
    pub(super) visits_a_year: u64,
    /// How likely they are to buy what is in the cart.
    pub(super) buys: f64,
    /// Whether they rather buy what is dear.
    pub(super) spends: bool,
    /// How likely they are to have a coupon.
    pub(super) coupons: f64,
    /// How likely they are to open a mail.
    pub(super) opens: f64,
}

impl Person {
    pub(super) fn new(number: u32, seed: Seed, history: History) -> Self {
        let id = format!("c{number:06}");
        let draws = &mut seed.fork("traits").draws();
        let (first, last) = (any(&FIRST_NAMES, draws), any(&LAST_NAMES, draws));
        let host = weighted(&HOSTS, draws);
        let (joined, left) = stay(history, &mut seed.fork("stay").draws());
        let habits = &mut seed.fork("habits").draws();
        let visits_a_year = VISITS_A_YEAR.draw(habits);
        let country = weighted(&COUNTRIES, draws);
        Self {
            name: format!("{first} {last}"),
            address: format!("{}.{}.{number}@{host}", ascii(first), ascii(last)),
            country,
            timezone: timezone(country, &mut seed.fork("timezone").draws()),
            birthday: draws.chance(0.6).then(|| birthday(draws)),
            id: ProfileId::from(id),
            number,
            favourite: weighted(&FAVOURITES, habits),
            joined,
            left,
            visits_a_year,
            // Who comes often comes to buy.
            buys: if visits_a_year > 40 { 0.75 } else { 0.5 },
            spends: habits.chance(0.08),
            coupons: if habits.chance(0.12) { 0.9 } else { 0.1 },
            opens: OPENS.draw(habits) as f64 / 100.0,
        }
    }

    /// What they said to marketing mail, in the order in which they said it.
    ///
    /// 85 of 100 agree when they join; 10 of 100 of those withdraw later, and 2 of 10 of these
    /// agree again.
    pub(super) fn consents(&self, seed: Seed, history: History) -> Vec<Consent> {
        let draws = &mut seed.fork("consent").draws();
        let granted = draws.chance(0.85);
        let evidence = if granted { "box ticked at sign-up" } else { "box left empty at sign-up" };
        let mut told = vec![Consent { at: self.joined, granted, evidence }];
        if granted && draws.chance(0.1) {
            let at = moment(self.joined, history.until, draws);
            told.push(Consent { at, granted: false, evidence: "unsubscribe link" });
            if draws.chance(0.2) {
                let at = moment(at, history.until, draws);
                told.push(Consent { at, granted: true, evidence: "preference page" });
            }
        }
        told
    }

    /// What they chose to read about, in the order in which they chose it.
    ///
    /// 8 of 100 unsubscribe from the topic `season`, and 15 of 100 of these subscribe again.
    pub(super) fn subscriptions(&self, seed: Seed, history: History) -> Vec<Subscription> {
        let draws = &mut seed.fork("subscriptions").draws();
        let mut chosen = Vec::new();
        let mut choose = |at, subscribed| {
            chosen.push(Subscription { at, topic: "season", subscribed });
        };
        if draws.chance(0.08) {
            let at = moment(self.joined, history.until, draws);
            choose(at, false);
            if draws.chance(0.15) {
                choose(moment(at, history.until, draws), true);
            }
        }
        chosen
    }

    /// From when on nothing may be sent to their address, which is so for 2 of 100.
    pub(super) fn suppression(&self, seed: Seed, history: History) -> Option<Suppression> {
        let draws = &mut seed.fork("suppression").draws();
        draws.chance(0.02).then(|| Suppression {
            at: moment(self.joined, history.until, draws),
            reason: weighted(&[("hard bounce", 3), ("complaint", 1)], draws),
        })
    }
}

/// When somebody joins and leaves: two of five were there when the history begins, and half stay.
fn stay(history: History, draws: &mut Draws) -> (Timestamp, Timestamp) {
    let start = if draws.chance(0.4) {
        moment(history.from, history.from.plus(Duration::days(20)), draws)
    } else {
        moment(history.from, history.until, draws)
    };
    if draws.chance(0.5) {
        return (start, history.until);
    }
    let wait = i64::try_from(Curve::WAIT.draw(draws)).unwrap_or_default();
    // The mean stay of who leaves is 120 days.
    (start, start.plus(Duration::seconds(wait * 120 * 86_400 / 1_000)))
}

/// An instant between two, both included.
fn moment(from: Timestamp, until: Timestamp, draws: &mut Draws) -> Timestamp {
    Timestamp::from_micros(between(from.micros(), until.micros(), draws))
}

/// In which zone somebody of a country lives: 4 of 100 live elsewhere.
fn timezone(country: &str, draws: &mut Draws) -> &'static str {
    let home = ZONES.iter().find(|(known, _)| *known == country).map(|(_, zone)| *zone);
    let elsewhere = weighted(&ELSEWHERE, draws);
    home.filter(|_| !draws.chance(0.04)).unwrap_or(elsewhere)
}

fn birthday(draws: &mut Draws) -> String {
    let (year, month, day) =
        (between(1945, 2007, draws), between(1, 12, draws), between(1, 28, draws));
    format!("{year}-{month:02}-{day:02}")
}

/// The name in lower case without accents, as addresses have it.
fn ascii(name: &str) -> String {
    let plain = |letter| match letter {
        'ã' => 'a',
        'é' | 'ê' | 'è' => 'e',
        'í' => 'i',
        'ó' | 'ö' => 'o',
        'ü' => 'u',
        other => other,
    };
    name.to_lowercase().chars().map(plain).collect()
}
