//! What contacts need of an agent, what a ring leaves of it, and limits of texts.

use crate::config::{MAX_REASON_CHARS, MAX_SKILLS, QueueConfig, SkillLevel};
use crate::rejected::Rejected;

/// Needs sorted by skill, each skill once.
pub(crate) fn sorted_needs(mut needs: Vec<SkillLevel>) -> Result<Vec<SkillLevel>, Rejected> {
    let invalid = |problem| Err(Rejected::InvalidSetting { field: "needs", problem });
    if needs.len() > MAX_SKILLS {
        return invalid("at most 200 skills");
    }
    needs.sort_unstable();
    if needs.windows(2).any(|pair| pair[0].skill == pair[1].skill) {
        return invalid("a skill may be named once only");
    }
    if needs.iter().any(|need| !(1..=100).contains(&need.level)) {
        return invalid("a level is a number from 1 to 100");
    }
    Ok(needs)
}

/// What a ring leaves of the needs.
pub(crate) fn relaxed(needs: &[SkillLevel], ring: u8, config: &QueueConfig) -> Box<[SkillLevel]> {
    let Some(ring) = usize::from(ring).checked_sub(2).and_then(|index| config.rings.get(index))
    else {
        return needs.into();
    };
    if ring.drop_all_skills {
        return Box::default();
    }
    needs
        .iter()
        .filter(|need| !ring.drop_skills.contains(&need.skill))
        .map(|need| SkillLevel {
            skill: need.skill,
            level: need.level.saturating_sub(ring.lower_levels_by).max(1),
        })
        .collect()
}

/// Names, reasons and causes are kept short: they stand in every event.
pub(crate) fn check_text(field: &'static str, text: &str) -> Result<(), Rejected> {
    if text.chars().count() > MAX_REASON_CHARS {
        return Err(Rejected::InvalidSetting { field, problem: "at most 500 characters" });
    }
    Ok(())
}
