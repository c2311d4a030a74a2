//! REGISTER: who proves his password tells where his phone is. RFC 3261 §10.3, §22.

use channel_contract::base::Timestamp;

use super::incoming::Asked;
use super::{Event, SERVER, UserAgent};
use crate::digest::Verdict;
use crate::message::{HeaderName, Response, Status};

impl UserAgent {
    pub(super) fn register(&mut self, asked: &Asked, now: Timestamp) {
        let secrets = &self.secrets;
        let verdict = self.verifier.verify(
            &asked.request,
            &HeaderName::Authorization,
            |user| secrets.get(user).cloned(),
            now,
        );
        let response = match verdict {
            Verdict::Challenge { is_stale } => self.challenge(asked, is_stale, now),
            // The same as at first: nothing tells which of the two was wrong.
            Verdict::Wrong => self.challenge(asked, false, now),
            Verdict::Unreadable => Response::to(&asked.request, Status::BAD_REQUEST),
            // Whoever has proved to be one may not register for another. RFC 3261 §10.3 step 4.
            Verdict::Proved(user) if asked.essentials.to.uri.user().as_ref() != Some(&user) => {
                Response::to(&asked.request, Status::FORBIDDEN)
            }
            Verdict::Proved(user) => self.registered(asked, &user, now),
        };
        let mut response = response;
        self.tag(&mut response);
        response.headers.push(HeaderName::Server, SERVER);
        self.transactions.respond(asked.id, &response, now);
    }

    fn challenge(&self, asked: &Asked, is_stale: bool, now: Timestamp) -> Response {
        let mut response = Response::to(&asked.request, Status::UNAUTHORIZED);
        for challenge in self.verifier.challenges(is_stale, now) {
            response.headers.push(HeaderName::WwwAuthenticate, challenge);
        }
        response
    }

    fn registered(&mut self, asked: &Asked, user: &str, now: Timestamp) -> Response {
        let before = self.registrar.phones(user, now).len();
        let outcome =
            self.registrar.register(user, &asked.request, &asked.essentials, asked.flow, now);
        let mut response = Response::to(&asked.request, outcome.status);
        for (name, value) in outcome.headers {
            response.headers.push(name, value);
        }
        let phones = self.registrar.phones(user, now).len();
        if phones != before {
            self.events.push_back(Event::Registered { user: user.to_owned(), phones });
        }
        response
    }
}
