//! One rule about one person, asked of bespoke and of the expression engines of crates.io.

mod engines;
mod history;
mod measure;

use std::process::ExitCode;

use engines::Contender;
use history::{History, INSTANTS};
use measure::{Order, Times};

/// How many people the engines are compared on before they are timed.
const PEOPLE: u64 = 40;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rounds = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => 101,
        ["--quick"] => 15,
        _ => {
            eprintln!("usage: bespoke-peers [--quick]");
            return ExitCode::FAILURE;
        }
    };
    let compared = (0..PEOPLE).map(History::new).map(|history| compare(&history));
    let members: usize = match compared.collect::<Result<Vec<usize>, String>>() {
        Ok(members) => members.iter().sum(),
        Err(difference) => {
            eprintln!("{difference}");
            return ExitCode::FAILURE;
        }
    };
    let questions = usize::try_from(PEOPLE).unwrap_or_default() * INSTANTS;
    println!(
        "all engines agree on {questions} questions, of which {members} are answered by yes\n"
    );
    let mut contenders = engines::all(&History::new(0));
    let same = measure::times(&mut contenders, Order::Same, rounds);
    let changing = measure::times(&mut contenders, Order::Changing, rounds);
    report(&contenders, &same, &changing);
    ExitCode::SUCCESS
}

/// At how many instants the person is a member, if every engine says so.
fn compare(history: &History) -> Result<usize, String> {
    for contender in &mut engines::all(history) {
        for instant in 0..INSTANTS {
            let (expected, found) = (history.is_member(instant), contender.ask(instant));
            if expected != found {
                let Contender { engine, form, .. } = contender;
                return Err(format!("{engine}, {form}: {found} at {instant} of {history:?}"));
            }
        }
    }
    Ok((0..INSTANTS).filter(|instant| history.is_member(*instant)).count())
}

fn report(contenders: &[Contender], same: &[Times], changing: &[Times]) {
    println!("| engine | asked | one instant | changing instants | spread | times bespoke |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let base = changing[0].median;
    for ((contender, same), changing) in contenders.iter().zip(same).zip(changing) {
        println!(
            "| {} | {} | {:.0} ns | {:.0} ns | ± {:.0} % | {:.2} |",
            contender.engine,
            contender.form,
            same.median,
            changing.median,
            changing.spread * 100.0,
            changing.median / base,
        );
    }
    for form in [engines::GIVEN, engines::EVENTS] {
        let peers = contenders.iter().zip(changing).filter(|(contender, _)| contender.form == form);
        let fastest = peers.min_by(|(_, a), (_, b)| a.median.total_cmp(&b.median));
        if let Some((contender, times)) = fastest {
            let times = times.median / base;
            println!("\nfastest peer, {form}: {}, {times:.2} times bespoke", contender.engine);
        }
    }
}
