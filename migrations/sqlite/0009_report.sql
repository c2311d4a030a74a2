-- Figures by quarter of an hour, summed from the event log; everything here can be made anew from
-- it. Each event adds to its queue, and to its agent, disposition code and client segment.
CREATE TABLE interval_count (
    slice TEXT NOT NULL,           -- queue, agent, disposition, segment
    attribution TEXT NOT NULL,     -- arrival, event
    begins_at INTEGER NOT NULL,
    queue_id BLOB NOT NULL,
    medium TEXT NOT NULL,
    member TEXT NOT NULL,          -- id of the agent or code, number of the segment; else empty
    offered INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    answered_in_target INTEGER NOT NULL,
    answered_wait_ms INTEGER NOT NULL,
    abandoned INTEGER NOT NULL,
    abandoned_in_target INTEGER NOT NULL,
    abandoned_short INTEGER NOT NULL,
    abandoned_wait_ms INTEGER NOT NULL,
    flowed_out INTEGER NOT NULL,
    callbacks_in_target INTEGER NOT NULL,
    longest_wait_ms INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    talk_ms INTEGER NOT NULL,
    hold_ms INTEGER NOT NULL,
    wrap_up_ms INTEGER NOT NULL,
    offers INTEGER NOT NULL,
    declined INTEGER NOT NULL,
    no_answers INTEGER NOT NULL,
    PRIMARY KEY (slice, attribution, begins_at, queue_id, medium, member)
) STRICT;

-- How long agents were in which state, by quarter of an hour; a state that still lasts is not here.
CREATE TABLE interval_agent_state (
    begins_at INTEGER NOT NULL,
    agent_id BLOB NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,          -- id of the pause reason; else empty
    duration_ms INTEGER NOT NULL,
    PRIMARY KEY (begins_at, agent_id, state, reason)
) STRICT;
