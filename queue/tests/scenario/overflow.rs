//! Contacts that leave their queue for something else, before it and in it.

use expect_test::expect;

use crate::script::check;

#[test]
fn after_a_time_the_other_queue_is_asked() {
    check(
        "09:00 queue second
         09:00 queue first overflow=waited:30:second
         09:00 agent bob second
         09:00 bob in
         09:00 bob ready
         09:00:01 call c1 first
         09:01 bob accept c1",
        expect![[r#"
            09:00:00 bob is Paused
            09:00:00 bob is Ready
            09:00:01 c1 waits in first (Arrival)
            09:00:31 c1 left first Overflowed after 30 s
            09:00:31 c1 overflows: other queue
            09:00:31 c1 waits in second (Overflow)
            09:00:31 offer c1 → bob until 09:00:51
            09:00:51 bob did not answer c1
            09:00:51 c1 waits again (TimedOut)
            09:00:51 bob is NotResponding
            09:01:00 refused: OfferOver
        "#]],
    );
}

#[test]
fn closed_full_and_empty_queues_are_left_at_once() {
    check(
        "08:00 hours office 9 18
         08:00 queue day hours=office overflow=closed:voicemail overflow=nobody:close \
         overflow=length:1:callback
         08:00 agent ana day
         08:59 call c1 day
         09:00 call c2 day
         09:01 ana in
         09:02 call c3 day
         09:03 call c4 day
         09:04 ana ready",
        expect![[r#"
            08:59:00 c1 waits in day (Arrival)
            08:59:00 c1 left day Overflowed after 0 s
            08:59:00 c1 overflows: voicemail
            09:00:00 c2 waits in day (Arrival)
            09:00:00 c2 left day Overflowed after 0 s
            09:00:00 c2 overflows: close
            09:01:00 ana is Paused
            09:02:00 c3 waits in day (Arrival)
            09:03:00 c4 waits in day (Arrival)
            09:03:00 c4 overflows: callback
            09:03:00 c4 will be called back in turn
            09:04:00 ana is Ready
            09:04:00 offer c3 → ana until 09:04:20
        "#]],
    );
}

#[test]
fn a_circle_of_overflow_is_refused_by_name() {
    check(
        "09:00 queue a
         09:00 queue b overflow=waited:10:a
         09:00 queue c overflow=waited:10:b
         09:00 queue a overflow=waited:10:c
         09:00 queue a overflow=closed:a
         09:00 queue d overflow=waited:5:nowhere",
        expect![[r#"
            09:00:00 refused: OverflowCircle
            09:00:00 refused: OverflowCircle
            09:00:00 refused: UnknownQueue
        "#]],
    );
}

#[test]
fn waiting_callers_hear_their_position() {
    check(
        "09:00 queue desk announce=30
         09:00 call c1 desk
         09:00:10 call c2 desk
         09:00:45 tick
         09:00:50 c1 abandon
         09:01:15 tick",
        expect![[r#"
            09:00:00 c1 waits in desk (Arrival)
            09:00:10 c2 waits in desk (Arrival)
            09:00:45 tell c1 position Some(1) wait Some(30)
            09:00:45 tell c2 position Some(2) wait Some(40)
            09:00:50 c1 left desk Abandoned after 50 s
            09:00:50 c1 abandoned after 50 s
            09:01:15 tell c2 position Some(1) wait Some(60)
        "#]],
    );
}
