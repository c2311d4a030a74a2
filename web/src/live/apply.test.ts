import { describe, expect, it } from 'vitest';

import { apply, EMPTY, waitingIn, workOf, type LiveState } from './apply';
import type { LiveEvent } from './event';
import { agent, interaction, offer, queue, SECOND } from './fixtures';

type Bare = LiveEvent extends infer E
  ? E extends LiveEvent
    ? Omit<E, 'seq' | 'at'>
    : never
  : never;

const WORKING: LiveState = { ...EMPTY, me: agent() };

const after = (events: Bare[], from: LiveState = WORKING) =>
  events.reduce((state, event) => apply(state, { seq: 1, at: 0, ...event } as LiveEvent), from);

const changed = (change: Parameters<typeof interaction>[0]): Bare => ({
  type: 'interaction.changed',
  data: { interaction: interaction(change) },
});

describe('apply', () => {
  it('shows an offer once, however often it is told, the most urgent first', () => {
    const late = offer({ id: 'late', expires_at: 90 * SECOND });
    const state = after([
      { type: 'offer.created', data: { offer: late } },
      { type: 'offer.created', data: { offer: offer() } },
      { type: 'offer.created', data: { offer: late } },
    ]);
    expect(state.offers.map((one) => one.id)).toEqual(['o1', 'late']);
  });

  it('leaves offers to others alone, which a supervisor hears of too', () => {
    const other = interaction({ state: 'offered', agent: { id: 'a2', name: 'Богдан' } });
    const told: Bare = { type: 'offer.created', data: { offer: offer({ interaction: other }) } };
    expect(after([told]).offers).toEqual([]);
    expect(after([{ type: 'offer.created', data: { offer: offer() } }], EMPTY).offers).toEqual([]);
  });

  it('takes an ended offer away and keeps the others', () => {
    const state = after([
      { type: 'offer.created', data: { offer: offer() } },
      { type: 'offer.created', data: { offer: offer({ id: 'o2' }) } },
      { type: 'offer.ended', data: { offer_id: 'o1', interaction_id: 'i1', outcome: 'expired' } },
    ]);
    expect(state.offers.map((one) => one.id)).toEqual(['o2']);
  });

  it('gives the same state when every event comes twice', () => {
    const events: Bare[] = [
      { type: 'offer.created', data: { offer: offer() } },
      changed({ state: 'active', agent: { id: 'a1', name: 'Ірина Шевчук' } }),
      { type: 'agent.changed', data: { agent: agent({ state: 'busy' }) } },
      { type: 'queue.changed', data: { queue: queue() } },
      { type: 'offer.ended', data: { offer_id: 'o1', interaction_id: 'i1', outcome: 'accepted' } },
    ];
    const twice = events.flatMap((event) => [event, event]);
    expect(after(twice)).toEqual(after(events));
  });

  it('forgets what is over, so that a day leaves nothing behind', () => {
    const state = after([changed({}), changed({ state: 'closed' })]);
    expect(state.interactions.size).toBe(0);
    expect(after([changed({ state: 'abandoned' })]).interactions.size).toBe(0);
  });

  it('changes oneself only by one’s own events', () => {
    const other = after([{ type: 'agent.changed', data: { agent: agent({ id: 'a2' }) } }]);
    expect(other.me?.id).toBe('a1');
    const mine = after([{ type: 'agent.changed', data: { agent: agent({ state: 'paused' }) } }]);
    expect(mine.me?.state).toBe('paused');
  });

  it('shows who looks at a contact it knows', () => {
    const viewers = [{ id: 'a2', name: 'Богдан', writes: true }];
    const told: Bare = { type: 'viewers.changed', data: { interaction_id: 'i1', viewers } };
    expect(after([changed({}), told]).interactions.get('i1')?.viewers).toEqual(viewers);
    expect(after([told]).interactions.size).toBe(0);
  });

  it('keeps an offered contact up to date inside its offer', () => {
    const state = after([
      { type: 'offer.created', data: { offer: offer() } },
      changed({ state: 'offered', subject: 'Нова тема' }),
    ]);
    expect(state.offers[0]?.interaction.subject).toBe('Нова тема');
  });

  it('never changes the state it was given', () => {
    const before = after([changed({})]);
    after([changed({ state: 'closed' })], before);
    expect(before.interactions.get('i1')?.state).toBe('queued');
  });
});

describe('lists of the desk', () => {
  it('sorts own contacts into groups, the longest wait first', () => {
    const mine = { agent: { id: 'a1', name: 'Ірина' } };
    const state = after([
      changed({ ...mine, id: '1', state: 'active', waiting_since_at: 30 }),
      changed({ ...mine, id: '2', state: 'held', waiting_since_at: 20 }),
      changed({ ...mine, id: '3', state: 'wrap_up' }),
      changed({ ...mine, id: '4', state: 'parked' }),
      changed({ ...mine, id: '5', state: 'waiting_for_client' }),
      changed({ id: '6', state: 'active', agent: { id: 'a2', name: 'Богдан' } }),
    ]);
    const work = workOf(state, 'a1');
    const ids = Object.fromEntries(
      Object.entries(work).map(([group, rows]) => [
        group,
        (rows as { id: string }[]).map((row) => row.id),
      ]),
    );
    expect(ids).toEqual({ active: ['2', '1'], waiting: ['5'], parked: ['4'], wrapUp: ['3'] });
  });

  it('lists who waits by priority, then by wait, in the queues asked for', () => {
    const state = after([
      changed({ id: '1', waiting_since_at: 30 }),
      changed({ id: '2', waiting_since_at: 10 }),
      changed({ id: '3', waiting_since_at: 50, priority: 5 }),
      changed({ id: '4', queue: { id: 'q2', name: 'Кредити' } }),
      changed({ id: '5', state: 'active' }),
    ]);
    expect(waitingIn(state, new Set(['q1'])).map((one) => one.id)).toEqual(['3', '2', '1']);
    expect(waitingIn(state, null)).toHaveLength(4);
  });
});
