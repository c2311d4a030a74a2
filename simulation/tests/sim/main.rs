//! Scenarios: the files of config/scenarios, queueing theory, faults, and bad input.

mod faults;
mod files;
mod theory;
