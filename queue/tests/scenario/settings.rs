//! Settings change while the centre runs; what would strand a contact is refused or named.

use expect_test::expect;
use rozmova_queue::view::Warning;

use crate::script::{Script, check};
use crate::words::first_word;

#[test]
fn a_queue_changes_without_disturbing_its_contacts() {
    check(
        "09:00 queue desk
         09:00 agent ana desk
         09:00 call c1 desk needs=es:5
         09:00:10 ana in
         09:00:10 ana ready
         09:00:40 queue desk ring=30:any
         09:00:41 ana accept c1
         09:00:50 queue desk wrap=10
         09:01 c1 end
         09:01:10 tick",
        expect![[r#"
            09:00:00 c1 waits in desk (Arrival)
            09:00:10 ana is Paused
            09:00:10 ana is Ready
            09:00:40 c1 ring 2
            09:00:40 offer c1 → ana until 09:01:00
            09:00:41 c1 left desk Answered after 41 s
            09:00:41 c1 with ana (Offer)
            09:00:41 ana is Busy
            09:01:00 c1 wrap-up until 09:01:10
            09:01:00 ana is WrapUp
            09:01:10 c1 wrap-up over by itself
            09:01:10 c1 closed: talk 19 hold 0 wrap-up 10
            09:01:10 ana is Ready
        "#]],
    );
}

#[test]
fn an_agent_gets_a_skill_or_a_queue_and_with_it_the_contacts_that_waited_for_it() {
    check(
        "09:00 queue desk
         09:00 queue other
         09:00 agent ana desk
         09:00 ana in
         09:00 ana ready
         09:00:01 call c1 desk needs=es:5
         09:00:02 agent ana desk es:5
         09:00:03 ana accept c1
         09:00:04 call c2 other
         09:00:05 c1 end
         09:00:06 agent ana desk,other es:5",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:01 c1 waits in desk (Arrival)
            09:00:02 offer c1 → ana until 09:00:22
            09:00:03 c1 left desk Answered after 2 s
            09:00:03 c1 with ana (Offer)
            09:00:03 ana is Busy
            09:00:04 c2 waits in other (Arrival)
            09:00:05 c1 closed: talk 2 hold 0 wrap-up 0
            09:00:05 ana is Ready
            09:00:06 offer c2 → ana until 09:00:26
        "#]],
    );
}

#[test]
fn what_is_in_use_is_not_removed() {
    check(
        "09:00 hours office 9 18
         09:00 reason lunch 60
         09:00 queue desk hours=office
         09:00 queue first overflow=waited:60:desk
         09:00 agent ana desk
         09:00 remove queue desk
         09:00 remove hours office
         09:00 ana in
         09:00 ana pause lunch
         09:00 remove reason lunch
         09:00 remove agent ana
         09:00 ana out
         09:00 remove agent ana
         09:00 remove reason lunch
         09:00 remove queue desk
         09:00 remove queue first
         09:00 remove queue desk
         09:00 remove hours office
         09:00 remove hours office",
        expect![[r#"
            09:00:00 refused: InUse
            09:00:00 refused: InUse
            09:00:00 ana is Paused
            09:00:00 ana is Paused
            09:00:00 refused: InUse
            09:00:00 refused: WorkInHand
            09:00:00 ana is Offline
            09:00:00 refused: InUse
            09:00:00 refused: UnknownHours
        "#]],
    );
}

#[test]
fn wrong_settings_are_refused() {
    check(
        "09:00 queue desk ring=30:1 ring=20:any
         09:00 queue desk offer=0
         09:00 queue desk announce=1
         09:00 queue desk hours=none
         09:00 queue desk
         09:00 agent ana desk:7
         09:00 agent ana desk,desk
         09:00 agent ana nowhere
         09:00 agent ana desk es:0
         09:00 agent ana desk es:1,es:2
         09:00 call c1 desk needs=es:101
         09:00 call c1 desk for=ana",
        expect![[r#"
            09:00:00 refused: InvalidSetting
            09:00:00 refused: InvalidSetting
            09:00:00 refused: InvalidSetting
            09:00:00 refused: UnknownHours
            09:00:00 refused: InvalidSetting
            09:00:00 refused: InvalidSetting
            09:00:00 refused: UnknownQueue
            09:00:00 refused: InvalidSetting
            09:00:00 refused: InvalidSetting
            09:00:00 refused: InvalidSetting
            09:00:00 refused: UnknownAgent
        "#]],
    );
}

#[test]
fn settings_that_would_strand_contacts_are_named() {
    let mut script = Script::new();
    for line in [
        "09:00 queue empty",
        "09:00 queue late ring=30:any",
        "09:00 queue hard",
        "09:00 agent ana late:3,hard es:2",
        "09:00 call c1 hard needs=es:5",
    ] {
        script.line(line);
    }
    let warnings = script.engine.warnings();
    let names: Vec<String> = warnings.iter().map(|warning| first_word(warning)).collect();
    assert_eq!(names, ["NobodyServes", "RingNeverReached", "NobodyFits"]);
    assert!(matches!(warnings[1], Warning::RingNeverReached { ring: 3, .. }), "{warnings:?}");
}
