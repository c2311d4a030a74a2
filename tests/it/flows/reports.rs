//! Reports over what agents did.

use rozmova::auth::Role;
use serde_json::json;

use super::centre::{Centre, make_ready};
use crate::support::{TestServer, each_server};

each_server!(a_contact_is_in_every_report, |server| {
    let ana = server.program("ana", Role::Agent).await;
    let boss = server.program("boss", Role::Supervisor).await;
    let centre = Centre::open(server, &["ana"]).await;
    make_ready(&ana).await;
    let id = centre.arrive(1).await;
    centre.arrive(2).await;
    let work = ana.get("/api/v1/agents/me/work").await.expect(200).json();
    let offer = work["offers"][0]["id"].as_str().expect("an id").to_owned();
    ana.put(&format!("/api/v1/offers/{offer}/acceptance"), &json!({})).await.expect(200);
    let result = json!({ "disposition_id": centre.disposition(0), "note": "" });
    ana.put(&format!("/api/v1/interactions/{id}/disposition"), &result).await.expect(200);

    let wall = boss.get("/api/v1/wallboard").await.expect(200).json();
    for attribution in ["arrival", "event"] {
        let path = format!("/api/v1/reports/intervals?by=queue&attribution={attribution}");
        let report = boss.get(&path).await.expect(200).json();
        let total = &report["total"];
        assert_eq!(total["offered"], 2);
        assert_eq!(total["answered"], wall["queues"][0]["answered_today"]);
        assert_eq!((&total["closed"], &total["service_level_percent"]), (&json!(1), &json!(100.0)));
        let key = report["items"][0]["key"].as_str().expect("a key");
        assert_eq!(report["names"][key], "Cards");
        assert_eq!(report["formula"]["name"], "answered_of_decided");
    }
    for (by, name) in [("agent", "ana"), ("disposition", "Done"), ("segment", "ordinary")] {
        let path = format!("/api/v1/reports/intervals?by={by}&formula=removed_of_queued");
        let report = boss.get(&path).await.expect(200).json();
        let names: Vec<_> = report["names"].as_object().expect("names").values().collect();
        assert_eq!(names, [name], "{by}");
        assert_eq!(report["total"]["closed"], 1, "{by}");
    }
    let csv = boss.get("/api/v1/reports/intervals.csv?by=queue&interval_minutes=1440").await;
    let csv = csv.expect(200);
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = csv.text();
    assert!(text.starts_with("begins,ends,key,name,offered,"), "{text}");
    assert!(text.contains("service_level_percent (answered in ≤ T / (answered +"), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");

    for report in ["intervals", "agent-times"] {
        let book = boss.get(&format!("/api/v1/reports/{report}.xlsx")).await.expect(200);
        let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        assert_eq!(book.header("content-type"), Some(kind));
        let disposition = book.header("content-disposition").expect("a name");
        assert!(disposition.ends_with(".xlsx\""), "{disposition}");
        assert!(book.body.starts_with(b"PK\x03\x04"), "an archive");
        // The end of the directory: six files, so nothing is cut off.
        let end = &book.body[book.body.len() - 22..];
        assert_eq!((&end[..4], end[10]), (&b"PK\x05\x06"[..], 6));
    }

    let times = boss.get("/api/v1/reports/agent-times").await.expect(200).json();
    assert_eq!(times["items"][0]["name"], "ana");
    let csv = boss.get("/api/v1/reports/agent-times.csv").await.expect(200).text();
    assert!(csv.contains(",ana,"), "{csv}");
});

#[tokio::test]
async fn reports_refuse_what_makes_no_sense() {
    let server = TestServer::start().await;
    let ana = server.program("ana", Role::Agent).await;
    let boss = server.program("boss", Role::Supervisor).await;
    ana.get("/api/v1/reports/intervals").await.expect(403);
    for (query, field) in [
        ("interval_minutes=20", "interval_minutes"),
        ("first_day=monday", "first_day"),
        ("first_day=2026-03-02&last_day=2026-03-01", "first_day"),
        ("first_day=2020-03-02&last_day=2026-03-01", "first_day"),
        ("medium=pigeon", "medium"),
    ] {
        let path = format!("/api/v1/reports/intervals?{query}");
        let refusal = boss.get(&path).await.expect(422).json();
        assert_eq!(refusal["error"]["field"], field, "{query}");
    }
    boss.get("/api/v1/reports/intervals?colour=red").await.expect(422);
    let empty = boss.get("/api/v1/reports/intervals").await.expect(200).json();
    assert_eq!(empty["items"], json!([]));
    assert_eq!(empty["total"]["service_level_percent"], json!(null));
}
