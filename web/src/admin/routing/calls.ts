/** What the pages of the routing ask of the server. */
import { get, post, put, remove, requestText, sendText } from '../../api/client';
import type {
  CalendarRead,
  CentreItem,
  Changed,
  Entry,
  ItemChange,
  RoutingKind,
  RoutingPerson,
  RoutingWarning,
} from './types';

export interface Preview {
  changes: ItemChange[];
  warnings: RoutingWarning[];
}

const TOML = 'application/toml';

export const routing = {
  list: <T>(kind: RoutingKind) => get<Entry<T>[]>(`/routing/${kind}`),
  /** Adds a thing, or changes the one that was read as `before`. A trial changes nothing. */
  save: <T extends { id?: string }>(
    kind: RoutingKind,
    item: T,
    before: Entry<T> | null,
    trial = false,
  ): Promise<Changed<T>> => {
    const query = trial ? { dry_run: true } : {};
    return before
      ? put(`/routing/${kind}/${before.item.id ?? ''}`, item, { query, version: before.version })
      : post(`/routing/${kind}`, item, { query });
  },
  remove: (kind: RoutingKind, entry: Entry<{ id?: string }>) =>
    remove(`/routing/${kind}/${entry.item.id ?? ''}`, { version: entry.version }),
  centre: () => get<Entry<CentreItem>>('/routing/centre'),
  saveCentre: (item: CentreItem, version: string) =>
    put<Changed<CentreItem>>('/routing/centre', item, { version }),
  warnings: () => get<RoutingWarning[]>('/routing/warnings'),
  people: () => get<RoutingPerson[]>('/routing/people'),
  readCalendar: (text: string) =>
    sendText<CalendarRead>('POST', '/routing/calendar-readings', 'text/calendar', text),
  document: () => requestText('GET', '/routing', TOML),
  preview: (toml: string) => sendText<Preview>('PUT', '/routing?dry_run=true', TOML, toml),
  /** Replaces the document that was read in this version. */
  saveDocument: (toml: string, version: string) =>
    requestText('PUT', '/routing', TOML, { body: toml, version }),
};
