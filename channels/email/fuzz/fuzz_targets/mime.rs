//! Whatever the bytes: reading ends without a panic, and texts are free of control characters.
#![no_main]

use channel_email::config::EmailConfig;
use channel_email::inspect::inspect;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let policy = channel_email::policy(&EmailConfig::default(), b"a secret for fuzzing");
    let inspection = inspect(raw, &policy);
    assert!(!inspection.defects.iter().any(|defect| defect.code == "reader_failed"));
    assert!(!inspection.subject.chars().any(char::is_control));
    assert!(!inspection.text.contains(['\0', '\r']));
});
