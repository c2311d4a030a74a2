//! Who is served before whom.

use expect_test::expect;

use crate::script::check;

#[test]
fn the_head_start_bounds_how_far_an_ordinary_call_is_overtaken() {
    check(
        "09:00 queue billing
         09:00 agent ana billing
         09:00 ana in
         09:00:00 call old billing
         09:01:59 call soon billing priority=1
         09:02:01 call late billing priority=1
         09:03 ana ready
         09:03:01 ana accept soon
         09:03:02 soon end
         09:03:03 ana accept old
         09:03:04 old end",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 old waits in billing (Arrival)
            09:01:59 soon waits in billing (Arrival)
            09:02:01 late waits in billing (Arrival)
            09:03:00 ana is Ready
            09:03:00 offer soon → ana until 09:03:20
            09:03:01 soon left billing Answered after 62 s
            09:03:01 soon with ana (Offer)
            09:03:01 ana is Busy
            09:03:02 soon closed: talk 1 hold 0 wrap-up 0
            09:03:02 ana is Ready
            09:03:02 offer old → ana until 09:03:22
            09:03:03 old left billing Answered after 183 s
            09:03:03 old with ana (Offer)
            09:03:03 ana is Busy
            09:03:04 old closed: talk 1 hold 0 wrap-up 0
            09:03:04 ana is Ready
            09:03:04 offer late → ana until 09:03:24
        "#]],
    );
}

#[test]
fn a_supervisor_s_priority_moves_a_call_ahead() {
    check(
        "09:00 queue billing
         09:00 agent ana billing
         09:00 ana in
         09:00:00 call c1 billing
         09:00:30 call c2 billing
         09:00:40 boss priority c2 1
         09:00:41 boss priority c2 99
         09:01 ana ready",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 c1 waits in billing (Arrival)
            09:00:30 c2 waits in billing (Arrival)
            09:00:40 boss: Reprioritise c2
            09:00:40 c2 placed anew, head start 120 s
            09:00:41 refused: InvalidSetting
            09:01:00 ana is Ready
            09:01:00 offer c2 → ana until 09:01:20
        "#]],
    );
}

#[test]
fn a_transfer_keeps_or_resets_the_age() {
    check(
        "09:00 queue first
         09:00 queue keep
         09:00 queue reset transfer=reset
         09:00 agent ana first
         09:00 agent bob keep,reset
         09:00 ana in
         09:00 ana ready
         09:00:00 call a first
         09:00:01 ana accept a
         09:00:10 call b first
         09:00:40 a transfer reset
         09:00:41 ana accept b
         09:01:00 b transfer keep
         09:02 bob in
         09:02 bob ready",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:00 a waits in first (Arrival)
            09:00:00 offer a → ana until 09:00:20
            09:00:01 a left first Answered after 1 s
            09:00:01 a with ana (Offer)
            09:00:01 ana is Busy
            09:00:10 b waits in first (Arrival)
            09:00:40 a handed on by ana
            09:00:40 a waits in reset (Transfer)
            09:00:40 ana is Ready
            09:00:40 offer b → ana until 09:01:00
            09:00:41 b left first Answered after 31 s
            09:00:41 b with ana (Offer)
            09:00:41 ana is Busy
            09:01:00 b handed on by ana
            09:01:00 b waits in keep (Transfer)
            09:01:00 ana is Ready
            09:02:00 bob is Paused
            09:02:00 bob is Ready
            09:02:00 offer b → bob until 09:02:20
        "#]],
    );
}

#[test]
fn a_transfer_credits_the_age_where_the_queue_says_so() {
    check(
        "09:00 queue first
         09:00 queue credit transfer=credit:60
         09:00 agent ana first
         09:00 agent bob credit
         09:00 ana in
         09:00 ana ready
         09:00:00 call a first
         09:00:01 ana accept a
         09:02:00 a transfer credit
         09:02:01 call b credit from=09:00:30
         09:02:02 call c credit from=09:01:30
         09:03 bob in
         09:03 bob ready
         09:03:01 bob accept b
         09:03:02 b end",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:00 a waits in first (Arrival)
            09:00:00 offer a → ana until 09:00:20
            09:00:01 a left first Answered after 1 s
            09:00:01 a with ana (Offer)
            09:00:01 ana is Busy
            09:02:00 a handed on by ana
            09:02:00 a waits in credit (Transfer)
            09:02:00 ana is Ready
            09:02:01 b waits in credit (Arrival)
            09:02:02 c waits in credit (Arrival)
            09:03:00 bob is Paused
            09:03:00 bob is Ready
            09:03:00 offer b → bob until 09:03:20
            09:03:01 b left credit Answered after 60 s
            09:03:01 b with bob (Offer)
            09:03:01 bob is Busy
            09:03:02 b closed: talk 1 hold 0 wrap-up 0
            09:03:02 bob is Ready
            09:03:02 offer a → bob until 09:03:22
        "#]],
    );
}

#[test]
fn callbacks_keep_their_place() {
    check(
        "09:00 queue billing
         09:00 agent ana billing
         09:00 ana in
         09:00:00 call c1 billing
         09:00:10 call c2 billing
         09:00:20 c1 callback
         09:00:25 c1 abandon
         09:00:30 call c3 billing
         09:00:40 c2 callback 09:30
         09:01 ana ready
         09:01:01 ana accept c1
         09:02:00 c1 end
         09:02:01 ana accept c3
         09:29 call c4 billing
         09:31 c3 end",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 c1 waits in billing (Arrival)
            09:00:10 c2 waits in billing (Arrival)
            09:00:20 c1 will be called back in turn
            09:00:25 refused: WrongState
            09:00:30 c3 waits in billing (Arrival)
            09:00:40 c2 will be called back 09:30:00
            09:01:00 ana is Ready
            09:01:00 offer c1 → ana until 09:01:20
            09:01:01 c1 left billing Answered after 61 s
            09:01:01 c1 with ana (Offer)
            09:01:01 ana is Busy
            09:02:00 c1 closed: talk 59 hold 0 wrap-up 0
            09:02:00 ana is Ready
            09:02:00 offer c3 → ana until 09:02:20
            09:02:01 c3 left billing Answered after 91 s
            09:02:01 c3 with ana (Offer)
            09:02:01 ana is Busy
            09:29:00 c4 waits in billing (Arrival)
            09:30:00 c2 waits again (CallbackDue)
            09:31:00 c3 closed: talk 1739 hold 0 wrap-up 0
            09:31:00 ana is Ready
            09:31:00 offer c2 → ana until 09:31:20
        "#]],
    );
}

#[test]
fn a_contact_that_comes_early_does_not_wait_before_its_time() {
    check(
        "09:00 queue mail
         09:00 agent ana mail
         09:00 ana in
         09:00 ana ready
         09:00:01 email m1 mail from=09:05
         09:06 tick",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:05:00 m1 waits in mail (Arrival)
            09:05:00 offer m1 → ana until 09:06:00
            09:06:00 ana did not answer m1
            09:06:00 m1 waits again (TimedOut)
            09:06:00 ana is NotResponding
        "#]],
    );
}

#[test]
fn a_clock_that_steps_back_does_not_disturb_the_order() {
    check(
        "09:00 queue billing
         09:00 agent ana billing
         09:00 ana in
         09:00:10 call c1 billing
         09:00:05 call c2 billing
         09:00:20 ana ready",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:10 c1 waits in billing (Arrival)
            09:00:10 c2 waits in billing (Arrival)
            09:00:20 ana is Ready
            09:00:20 offer c1 → ana until 09:00:40
        "#]],
    );
}
