/** The live connection as a pure machine: what came in and what time it is decide what to do next.
 *
 * 1. An event is delivered once: only numbers greater than the last one delivered pass.
 * 2. After a break the server is asked to continue after that number. When it cannot, everything is
 *    fetched anew, and numbers continue from the greeting.
 * 3. A silent connection is a lost one: the server pings every 15 s.
 * 4. Attempts wait longer and longer, by chance spread, so that a restarted server is not stormed.
 */
import type { Micros } from '../api/types';
import type { Frame, LiveEvent } from './event';

/** Two pings missed and a margin. */
export const SILENCE_MS = 40_000;
export const FIRST_WAIT_MS = 500;
export const LONGEST_WAIT_MS = 15_000;

export type Phase = 'stopped' | 'connecting' | 'live' | 'waiting';

export interface Connection {
  phase: Phase;
  /** Names one life of the server's event log; null before the first greeting. */
  epoch: string | null;
  last: number;
  attempt: number;
  /** When the next attempt is due (phase `waiting`), by the local clock. */
  retryAtMs: number;
  heardAtMs: number;
}

export type Input =
  | { type: 'start' }
  | { type: 'frame'; text: string }
  | { type: 'closed' }
  | { type: 'tick' }
  /** The user, or the browser coming online, asks not to wait. */
  | { type: 'hurry' }
  | { type: 'stop' };

export type Output =
  | { type: 'connect'; epoch: string | null; after: number }
  | { type: 'disconnect' }
  | { type: 'send'; text: string }
  | { type: 'heard'; at: Micros }
  | { type: 'event'; event: LiveEvent }
  | { type: 'resync' };

export const INITIAL: Connection = {
  phase: 'stopped',
  epoch: null,
  last: 0,
  attempt: 0,
  retryAtMs: 0,
  heardAtMs: 0,
};

type Step = [Connection, Output[]];

/** `chance` is a number from 0 to 1 that spreads the attempts of many desks. */
export function step(now: Connection, input: Input, nowMs: number, chance: number): Step {
  switch (input.type) {
    case 'start':
      return now.phase === 'stopped' ? connect(now, nowMs) : [now, []];
    case 'stop':
      return [{ ...INITIAL }, now.phase === 'stopped' ? [] : [{ type: 'disconnect' }]];
    case 'closed':
      return now.phase === 'connecting' || now.phase === 'live'
        ? [wait(now, nowMs, chance), []]
        : [now, []];
    case 'hurry':
      return now.phase === 'waiting' ? connect(now, nowMs) : [now, []];
    case 'tick':
      return tick(now, nowMs, chance);
    case 'frame':
      return now.phase === 'connecting' || now.phase === 'live'
        ? frame({ ...now, heardAtMs: nowMs }, input.text)
        : [now, []];
  }
}

function connect(now: Connection, nowMs: number): Step {
  return [
    { ...now, phase: 'connecting', heardAtMs: nowMs },
    [{ type: 'connect', epoch: now.epoch, after: now.last }],
  ];
}

function wait(now: Connection, nowMs: number, chance: number): Connection {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** now.attempt);
  const waitMs = longest / 2 + (longest / 2) * chance;
  return { ...now, phase: 'waiting', attempt: now.attempt + 1, retryAtMs: nowMs + waitMs };
}

function tick(now: Connection, nowMs: number, chance: number): Step {
  if (now.phase === 'waiting' && nowMs >= now.retryAtMs) return connect(now, nowMs);
  const open = now.phase === 'connecting' || now.phase === 'live';
  if (open && nowMs - now.heardAtMs > SILENCE_MS) {
    return [wait(now, nowMs, chance), [{ type: 'disconnect' }]];
  }
  return [now, []];
}

function parse(text: string): Frame | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'type' in value ? (value as Frame) : null;
  } catch {
    return null;
  }
}

function frame(now: Connection, text: string): Step {
  const message = parse(text);
  if (!message) return [now, []];
  switch (message.type) {
    case 'hello': {
      const continued = message.resumed && message.epoch === now.epoch;
      const next: Connection = {
        ...now,
        phase: 'live',
        attempt: 0,
        epoch: message.epoch,
        last: continued ? now.last : message.seq,
      };
      return [next, continued ? [] : [{ type: 'resync' }]];
    }
    case 'ping':
      return [
        now,
        [
          { type: 'heard', at: message.at },
          { type: 'send', text: JSON.stringify({ type: 'pong', at: message.at }) },
        ],
      ];
    default:
      if (now.phase !== 'live' || !(message.seq > now.last)) return [now, []];
      return [{ ...now, last: message.seq }, [{ type: 'event', event: message }]];
  }
}
