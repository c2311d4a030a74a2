//! Whatever the HTML: cleaning ends, and nothing that runs or calls home is left.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|html: &str| {
    let Some(rendered) = channel_email::html::clean(html) else { return };
    let lower = rendered.html.to_ascii_lowercase();
    for forbidden in ["<script", "<iframe", "<style", "<svg", " src=\"http", " onerror="] {
        assert!(!lower.contains(forbidden), "{forbidden} in {lower}");
    }
});
