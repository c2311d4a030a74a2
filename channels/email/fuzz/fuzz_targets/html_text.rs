//! Whatever is given for HTML: reading it as text ends, and keeps to its bound.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|html: &str| channel_email::fuzz::html_text(html));
