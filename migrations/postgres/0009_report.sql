-- Figures by quarter of an hour, summed from the event log; everything here can be made anew from
-- it. Each event adds to its queue, and to its agent, disposition code and client segment.
CREATE TABLE interval_count (
    slice TEXT NOT NULL,           -- queue, agent, disposition, segment
    attribution TEXT NOT NULL,     -- arrival, event
    begins_at BIGINT NOT NULL,
    queue_id UUID NOT NULL,
    medium TEXT NOT NULL,
    member TEXT NOT NULL,          -- id of the agent or code, number of the segment; else empty
    offered BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    answered_in_target BIGINT NOT NULL,
    answered_wait_ms BIGINT NOT NULL,
    abandoned BIGINT NOT NULL,
    abandoned_in_target BIGINT NOT NULL,
    abandoned_short BIGINT NOT NULL,
    abandoned_wait_ms BIGINT NOT NULL,
    flowed_out BIGINT NOT NULL,
    callbacks_in_target BIGINT NOT NULL,
    longest_wait_ms BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    talk_ms BIGINT NOT NULL,
    hold_ms BIGINT NOT NULL,
    wrap_up_ms BIGINT NOT NULL,
    offers BIGINT NOT NULL,
    declined BIGINT NOT NULL,
    no_answers BIGINT NOT NULL,
    PRIMARY KEY (slice, attribution, begins_at, queue_id, medium, member)
);

-- How long agents were in which state, by quarter of an hour; a state that still lasts is not here.
CREATE TABLE interval_agent_state (
    begins_at BIGINT NOT NULL,
    agent_id UUID NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,          -- id of the pause reason; else empty
    duration_ms BIGINT NOT NULL,
    PRIMARY KEY (begins_at, agent_id, state, reason)
);
