//! Acts of supervisors.

use expect_test::expect;

use crate::script::check;

#[test]
fn a_supervisor_assigns_moves_and_takes_back() {
    check(
        "09:00 queue desk
         09:00 queue other
         09:00 agent ana desk
         09:00 agent bob other
         09:00 ana in
         09:00 ana ready
         09:00 bob in
         09:00:01 email m1 desk
         09:00:02 boss assign m1 bob
         09:00:03 bob ready
         09:00:04 bob accept m1
         09:00:05 boss requeue m1
         09:00:06 ana accept m1
         09:00:07 call c1 desk
         09:00:08 boss move c1 other
         09:00:09 bob accept c1
         09:00:10 boss requeue c1
         09:00:11 boss close c1
         09:00:12 boss close m1
         09:00:13 c1 end",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:00 bob is Paused
            09:00:01 m1 waits in desk (Arrival)
            09:00:01 offer m1 → ana until 09:01:01
            09:00:02 boss: Assign m1
            09:00:02 offer m1 → ana withdrawn (Supervisor)
            09:00:02 m1 waits again (Supervisor)
            09:00:03 bob is Ready
            09:00:03 offer m1 → bob until 09:01:03
            09:00:04 m1 left desk Answered after 3 s
            09:00:04 m1 with bob (Offer)
            09:00:04 bob is Busy
            09:00:05 boss: Requeue m1
            09:00:05 m1 waits in desk (TakenBack)
            09:00:05 bob is Ready
            09:00:05 offer m1 → ana until 09:01:05
            09:00:06 m1 left desk Answered after 1 s
            09:00:06 m1 with ana (Offer)
            09:00:06 ana is Busy
            09:00:07 c1 waits in desk (Arrival)
            09:00:07 offer c1 → ana until 09:00:27
            09:00:08 boss: Move c1
            09:00:08 offer c1 → ana withdrawn (Supervisor)
            09:00:08 c1 left desk Moved after 1 s
            09:00:08 c1 waits in other (Moved)
            09:00:08 offer c1 → bob until 09:00:28
            09:00:09 c1 left other Answered after 1 s
            09:00:09 c1 with bob (Offer)
            09:00:09 bob is Busy
            09:00:10 refused: WrongState
            09:00:11 refused: WrongState
            09:00:12 boss: Close m1
            09:00:12 m1 closed: talk 7 hold 0 wrap-up 0
            09:00:12 ana is Ready
            09:00:13 c1 closed: talk 4 hold 0 wrap-up 0
            09:00:13 bob is Ready
        "#]],
    );
}

#[test]
fn a_supervisor_sets_states_and_logs_out() {
    check(
        "09:00 queue desk
         09:00 reason lunch 60
         09:00 agent ana desk
         09:00 boss ready ana
         09:00 ana in
         09:00:01 boss ready ana
         09:00:02 call c1 desk
         09:00:03 boss pause ana lunch
         09:00:04 boss ready ana
         09:00:05 ana accept c1
         09:00:06 boss logout ana
         09:00:07 c1 end",
        expect![[r#"
            09:00:00 refused: NotSignedIn
            09:00:00 ana is Paused
            09:00:01 boss: SetAgentReady ana
            09:00:01 ana is Ready
            09:00:02 c1 waits in desk (Arrival)
            09:00:02 offer c1 → ana until 09:00:22
            09:00:03 boss: PauseAgent ana
            09:00:03 offer c1 → ana withdrawn (AgentPaused)
            09:00:03 c1 waits again (AgentLeft)
            09:00:03 ana is Paused
            09:00:04 boss: SetAgentReady ana
            09:00:04 ana is Ready
            09:00:04 offer c1 → ana until 09:00:24
            09:00:05 c1 left desk Answered after 3 s
            09:00:05 c1 with ana (Offer)
            09:00:05 ana is Busy
            09:00:06 boss: LogOut ana
            09:00:06 ana is Offline
            09:00:07 c1 closed: talk 2 hold 0 wrap-up 0
        "#]],
    );
}

#[test]
fn merged_contacts_go_on_as_one() {
    check(
        "09:00 queue desk
         09:00 email m1 desk
         09:00:01 email m2 desk
         09:00:02 boss merge m2 m1
         09:00:03 boss merge m1 m1
         09:00:04 boss merge m2 m1",
        expect![[r#"
            09:00:00 m1 waits in desk (Arrival)
            09:00:01 m2 waits in desk (Arrival)
            09:00:02 boss: Merge m2
            09:00:02 m2 left desk Closed after 1 s
            09:00:02 m2 merged into m1
            09:00:03 refused: InvalidSetting
            09:00:04 refused: UnknownInteraction
        "#]],
    );
}
