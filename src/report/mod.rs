//! Figures, computed from the event log alone.

pub mod measure;
