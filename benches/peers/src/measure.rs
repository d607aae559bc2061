//! Medians of batches, the engines taking turns so that noise falls on all alike. It is the thread's
//! CPU time that counts, so that what else runs on the machine is not timed too.

use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;

use crate::engines::Contender;
use crate::history::INSTANTS;

/// How long a batch lasts at least.
const BATCH: Duration = Duration::from_micros(400);

/// Which instants are asked about, one question after the other.
#[derive(Clone, Copy)]
pub enum Order {
    /// Always the same one.
    Same,
    /// Another one each time.
    Changing,
}

/// What a question takes.
pub struct Times {
    /// In nanoseconds.
    pub median: f64,
    /// Half of the distance between the quartiles, as a share of the median.
    pub spread: f64,
}

/// What a question takes of each contender.
pub fn times(contenders: &mut [Contender], order: Order, rounds: usize) -> Vec<Times> {
    let sizes: Vec<usize> = contenders.iter_mut().map(|one| size(one, order)).collect();
    let mut nanoseconds = vec![Vec::with_capacity(rounds); contenders.len()];
    for _ in 0..rounds {
        for ((contender, size), times) in contenders.iter_mut().zip(&sizes).zip(&mut nanoseconds) {
            times.push(batch(contender, order, *size).as_secs_f64() * 1e9 / *size as f64);
        }
    }
    nanoseconds.into_iter().map(Times::of).collect()
}

impl Times {
    fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let quantile = |quarters: usize| times[(times.len() - 1) * quarters / 4];
        let median = quantile(2);
        Self { median, spread: (quantile(3) - quantile(1)) / 2.0 / median }
    }
}

/// How many questions make a batch.
fn size(contender: &mut Contender, order: Order) -> usize {
    let mut size = 1;
    while batch(contender, order, size) < BATCH {
        size *= 2;
    }
    size
}

fn batch(contender: &mut Contender, order: Order, size: usize) -> Duration {
    let start = ThreadTime::now();
    for number in 0..size {
        let instant = match order {
            Order::Same => 0,
            Order::Changing => number % INSTANTS,
        };
        black_box(contender.ask(black_box(instant)));
    }
    start.elapsed()
}
