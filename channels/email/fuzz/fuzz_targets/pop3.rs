//! Whatever a POP3 server says: a session ends, and no mail is larger than was asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|replies: &[u8]| channel_email::fuzz::pop3(replies));
