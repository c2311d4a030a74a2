/** The figures on top of the wallboard, from the queues and agents as they are now. Pure. */
import type { Agent, Micros, QueueNow } from '../api/types';

export interface Figures {
  waiting: number;
  oldestSinceAt: Micros | null;
  /** Share of today's contacts answered in time, each queue weighted by what was offered to it. */
  levelPercent: number | null;
  answered: number;
  abandoned: number;
  free: number;
  busy: number;
  paused: number;
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

export function figures(queues: readonly QueueNow[], agents: readonly Agent[]): Figures {
  const oldest = queues.flatMap((queue) => queue.oldest_waiting_since_at ?? []);
  const measured = queues.filter((queue) => queue.service_level_percent_today !== null);
  const offered = sum(measured.map((queue) => queue.offered_today));
  const inTime = sum(
    measured.map((queue) => (queue.service_level_percent_today ?? 0) * queue.offered_today),
  );
  const inState = (...states: Agent['state'][]) =>
    agents.filter((agent) => states.includes(agent.state)).length;
  return {
    waiting: sum(queues.map((queue) => queue.waiting)),
    oldestSinceAt: oldest.length > 0 ? Math.min(...oldest) : null,
    levelPercent: offered > 0 ? inTime / offered : null,
    answered: sum(queues.map((queue) => queue.answered_today)),
    abandoned: sum(queues.map((queue) => queue.abandoned_today)),
    free: inState('ready'),
    busy: inState('busy', 'wrap_up'),
    paused: inState('paused', 'not_responding'),
  };
}

const URGENCY = { critical: 0, at_risk: 1, normal: 2 };

/** Worst first, so that what needs a look is found where one looks first. */
export function byUrgency(queues: Iterable<QueueNow>, compare: (a: string, b: string) => number) {
  return [...queues].sort((a, b) => URGENCY[a.state] - URGENCY[b.state] || compare(a.name, b.name));
}

/** Columns and rows in which `count` tiles fill a wide screen best. */
export function layout(count: number): { columns: number; rows: number } {
  const tiles = Math.max(1, count);
  const columns = tiles <= 3 ? tiles : Math.ceil(Math.sqrt(tiles));
  return { columns, rows: Math.ceil(tiles / columns) };
}
