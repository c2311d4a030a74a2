//! People who serve queues: what they do now, and what they ask of the queue.

pub mod api;
pub mod model;
