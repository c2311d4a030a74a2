//! Scenarios of one queue against the formulas of Erlang, and how long a large run takes.

use rozmova_queue::erlang::{erlang_a, erlang_c};
use rozmova_simulation::{Outcome, Scenario, run};

fn centre(agents: u32, per_hour: f64, handling_s: f64, days: u32, patience: &str) -> Outcome {
    let text = format!(
        "name = \"theory\"\ndays = {days}\n\
         [[queue]]\nname = \"q\"\nauto_accept = true\nwrap_up_s = 0\n\
         [[arrivals]]\nqueue = \"q\"\nmedium = \"call\"\nper_hour = {per_hour}\n\
         handling = {{ mean_s = {handling_s} }}\n{patience}\n\
         [[agents]]\nname = \"all\"\ncount = {agents}\nqueues = [\"q\"]\n"
    );
    let scenario = Scenario::parse(&text).expect("a scenario");
    run(&scenario, 1, |_| true).expect("not stopped")
}

#[track_caller]
fn assert_within(what: &str, found: f64, expected: f64, percent: f64) {
    let error = (found / expected - 1.0) * 100.0;
    tell(format_args!("{what}: {found:.4}, theory {expected:.4}, {error:+.2} %"));
    assert!(error.abs() <= percent, "{what}: {found} instead of {expected}, {error:+.2} %");
}

/// Figures for docs/PERFORMANCE.md: shown with `--nocapture`.
#[expect(clippy::print_stdout, reason = "a test that measures says what it found")]
fn tell(line: std::fmt::Arguments<'_>) {
    println!("{line}");
}

#[test]
fn theory_scenario_follows_erlang_c() {
    let outcome = centre(14, 200.0, 180.0, 600, "");
    let theory = erlang_c(10.0, 14, 180.0, 20.0).expect("in range");
    let figures = outcome.total;
    assert_within("ASA, s", figures.asa_s.expect("answered"), theory.asa_s, 3.0);
    let level = figures.service_level_percent.expect("answered");
    assert_within("service level, %", level, theory.service_level * 100.0, 1.0);
    let occupancy = outcome.agents[0].occupancy_percent.expect("worked");
    assert_within("occupancy, %", occupancy, theory.occupancy * 100.0, 1.0);
}

#[test]
fn theory_scenario_follows_erlang_a() {
    let outcome = centre(50, 2_880.0, 60.0, 20, "patience = { mean_s = 120 }");
    let theory = erlang_a(48.0, 50, 60.0, 120.0, 20.0).expect("in range");
    let figures = outcome.total;
    assert_within("E[W], s", figures.mean_wait_s.expect("some"), theory.mean_wait_s, 3.0);
    let abandoned = figures.abandoned_percent.expect("some");
    assert_within("P(Ab), %", abandoned, theory.abandon_probability * 100.0, 3.0);
}

/// Four million contacts: as many as a large centre has in a year.
#[test]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn theory_scenario_of_four_million_arrivals() {
    let begun = std::time::Instant::now();
    // 100 Erlang on 110 agents.
    let outcome = centre(110, 83_333.0, 4.32, 2, "");
    let taken_s = begun.elapsed().as_secs_f64();
    tell(format_args!("{} contacts, {} steps: {taken_s:.1} s", outcome.arrived, outcome.steps));
    assert!(outcome.arrived.abs_diff(4_000_000) < 200_000, "{}", outcome.arrived);
    assert_eq!(outcome.arrived, outcome.closed, "without patience limits everybody is served");
    assert!(outcome.steps >= 2 * outcome.arrived);
}
