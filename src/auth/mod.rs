//! People who sign in, what they may do, and how they prove who they are.
//!
//! - A browser proves it by a cookie with a random token; the store keeps the token's digest.
//! - A program proves it by `Authorization: Bearer rzm_…`, likewise.
//! - What a person may do is a table: [`Role`] → [`Right`]s.
//! - Wrong passwords slow down further attempts: [`backoff`].

pub mod api;
pub mod backoff;
pub mod login;
mod model;
mod password;
mod role;
mod secret;
pub mod store;
pub mod users;

pub use model::{Credential, Forbidden, LANGUAGES, SignedIn, User};
pub use password::{PasswordProblem, Passwords, check_length, generate};
pub use role::{Right, Role};
pub use secret::{RandomSource, Token, digest};
