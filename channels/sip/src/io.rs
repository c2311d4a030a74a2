//! Everything that touches the machine: sockets, files, the run time.

pub mod media;
