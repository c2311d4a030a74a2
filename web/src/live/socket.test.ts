import { describe, expect, it } from 'vitest';

import {
  FIRST_WAIT_MS,
  INITIAL,
  LONGEST_WAIT_MS,
  SILENCE_MS,
  step,
  type Connection,
  type Input,
  type Output,
} from './socket';

/** Feeds inputs one after another; chance is always one half. */
function run(inputs: [atMs: number, Input][], from: Connection = INITIAL) {
  const outputs: Output[] = [];
  let now = from;
  for (const [atMs, input] of inputs) {
    const [next, made] = step(now, input, atMs, 0.5);
    now = next;
    outputs.push(...made);
  }
  return { now, outputs };
}

const frame = (value: unknown): Input => ({ type: 'frame', text: JSON.stringify(value) });
const hello = (epoch: string, seq: number, resumed: boolean) =>
  frame({ type: 'hello', epoch, seq, resumed });
const event = (seq: number) =>
  frame({ seq, at: 0, type: 'client.changed', data: { client_id: `client ${seq}` } });
const delivered = (outputs: Output[]) =>
  outputs.flatMap((output) => (output.type === 'event' ? output.event.seq : []));

const LIVE: [number, Input][] = [
  [0, { type: 'start' }],
  [10, hello('a', 5, false)],
];

describe('the live connection', () => {
  it('connects, fetches everything at the first greeting, then delivers', () => {
    const { now, outputs } = run([...LIVE, [20, event(6)], [30, event(9)]]);
    expect(outputs.map((output) => output.type)).toEqual(['connect', 'resync', 'event', 'event']);
    expect(outputs[0]).toEqual({ type: 'connect', epoch: null, after: 0 });
    expect(now).toMatchObject({ phase: 'live', epoch: 'a', last: 9 });
  });

  it('never delivers a number twice nor one from before the greeting', () => {
    const { outputs } = run([
      ...LIVE,
      [20, event(4)],
      [20, event(5)],
      [20, event(6)],
      [20, event(6)],
      [20, event(7)],
    ]);
    expect(delivered(outputs)).toEqual([6, 7]);
  });

  it('asks to continue after the last number, and fetches nothing when the server can', () => {
    const { now, outputs } = run([
      ...LIVE,
      [20, event(8)],
      [30, { type: 'closed' }],
      [2000, { type: 'tick' }],
      [2010, hello('a', 12, true)],
      [2020, event(8)],
      [2020, event(10)],
      [2020, event(12)],
    ]);
    expect(outputs.filter((output) => output.type === 'connect').at(-1)).toEqual({
      type: 'connect',
      epoch: 'a',
      after: 8,
    });
    expect(outputs.filter((output) => output.type === 'resync')).toHaveLength(1);
    expect(delivered(outputs)).toEqual([8, 10, 12]);
    expect(now.last).toBe(12);
  });

  it('fetches everything anew when the server has forgotten, or lives a new life', () => {
    for (const greeting of [hello('a', 40, false), hello('b', 3, false), hello('b', 3, true)]) {
      const { now, outputs } = run([
        ...LIVE,
        [20, event(8)],
        [30, { type: 'closed' }],
        [2000, { type: 'tick' }],
        [2010, greeting],
      ]);
      expect(outputs.filter((output) => output.type === 'resync')).toHaveLength(2);
      expect([40, 3]).toContain(now.last);
    }
  });

  it('waits longer after each failure, up to a limit, and begins anew after a success', () => {
    let now = run(LIVE).now;
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      now = step(now, { type: 'closed' }, 0, 1)[0];
      waits.push(now.retryAtMs);
      now = step(now, { type: 'hurry' }, 0, 1)[0];
    }
    expect(waits[0]).toBe(FIRST_WAIT_MS);
    expect(waits[1]).toBe(2 * FIRST_WAIT_MS);
    expect(waits.at(-1)).toBe(LONGEST_WAIT_MS);
    now = run([[0, hello('a', 5, true)]], now).now;
    expect(step(now, { type: 'closed' }, 0, 1)[0].retryAtMs).toBe(FIRST_WAIT_MS);
  });

  it('spreads attempts over half of the wait', () => {
    const live = run(LIVE).now;
    expect(step(live, { type: 'closed' }, 0, 0)[0].retryAtMs).toBe(FIRST_WAIT_MS / 2);
    expect(step(live, { type: 'closed' }, 0, 1)[0].retryAtMs).toBe(FIRST_WAIT_MS);
  });

  it('takes silence for a loss, and a ping for a sign of life', () => {
    const late = SILENCE_MS + 20;
    expect(run([...LIVE, [late, { type: 'tick' }]]).now.phase).toBe('waiting');
    const ping = frame({ type: 'ping', at: 77 });
    const { now, outputs } = run([...LIVE, [30_000, ping], [late, { type: 'tick' }]]);
    expect(now.phase).toBe('live');
    expect(outputs).toContainEqual({ type: 'send', text: '{"type":"pong","at":77}' });
    expect(outputs).toContainEqual({ type: 'heard', at: 77 });
  });

  it('does not stumble over what it does not understand', () => {
    const { now, outputs } = run([
      ...LIVE,
      [20, { type: 'frame', text: 'not json' }],
      [20, { type: 'frame', text: 'null' }],
      [20, frame({ type: 'mystery' })],
      [20, event(6)],
    ]);
    expect(delivered(outputs)).toEqual([6]);
    expect(now.phase).toBe('live');
  });

  it('is silent once stopped', () => {
    const { now, outputs } = run([
      ...LIVE,
      [20, { type: 'stop' }],
      [30, event(6)],
      [40, { type: 'closed' }],
    ]);
    expect(now).toEqual(INITIAL);
    expect(outputs.at(-1)).toEqual({ type: 'disconnect' });
  });
});
