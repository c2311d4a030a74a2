//! Agents come, pause, vanish and go.

use expect_test::expect;

use crate::script::check;

#[test]
fn a_lost_browser_keeps_its_state_for_a_grace_time_then_offers_and_mail_go_back_and_calls_stay() {
    check(
        "09:00 queue desk
         09:00 agent ana desk
         09:00 agent bob desk
         09:00 ana in
         09:00 ana ready
         09:00:01 email m1 desk
         09:00:02 ana accept m1
         09:00:03 call c1 desk
         09:00:04 ana accept c1
         09:00:10 ana lost
         09:00:20 ana back
         09:00:21 ana lost
         09:01:00 tick
         09:02:00 c1 end
         09:02:01 bob in
         09:02:01 bob ready",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:01 m1 waits in desk (Arrival)
            09:00:01 offer m1 → ana until 09:01:01
            09:00:02 m1 left desk Answered after 1 s
            09:00:02 m1 with ana (Offer)
            09:00:02 ana is Busy
            09:00:03 c1 waits in desk (Arrival)
            09:00:03 offer c1 → ana until 09:00:23
            09:00:04 c1 left desk Answered after 1 s
            09:00:04 c1 with ana (Offer)
            09:00:10 ana AgentConnection
            09:00:20 ana AgentConnection
            09:00:21 ana AgentConnection
            09:00:51 m1 waits in desk (TakenBack)
            09:00:51 ana is Offline
            09:02:00 c1 closed: talk 116 hold 0 wrap-up 0
            09:02:01 bob is Paused
            09:02:01 bob is Ready
            09:02:01 offer m1 → bob until 09:03:01
        "#]],
    );
}

#[test]
fn pausing_gives_offers_back_and_pauses_have_limits() {
    check(
        "09:00 queue desk
         09:00 reason lunch 1800
         09:00 agent ana desk
         09:00 ana in
         09:00 ana ready
         09:00:01 call c1 desk
         09:00:02 ana pause lunch
         09:31 tick
         09:31 ana ready
         09:31:01 ana accept c1
         09:31:02 ana pause lunch after
         09:32 c1 end
         09:33 ana pause unknown",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:01 c1 waits in desk (Arrival)
            09:00:01 offer c1 → ana until 09:00:21
            09:00:02 offer c1 → ana withdrawn (AgentPaused)
            09:00:02 c1 waits again (AgentLeft)
            09:00:02 ana is Paused
            09:30:02 ana PauseLimitPassed
            09:31:00 ana is Ready
            09:31:00 offer c1 → ana until 09:31:20
            09:31:01 c1 left desk Answered after 1860 s
            09:31:01 c1 with ana (Offer)
            09:31:01 ana is Busy
            09:32:00 c1 closed: talk 59 hold 0 wrap-up 0
            09:32:00 ana is Paused
            09:33:00 refused: UnknownPauseReason
        "#]],
    );
}

#[test]
fn wrap_up_holds_new_calls_until_it_is_done_or_over() {
    check(
        "09:00 queue desk wrap=30
         09:00 agent ana desk
         09:00 ana in
         09:00 ana ready
         09:00:01 call c1 desk
         09:00:02 ana accept c1
         09:00:03 call c2 desk
         09:01:00 c1 hold
         09:01:10 c1 resume
         09:01:20 c1 end
         09:01:30 c1 more 30
         09:03 tick
         09:03:01 ana accept c2
         09:03:02 c2 end
         09:03:03 c2 done",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:01 c1 waits in desk (Arrival)
            09:00:01 offer c1 → ana until 09:00:21
            09:00:02 c1 left desk Answered after 1 s
            09:00:02 c1 with ana (Offer)
            09:00:02 ana is Busy
            09:00:03 c2 waits in desk (Arrival)
            09:01:00 c1 Held
            09:01:10 c1 Resumed
            09:01:20 c1 wrap-up until 09:01:50
            09:01:20 ana is WrapUp
            09:01:30 c1 wrap-up until 09:02:20
            09:02:20 c1 wrap-up over by itself
            09:02:20 c1 closed: talk 68 hold 10 wrap-up 60
            09:02:20 ana is Ready
            09:02:20 offer c2 → ana until 09:02:40
            09:02:40 ana did not answer c2
            09:02:40 c2 waits again (TimedOut)
            09:02:40 ana is NotResponding
            09:03:01 refused: OfferOver
            09:03:02 refused: WrongState
            09:03:03 refused: WrongState
        "#]],
    );
}

#[test]
fn signing_out_needs_the_call_to_end_and_gives_mail_back() {
    check(
        "09:00 queue desk
         09:00 agent ana desk
         09:00 ana in
         09:00 ana ready
         09:00:01 call c1 desk
         09:00:02 ana accept c1
         09:00:03 ana out
         09:00:04 c1 end
         09:00:05 email m1 desk
         09:00:06 ana accept m1
         09:00:07 ana out
         09:00:08 ana ready",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:01 c1 waits in desk (Arrival)
            09:00:01 offer c1 → ana until 09:00:21
            09:00:02 c1 left desk Answered after 1 s
            09:00:02 c1 with ana (Offer)
            09:00:02 ana is Busy
            09:00:03 refused: LiveCall
            09:00:04 c1 closed: talk 2 hold 0 wrap-up 0
            09:00:04 ana is Ready
            09:00:05 m1 waits in desk (Arrival)
            09:00:05 offer m1 → ana until 09:01:05
            09:00:06 m1 left desk Answered after 1 s
            09:00:06 m1 with ana (Offer)
            09:00:06 ana is Busy
            09:00:07 m1 waits in desk (TakenBack)
            09:00:07 ana is Offline
            09:00:08 refused: NotSignedIn
        "#]],
    );
}

#[test]
fn an_agent_takes_only_the_media_he_is_ready_for() {
    check(
        "09:00 queue desk
         09:00 agent ana desk
         09:00 ana in
         09:00 ana leaves call
         09:00 ana ready
         09:00:01 call c1 desk
         09:00:02 email m1 desk
         09:00:03 ana takes call
         09:00:04 ana unreachable c1",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana MediumReady
            09:00:00 ana is Ready
            09:00:01 c1 waits in desk (Arrival)
            09:00:02 m1 waits in desk (Arrival)
            09:00:02 offer m1 → ana until 09:01:02
            09:00:03 ana MediumReady
            09:00:03 offer c1 → ana until 09:00:23
            09:00:04 offer c1 → ana withdrawn (OfferFailed)
            09:00:04 c1 waits again (OfferFailed)
            09:00:04 ana is NotResponding
        "#]],
    );
}
