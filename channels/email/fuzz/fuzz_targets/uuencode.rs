//! Whatever is given for a text with files in it: they are no larger than the text and have safe
//! names.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| channel_email::fuzz::uuencode(text));
