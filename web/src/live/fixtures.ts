/** Believable values for tests; each test changes what it is about. */
import type { Agent, Interaction, Message, Offer, QueueNow } from '../api/types';

export const SECOND = 1_000_000;

export function interaction(change: Partial<Interaction> = {}): Interaction {
  return {
    id: 'i1',
    number: 101,
    medium: 'email',
    direction: 'inbound',
    state: 'queued',
    subject: 'Заблокована картка',
    client: { id: 'c1', name: 'Олена Коваль', kind: 'person', vip: false, confirmed: true },
    candidates: 0,
    from: { name: 'Олена Коваль', address: 'olena@example.com' },
    queue: { id: 'q1', name: 'Картки' },
    agent: null,
    priority: 0,
    received_at: 10 * SECOND,
    waiting_since_at: 10 * SECOND,
    answered_at: null,
    closed_at: null,
    due_at: null,
    unread: 1,
    last_message_at: 10 * SECOND,
    disposition: null,
    could_not_be_read: false,
    viewers: [],
    ...change,
  };
}

export function offer(change: Partial<Offer> = {}): Offer {
  return {
    id: 'o1',
    interaction: interaction({ state: 'offered' }),
    offered_at: 20 * SECOND,
    expires_at: 50 * SECOND,
    ...change,
  };
}

export function agent(change: Partial<Agent> = {}): Agent {
  return {
    id: 'a1',
    name: 'Ірина Шевчук',
    state: 'ready',
    reason: null,
    since_at: 0,
    connected: true,
    capacity: [{ medium: 'email', used: 0, max: 3 }],
    queues: ['q1'],
    current: [],
    occupancy_percent: 0,
    handled_today: 0,
    no_answers_today: 0,
    ...change,
  };
}

export function queue(change: Partial<QueueNow> = {}): QueueNow {
  return {
    id: 'q1',
    name: 'Картки',
    medium_waiting: { email: 1 },
    waiting: 1,
    oldest_waiting_since_at: 10 * SECOND,
    service_level_percent_today: 80,
    service_level_percent_30min: 80,
    answered_today: 8,
    offered_today: 10,
    abandoned_today: 1,
    agents_ready: 1,
    agents_busy: 0,
    agents_paused: 0,
    open: true,
    state: 'normal',
    target: { percent: 80, within_ms: 3_600_000 },
    ...change,
  };
}

export function message(change: Partial<Message> = {}): Message {
  return {
    id: 'm1',
    interaction_id: 'i1',
    kind: 'message',
    direction: 'inbound',
    medium: 'email',
    from: { name: 'Олена Коваль', address: 'olena@example.com' },
    to: [{ name: '', address: 'cards@bank.example' }],
    cc: [],
    subject: 'Заблокована картка',
    text: 'Добрий день!',
    reply_text: 'Добрий день!',
    has_html: false,
    remote_pictures: false,
    attachments: [],
    at: 10 * SECOND,
    author: null,
    delivery: null,
    language: null,
    arrivals: 1,
    authentication: null,
    defects: [],
    readable: true,
    automatic: false,
    ...change,
  };
}
