//! Agents who decline, do not answer and lose their connection; nothing is lost by it.

use rozmova_simulation::{Outcome, Scenario, run};

fn day(agents: &str, seed: u64) -> Outcome {
    let text = format!(
        "name = \"faults\"\nbegins = \"08:00\"\nconnection_grace_s = 10\n\
         [[queue]]\nname = \"calls\"\nwrap_up_s = 20\ndecline_pause_s = 30\n\
         [[queue]]\nname = \"mail\"\nwrap_up_s = 0\noffer_s = 60\n\
         [[arrivals]]\nqueue = \"calls\"\nmedium = \"call\"\nhandling = {{ mean_s = 120 }}\n\
         patience = {{ mean_s = 300 }}\nper_interval = [30, 60, 60, 30]\n\
         [[arrivals]]\nqueue = \"mail\"\nmedium = \"email\"\nhandling = {{ mean_s = 200 }}\n\
         per_interval = [30, 10, 10]\n\
         [[agents]]\nname = \"a\"\ncount = 12\nqueues = [\"calls\", \"mail\"]\n{agents}\n"
    );
    let scenario = Scenario::parse(&text).expect("a scenario");
    run(&scenario, seed, |_| true).expect("not stopped")
}

#[test]
fn every_contact_comes_to_an_end_whatever_agents_do() {
    for seed in 1..=20 {
        let outcome = day(
            "declines_percent = 20\nignores_percent = 10\ndrops_per_hour = 3\n\
             reconnects = { mean_s = 30 }",
            seed,
        );
        assert_eq!(outcome.open, 0, "seed {seed}: everything is done by the next morning");
        assert_eq!(outcome.arrived, outcome.closed + outcome.abandoned, "seed {seed}");
        let group = &outcome.agents[0];
        assert!(group.declined > 0 && group.no_answers > 0, "seed {seed}: {group:?}");
    }
}

#[test]
fn faults_cost_service_level() {
    let (good, bad) = (day("", 1), day("ignores_percent = 40\nreturns = { mean_s = 600 }", 1));
    assert_eq!(good.agents[0].no_answers, 0);
    assert_eq!(good.arrived, bad.arrived, "the same clients come");
    assert!(bad.total.service_level_percent < good.total.service_level_percent);
}

#[test]
fn who_goes_home_finishes_what_he_has_and_takes_nothing_new() {
    let outcome = day("shifts = [[\"08:00\", \"09:00\"]]", 1);
    assert!(outcome.closed > 0);
    // The mail that nobody took waits for ever, calls end with their clients' patience.
    assert!(outcome.open > 0, "{outcome:?}");
    let group = &outcome.agents[0];
    assert!(group.at_work_h < 12.0 * 1.5, "an hour each, and what they had in hand: {group:?}");
}
