/** One function for each thing the desk asks of the server. Acts are idempotent `PUT`s where the API allows. */
import { fileName, headers, request, requestText, upload } from './client';
import type {
  Agent,
  AgentState,
  AuditEntry,
  Client,
  ClientKind,
  ClientLine,
  ContactPoint,
  Disposition,
  Draft,
  Health,
  Interaction,
  InteractionDetail,
  InteractionState,
  Language,
  Medium,
  Message,
  Micros,
  Named,
  Offer,
  Page,
  PointMedium,
  QueueNow,
  Role,
  Session,
  Theme,
  TimelineEntry,
  TraceEntry,
  Unreadable,
  Upload,
  User,
  Wallboard,
} from './types';

export const session = {
  get: () => request<Session>('GET', '/session'),
  start: (login: string, password: string) =>
    request<Session>('POST', '/session', { body: { login, password } }),
  end: () => request<undefined>('DELETE', '/session'),
  prefer: (preferences: { language?: Language; theme?: Theme; shortcuts?: unknown }) =>
    request<Session>('PATCH', '/session/preferences', { body: preferences }),
};

export const work = {
  me: () => request<Agent>('GET', '/agents/me'),
  mine: () => request<{ offers: Offer[]; interactions: Interaction[] }>('GET', '/agents/me/work'),
  setPresence: (state: AgentState, reason_id: string | null = null, after_this = false) =>
    request<Agent>('PUT', '/agents/me/presence', {
      body: { state, ...(reason_id ? { reason_id } : {}), ...(after_this ? { after_this } : {}) },
    }),
  accept: (offer: string) => request<Interaction>('PUT', `/offers/${offer}/acceptance`),
  refuse: (offer: string, reason: string) =>
    request<undefined>('PUT', `/offers/${offer}/refusal`, { body: { reason } }),
  pauseReasons: () => request<Named[]>('GET', '/pause-reasons'),
  dispositions: (queue_id: string | null) =>
    request<Disposition[]>('GET', '/dispositions', { query: { queue_id } }),
};

export interface InteractionFilter {
  state?: InteractionState;
  queue_id?: string;
  client_id?: string;
  agent_id?: string;
  medium?: Medium;
  q?: string;
  order?: 'queue';
  cursor?: string | null;
  limit?: number;
}

export interface NewMessage extends Draft {
  kind: 'reply' | 'note';
  seen_message_id: string | null;
}

const path = (id: string, rest = '') => `/interactions/${id}${rest}`;

export const interactions = {
  list: (filter: InteractionFilter) =>
    request<Page<Interaction>>('GET', '/interactions', { query: { ...filter } }),
  get: (id: string) => request<InteractionDetail>('GET', path(id)),
  chooseClient: (id: string, client_id: string) =>
    request<Interaction>('PUT', path(id, '/client'), { body: { client_id } }),
  messages: (id: string, cursor: string | null = null) =>
    request<Page<Message>>('GET', path(id, '/messages'), { query: { cursor, limit: 200 } }),
  send: (id: string, message: NewMessage) =>
    request<Message>('POST', path(id, '/messages'), { body: message }),
  undo: (message: string) => request<undefined>('DELETE', `/messages/${message}`),
  draft: (id: string) => request<Draft | null>('GET', path(id, '/draft')),
  saveDraft: (id: string, draft: Draft) =>
    request<unknown>('PUT', path(id, '/draft'), { body: draft }),
  dropDraft: (id: string) => request<undefined>('DELETE', path(id, '/draft')),
  look: (id: string, writes: boolean) =>
    request<unknown>('PUT', path(id, '/presence'), { body: { writes } }),
  leave: (id: string) => request<undefined>('DELETE', path(id, '/presence')),
  setState: (id: string, state: InteractionState, until_at: Micros | null = null) =>
    request<Interaction>('PUT', path(id, '/state'), {
      body: { state, ...(until_at ? { until_at } : {}) },
    }),
  transfer: (id: string, to: { queue_id?: string; agent_id?: string }, note: string) =>
    request<Interaction>('POST', path(id, '/transfers'), { body: { ...to, note } }),
  beginWrapUp: (id: string) => request<Interaction>('PUT', path(id, '/wrap-up'), { body: {} }),
  dispose: (
    id: string,
    result: { disposition_id: string | null; note: string; follow_up_at?: Micros },
  ) => request<Interaction>('PUT', path(id, '/disposition'), { body: result }),
  pull: (id: string) => request<Interaction>('PUT', path(id, '/assignment'), { body: {} }),
  assign: (id: string, agent_id: string, reason: string) =>
    request<Interaction>('PUT', path(id, '/assignment'), { body: { agent_id, reason } }),
  setPriority: (id: string, priority: number, reason: string) =>
    request<Interaction>('PUT', path(id, '/priority'), { body: { priority, reason } }),
  setQueue: (id: string, queue_id: string, reason: string) =>
    request<Interaction>('PUT', path(id, '/queue'), { body: { queue_id, reason } }),
  close: (id: string, reason: string) =>
    request<Interaction>('POST', path(id, '/closure'), { body: { reason } }),
  trace: (id: string) => request<TraceEntry[]>('GET', path(id, '/trace')),
};

export const files = {
  upload: (file: File) => upload<Upload>(file),
  attachment: (id: string) => `/api/v1/attachments/${id}`,
  /** What an uploaded file is called and how large it is. */
  async describe(id: string): Promise<Upload> {
    const head = await headers(`/attachments/${id}`);
    return {
      id,
      name: fileName(head.get('Content-Disposition') ?? '') || id,
      media_type: head.get('Content-Type') ?? '',
      size_bytes: Number(head.get('Content-Length') ?? 0),
    };
  },
  raw: (message: string) => `/api/v1/messages/${message}/raw`,
  html: (message: string, pictures: boolean) =>
    `/api/v1/messages/${message}/html${pictures ? '?pictures=1' : ''}`,
};

export interface NewClient {
  kind: ClientKind;
  name?: string;
  given_name?: string;
  family_name?: string;
  patronymic?: string;
  contact_points: { medium: PointMedium; value: string; label: string }[];
}

export const clients = {
  search: (q: string, cursor: string | null = null, limit = 50, signal?: AbortSignal) =>
    request<Page<ClientLine>>('GET', '/clients', { query: { q, cursor, limit }, signal }),
  get: (id: string) => request<Client>('GET', `/clients/${id}`),
  create: (client: NewClient) => request<Client>('POST', '/clients', { body: client }),
  change: (id: string, change: Partial<Client> & Pick<Client, 'changed_at'>) =>
    request<Client>('PATCH', `/clients/${id}`, { body: change }),
  addPoint: (id: string, point: { medium: PointMedium; value: string; label: string }) =>
    request<ContactPoint>('POST', `/clients/${id}/contact-points`, { body: point }),
  removePoint: (point: string) => request<undefined>('DELETE', `/contact-points/${point}`),
  timeline: (id: string, cursor: string | null = null, medium: Medium | null = null) =>
    request<Page<TimelineEntry>>('GET', `/clients/${id}/timeline`, {
      query: { cursor, medium, limit: 50 },
    }),
  write: (id: string, message: { queue_id: string; to: Party[]; subject: string; text: string }) =>
    request<Interaction>('POST', `/clients/${id}/interactions`, {
      body: { medium: 'email', ...message },
    }),
};

type Party = Message['from'];

export const supervision = {
  wallboard: () => request<Wallboard>('GET', '/wallboard'),
  queues: () => request<Page<QueueNow> | QueueNow[]>('GET', '/queues').then(itemsOf),
  setPresence: (
    agent: string,
    wish: { state: AgentState; reason_id: string | null; reason: string },
  ) => request<Agent>('PUT', `/agents/${agent}/presence`, { body: wish }),
  agents: () => request<Page<Agent> | Agent[]>('GET', '/agents').then(itemsOf),
};

function itemsOf<T>(answer: Page<T> | T[]): T[] {
  return Array.isArray(answer) ? answer : answer.items;
}

export interface NewUser {
  login: string;
  name: string;
  password: string;
  role: Role;
  language: Language;
}

export const administration = {
  users: (cursor: string | null = null) =>
    request<Page<User>>('GET', '/users', { query: { cursor, limit: 100 } }),
  addUser: (user: NewUser) => request<User>('POST', '/users', { body: user }),
  changeUser: (id: string, change: Partial<NewUser> & { disabled?: boolean }) =>
    request<User>('PATCH', `/users/${id}`, { body: change }),
  audit: (cursor: string | null = null) =>
    request<Page<AuditEntry>>('GET', '/audit', { query: { cursor } }),
  routing: () => requestText('GET', '/routing', 'application/toml'),
  saveRouting: (toml: string) => requestText('PUT', '/routing', 'application/toml', toml),
  unreadable: (cursor: string | null = null) =>
    request<Page<Unreadable>>('GET', '/unreadable', { query: { cursor } }),
  health: () => request<Health>('GET', '/health'),
};
