//! Texts that agents use, administered over the API.

use rozmova::auth::Role;
use serde_json::{Value, json};

use crate::flows::centre::Centre;
use crate::support::each_server;

each_server!(texts_are_checked_when_saved_and_filled_in_for_a_contact, |server| {
    let centre = Centre::open(server, &[]).await;
    let supervisor = server.program("sofia", Role::Supervisor).await;
    let agent = server.program("petro", Role::Agent).await;
    let interaction = centre.arrive(41).await;
    let text = |body: &str| {
        json!({ "kind": "answer", "queue_id": centre.queue, "language": "uk", "name": "Картка",
            "body": body })
    };
    agent.post("/api/v1/texts", &text("x")).await.expect(403);
    let body = "Звернення {{ number }} ({{ subject }}), {{ agent }}{% if client %}!{% endif %}";
    let kept = supervisor.post("/api/v1/texts", &text(body)).await.expect(201).json();
    for bomb in ["{% for a in b %}{% endfor %}", "{{ password }}", "{{"] {
        let refused = supervisor.post("/api/v1/texts", &text(bomb)).await.expect(422).json();
        assert_eq!(refused["error"]["field"], "body", "{bomb}");
    }
    let path = format!("/api/v1/interactions/{interaction}/texts");
    agent.get(&path).await.expect(404);
    let usable = supervisor.get(&path).await.expect(200).json();
    assert_eq!(usable[0]["text"], "Звернення 41 (Card), sofia");
    let shown = json!({ "body": "{{ client }}" });
    let shown = supervisor.post("/api/v1/texts/preview", &shown).await.expect(200).json();
    assert_eq!(shown["text"], "Олена Коваль");

    let id = kept["id"].as_str().expect("an id");
    let path_of_text = format!("/api/v1/texts/{id}");
    supervisor.put(&path_of_text, &text("Нове")).await.expect(200);
    let all = supervisor.get("/api/v1/texts").await.expect(200).json();
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    assert_eq!(all[0]["body"], "Нове");
    supervisor.delete(&path_of_text).await.expect(204);
    supervisor.delete(&path_of_text).await.expect(404);
    let none: Value = supervisor.get(&path).await.expect(200).json();
    assert_eq!(none, json!([]));
});

each_server!(colleagues_see_that_somebody_writes_and_not_what, |server| {
    let centre = Centre::open(server, &[]).await;
    let interaction = centre.arrive(42).await;
    let (one, two) = (
        server.program("one", Role::Supervisor).await,
        server.program("two", Role::Supervisor).await,
    );
    let draft = json!({ "text": "Half a sentence", "mode": "forward" });
    let path = format!("/api/v1/interactions/{interaction}/draft");
    one.put(&path, &draft).await.expect(200);
    assert_eq!(one.get(&path).await.expect(200).json()["mode"], "forward");
    let others = format!("/api/v1/interactions/{interaction}/drafts");
    let seen = two.get(&others).await.expect(200);
    assert!(!seen.text().contains("Half"), "{}", seen.text());
    assert_eq!(seen.json()[0]["author"]["name"], "one");
    assert_eq!(one.get(&others).await.expect(200).json(), json!([]));
});
