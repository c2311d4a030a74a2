//! What integration tests stand on. Start with [`TestServer::start`] or, for both databases,
//! [`each_server`].

mod client;
mod live;
mod mail;
#[path = "../../../channels/email/tests/authentication/name_server.rs"]
pub(crate) mod name_server;
mod postfix;
mod proxy;
mod server;

pub(crate) use client::{Answer, Client};
pub(crate) use live::Live;
pub(crate) use mail::{Lmtp, Sink};
pub(crate) use postfix::Postfix;
pub(crate) use proxy::Proxy;
pub(crate) use server::{PASSWORD, TestServer, mailbox, postgres_server};

/// `each_server!(name, |server| { … })` makes a module with two tests: a server on SQLite and one
/// on PostgreSQL. Without `ROZMOVA_TEST_POSTGRES_URL` the second checks nothing, unless
/// `ROZMOVA_TEST_REQUIRE_POSTGRES` is set: then it fails.
macro_rules! each_server {
    ($name:ident, |$server:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "a body may need none")]
            use super::*;

            async fn check($server: &$crate::support::TestServer) $body

            #[tokio::test]
            async fn sqlite() {
                let server = $crate::support::TestServer::start().await;
                check(&server).await;
                server.stop().await;
            }

            #[tokio::test]
            async fn postgres() {
                let Some(server) = $crate::support::TestServer::on_postgres().await else {
                    return;
                };
                check(&server).await;
                server.stop().await;
            }
        }
    };
}
pub(crate) use each_server;
