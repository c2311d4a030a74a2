/** What the forms of the routing have in common. Pure. */
import type { InterruptMatrix, Problem, RoutingKind } from './types';

/** Whether everything in a form can be read: a field that cannot is NaN. */
export function isWhole(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isNaN(value);
  if (Array.isArray(value)) return value.every(isWhole);
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isWhole);
  return true;
}

/** A new thing of a kind, with the product's defaults. */
export function blank(kind: Exclude<RoutingKind, 'centre'>, timeZone: string): object {
  switch (kind) {
    case 'skills':
      return { name: '' };
    case 'pause-reasons':
      return { name: '', counts_as_work: false };
    case 'dispositions':
      return { code: '', name: '', required_note: false };
    case 'hours':
      return {
        name: '',
        time_zone: timeZone,
        weekly: [1, 2, 3, 4, 5].map((weekday) => ({
          weekday,
          from_minute: 540,
          to_minute: 1080,
        })),
        exceptions: [],
      };
    case 'agents':
      return { login: '', skills: [], queues: [], maximum: {} };
    case 'queues':
      return {
        name: '',
        rule: 'longest_idle',
        needs: [],
        priority: 0,
        offer_ms: {},
        auto_accept: {},
        ring: [],
        overflow: [],
        on_transfer: { type: 'keep' },
        wrap_up_ms: {},
        disposition_required: false,
        dispositions: [],
        pull_allowed: false,
        announce_every_ms: 0,
        target_ms: {},
        target_percent: 80,
      };
  }
}

/** The product's: a call blocks everything; written contacts share, and yield to a call. */
export function usualInterrupts(): InterruptMatrix {
  const call = { call: 'blocks', email: 'blocks', fax: 'blocks', letter: 'blocks' } as const;
  const written = { call: 'yields', email: 'shares', fax: 'shares', letter: 'shares' } as const;
  return {
    call: { ...call },
    email: { ...written },
    fax: { ...written },
    letter: { ...written },
  };
}

/** A thing as the form edits it: its lists are there even when they are empty. */
export function editable(
  kind: Exclude<RoutingKind, 'centre'>,
  item: object,
  timeZone: string,
): Record<string, unknown> {
  const lists = Object.entries(blank(kind, timeZone)).filter(([, value]) => Array.isArray(value));
  const empty = Object.fromEntries(lists.map(([key]) => [key, []]));
  return { ...empty, ...structuredClone(item) };
}

/** What the server found wrong with the thing that is edited, for one field of it. */
export function problemAt(problems: Problem[], field: string): string | null {
  return problems.find((problem) => problem.field === field)?.message ?? null;
}
