/** The client's history in one stream, oldest first. Pure. */
import type { Delivery, Message, TimelineEntry } from '../api/types';

export function keyOf(entry: TimelineEntry): string {
  return entry.message
    ? `message ${entry.message.id}`
    : `${entry.type} ${entry.at} ${entry.interaction?.id ?? ''} ${entry.text ?? ''}`;
}

/** Both lists as one: every entry once (the later list wins), ordered by time. */
export function merge(
  known: readonly TimelineEntry[],
  incoming: readonly TimelineEntry[],
): TimelineEntry[] {
  const entries = new Map(known.map((entry) => [keyOf(entry), entry]));
  for (const entry of incoming) entries.set(keyOf(entry), entry);
  return [...entries.values()].sort((a, b) => a.at - b.at || (keyOf(a) < keyOf(b) ? -1 : 1));
}

export function entryOf(
  message: Message,
  interaction: TimelineEntry['interaction'],
): TimelineEntry {
  return {
    at: message.at,
    type: message.kind === 'note' ? 'note' : 'message',
    interaction,
    message,
    text: null,
  };
}

export function withDelivery(
  entries: readonly TimelineEntry[],
  messageId: string,
  delivery: Delivery | null,
): TimelineEntry[] {
  return entries.map((entry) =>
    entry.message?.id === messageId ? { ...entry, message: { ...entry.message, delivery } } : entry,
  );
}

export function without(entries: readonly TimelineEntry[], messageId: string): TimelineEntry[] {
  return entries.filter((entry) => entry.message?.id !== messageId);
}

/** What the filter chips show: everything, notes, or one contact. */
export type Filter = 'all' | 'notes' | 'contact' | 'email' | 'voice' | 'fax' | 'letter';

export function matches(entry: TimelineEntry, filter: Filter, interactionId: string): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'notes':
      return entry.type === 'note' || entry.message?.kind === 'note';
    case 'contact':
      return entry.interaction?.id === interactionId;
    default:
      return (entry.message?.medium ?? entry.interaction?.medium) === filter;
  }
}

/** The newest message that came from outside, within one contact. */
export function lastInbound(
  entries: readonly TimelineEntry[],
  interactionId: string,
): Message | undefined {
  return (
    entries.findLast(
      (entry) =>
        entry.interaction?.id === interactionId &&
        entry.message?.direction === 'inbound' &&
        entry.message.kind !== 'note',
    )?.message ?? undefined
  );
}
