//! Whatever is given for a container of Outlook's: reading ends, and nothing is unpacked.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| channel_email::fuzz::tnef(bytes));
