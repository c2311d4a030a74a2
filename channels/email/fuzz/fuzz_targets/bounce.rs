//! Whatever is given for a delivery report, in the form of RFC 3464 or in words: what is found is
//! fit for a row.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|report: &str| channel_email::fuzz::bounce(report));
