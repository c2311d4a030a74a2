/** One function for each thing the desk asks of the server. Acts are idempotent `PUT`s where the API allows. */
import { fileName, get, headers, patch, post, put, remove, upload } from './client';
import type {
  Agent,
  AgentState,
  AgentTimesReport,
  AuditEntry,
  Client,
  ClientKind,
  ClientLine,
  ContactPoint,
  Disposition,
  Draft,
  FilingTarget,
  FirstMailbox,
  FirstSettings,
  Health,
  Interaction,
  InteractionDetail,
  InteractionState,
  IntervalReport,
  Language,
  MailboxCheck,
  Medium,
  Message,
  Micros,
  Named,
  NewText,
  Offer,
  Page,
  PointMedium,
  QueueNow,
  Reading,
  Reception,
  Reconciliation,
  Role,
  Sender,
  Session,
  Text,
  Theme,
  TimelineEntry,
  TraceEntry,
  Unreadable,
  Upload,
  UsableText,
  User,
  Wallboard,
} from './types';

export const session = {
  get: () => get<Session>('/session'),
  start: (login: string, password: string) => post<Session>('/session', { login, password }),
  end: () => remove('/session'),
  prefer: (preferences: { language?: Language; theme?: Theme; shortcuts?: unknown }) =>
    patch<Session>('/session/preferences', preferences),
};

export const work = {
  me: () => get<Agent>('/agents/me'),
  mine: () => get<{ offers: Offer[]; interactions: Interaction[] }>('/agents/me/work'),
  setPresence: (state: AgentState, reason_id: string | null = null, after_this = false) =>
    put<Agent>('/agents/me/presence', {
      state,
      ...(reason_id ? { reason_id } : {}),
      ...(after_this ? { after_this } : {}),
    }),
  accept: (offer: string) => put<Interaction>(`/offers/${offer}/acceptance`),
  refuse: (offer: string, reason: string) => put<undefined>(`/offers/${offer}/refusal`, { reason }),
  pauseReasons: () => get<Named[]>('/pause-reasons'),
  dispositions: (queue_id: string | null) => get<Disposition[]>('/dispositions', { queue_id }),
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

export interface NewMessage extends Omit<Draft, 'mode' | 'from'> {
  kind: 'reply' | 'forward' | 'note';
  seen_message_id: string | null;
  /** One of the bank's addresses; absent: the usual one. */
  from?: string;
  /** When it is to leave: what the clock shows where the writer is. */
  schedule?: { local_time: string; time_zone: string };
}

const path = <Rest extends string>(id: string, rest: Rest): `/interactions/${string}${Rest}` =>
  `/interactions/${id}${rest}`;

export const interactions = {
  list: (filter: InteractionFilter) => get<Page<Interaction>>('/interactions', { ...filter }),
  get: (id: string) => get<InteractionDetail>(`/interactions/${id}`),
  chooseClient: (id: string, client_id: string) =>
    put<Interaction>(path(id, '/client'), { client_id }),
  messages: (id: string, cursor: string | null = null) =>
    get<Page<Message>>(path(id, '/messages'), { cursor, limit: 200 }),
  send: (id: string, message: NewMessage) => post<Message>(path(id, '/messages'), message),
  undo: (message: string) => remove(`/messages/${message}`),
  /** Sends a message that was held, because the client has written since. */
  release: (message: string) => put<undefined>(`/messages/${message}/sending`, {}),
  draft: (id: string) => get<Draft | null>(path(id, '/draft')),
  saveDraft: (id: string, draft: Draft) => put<unknown>(path(id, '/draft'), draft),
  otherDrafts: (id: string) => get<{ author: Named; changed_at: Micros }[]>(path(id, '/drafts')),
  texts: (id: string) => get<UsableText[]>(path(id, '/texts')),
  senders: (id: string) => get<Sender[]>(path(id, '/senders')),
  /** Gives all messages of this contact to the one they belong to. */
  moveInto: (id: string, interaction_id: string) =>
    put<Interaction>(path(id, '/home'), { interaction_id }),
  dropDraft: (id: string) => remove(path(id, '/draft')),
  look: (id: string, writes: boolean) => put<unknown>(path(id, '/presence'), { writes }),
  leave: (id: string) => remove(path(id, '/presence')),
  setState: (id: string, state: InteractionState, until_at: Micros | null = null) =>
    put<Interaction>(path(id, '/state'), { state, ...(until_at ? { until_at } : {}) }),
  callBack: (id: string, not_before_at: Micros) =>
    put<Interaction>(path(id, '/callback'), { not_before_at }),
  transfer: (id: string, to: { queue_id?: string; agent_id?: string }, note: string) =>
    post<Interaction>(path(id, '/transfers'), { ...to, note }),
  beginWrapUp: (id: string) => put<Interaction>(path(id, '/wrap-up'), {}),
  dispose: (
    id: string,
    result: { disposition_id: string | null; note: string; follow_up_at?: Micros },
  ) => put<Interaction>(path(id, '/disposition'), result),
  pull: (id: string) => put<Interaction>(path(id, '/assignment'), {}),
  assign: (id: string, agent_id: string, reason: string) =>
    put<Interaction>(path(id, '/assignment'), { agent_id, reason }),
  setPriority: (id: string, priority: number, reason: string) =>
    put<Interaction>(path(id, '/priority'), { priority, reason }),
  setQueue: (id: string, queue_id: string, reason: string) =>
    put<Interaction>(path(id, '/queue'), { queue_id, reason }),
  requeue: (id: string, reason: string) =>
    remove<Interaction>(path(id, '/assignment'), { query: { reason } }),
  merge: (id: string, into_id: string, reason: string) =>
    put<Interaction>(path(id, '/merger'), { into_id, reason }),
  close: (id: string, reason: string) => post<Interaction>(path(id, '/closure'), { reason }),
  trace: (id: string, language: Language) => get<TraceEntry[]>(path(id, '/trace'), { language }),
};

export const files = {
  upload: (file: File) => upload<Upload>(file),
  /** A file of a message as an upload of one's own. */
  copy: (attachment_id: string) => post<Upload>('/uploads/copies', { attachment_id }),
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

/** A first mail to a client. */
export interface FirstMail {
  medium: 'email';
  queue_id: string;
  to: { name: string; address: string }[];
  subject: string;
  text: string;
}

export const clients = {
  search: (q: string, cursor: string | null = null, limit = 50, signal?: AbortSignal) =>
    get<Page<ClientLine>>('/clients', { q, cursor, limit }, signal),
  get: (id: string) => get<Client>(`/clients/${id}`),
  create: (client: NewClient) => post<Client>('/clients', client),
  change: (id: string, change: Partial<Client> & Pick<Client, 'changed_at'>) =>
    patch<Client>(`/clients/${id}`, change),
  addPoint: (id: string, point: { medium: PointMedium; value: string; label: string }) =>
    post<ContactPoint>(`/clients/${id}/contact-points`, point),
  write: (id: string, mail: FirstMail) => post<Interaction>(`/clients/${id}/interactions`, mail),
  removePoint: (point: string) => remove(`/contact-points/${point}`),
  timeline: (id: string, cursor: string | null = null, medium: Medium | null = null) =>
    get<Page<TimelineEntry>>(`/clients/${id}/timeline`, { cursor, medium, limit: 50 }),
};

export const supervision = {
  wallboard: () => get<Wallboard>('/wallboard'),
  queues: () => get<Page<QueueNow> | QueueNow[]>('/queues').then(itemsOf),
  setPresence: (
    agent: string,
    wish: { state: AgentState; reason_id: string | null; reason: string },
  ) => put<Agent>(`/agents/${agent}/presence`, wish),
  agents: () => get<Page<Agent> | Agent[]>('/agents').then(itemsOf),
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

export const texts = {
  list: () => get<Text[]>('/texts'),
  add: (text: NewText) => post<Text>('/texts', text),
  change: (id: string, text: NewText) => put<Text>(`/texts/${id}`, text),
  remove: (id: string) => remove(`/texts/${id}`),
  preview: (body: string) => post<{ text: string }>('/texts/preview', { body }),
};

export const administration = {
  users: (cursor: string | null = null) => get<Page<User>>('/users', { cursor, limit: 100 }),
  addUser: (user: NewUser) => post<User>('/users', user),
  changeUser: (id: string, change: Partial<NewUser> & { disabled?: boolean }) =>
    patch<User>(`/users/${id}`, change),
  audit: (cursor: string | null = null) => get<Page<AuditEntry>>('/audit', { cursor }),
  unreadable: (cursor: string | null = null) => get<Page<Unreadable>>('/unreadable', { cursor }),
  health: () => get<Health>('/health'),
};

export const reports = {
  intervals: (query: Record<string, string>) => get<IntervalReport>('/reports/intervals', query),
  agentTimes: (query: Record<string, string>) =>
    get<AgentTimesReport>('/reports/agent-times', query),
  /** Where the same figures are to be downloaded. */
  file: (
    report: 'intervals' | 'agent-times',
    format: 'csv' | 'xlsx',
    query: Record<string, string>,
  ) => `/api/v1/reports/${report}.${format}?${new URLSearchParams(query).toString()}`,
  queues: () =>
    get<Page<QueueNow> | QueueNow[]>('/queues')
      .then(itemsOf)
      .then((queues) => queues.map(({ id, name }) => ({ id, name }))),
};

/** The first steps of an empty installation. */
export const setup = {
  needed: () => get<{ needed: boolean }>('/setup').then(({ needed }) => needed),
  addAdministrator: (administrator: Omit<NewUser, 'role'> & { code: string }) =>
    post<Session>('/setup/administrator', administrator),
  settings: () =>
    get<{ bank_name: string; mailbox: string | null; changeable: boolean }>('/setup/settings'),
  /** The server starts anew with them. */
  saveSettings: (settings: FirstSettings) => put<undefined>('/setup/settings', settings),
  checkMailbox: (mailbox: FirstMailbox) => post<MailboxCheck>('/setup/mailbox-checks', mailbox),
};

/** Everything received, and what became of it. */
export const ledger = {
  arrivals: (message: string) => get<Page<Reception>>(`/messages/${message}/arrivals`),
  readAgain: (message: string) => post<Reading>(`/unreadable/${message}/reading`, {}),
  file: (
    message: string,
    filing: { to: FilingTarget; client_id?: string; interaction_id?: string; reason: string },
  ) => post<{ interaction_id: string }>(`/unreadable/${message}/filing`, filing),
  reconciliations: () => get<Page<Reconciliation>>('/reconciliations', { limit: 1 }),
  reconcile: (scope: { contents: boolean; mailboxes: boolean }) =>
    post<Reconciliation>('/reconciliations', scope),
};
