//! Simulations of whole centres with the real engine.
//!
//! `theory_*`: long runs of simple centres against the formulas of queueing theory.
//! `growth`: what a step costs in small and in large centres.
//! `limits`: the largest centre that is promised, and what is beyond.
//! `seeds`: short runs of complicated centres with faults; after every step the invariants are
//! checked and the engine is compared with a slow model of the rules. A failure prints the seed:
//! `SIM_SEED=17 cargo test -p rozmova-queue --test sim seeds` runs it alone.

mod chance;
mod growth;
mod limits;
mod model;
mod seeds;
mod theory;
mod world;
