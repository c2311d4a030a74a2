//! One file for each group of resources.

mod audit;
mod guards;
mod health;
mod session;
mod setup;
mod users;
