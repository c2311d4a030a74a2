//! How many are needed: formulas, plan, forecast from what came in, what-if.

use std::sync::Arc;

use rozmova::auth::Role;
use rozmova_base::Timestamp;
use rozmova_base::time::MockClock;
use serde_json::json;

use super::centre::Centre;
use crate::support::TestServer;

#[tokio::test]
async fn erlang_and_plan_are_those_of_the_tables() {
    let server = TestServer::start().await;
    let boss = server.program("boss", Role::Supervisor).await;
    let path = "/api/v1/staffing/erlang?arrivals_per_hour=200&handling_s=180&agents=14";
    let staffed = boss.get(&format!("{path}&patience_s=120")).await.expect(200).json();
    let level = staffed["erlang_c"]["service_level_percent"].as_f64().expect("a figure");
    assert!((level - 88.835).abs() < 1e-3, "{staffed}");
    assert!(staffed["erlang_a"]["abandoned_percent"].as_f64().expect("a figure") > 0.0);
    boss.get(&path.replace("agents=14", "agents=0")).await.expect(422);
    boss.get(&path.replace("=200&", "=20000000&")).await.expect(422);

    let wish = json!({ "arrivals": [100.0, 200.0, 0.0], "interval_minutes": 30,
        "handling_s": 180.0, "shrinkage_percent": 30.0 });
    let plan = boss.post("/api/v1/staffing/plan", &wish).await.expect(200).json();
    assert_eq!(plan["intervals"][0]["agents"], 14);
    assert_eq!(plan["intervals"][0]["scheduled"], 20);
    assert_eq!(
        (&plan["intervals"][1]["agents"], &plan["formula"]),
        (&json!(24), &json!("erlang_c"))
    );
    assert_eq!(plan["intervals"][2]["scheduled"], 0);
    let impossible = json!({ "arrivals": [1e12], "interval_minutes": 30, "handling_s": 180.0 });
    boss.post("/api/v1/staffing/plan", &impossible).await.expect(422);
    let ana = server.program("ana", Role::Agent).await;
    ana.post("/api/v1/staffing/plan", &wish).await.expect(403);
}

#[tokio::test]
async fn a_forecast_follows_the_same_weekdays() {
    let monday: Timestamp =
        "2026-03-02T10:10:00Z".parse::<jiff::Timestamp>().expect("a time").into();
    let clock = Arc::new(MockClock::at(monday));
    let server = TestServer::with_clock(Arc::clone(&clock)).await;
    let boss = server.program("boss", Role::Supervisor).await;
    let centre = Centre::open(&server, &[]).await;
    for number in 1..=3 {
        centre.arrive(number).await;
    }
    clock.advance_millis(6 * 86_400_000);
    let path = "/api/v1/staffing/forecast?day=2026-03-09&interval_minutes=60&weeks=2";
    let forecast = boss.get(path).await.expect(200).json();
    // 12:10 in Kyiv.
    assert_eq!(forecast["arrivals"][12], 3.0, "{forecast}");
    assert_eq!(
        (&forecast["days_used"], &forecast["history"][0]["day"]),
        (&json!(1), &json!("2026-03-02"))
    );
    let other = format!("{path}&medium=call");
    assert_eq!(boss.get(&other).await.expect(200).json()["arrivals"], json!([]));
    boss.get("/api/v1/staffing/forecast?day=soon").await.expect(422);
}

#[tokio::test]
async fn what_if_runs_the_real_queue_within_limits() {
    let server = TestServer::start().await;
    let boss = server.program("boss", Role::Supervisor).await;
    let mut scenario = json!({
        "name": "what if", "begins": "09:00",
        "queue": [{ "name": "calls", "wrap_up_s": 0.0 }],
        "arrivals": [{ "queue": "calls", "medium": "call", "per_interval": [30.0, 30.0],
            "handling": { "mean_s": 120.0 }, "patience": { "mean_s": 90.0 } }],
        "agents": [{ "name": "all", "count": 3, "queues": ["calls"] }],
    });
    let few = boss.post("/api/v1/staffing/what-if", &scenario).await.expect(200).json();
    scenario["agents"][0]["count"] = json!(8);
    let many = boss.post("/api/v1/staffing/what-if", &scenario).await.expect(200).json();
    assert_eq!(few["arrived"], many["arrived"], "the same clients come");
    let level = |outcome: &serde_json::Value| {
        outcome["total"]["service_level_percent"].as_f64().expect("a figure")
    };
    assert!(level(&few) < level(&many), "{few} {many}");
    scenario["arrivals"][0]["queue"] = json!("post");
    let refusal = boss.post("/api/v1/staffing/what-if", &scenario).await.expect(422).json();
    assert_eq!(refusal["error"]["field"], "arrivals[1].queue");
    scenario["arrivals"][0]["queue"] = json!("calls");
    scenario["days"] = json!(3_660);
    boss.post("/api/v1/staffing/what-if", &scenario).await.expect(422);
    scenario["dyas"] = json!(1);
    boss.post("/api/v1/staffing/what-if", &scenario).await.expect(422);
}
