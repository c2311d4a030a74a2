use channel_contract::{AttachmentInfo, AuthenticationResult, InboundMessage};
use jiff::tz::TimeZone;
use rozmova_base::Timestamp;
use rozmova_base::id::{MessageId, QueueId, RuleId, SkillId, TextId, UserId};
use serde_json::{Value, json};

use super::compile::{Answer, References};
use super::evaluate::Effect;
use super::facts::{Sender, Standing};
use super::model::{NewRule, RULES_MAX, Rule, VALUE_CHARS_MAX, VALUES_MAX, too_much};
use super::*;
use crate::intake::store::json as to_json;
use crate::intake::testing::{CountingIds, mail, party};
use crate::intake::{IntakeConfig, Mailbox, Mailboxes, Rules, Settings, plan, store_batch};
use crate::routing::Routing;
use crate::store::Db;
use crate::{each_db, execute, fetch_one};

/// 2023-11-14T22:13:20Z, a Tuesday; in Kyiv it is Wednesday, a quarter past midnight.
const AT: Timestamp = Timestamp::from_seconds(1_700_000_000);
const NOBODY: UserId = UserId::from_u128(9);

fn test(field: &str, operator: &str, values: &[&str]) -> Value {
    json!({ "type": "test", "field": field, "operator": operator, "values": values })
}

fn not(mut test: Value) -> Value {
    test["negated"] = json!(true);
    test
}

fn rule(condition: &Value, acts: &Value) -> NewRule {
    let rule = json!({ "name": "A rule", "condition": condition, "acts": acts });
    serde_json::from_value(rule).expect("a rule")
}

fn compiled(rules: Vec<NewRule>) -> RuleSet {
    let answer = Answer { language: "uk".to_owned(), body: "Вітаємо!".to_owned() };
    let texts = [(TextId::from_u128(5), answer)].into_iter().collect();
    let zone = TimeZone::get("Europe/Kyiv").expect("a zone");
    let rules: Vec<Rule> = rules.into_iter().zip(1..).map(numbered).collect();
    RuleSet::compile(&rules, References { texts, zone }).expect("rules that can be carried out")
}

fn numbered((content, number): (NewRule, u32)) -> Rule {
    assert_eq!(content.problems(), [], "{content:?}");
    let id = RuleId::from_u128(u128::from(number));
    let version = content.version();
    Rule { id, number, content, version, changed_at: AT, changed_by: None }
}

fn message() -> InboundMessage {
    let mut message = mail("m1", "olena@shop.example");
    message.subject = "Re: БЛОКУВАННЯ  картки".to_owned();
    message.text = "М’який знак.\nIBAN UA123456".to_owned();
    message.raw = "X-Spam: Yes, very\r\nSubject: x\r\n\r\nX-Other: body\r\n".into();
    message.cc = vec![party("", "boss@shop.example")];
    message.authentication.dmarc = AuthenticationResult::Pass;
    message.attachments = vec![AttachmentInfo {
        part: 1,
        name: "Виписка.PDF".to_owned(),
        media_type: "application/pdf".to_owned(),
        size_bytes: 3,
        sha256: String::new(),
        content_id: None,
        inline: false,
    }];
    message
}

fn facts(message: &InboundMessage) -> Facts<'_> {
    let sender = Sender { standing: Standing::Client, vip: true, segment: "Premium" };
    Facts::of_mail(message, sender, "info@bank.example")
}

fn holds(condition: &Value) -> bool {
    let set = compiled(vec![rule(condition, &json!([{ "type": "tag", "tag": "x" }]))]);
    let message = message();
    !set.evaluate(&facts(&message), &Routing::default()).matched.is_empty()
}

#[test]
fn every_field_is_looked_at_in_its_way() {
    let header = |name: &str, value: &str| {
        let mut condition = test("header", "contains", &[value]);
        condition["header"] = json!(name);
        condition
    };
    for (condition, expected) in [
        (test("from", "equals", &["OLENA@shop.example"]), true),
        (test("from", "equals", &["lena@shop.example"]), false),
        (test("from_name", "contains", &["olen"]), true),
        (test("from_domain", "in_list", &["a.example", "shop.example"]), true),
        (test("from_domain", "equals", &["example"]), false),
        (test("to", "contains", &["info@"]), true),
        (test("cc", "equals", &["boss@shop.example"]), true),
        (test("recipient", "equals", &["boss@shop.example"]), true),
        (test("reply_to", "contains", &["@"]), false),
        (test("subject", "contains", &["блокування картки"]), true),
        (test("subject", "matches", &["^re: .*картк[аи]$"]), true),
        (test("body", "contains", &["нічого", "м'який"]), true),
        (test("body", "matches", &[r"ua\d{6}"]), true),
        (test("body", "matches", &[r"ua\d{7}"]), false),
        (header("X-SPAM", "yes"), true),
        (header("X-Other", "body"), false),
        (test("attachment_name", "contains", &[".pdf"]), true),
        (test("attachment_type", "equals", &["application/pdf"]), true),
        (test("attachment_count", "greater_than", &["0"]), true),
        (test("attachment_count", "greater_than", &["1"]), false),
        (test("channel", "equals", &["lmtp"]), true),
        (test("mailbox", "equals", &["info@bank.example"]), true),
        (test("segment", "equals", &["premium"]), true),
        (test("client", "equals", &["client"]), true),
        (test("client", "in_list", &["unknown", "vip"]), true),
        (test("kind", "equals", &["list"]), false),
        (test("medium", "equals", &["email"]), true),
        (test("dmarc", "equals", &["pass"]), true),
        (test("spf", "in_list", &["fail", "pass"]), false),
        (test("warning", "equals", &["reply_to_elsewhere"]), false),
        (test("size_bytes", "less_than", &["1000"]), true),
        (test("hour", "equals", &["0"]), true),
        (test("weekday", "equals", &["3"]), true),
    ] {
        assert_eq!(holds(&condition), expected, "{condition}");
        assert_eq!(holds(&not(condition.clone())), !expected, "not {condition}");
    }
}

#[test]
fn groups_hold_as_they_say() {
    let (yes, no) = (test("medium", "equals", &["email"]), test("medium", "equals", &["fax"]));
    let group = |of: &str, conditions: Value| {
        let kind = "group";
        json!({ "type": kind, "of": of, "conditions": conditions })
    };
    for (condition, expected) in [
        (group("all", json!([yes, yes])), true),
        (group("all", json!([yes, no])), false),
        (group("any", json!([no, yes])), true),
        (group("any", json!([no, no])), false),
        (group("none", json!([no, no])), true),
        (group("none", json!([no, yes])), false),
        (group("all", json!([])), true),
        (group("all", json!([yes, group("none", json!([no]))])), true),
    ] {
        assert_eq!(holds(&condition), expected, "{condition}");
    }
}

/// Any mail.
fn always() -> Value {
    json!({ "type": "group", "of": "all", "conditions": [] })
}

fn effects(verdict: &Verdict) -> Vec<(u32, &'static str, Effect)> {
    let acts = |matched: &Matched| {
        let number = matched.number;
        let acts = matched.acts.iter();
        acts.map(|act| (number, act.action.kind(), act.effect)).collect::<Vec<_>>()
    };
    verdict.matched.iter().flat_map(acts).collect()
}

#[test]
fn the_first_decision_stays_and_stop_ends_the_list() {
    let reply = json!({ "type": "reply", "text_id": TextId::from_u128(5) });
    let set = compiled(vec![
        rule(&always(), &json!([{ "type": "priority", "priority": 3 }, reply])),
        rule(&test("medium", "equals", &["fax"]), &json!([{ "type": "discard", "reason": "x" }])),
        rule(
            &always(),
            &json!([
                { "type": "priority", "priority": 1 },
                { "type": "queue", "queue_id": QueueId::from_u128(77) },
                { "type": "skill", "skill_id": SkillId::from_u128(78), "level": 5 },
                { "type": "tag", "tag": "картка" },
                { "type": "stop" },
            ]),
        ),
        rule(&always(), &json!([{ "type": "tag", "tag": "never" }])),
    ]);
    let message = message();
    let verdict = set.evaluate(&facts(&message), &Routing::default());
    assert_eq!(
        effects(&verdict),
        [
            (1, "priority", Effect::Done),
            (1, "reply", Effect::Done),
            (3, "priority", Effect::Overruled),
            (3, "queue", Effect::Gone),
            (3, "skill", Effect::Gone),
            (3, "tag", Effect::Done),
            (3, "stop", Effect::Done),
        ]
    );
    assert_eq!(
        (verdict.priority, verdict.queue, verdict.tags),
        (Some(3), None, vec!["картка".to_owned()])
    );
}

#[test]
fn discarding_undoes_what_came_before_and_never_takes_what_could_not_be_read() {
    let rules = || {
        compiled(vec![
            rule(&always(), &json!([{ "type": "priority", "priority": 2 }])),
            rule(
                &always(),
                &json!([{ "type": "tag", "tag": "ads" }, { "type": "discard", "reason": "Ads" }]),
            ),
            rule(&always(), &json!([{ "type": "tag", "tag": "last" }])),
        ])
    };
    let mut message = message();
    let verdict = rules().evaluate(&facts(&message), &Routing::default());
    let discard = verdict.discard.clone().expect("discarded");
    assert_eq!((discard.number, discard.reason.as_str()), (2, "Ads"));
    assert_eq!((verdict.priority, verdict.tags.clone()), (None, vec!["ads".to_owned()]));
    assert_eq!(
        effects(&verdict),
        [
            (1, "priority", Effect::Overruled),
            (2, "tag", Effect::Done),
            (2, "discard", Effect::Done),
        ]
    );
    message.readable = false;
    let verdict = rules().evaluate(&facts(&message), &Routing::default());
    assert_eq!((verdict.discard, verdict.priority), (None, Some(2)));
    assert_eq!(verdict.tags, ["ads", "last"]);
}

fn codes(condition: &Value, acts: &Value) -> Vec<(String, &'static str)> {
    let problems = rule(condition, acts).problems();
    problems.into_iter().map(|problem| (problem.field, problem.code)).collect()
}

#[test]
fn what_cannot_be_carried_out_is_named_field_by_field() {
    let tag = json!([{ "type": "tag", "tag": "x" }]);
    let many: Vec<&str> = vec!["x"; VALUES_MAX + 1];
    let long = "x".repeat(VALUE_CHARS_MAX + 1);
    for (condition, field, code) in [
        (test("subject", "matches", &["("]), "condition.values", "bad_pattern"),
        (test("subject", "matches", &[r"\w{100}{100}"]), "condition.values", "bad_pattern"),
        (test("subject", "greater_than", &["1"]), "condition.operator", "operator_unfit"),
        (test("size_bytes", "greater_than", &["many"]), "condition.values", "not_a_number"),
        (test("kind", "equals", &["bounce"]), "condition.values", "unknown_word"),
        (test("subject", "contains", &[]), "condition.values", "value_count"),
        (test("subject", "contains", &many), "condition.values", "value_count"),
        (test("subject", "contains", &[&long]), "condition.values", "bad_value"),
        (test("subject", "contains", &["\u{200b}"]), "condition.values", "bad_value"),
    ] {
        assert_eq!(codes(&condition, &tag), [(field.to_owned(), code)], "{condition}");
    }
    let mut deep = test("subject", "contains", &["x"]);
    for _ in 0..=model::DEPTH_MAX {
        deep = json!({ "type": "group", "of": "all", "conditions": [deep] });
    }
    assert_eq!(codes(&deep, &tag).len(), 1);
    let wide = vec![test("subject", "contains", &["x"]); model::CONDITIONS_MAX];
    let wide = json!({ "type": "group", "of": "any", "conditions": wide });
    assert_eq!(codes(&wide, &tag), [("condition".to_owned(), "too_many_conditions")]);
    for (acts, field, code) in [
        (json!([]), "acts", "bad_acts"),
        (json!([{ "type": "stop" }, { "type": "stop" }]), "acts.1", "twice"),
        (
            json!([{ "type": "discard", "reason": "x" }, { "type": "priority", "priority": 1 }]),
            "acts.1",
            "contradicts_discard",
        ),
        (json!([{ "type": "tag", "tag": "a\nb" }]), "acts.0", "bad_text"),
        (
            json!([{ "type": "skill", "skill_id": SkillId::from_u128(1), "level": 101 }]),
            "acts.0",
            "bad_level",
        ),
    ] {
        assert_eq!(codes(&always(), &acts), [(field.to_owned(), code)], "{acts}");
    }
}

#[test]
fn all_rules_together_are_bounded() {
    let one = rule(&always(), &json!([{ "type": "stop" }]));
    let enough = vec![one.clone(); RULES_MAX];
    assert_eq!(too_much(enough.iter()), None);
    let code = |rules: &[NewRule]| too_much(rules.iter()).map(|problem| problem.code);
    assert_eq!(code(&vec![one; RULES_MAX + 1]), Some("too_many_rules"));
    let pattern = rule(&test("body", "matches", &["a+"]), &json!([{ "type": "stop" }]));
    assert_eq!(code(&vec![pattern; model::PATTERNS_MAX + 1]), Some("too_many_patterns"));
    let value = "ї".repeat(VALUE_CHARS_MAX);
    let values: Vec<&str> = vec![&value; VALUES_MAX];
    let large = rule(&test("body", "contains", &values), &json!([{ "type": "stop" }]));
    assert_eq!(code(&vec![large; 7]), Some("too_many_values"));
}

async fn kept(db: &Db, contents: &[NewRule]) -> RuleSet {
    let mut tx = db.begin().await.expect("a transaction");
    for (content, number) in contents.iter().zip(1..) {
        let id = RuleId::from_u128(number);
        store::save(&mut tx.sql(), id, content, NOBODY, AT).await.expect("saved");
    }
    let set = now::prepare(&mut tx.sql(), &TimeZone::UTC).await.expect("ready");
    tx.commit().await.expect("committed");
    set
}

each_db!(rules_keep_their_order_and_content, |db| {
    let named = |name: &str| {
        let mut rule = rule(&always(), &json!([{ "type": "stop" }]));
        rule.name = name.to_owned();
        rule
    };
    kept(&db, &[named("a"), named("b"), named("c")]).await;
    let mut tx = db.begin().await.expect("a transaction");
    let sql = &mut tx.sql();
    let ids = [3, 1, 2].map(RuleId::from_u128);
    store::arrange(sql, &ids).await.expect("arranged");
    let mut other = named("b2");
    other.enabled = false;
    store::save(sql, ids[2], &other, NOBODY, AT).await.expect("changed");
    let rules = store::list(sql).await.expect("read");
    let shown: Vec<(u32, &str)> =
        rules.iter().map(|rule| (rule.number, rule.content.name.as_str())).collect();
    assert_eq!(shown, [(1, "c"), (2, "a"), (3, "b2")]);
    assert_eq!(rules[2].content, other);
    assert_eq!(rules[2].version, other.version());
    store::remove(sql, ids[0]).await.expect("removed");
    assert_eq!(store::list(sql).await.expect("read").len(), 2);
});

fn settings() -> Settings {
    let mailbox = Mailbox { address: "info@bank.example".to_owned(), ..Mailbox::default() };
    let mailboxes = Mailboxes::new(vec![mailbox], "");
    Settings::new(IntakeConfig::default(), mailboxes, "Bank", true).expect("templates")
}

/// Takes mails in by these rules; how many inputs the queue gets, and how many answers leave.
async fn take(db: &Db, set: &RuleSet, batch: &[InboundMessage]) -> (usize, usize) {
    let id = QueueId::from_u128(1);
    let queues = [plan::QueueName { id, name: "General".to_owned(), reopen_within_days: None }];
    let (routing, ids) = (Routing::default(), CountingIds::from(1_000));
    let rules = Rules { set, routing: &routing };
    let mut tx = db.begin().await.expect("a transaction");
    let plan = store_batch(&mut tx.sql(), &settings(), &queues, rules, &ids, AT, batch).await;
    let plan = plan.expect("stored");
    let counts = (plan.inputs.len(), plan.acknowledgements.len());
    drop(plan);
    tx.commit().await.expect("committed");
    counts
}

each_db!(what_is_discarded_is_kept_listed_and_taken_back_once, |db| {
    let ads = json!([{ "type": "tag", "tag": "ads" }, { "type": "discard", "reason": "Ads" }]);
    let set = kept(&db, &[rule(&test("subject", "contains", &["about ad"]), &ads)]).await;
    let batch = [mail("ad1", "a@example.net"), mail("m1", "olena@example.ua")];
    assert_eq!(take(&db, &set, &batch).await, (1, 1), "an advertisement is no work");
    let mut tx = db.begin().await.expect("a transaction");
    let sql = &mut tx.sql();
    let listed = store::discarded(sql, None, 10).await.expect("read");
    assert_eq!(listed.len(), 1);
    let row = &listed[0];
    assert_eq!((row.rule_number, row.reason.as_str()), (1, "Ads"));
    assert_eq!((row.subject.as_str(), row.from_address.as_str()), ("About ad1", "a@example.net"));
    let behind = Some((row.discarded_at, row.message_id));
    assert_eq!(store::discarded(sql, behind, 10).await.expect("read"), []);
    assert_eq!(store::tags(sql, row.interaction_id).await.expect("read"), ["ads"]);
    let traces = store::traces(sql, row.interaction_id).await.expect("read");
    assert_eq!(traces[0].2[0].acts.len(), 2);
    let state = fetch_one!(
        sql,
        (String, i64, String),
        "SELECT i.state, i.unread, r.outcome FROM interaction i
         JOIN message m ON m.interaction_id = i.id JOIN reception r ON r.message_id = m.id
         WHERE i.id = $1",
        row.interaction_id
    );
    let expected = ("closed".to_owned(), 0, "discarded_by_rule".to_owned());
    assert_eq!(state.await.expect("read"), expected);
    let back = store::restore(sql, row.message_id, NOBODY, AT).await.expect("taken back");
    assert_eq!(back, Some(row.interaction_id));
    assert_eq!(store::restore(sql, row.message_id, NOBODY, AT).await.expect("asked"), None);
    assert_eq!(store::discarded(sql, None, 10).await.expect("read"), []);
});

each_db!(an_answer_of_a_rule_takes_the_place_of_the_acknowledgement, |db| {
    let text = TextId::from_u128(5);
    let mut tx = db.begin().await.expect("a transaction");
    execute!(
        &mut tx.sql(),
        "INSERT INTO text_template (id, kind, queue_id, language, name, body, changed_at,
            changed_by) VALUES ($1, 'answer', NULL, 'uk', 'x', $2, $3, NULL)",
        text,
        "Номер {{ number }}, {{ client }}!",
        AT
    )
    .await
    .expect("a text");
    tx.commit().await.expect("committed");
    let reply = json!([{ "type": "reply", "text_id": text }]);
    let set = kept(&db, &[rule(&always(), &reply)]).await;
    let mut robot = mail("robot", "noreply@example.net");
    robot.unanswerable = Some("auto".to_owned());
    let batch = [mail("m1", "olena@example.ua"), robot];
    assert_eq!(take(&db, &set, &batch).await, (2, 1));
    let mut connection = db.read().await.expect("a connection");
    let sql = &mut connection.sql();
    let sent = fetch_one!(sql, (String,), "SELECT body FROM message WHERE kind = 'auto_reply'");
    assert_eq!(sent.await.expect("one answer").0, "Номер 1, Olena!");
    let robot = fetch_one!(
        sql,
        (String,),
        "SELECT t.matched FROM rule_trace t JOIN message m ON m.id = t.message_id
         WHERE m.from_address = 'noreply@example.net'"
    );
    let robot = robot.await.expect("a trace").0;
    assert!(robot.contains("withheld"), "{robot}");
});

each_db!(a_trial_sees_the_last_mails_and_changes_nothing, |db| {
    let none = RuleSet::default();
    let mut with_file = mail("file", "olena@example.ua");
    with_file.attachments = message().attachments;
    with_file.attachments[0].sha256 = crate::media::ContentHash::of(b"abc").to_string();
    take(&db, &none, &[mail("m1", "olena@example.ua"), with_file]).await;
    let mut connection = db.read().await.expect("a connection");
    let sql = &mut connection.sql();
    let rows = store::past(sql, 10).await.expect("read");
    let ids: Vec<MessageId> = rows.iter().map(|row| row.id).collect();
    let attachments = store::attachments(sql, &ids).await.expect("read");
    let files = test("attachment_type", "equals", &["application/pdf"]);
    let set = compiled(vec![rule(
        &test("from_domain", "equals", &["example.ua"]),
        &json!([{ "type": "stop" }]),
    )]);
    let mails = trial::joined(rows, attachments.clone());
    let outcome = trial::run(&set, &Routing::default(), mails, None);
    assert_eq!((outcome.looked_at, outcome.met, outcome.discarded), (2, 2, 0));
    let set = compiled(vec![rule(&files, &json!([{ "type": "discard", "reason": "x" }]))]);
    let rows = store::past(sql, 10).await.expect("read");
    let mails = trial::joined(rows, attachments);
    let outcome = trial::run(&set, &Routing::default(), mails, Some(RuleId::from_u128(1)));
    assert_eq!((outcome.looked_at, outcome.met, outcome.discarded), (2, 1, 1));
    assert_eq!(outcome.mails[0].subject, "About file");
    assert_eq!(store::discarded(sql, None, 10).await.expect("read"), []);
});

#[test]
fn a_trace_survives_its_rows() {
    let set = compiled(vec![rule(&always(), &json!([{ "type": "tag", "tag": "x" }]))]);
    let message = message();
    let verdict = set.evaluate(&facts(&message), &Routing::default());
    let read: Vec<Matched> = serde_json::from_str(&to_json(&verdict.matched)).expect("a trace");
    assert_eq!(read, verdict.matched);
    let said =
        words::explain(&read, &Routing::default(), crate::interaction::words::Language::English);
    assert_eq!(said, "Rule 1 “A rule”: tag x.");
}
