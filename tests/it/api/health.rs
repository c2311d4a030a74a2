//! What monitoring asks.

use channel_contract::{Health, HealthState};
use rozmova::auth::Role;
use rozmova_base::Timestamp;

use crate::support::{TestServer, each_server};

each_server!(monitoring_sees_process_store_and_figures, |server| {
    let anybody = server.anybody();
    anybody.get("/healthz").await.expect(200);
    anybody.get("/readyz").await.expect(200);
    let figures = String::from_utf8(anybody.get("/metrics").await.expect(200).body);
    let figures = figures.expect("text");
    for figure in ["rozmova_http_requests_total{", "rozmova_store_up 1", "rozmova_outbox_waiting 0"]
    {
        assert!(figures.contains(figure), "{figure} is not in {figures}");
    }
});

#[tokio::test]
async fn a_store_that_is_gone_makes_the_server_not_ready_and_says_so() {
    let server = TestServer::start().await;
    let agent = server.program("olena", Role::Agent).await;
    server.app().db.close().await;
    server.anybody().get("/healthz").await.expect(200);
    server.anybody().get("/readyz").await.expect(503);
    let refused = agent.get("/api/v1/session").await.expect_refusal(503, "store_unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
    server.stop().await;
}

#[tokio::test]
async fn the_health_page_shows_channels_to_those_who_may_see_them() {
    let server = TestServer::start().await;
    let detail = "the port is taken".to_owned();
    let health = Health { state: HealthState::Down, detail };
    server.app().health.report("a-test-channel", health, Timestamp(1));
    let supervisor = server.program("ivan", Role::Supervisor).await;
    let view = supervisor.get("/api/v1/health").await.expect(200).json();
    let channels = view["channels"].as_array().expect("channels");
    let ours = channels.iter().find(|channel| channel["name"] == "a-test-channel").expect("ours");
    assert_eq!((&ours["state"], &ours["since_at"]), (&"down".into(), &1.into()));
    assert_eq!(view["store"]["state"], "up");
    assert_eq!((&view["outbox"]["waiting"], &view["spool"]["waiting"]), (&0.into(), &0.into()));
    let agent = server.program("olena", Role::Agent).await;
    agent.get("/api/v1/health").await.expect_refusal(403, "forbidden");
    server.stop().await;
}
