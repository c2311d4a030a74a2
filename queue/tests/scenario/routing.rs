//! Which agent gets a contact.

use expect_test::expect;

use crate::script::check;

#[test]
fn a_call_is_offered_to_a_ready_agent_with_the_skill() {
    check(
        "09:00 queue billing
         09:00 agent ana billing es:5
         09:00 agent bob billing
         09:00 ana in
         09:00 ana ready
         09:00 bob in
         09:00 bob ready
         09:00:05 call c1 billing needs=es:3
         09:00:10 ana accept c1
         09:02:10 c1 end",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:00 bob is Paused
            09:00:00 bob is Ready
            09:00:05 c1 waits in billing (Arrival)
            09:00:05 offer c1 → ana until 09:00:25
            09:00:10 c1 left billing Answered after 5 s
            09:00:10 c1 with ana (Offer)
            09:00:10 ana is Busy
            09:02:10 c1 closed: talk 120 hold 0 wrap-up 0
            09:02:10 ana is Ready
        "#]],
    );
}

#[test]
fn the_longest_idle_is_asked_first_and_ties_end_by_id() {
    check(
        "09:00 queue billing
         09:00 agent ana billing
         09:00 agent bob billing
         09:00 ana in
         09:00 bob in
         09:00 bob ready
         09:00:01 ana ready
         09:00:05 call c1 billing
         09:00:06 bob accept c1
         09:00:07 c1 end
         09:00:10 call c2 billing
         09:00:11 ana accept c2
         09:00:12 c2 end
         09:00:20 call c3 billing",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 bob is Paused
            09:00:00 bob is Ready
            09:00:01 ana is Ready
            09:00:05 c1 waits in billing (Arrival)
            09:00:05 offer c1 → bob until 09:00:25
            09:00:06 c1 left billing Answered after 1 s
            09:00:06 c1 with bob (Offer)
            09:00:06 bob is Busy
            09:00:07 c1 closed: talk 1 hold 0 wrap-up 0
            09:00:07 bob is Ready
            09:00:10 c2 waits in billing (Arrival)
            09:00:10 offer c2 → ana until 09:00:30
            09:00:11 c2 left billing Answered after 1 s
            09:00:11 c2 with ana (Offer)
            09:00:11 ana is Busy
            09:00:12 c2 closed: talk 1 hold 0 wrap-up 0
            09:00:12 ana is Ready
            09:00:20 c3 waits in billing (Arrival)
            09:00:20 offer c3 → bob until 09:00:40
        "#]],
    );
}

#[test]
fn an_offer_not_answered_goes_on_with_its_age_and_the_agent_is_not_responding() {
    check(
        "09:00 queue billing
         09:00 agent ana billing
         09:00 agent bob billing
         09:00 ana in
         09:00 ana ready
         09:00:01 bob in
         09:00:01 bob ready
         09:00:05 call c1 billing
         09:00:30 tick
         09:00:31 bob accept c1
         09:00:32 ana accept c1
         09:00:40 call c2 billing
         09:00:45 ana ready",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:01 bob is Paused
            09:00:01 bob is Ready
            09:00:05 c1 waits in billing (Arrival)
            09:00:05 offer c1 → ana until 09:00:25
            09:00:25 ana did not answer c1
            09:00:25 c1 waits again (TimedOut)
            09:00:25 ana is NotResponding
            09:00:25 offer c1 → bob until 09:00:45
            09:00:31 c1 left billing Answered after 26 s
            09:00:31 c1 with bob (Offer)
            09:00:31 bob is Busy
            09:00:32 refused: OfferOver
            09:00:40 c2 waits in billing (Arrival)
            09:00:45 ana is Ready
            09:00:45 offer c2 → ana until 09:01:05
        "#]],
    );
}

#[test]
fn a_declined_call_is_not_offered_to_the_same_agent_for_a_while() {
    check(
        "09:00 queue billing decline=60
         09:00 agent ana billing
         09:00 ana in
         09:00 ana ready
         09:00:05 call c1 billing
         09:00:06 ana decline c1
         09:00:07 call c2 billing
         09:00:08 ana accept c2
         09:00:30 c2 end
         09:01:10 tick",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:05 c1 waits in billing (Arrival)
            09:00:05 offer c1 → ana until 09:00:25
            09:00:06 ana declined c1
            09:00:06 c1 waits again (Declined)
            09:00:07 c2 waits in billing (Arrival)
            09:00:07 offer c2 → ana until 09:00:27
            09:00:08 c2 left billing Answered after 1 s
            09:00:08 c2 with ana (Offer)
            09:00:08 ana is Busy
            09:00:30 c2 closed: talk 22 hold 0 wrap-up 0
            09:00:30 ana is Ready
            09:01:06 offer c1 → ana until 09:01:26
        "#]],
    );
}

#[test]
fn rings_widen_the_circle_and_relax_the_skills() {
    check(
        "09:00 queue billing ring=30:2 ring=60:any
         09:00 agent ana billing:1
         09:00 agent bob billing:2 es:3
         09:00 ana in
         09:00 ana ready
         09:00 bob in
         09:00 bob ready
         09:00:10 call c1 billing needs=es:5
         09:00:10 call c2 billing needs=es:9
         09:01:20 tick",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:00 bob is Paused
            09:00:00 bob is Ready
            09:00:10 c1 waits in billing (Arrival)
            09:00:10 c2 waits in billing (Arrival)
            09:00:40 c1 ring 2
            09:00:40 offer c1 → bob until 09:01:00
            09:00:40 c2 ring 2
            09:01:00 bob did not answer c1
            09:01:00 c1 waits again (TimedOut)
            09:01:00 bob is NotResponding
            09:01:10 c1 ring 3
            09:01:10 offer c1 → ana until 09:01:30
            09:01:10 c2 ring 3
        "#]],
    );
}

#[test]
fn the_preferred_agent_has_time_then_anyone() {
    check(
        "09:00 queue billing preferred=20
         09:00 agent ana billing
         09:00 agent bob billing
         09:00 ana in
         09:00 ana ready
         09:00 bob in
         09:00 bob ready
         09:00 call c0 billing for=ana
         09:00 ana accept c0
         09:00:05 call c1 billing for=ana
         09:00:06 call c2 billing for=ana
         09:00:10 c0 end
         09:00:11 ana accept c1
         09:00:30 tick",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:00 bob is Paused
            09:00:00 bob is Ready
            09:00:00 c0 waits in billing for ana (Arrival)
            09:00:00 offer c0 → ana until 09:00:20
            09:00:00 c0 left billing Answered after 0 s
            09:00:00 c0 with ana (Offer)
            09:00:00 ana is Busy
            09:00:05 c1 waits in billing for ana (Arrival)
            09:00:06 c2 waits in billing for ana (Arrival)
            09:00:10 c0 closed: talk 10 hold 0 wrap-up 0
            09:00:10 ana is Ready
            09:00:10 offer c1 → ana until 09:00:30
            09:00:11 c1 left billing Answered after 6 s
            09:00:11 c1 with ana (Offer)
            09:00:11 ana is Busy
            09:00:26 c2 for anyone
            09:00:26 offer c2 → bob until 09:00:46
        "#]],
    );
}

#[test]
fn a_call_interrupts_mail_but_mail_does_not_interrupt_a_call() {
    check(
        "09:00 queue desk
         09:00 agent ana desk
         09:00 ana in
         09:00 ana ready
         09:00:01 email m1 desk
         09:00:02 ana accept m1
         09:00:03 email m2 desk
         09:00:04 ana accept m2
         09:00:05 call c1 desk
         09:00:06 ana accept c1
         09:00:07 email m3 desk
         09:01:00 c1 end",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:01 m1 waits in desk (Arrival)
            09:00:01 offer m1 → ana until 09:01:01
            09:00:02 m1 left desk Answered after 1 s
            09:00:02 m1 with ana (Offer)
            09:00:02 ana is Busy
            09:00:03 m2 waits in desk (Arrival)
            09:00:03 offer m2 → ana until 09:01:03
            09:00:04 m2 left desk Answered after 1 s
            09:00:04 m2 with ana (Offer)
            09:00:05 c1 waits in desk (Arrival)
            09:00:05 offer c1 → ana until 09:00:25
            09:00:06 c1 left desk Answered after 1 s
            09:00:06 c1 with ana (Offer)
            09:00:07 m3 waits in desk (Arrival)
            09:01:00 c1 closed: talk 54 hold 0 wrap-up 0
            09:01:00 offer m3 → ana until 09:02:00
        "#]],
    );
}

#[test]
fn waiting_for_the_client_frees_the_agent_and_the_answer_comes_back_to_him() {
    check(
        "09:00 queue desk auto
         09:00 agent ana desk
         09:00 ana in
         09:00 ana ready
         09:00:01 email m1 desk
         09:10:00 m1 await
         09:20:00 m1 again
         09:25:00 m1 park 11:00
         11:00:01 tick
         11:05:00 m1 end",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:01 m1 waits in desk (Arrival)
            09:00:01 m1 left desk Answered after 0 s
            09:00:01 m1 with ana (AutoAccepted)
            09:00:01 ana is Busy
            09:10:00 m1 AwaitingClient
            09:10:00 ana is Ready
            09:20:00 m1 Continued
            09:20:00 m1 waits in desk for ana (Continued)
            09:20:00 m1 left desk Answered after 0 s
            09:20:00 m1 with ana (AutoAccepted)
            09:20:00 ana is Busy
            09:25:00 m1 parked until 11:00:00
            09:25:00 ana is Ready
            11:00:00 m1 waits in desk for ana (Unparked)
            11:00:00 m1 left desk Answered after 0 s
            11:00:00 m1 with ana (AutoAccepted)
            11:00:00 ana is Busy
            11:05:00 m1 closed: talk 1199 hold 0 wrap-up 0
            11:05:00 ana is Ready
        "#]],
    );
}

#[test]
fn agents_pull_where_the_queue_allows_it() {
    check(
        "09:00 queue desk pull
         09:00 queue shut
         09:00 agent ana desk,shut
         09:00 ana in
         09:00:01 email m1 desk
         09:00:02 email m2 shut
         09:00:03 ana pull m1
         09:00:04 ana pull m2
         09:00:05 ana dial o1 desk
         09:01:05 o1 end",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:01 m1 waits in desk (Arrival)
            09:00:02 m2 waits in shut (Arrival)
            09:00:03 m1 left desk Answered after 2 s
            09:00:03 m1 with ana (Pulled)
            09:00:04 refused: PullNotAllowed
            09:00:05 o1 with ana (Outbound)
            09:01:05 o1 closed: talk 60 hold 0 wrap-up 0
        "#]],
    );
}

#[test]
fn the_most_skilled_and_the_least_loaded_come_first_where_the_queue_says_so() {
    check(
        "09:00 queue expert rule=skilled
         09:00 queue mail rule=loaded
         09:00 agent ana expert,mail es:5
         09:00 agent bob expert,mail es:9
         09:00 ana in
         09:00 ana ready
         09:00:01 bob in
         09:00:01 bob ready
         09:00:02 email m1 expert needs=es:2
         09:00:03 bob accept m1
         09:00:04 email m2 mail
         09:00:05 ana accept m2
         09:00:06 email m3 expert needs=es:2",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:01 bob is Paused
            09:00:01 bob is Ready
            09:00:02 m1 waits in expert (Arrival)
            09:00:02 offer m1 → bob until 09:01:02
            09:00:03 m1 left expert Answered after 1 s
            09:00:03 m1 with bob (Offer)
            09:00:03 bob is Busy
            09:00:04 m2 waits in mail (Arrival)
            09:00:04 offer m2 → ana until 09:01:04
            09:00:05 m2 left mail Answered after 1 s
            09:00:05 m2 with ana (Offer)
            09:00:05 ana is Busy
            09:00:06 m3 waits in expert (Arrival)
            09:00:06 offer m3 → bob until 09:01:06
        "#]],
    );
}
