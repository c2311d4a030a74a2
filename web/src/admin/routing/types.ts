/** Things of the routing document as the forms edit them. Times in ms; what is left out has the product's default. */

export type RoutingKind =
  'queues' | 'skills' | 'agents' | 'hours' | 'pause-reasons' | 'dispositions' | 'centre';

export const MEDIA = ['call', 'email', 'fax', 'letter'] as const;
export type RoutingMedium = (typeof MEDIA)[number];
export type MediaValues<T> = Partial<Record<RoutingMedium, T>>;

export interface SkillValue {
  skill: string;
  level: number;
}

export interface Ring {
  after_ms: number;
  lower_levels_by: number;
  drop_skills: string[];
  drop_all_skills: boolean;
}

export type OverflowWhen =
  | { type: 'waited'; after_ms: number }
  | { type: 'length_at_arrival'; at_least: number }
  | { type: 'estimate_at_arrival'; at_least_ms: number }
  | { type: 'nobody_at_arrival' }
  | { type: 'closed_at_arrival' };

export type OverflowThen =
  | { type: 'queue'; queue: string }
  | { type: 'callback' }
  | { type: 'voicemail' }
  | { type: 'message'; text: string }
  | { type: 'external'; number: string }
  | { type: 'close' };

export interface Overflow {
  media?: RoutingMedium[];
  when: OverflowWhen;
  then: OverflowThen;
}

export type AgePolicy =
  { type: 'keep' } | { type: 'reset' } | { type: 'credit'; credit_ms: number };
export type AgentRule = 'longest_idle' | 'least_loaded' | 'most_skilled' | 'lowest_occupancy';

export interface QueueItem {
  id?: string;
  name: string;
  rule: AgentRule;
  needs?: SkillValue[];
  priority: number;
  offer_ms: MediaValues<number>;
  auto_accept: MediaValues<boolean>;
  preferred_ms?: number;
  ring?: Ring[];
  overflow?: Overflow[];
  on_transfer: AgePolicy;
  hours?: string;
  wrap_up_ms: MediaValues<number>;
  decline_pause_ms?: number;
  disposition_required: boolean;
  dispositions?: string[];
  pull_allowed: boolean;
  announce_every_ms: number;
  target_ms: MediaValues<number>;
  target_percent: number;
}

export interface SkillItem {
  id?: string;
  name: string;
}

export interface PauseReasonItem {
  id?: string;
  name: string;
  limit_ms?: number;
  counts_as_work: boolean;
}

export interface DispositionItem {
  id?: string;
  code: string;
  name: string;
  parent?: string;
  required_note: boolean;
}

export interface Opening {
  from_minute: number;
  to_minute: number;
}

export interface ExceptionalDay {
  date: string;
  open: Opening[];
  name: string;
}

export interface HoursItem {
  id?: string;
  name: string;
  time_zone: string;
  weekly: (Opening & { weekday: number })[];
  exceptions?: ExceptionalDay[];
}

/** Whether an agent with one medium in hand may be offered another. */
export const INTERRUPTS = ['blocks', 'shares', 'yields'] as const;
export type Interrupt = (typeof INTERRUPTS)[number];
/** By what is in hand, then by what arrives. */
export type InterruptMatrix = Record<RoutingMedium, Record<RoutingMedium, Interrupt>>;

export interface AgentItem {
  id?: string;
  login: string;
  skills?: SkillValue[];
  queues: { queue: string; ring: number }[];
  capacity_units?: number;
  maximum: MediaValues<number>;
  interrupts?: InterruptMatrix;
  own_queues_first?: boolean;
}

/** How far ahead contacts of a priority stand, and how fast they age. */
export interface Priority {
  head_start_ms: number;
  slope_permille: number;
}

export interface CentreItem {
  centre: {
    connection_grace_ms: number;
    personal_ms: number;
    short_abandon_ms: number;
    trace_candidates: number;
  };
  order: {
    priorities: Priority[];
    client_class_head_start_ms: number[];
    medium_head_start_ms: Record<RoutingMedium, number>;
  };
  media: MediaValues<{ units: number; wrap_up_takes_capacity: boolean }>;
}

export interface Use {
  kind: string;
  id: string | null;
  name: string;
  field: string;
}

export interface Entry<T> {
  item: T;
  version: string;
  name: string;
  used_by: Use[];
  used_by_count: number;
}

export interface RoutingWarning {
  code: string;
  kind: string;
  id: string | null;
  name: string;
  named: Record<string, string>;
  message: string;
}

export interface FieldChange {
  field: string;
  before: unknown;
  after: unknown;
}

export interface ItemChange {
  kind: string;
  id: string | null;
  name: string;
  what: 'added' | 'removed' | 'changed';
  fields: FieldChange[];
}

export interface Changed<T> {
  entry: Entry<T> | null;
  changes: ItemChange[];
  warnings: RoutingWarning[];
}

export interface Problem {
  at: string;
  field?: string;
  message: string;
}

export interface CalendarRead {
  weekly: (Opening & { weekday: number })[];
  exceptions: ExceptionalDay[];
  skipped: string[];
}

export interface RoutingPerson {
  id: string;
  login: string;
  name: string;
  is_agent: boolean;
}
