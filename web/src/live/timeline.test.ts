import { describe, expect, it } from 'vitest';

import type { TimelineEntry } from '../api/types';
import { message, SECOND } from './fixtures';
import { entryOf, lastInbound, matches, merge, withDelivery, without } from './timeline';

const brief = (id: string): TimelineEntry['interaction'] => ({
  id,
  number: 1,
  subject: '',
  medium: 'email',
  state: 'active',
});
const entry = (id: string, at: number, change: Parameters<typeof message>[0] = {}) =>
  entryOf(message({ id, at: at * SECOND, ...change }), brief(change.interaction_id ?? 'i1'));
const ids = (entries: TimelineEntry[]) => entries.map((one) => one.message?.id);

describe('the timeline', () => {
  it('is in order and holds each message once, whatever order pages and events come in', () => {
    const page = [entry('c', 3), entry('b', 2)];
    expect(ids(merge(merge([], page), [entry('a', 1), entry('b', 2), entry('d', 4)]))).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
  });

  it('takes the later word about a message', () => {
    const delivery = { state: 'sent', detail: null, at: 0, next_try_at: null } as const;
    const [one] = merge([entry('a', 1)], [entry('a', 1, { delivery })]);
    expect(one?.message?.delivery?.state).toBe('sent');
    expect(withDelivery([entry('a', 1)], 'a', delivery)[0]?.message?.delivery).toEqual(delivery);
  });

  it('keeps two events of the same instant apart', () => {
    const event = (text: string): TimelineEntry => ({
      at: 1,
      type: 'event',
      interaction: brief('i1'),
      message: null,
      text,
    });
    expect(merge([event('opened')], [event('queued'), event('opened')])).toHaveLength(2);
  });

  it('removes a message that was called back', () => {
    expect(ids(without([entry('a', 1), entry('b', 2)], 'a'))).toEqual(['b']);
  });

  it('finds the newest message from outside in one contact', () => {
    const entries = [
      entry('a', 1),
      entry('b', 2, { interaction_id: 'i2' }),
      entry('c', 3, { direction: 'outbound' }),
      entry('d', 4, { kind: 'note' }),
    ];
    expect(lastInbound(entries, 'i1')?.id).toBe('a');
  });

  it('filters by contact, by medium and by note', () => {
    const note = entry('n', 1, { kind: 'note' });
    expect(matches(note, 'notes', 'i1')).toBe(true);
    expect(matches(entry('a', 1), 'notes', 'i1')).toBe(false);
    expect(matches(entry('a', 1), 'contact', 'i2')).toBe(false);
    expect(matches(entry('a', 1), 'email', 'i2')).toBe(true);
    expect(matches(entry('a', 1), 'fax', 'i1')).toBe(false);
  });
});
