import { describe, expect, it } from 'vitest';

import type { Delivery, InteractionBrief, TimelineEntry } from '../api/types';
import { message, SECOND } from './fixtures';
import {
  fromMessage,
  fromTimeline,
  lastInbound,
  matches,
  merge,
  type StreamEntry,
  withDelivery,
  withExamination,
  without,
} from './timeline';

const contact = (id: string): InteractionBrief => ({
  id,
  number: 1,
  subject: '',
  medium: 'email',
  state: 'active',
});

const whole = (id: string, at: number, change: Parameters<typeof message>[0] = {}) =>
  fromMessage(message({ id, at: at * SECOND, ...change }), contact(change.interaction_id ?? 'i1'));

const told = (id: string, at: number, change: Partial<TimelineEntry> = {}) =>
  fromTimeline({
    id,
    at: at * SECOND,
    type: 'message',
    interaction: contact('i1'),
    message: {
      id,
      kind: 'message',
      direction: 'inbound',
      from_name: '',
      from_address: '',
      subject: '',
      attachments: 0,
    },
    text: 'Добрий',
    disposition: null,
    author: null,
    ...change,
  });

const ids = (entries: StreamEntry[]) => entries.map((one) => one.id);

describe('the timeline', () => {
  it('is in order and holds each thing once, whatever order pages and events come in', () => {
    const page = [whole('c', 3), whole('b', 2)];
    const all = merge(merge([], page), [whole('a', 1), whole('b', 2), whole('d', 4)]);
    expect(ids(all)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('takes what a closer look found out, whatever has been read of the message', () => {
    const authentication = {
      standing: 'authenticated' as const,
      progress: 'done' as const,
      reasons: [{ code: 'domain_vouches', detail: '' }],
      spf: 'none' as const,
      dkim: 'pass' as const,
      dmarc: 'pass' as const,
      warnings: [],
    };
    const entries = withExamination([whole('a', 1), told('b', 2)], 'a', {
      language: 'uk',
      authentication,
    });
    expect(entries[0]?.message).toMatchObject({
      language: 'uk',
      authentication,
      text: 'Добрий день!',
    });
    expect(withExamination(entries, 'b', { language: 'en', authentication: null })).toEqual(
      entries,
    );
  });

  it('prefers the whole message to its beginning, whichever comes first', () => {
    for (const lists of [
      [[told('a', 1)], [whole('a', 1)]],
      [[whole('a', 1)], [told('a', 1)]],
    ] as const) {
      const merged = merge(...lists);
      expect(merged).toHaveLength(1);
      expect(merged[0]?.message?.text).toBe('Добрий день!');
    }
  });

  it('takes the later word about a message', () => {
    const delivery: Delivery = {
      state: 'sent',
      detail: null,
      at: 0,
      next_try_at: null,
      scheduled: null,
      recipients: [],
    };
    const [one] = merge([whole('a', 1)], [whole('a', 1, { delivery })]);
    expect(one?.message?.delivery?.state).toBe('sent');
    expect(withDelivery([whole('a', 1)], 'a', delivery)[0]?.message?.delivery).toEqual(delivery);
  });

  it('removes a message that somebody else took back', () => {
    expect(ids(withDelivery([whole('a', 1), whole('b', 2)], 'a', null))).toEqual(['b']);
  });

  it('keeps the end of a contact beside the message of the same instant', () => {
    const end = told('i1', 1, { type: 'interaction', message: null });
    expect(merge([whole('a', 1)], [end])).toHaveLength(2);
  });

  it('removes a message that was called back', () => {
    expect(ids(without([whole('a', 1), whole('b', 2)], 'a'))).toEqual(['b']);
  });

  it('finds the newest message from outside in one contact', () => {
    const entries = [
      whole('a', 1),
      whole('b', 2, { interaction_id: 'i2' }),
      whole('c', 3, { direction: 'outbound' }),
      whole('d', 4, { kind: 'note', direction: 'internal' }),
    ];
    expect(lastInbound(entries, 'i1')?.id).toBe('a');
  });

  it('filters by contact, by medium and by note', () => {
    const note = whole('n', 1, { kind: 'note', direction: 'internal' });
    expect(matches(note, 'notes', 'i1')).toBe(true);
    expect(matches(whole('a', 1), 'notes', 'i1')).toBe(false);
    expect(matches(whole('a', 1), 'contact', 'i2')).toBe(false);
    expect(matches(whole('a', 1), 'email', 'i2')).toBe(true);
    expect(matches(whole('a', 1), 'fax', 'i1')).toBe(false);
  });
});
