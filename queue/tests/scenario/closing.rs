//! How contacts end.

use expect_test::expect;

use crate::script::check;

#[test]
fn a_caller_who_hangs_up_takes_the_offer_with_him() {
    check(
        "09:00 queue desk
         09:00 agent ana desk
         09:00 ana in
         09:00 call c1 desk
         09:00:03 c1 abandon
         09:00:05 ana ready
         09:00:10 call c2 desk
         09:00:20 c2 abandon
         09:00:21 ana accept c2
         09:00:30 call c3 desk
         09:00:31 c3 fail
         09:00:32 c3 abandon",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 c1 waits in desk (Arrival)
            09:00:03 c1 left desk Abandoned after 3 s
            09:00:03 c1 abandoned after 3 s, short
            09:00:05 ana is Ready
            09:00:10 c2 waits in desk (Arrival)
            09:00:10 offer c2 → ana until 09:00:30
            09:00:20 offer c2 → ana withdrawn (Abandoned)
            09:00:20 c2 left desk Abandoned after 10 s
            09:00:20 c2 abandoned after 10 s
            09:00:21 refused: OfferOver
            09:00:30 c3 waits in desk (Arrival)
            09:00:30 offer c3 → ana until 09:00:50
            09:00:31 offer c3 → ana withdrawn (Failed)
            09:00:31 c3 left desk Failed after 1 s
            09:00:31 c3 failed: line lost
            09:00:32 refused: UnknownInteraction
        "#]],
    );
}

#[test]
fn a_required_code_must_be_given_before_wrap_up_ends_by_hand() {
    check(
        "09:00 queue desk code
         09:00 agent ana desk
         09:00 ana in
         09:00 ana ready
         09:00 call c1 desk
         09:00 ana accept c1
         09:01 c1 end
         09:02 c1 done
         09:03 c1 done solved",
        expect![[r#"
            09:00:00 ana is Paused
            09:00:00 ana is Ready
            09:00:00 c1 waits in desk (Arrival)
            09:00:00 offer c1 → ana until 09:00:20
            09:00:00 c1 left desk Answered after 0 s
            09:00:00 c1 with ana (Offer)
            09:00:00 ana is Busy
            09:01:00 c1 wrap-up until 10:01:00
            09:01:00 ana is WrapUp
            09:02:00 refused: DispositionRequired
            09:03:00 c1 DispositionSet
            09:03:00 c1 wrap-up over
            09:03:00 c1 closed: talk 60 hold 0 wrap-up 120
            09:03:00 ana is Ready
        "#]],
    );
}

#[test]
fn an_arrival_is_taken_in_once() {
    check(
        "09:00 queue desk
         09:00 email m1 desk
         09:01 email m1 desk
         09:02 email m2 nowhere
         09:03 m3 end",
        expect![[r#"
            09:00:00 m1 waits in desk (Arrival)
            09:01:00 refused: DuplicateInteraction
            09:02:00 refused: UnknownQueue
            09:03:00 refused: UnknownInteraction
        "#]],
    );
}
