//! Whatever is given for an invitation: describing it ends.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| channel_email::fuzz::calendar(text));
