/** The shapes of the HTTP API and of the live events, as the desk names them.
 *  Instants are whole microseconds since 1970-01-01T00:00Z, durations milliseconds, money minor units. */

export type Micros = number;
export type Medium = 'email' | 'voice' | 'fax' | 'letter' | 'callback';
export type InteractionState =
  | 'received'
  | 'queued'
  | 'offered'
  | 'active'
  | 'held'
  | 'waiting_for_client'
  | 'parked'
  | 'wrap_up'
  | 'closed'
  | 'abandoned'
  | 'overflowed'
  | 'failed'
  | 'callback_scheduled';
export type AgentState = 'offline' | 'ready' | 'busy' | 'wrap_up' | 'not_responding' | 'paused';
export type Language = 'uk' | 'en';
export type Theme = 'system' | 'light' | 'dark';
export type Role = 'agent' | 'supervisor' | 'analyst' | 'administrator';

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Named {
  id: string;
  name: string;
}

export interface Party {
  name: string;
  address: string;
}

/** What speaks for a client. */
export type Why =
  | 'chosen'
  | 'verified'
  | 'preferred'
  | 'on_record'
  | 'tax_number'
  | 'account'
  | 'contract'
  | 'card';

export interface Session {
  user: {
    id: string;
    login: string;
    name: string;
    role: Role;
    language: Language;
    theme?: Theme;
    shortcuts?: Partial<Record<string, string>> | null;
  };
  rights: string[];
  agent: boolean;
  server: { name: string; version: string; bank_name: string };
}

export interface User {
  id: string;
  login: string;
  name: string;
  role: Role;
  language: Language;
  created_at: Micros;
  disabled_at: Micros | null;
}

export interface AuditEntry {
  id: string;
  at: Micros;
  actor: Named | null;
  act: string;
  subject: { kind: string; id: string };
  details: unknown;
  peer: string;
}

export interface Capacity {
  medium: Medium;
  used: number;
  max: number;
}

export interface Agent {
  id: string;
  name: string;
  state: AgentState;
  reason: Named | null;
  since_at: Micros;
  /** Whether a browser of the agent is connected. */
  connected: boolean;
  capacity: Capacity[];
  queues: string[];
  current: { interaction_id: string; number: number; medium: Medium; state: InteractionState }[];
  occupancy_percent: number | null;
  handled_today: number;
  no_answers_today: number;
}

export interface Viewer {
  id: string;
  name: string;
  writes: boolean;
}

export interface Interaction {
  id: string;
  number: number;
  medium: Medium;
  direction: 'inbound' | 'outbound';
  state: InteractionState;
  subject: string;
  /** Not `confirmed`: nobody vouches for the sender; the file stays shut until an agent does. */
  client: {
    id: string;
    name: string;
    kind: ClientKind;
    vip: boolean;
    confirmed: boolean;
  } | null;
  candidates: number;
  from: Party;
  queue: Named | null;
  agent: Named | null;
  priority: number;
  received_at: Micros;
  waiting_since_at: Micros | null;
  answered_at: Micros | null;
  closed_at: Micros | null;
  due_at: Micros | null;
  unread: number;
  last_message_at: Micros | null;
  disposition: Named | null;
  could_not_be_read: boolean;
  viewers: Viewer[];
}

export interface InteractionDetail extends Interaction {
  identification: {
    /** `proposed`: the address is a client's, but nobody vouches for the sender. */
    how: 'email' | 'phone' | 'chosen' | 'proposed' | 'none';
    candidates: { id: string; name: string; why: Why }[];
  };
  may_belong_to: { id: string; number: number; subject: string }[];
  /** The contact that it became part of. */
  merged_into: { id: string; number: number; subject: string } | null;
}

export interface Offer {
  id: string;
  interaction: Interaction;
  offered_at: Micros;
  expires_at: Micros;
}

export interface Attachment {
  id: string;
  name: string;
  media_type: string;
  size_bytes: number;
  inline: boolean;
}

export interface RecipientDelivery {
  address: string;
  state: 'queued' | 'delayed' | 'sent' | 'delivered' | 'failed';
  status: string | null;
  detail: string | null;
  at: Micros;
}

/** A time as its writer named it, and the instant it means. */
export interface Scheduled {
  send_at: Micros;
  local_time: string;
  time_zone: string;
}

export interface Delivery {
  state: 'scheduled' | 'held' | 'queued' | 'sending' | 'sent' | 'delayed' | 'delivered' | 'failed';
  detail: string | null;
  at: Micros;
  next_try_at: Micros | null;
  scheduled: Scheduled | null;
  recipients: RecipientDelivery[];
}

export interface Finding {
  code: string;
  detail: string;
}

export type AuthenticationResult = 'pass' | 'fail' | 'neutral' | 'none';
export type Standing = 'authenticated' | 'not_authenticated' | 'unknown';

/** Who vouches for a sender. */
export interface Authentication {
  standing: Standing;
  /** Whether that may change yet. */
  progress: 'pending' | 'done' | 'failed';
  reasons: Finding[];
  spf: AuthenticationResult;
  dkim: AuthenticationResult;
  dmarc: AuthenticationResult;
  warnings: Finding[];
}

export interface Message {
  id: string;
  interaction_id: string;
  kind: string;
  direction: 'inbound' | 'outbound' | 'internal';
  medium: Medium;
  from: Party;
  to: Party[];
  cc: Party[];
  subject: string;
  text: string;
  reply_text: string;
  has_html: boolean;
  remote_pictures: boolean;
  attachments: Attachment[];
  at: Micros;
  author: Named | null;
  delivery: Delivery | null;
  /** ISO 639-1. */
  language: string | null;
  /** How often it came in. */
  arrivals: number;
  authentication: Authentication | null;
  defects: Finding[];
  readable: boolean;
  automatic: boolean;
}

export interface Draft {
  to: Party[];
  cc: Party[];
  subject: string;
  text: string;
  attachments: string[];
  /** What it is going to be; empty when it was not said. */
  mode: string;
  /** From which of the bank's addresses; empty: the usual one. */
  from: string;
}

/** An address of the bank from which a contact can be answered. */
export interface Sender {
  address: string;
  name: string;
  /** Taken when nobody chooses. */
  usual: boolean;
}

export type TextKind = 'answer' | 'signature';

/** A text that agents use, as supervisors write it. */
export interface Text {
  id: string;
  kind: TextKind;
  queue_id: string | null;
  language: Language | '';
  name: string;
  body: string;
  changed_at: Micros;
}

export type NewText = Omit<Text, 'id' | 'changed_at'>;

/** A text filled in for one contact. */
export interface UsableText {
  id: string;
  name: string;
  language: Language | '';
  text: string;
}

export interface Upload {
  id: string;
  name: string;
  media_type: string;
  size_bytes: number;
}

export interface Disposition {
  id: string;
  parent_id: string | null;
  code: string;
  name: string;
  required_note: boolean;
}

export type ClientKind = 'person' | 'organisation' | 'sole_trader';
export type ClientStatus = 'prospect' | 'former' | 'client';

export interface ClientLine {
  id: string;
  number: number;
  kind: ClientKind;
  status: ClientStatus;
  name: string;
  vip: boolean;
  phone: string | null;
  email: string | null;
  segment: string;
}

export type PointMedium = 'email' | 'phone' | 'fax' | 'post';

export interface ContactPoint {
  id: string;
  medium: PointMedium;
  value: string;
  label: string;
  preferred: boolean;
  verified_at: Micros | null;
  /** What came back from it; null when nothing did. */
  trouble: {
    is_failing: boolean;
    hard: number;
    soft: number;
    complaints: number;
    last_at: Micros;
    detail: string;
  } | null;
}

export interface Account {
  id: string;
  kind: 'current' | 'deposit' | 'loan' | 'card';
  currency: string;
  masked_number: string;
  /** The whole number, for those who may see it. */
  number?: string;
  balance_minor: number;
  opened_on: string | null;
  closed_on: string | null;
}

export interface Client {
  id: string;
  number: number;
  kind: ClientKind;
  status: ClientStatus;
  name: string;
  given_name: string;
  family_name: string;
  patronymic: string;
  birth_date: string | null;
  registration_number: string | null;
  tax_number: string | null;
  language: string;
  vip: boolean;
  segment: string;
  manager: Named | null;
  note: string;
  created_at: Micros;
  /** A change names it, so that nobody overwrites another's. */
  changed_at: Micros;
  contact_points: ContactPoint[];
  accounts: Account[];
}

export interface InteractionBrief {
  id: string;
  number: number;
  subject: string;
  medium: Medium;
  state: InteractionState;
}

/** Something that happened with a client: a message, a note, or the end of a contact. */
export interface TimelineEntry {
  id: string;
  at: Micros;
  type: 'message' | 'note' | 'interaction';
  interaction: InteractionBrief;
  message: {
    id: string;
    kind: string;
    direction: Message['direction'];
    from_name: string;
    from_address: string;
    subject: string;
    attachments: number;
  } | null;
  /** The beginning of a message's text; of an end the note to the result. */
  text: string;
  disposition: string | null;
  author: Named | null;
}

export type QueueAlarm = 'normal' | 'at_risk' | 'critical';

export interface QueueNow {
  id: string;
  name: string;
  medium_waiting: Record<string, number>;
  waiting: number;
  oldest_waiting_since_at: Micros | null;
  service_level_percent_today: number | null;
  service_level_percent_30min: number | null;
  answered_today: number;
  offered_today: number;
  abandoned_today: number;
  agents_ready: number;
  agents_busy: number;
  agents_paused: number;
  /** Whether its hours are open. */
  open: boolean;
  state: QueueAlarm;
  target: { percent: number; within_ms: number };
}

export interface Totals {
  waiting: number;
  longest_wait_ms: number | null;
  service_level_percent: number | null;
  answered_today: number;
  abandoned_today: number;
  agents_ready: number;
  agents_busy: number;
  agents_paused: number;
}

export interface Wallboard {
  at: Micros;
  seq: number;
  totals: Totals;
  queues: QueueNow[];
  agents: Agent[];
}

export interface TraceCandidate {
  agent: Named;
  /** Why not; null: eligible. */
  excluded_by: string | null;
  keys: {
    ring: number;
    idle_since_at: Micros;
    used_units: number;
    skill_score: number;
    occupancy_percent: number;
  };
}

export interface TraceEntry {
  at: Micros;
  /** What made it the moment to decide. */
  decision: unknown;
  /** "Why him, why then", in the language asked for. */
  explanation: string;
  queue: Named;
  ring: number;
  candidates: TraceCandidate[];
  /** Agents of the queue that were not recorded. */
  more_candidates: number;
  chosen: Named | null;
}

export interface Unreadable {
  id: string;
  message_id: string;
  interaction_id: string;
  received_at: Micros;
  from: Party;
  size_bytes: number;
  defects: Finding[];
}

export type FilingTarget = 'client' | 'interaction' | 'discarded';

export interface Difference {
  code: string;
  subject: string;
  detail: string;
}

export interface ReconciliationReport {
  received: number;
  mails: number;
  repeated: number;
  /** Mails by final place: a mail is in exactly one. */
  places: Record<string, number>;
  contents_read: boolean;
  mailboxes: {
    channel: string;
    expected: number;
    found: number;
    waiting: number;
    fault: string | null;
  }[];
  differences_count: number;
  differences: Difference[];
}

export interface Reconciliation {
  id: string;
  requested_by: string | null;
  started_at: Micros;
  finished_at: Micros | null;
  state: 'running' | 'agrees' | 'differs' | 'failed' | 'interrupted';
  report: ReconciliationReport | null;
}

/** One arrival of a message. */
export interface Reception {
  id: string;
  channel: string;
  place: string;
  received_at: Micros;
  size_bytes: number;
  sha256: string;
  outcome: string;
}

/** What came of reading a message again. */
export interface Reading {
  message_id: string;
  interaction_id: string;
  readable: boolean;
  defects: Finding[];
}

export interface HealthPart {
  name: string;
  state: 'starting' | 'up' | 'degraded' | 'down';
  detail: string;
  since_at: Micros | null;
}

/** Work that waits, and how that is judged. */
export interface Backlog extends Pick<HealthPart, 'state' | 'detail'> {
  waiting: number;
  oldest_at: Micros | null;
}

export interface Health {
  channels: HealthPart[];
  store: HealthPart;
  /** Absent while the store does not answer, as is the spool. */
  outbox?: Backlog & { failing: number };
  spool?: Backlog & { bytes: number };
}

/** What the lines of a report are told apart by. */
export type ReportBy = 'total' | 'queue' | 'medium' | 'agent' | 'disposition' | 'segment';

export interface IntervalFigures {
  offered: number;
  answered: number;
  abandoned: number;
  service_level_percent: number | null;
  asa_ms: number | null;
  longest_wait_ms: number;
  closed: number;
  aht_ms: number | null;
  declined: number;
  no_answers: number;
}

export interface IntervalLine extends IntervalFigures {
  begins_at: Micros;
  ends_at: Micros;
  key: string;
}

/** How long an agent did what in an interval. */
export interface AgentTimesLine {
  begins_at: Micros;
  ends_at: Micros;
  agent_id: string;
  name: string;
  ready_ms: number;
  busy_ms: number;
  wrap_up_ms: number;
  not_responding_ms: number;
  paused_ms: number;
  /** By the id of the reason; empty: right after signing in. */
  pauses_ms: Record<string, number>;
  occupancy_percent: number | null;
}

export interface AgentTimesReport {
  time_zone: string;
  /** Names of pause reasons by id. */
  reasons: Record<string, string>;
  items: AgentTimesLine[];
}

export interface IntervalReport {
  time_zone: string;
  attribution: 'arrival' | 'event';
  formula: { name: string; text: string };
  formulas: { name: string; text: string }[];
  names: Record<string, string>;
  total: IntervalFigures;
  items: IntervalLine[];
}

/** How to get into a mail server. */
export interface ServerLogin {
  host: string;
  port: number;
  tls: 'none' | 'starttls' | 'implicit';
  user: string;
  password: string;
}

/** The first of the bank's own addresses. */
export interface FirstMailbox {
  address: string;
  display_name: string;
  queue: string;
  /** Null: its mail is delivered to the SMTP listener. */
  imap: ServerLogin | null;
  /** Null: nothing can be sent yet. */
  relay: ServerLogin | null;
}

export interface FirstSettings {
  bank_name: string;
  mailbox: FirstMailbox | null;
}

export interface Answered {
  ok: boolean;
  /** What is wrong, in the words of the server that was asked. */
  detail: string;
}

export interface MailboxCheck {
  imap?: Answered;
  relay?: Answered;
}
