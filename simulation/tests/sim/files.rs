//! The files of config/scenarios run; what is wrong in a file is told.

use std::path::Path;

use rozmova_simulation::{Scenario, ScenarioError, Stopped, run};

fn shipped() -> Vec<(String, Scenario)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/scenarios");
    let entries = std::fs::read_dir(folder).expect("the folder of scenarios");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let scenarios = files.into_iter().map(|path| {
        let text = std::fs::read_to_string(&path).expect("readable");
        let name = path.display().to_string();
        let scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, scenario)
    });
    scenarios.collect()
}

#[test]
fn every_scenario_of_the_folder_runs_and_repeats() {
    let scenarios = shipped();
    assert!(scenarios.len() >= 3, "{}", scenarios.len());
    for (name, scenario) in scenarios {
        let outcome = run(&scenario, scenario.seed, |_| true).expect("not stopped");
        let expected = scenario.expected_arrivals();
        assert!((outcome.arrived as f64 / expected - 1.0).abs() < 0.3, "{name}: {expected}");
        assert!(outcome.closed * 2 > outcome.arrived, "{name}: most are handled");
        let again = run(&scenario, scenario.seed, |_| true).expect("not stopped");
        assert_eq!(outcome, again, "{name}: the same seed gives the same day");
        let other = run(&scenario, scenario.seed + 1, |_| true).expect("not stopped");
        assert_ne!(outcome.total, other.total, "{name}: another seed, another day");
    }
}

#[test]
fn a_crisis_shows() {
    let scenarios = shipped();
    let total = |part: &str| {
        let (_, scenario) = scenarios.iter().find(|(name, _)| name.contains(part)).expect("it");
        run(scenario, 1, |_| true).expect("not stopped").total
    };
    let (weekday, crisis) = (total("weekday"), total("crisis"));
    assert!(crisis.abandoned_percent > weekday.abandoned_percent, "{crisis:?} {weekday:?}");
    assert!(crisis.service_level_percent < weekday.service_level_percent);
    assert!(crisis.flowed_out > 0, "the overflow to call back is used");
}

#[test]
fn a_caller_can_stop_a_run() {
    let (_, mut scenario) = shipped().pop().expect("a scenario");
    scenario.days = 300;
    let stopped = run(&scenario, 1, |steps| steps < 200_000);
    assert!(matches!(stopped, Err(Stopped { steps }) if steps >= 200_000), "{stopped:?}");
}

const GOOD: &str = "name = \"x\"\n[[queue]]\nname = \"q\"\n\
    [[arrivals]]\nqueue = \"q\"\nmedium = \"call\"\nper_hour = 5\nhandling = { mean_s = 60 }\n\
    [[agents]]\nname = \"a\"\ncount = 1\nqueues = [\"q\"]\n";

#[track_caller]
fn refused(from: &str, to: &str, words: &[&str]) {
    assert!(GOOD.contains(from), "{from}");
    let error = Scenario::parse(&GOOD.replacen(from, to, 1)).expect_err(to).to_string();
    for word in words {
        assert!(error.contains(word), "{word:?} is not in: {error}");
    }
}

#[test]
fn what_is_wrong_is_told_with_what_would_be_right() {
    Scenario::parse(GOOD).expect("good as it is");
    refused("name = \"x\"", "name = \"x\"\nsedd = 4", &["sedd", "expected one of", "seed"]);
    refused("count", "cuont", &["cuont", "count"]);
    refused("queue = \"q\"", "queue = \"p\"", &["arrivals[1].queue", "\"p\"", "one of: q"]);
    refused("\"call\"", "\"pigeon\"", &["pigeon", "email"]);
    refused("per_hour = 5", "per_hour = -5", &["arrivals[1]", "0 or more"]);
    refused("per_hour = 5", "per_interval = []", &["per_interval", "per_hour"]);
    refused("mean_s = 60", "mean_s = 0", &["arrivals[1].handling.mean_s", "above 0"]);
    refused("mean_s = 60", "mean_s = 60, shape = \"lognormal\"", &["deviation_s", "is missing"]);
    refused("count = 1", "count = 0", &["arrivals[1]", "no agent can take"]);
    refused("count = 1", "count = 90000", &["agents", "20000"]);
    refused("count = 1", "count = 1\ndeclines_percent = 120", &["declines_percent", "0 to 100"]);
    let shifts = "count = 1\nshifts = [[\"13:00\", \"09:00\"]]";
    refused("count = 1", shifts, &["agents[1].shifts[1]", "22:00"]);
    refused("name = \"x\"", "name = \"x\"\nbegins = \"8\"", &["begins", "08:00"]);
    refused("name = \"x\"", "name = \"x\"\ninterval_minutes = 7", &["15, 30 or 60"]);
    refused("name = \"x\"", "name = \"x\"\ndays = 0", &["days", "1 to"]);
    refused("per_hour = 5", "per_hour = 1e9", &["arrivals", "more than"]);
    refused("per_hour = 5", "per_hour = 5\nneeds = [\"latin\"]", &["needs[1]", "latin"]);
    assert!(matches!(Scenario::parse("="), Err(ScenarioError::Unreadable(_))));
    let long = "#".repeat(rozmova_simulation::scenario::MAX_FILE_BYTES + 1);
    assert!(matches!(Scenario::parse(&long), Err(ScenarioError::Unreadable(_))));
}
