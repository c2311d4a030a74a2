//! Whatever the HTML: cleaning ends, and nothing that runs or calls home is left.
#![no_main]

use channel_email::config::ReadingLimits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|html: &str| {
    let cleaned = channel_email::html::clean(html, &ReadingLimits::default());
    let Some(rendered) = cleaned else { return };
    let lower = rendered.html.to_ascii_lowercase();
    // Outside of tags everything is text.
    for tag in lower.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        for element in ["script", "iframe", "style", "svg", "form", "object"] {
            assert!(!tag.starts_with(element), "{tag}");
        }
        for attribute in [" src=\"http", " onerror=", "=\"javascript:"] {
            assert!(!tag.contains(attribute), "{tag}");
        }
    }
});
