//! "Why him, why then": the explanation of decisions.

use std::fmt::Write;

use expect_test::{Expect, expect};
use rozmova_base::id::InteractionId;
use rozmova_queue::Output;
use rozmova_queue::trace::Decision;

use crate::script::Script;
use crate::words::first_word;

/// Runs a scenario and compares the explanations of its decisions; then that of a contact which
/// still waits.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "as expect-test is written")]
fn check(scenario: &str, waiting: &str, expected: Expect) {
    let mut script = Script::new();
    let mut said = String::new();
    for line in scenario.lines().map(str::trim) {
        for output in script.line(line) {
            if let Output::Decision(decision) = output {
                said.push_str(&words(&script, &decision));
            }
        }
    }
    let waiting = InteractionId::from_u128(script.numbers[waiting]);
    let why = script.engine.why(waiting).expect("it waits");
    said.push_str(&words(&script, &why));
    expected.assert_eq(&said);
}

fn words(script: &Script, decision: &Decision) -> String {
    let name = |number: u128| script.names.get(&number).map_or("?", String::as_str);
    let mut text = name(decision.interaction.0.as_u128()).to_owned();
    let chosen = decision.chosen.map_or("nobody", |agent| name(agent.0.as_u128()));
    writeln!(text, " → {chosen} ({:?}, ring {})", decision.moment, decision.ring)
        .expect("a string");
    for candidate in &decision.candidates {
        let agent = name(candidate.agent.0.as_u128());
        let why = candidate.excluded.map_or("could take it".into(), |why| first_word(&why));
        let (score, units) = (candidate.skill_score, candidate.used_units);
        writeln!(text, "  {agent}: {why}, score {score}, {units} units").expect("a string");
    }
    text
}

#[test]
fn every_decision_names_the_candidates_and_why_each_was_excluded() {
    check(
        "09:00 queue desk ring=600:any
         09:00 reason lunch 600
         09:00 agent ana desk es:5
         09:00 agent bob desk es:2
         09:00 agent cid desk:2 es:9
         09:00 agent dan desk es:7
         09:00 agent eve desk es:7
         09:00 agent fay desk es:7
         09:00 ana in
         09:00 ana ready
         09:00 bob in
         09:00 bob ready
         09:00 dan in
         09:00 dan ready
         09:00 eve in
         09:00 eve pause lunch
         09:00 fay in
         09:00 fay ready
         09:00 fay lost
         09:00:01 call c1 desk needs=es:5
         09:00:02 ana accept c1
         09:00:03 call c2 desk needs=es:5
         09:00:04 dan decline c2",
        "c2",
        expect![[r#"
            c1 → ana (ContactWaits, ring 1)
              ana: could take it, score 5, 0 units
              bob: Skill, score 2, 0 units
              dan: could take it, score 7, 0 units
              eve: State, score 7, 0 units
              fay: Disconnected, score 7, 0 units
              cid: Ring, score 9, 0 units
            c2 → dan (ContactWaits, ring 1)
              dan: could take it, score 7, 0 units
              ana: Maximum, score 5, 100 units
              bob: Skill, score 2, 0 units
              eve: State, score 7, 0 units
              fay: Disconnected, score 7, 0 units
              cid: Ring, score 9, 0 units
            c2 → nobody (Asked, ring 1)
              ana: Maximum, score 5, 100 units
              bob: Skill, score 2, 0 units
              dan: Declined, score 7, 0 units
              eve: State, score 7, 0 units
              fay: Disconnected, score 7, 0 units
              cid: Ring, score 9, 0 units
        "#]],
    );
}
