/** The client's history in one stream, oldest first. Pure. */
import type {
  Delivery,
  InteractionBrief,
  Medium,
  Message,
  Micros,
  Named,
  TimelineEntry,
} from '../api/types';

/** A thing in the stream: a whole message, or the beginning of one, or the end of a contact. */
export interface StreamEntry {
  id: string;
  at: Micros;
  type: TimelineEntry['type'];
  interaction: InteractionBrief;
  /** The whole message, when it has been fetched. */
  message: Message | null;
  /** What the list of the client's history tells of a message. */
  brief: TimelineEntry['message'];
  text: string;
  disposition: string | null;
  author: Named | null;
}

export function fromTimeline(entry: TimelineEntry): StreamEntry {
  return { ...entry, id: entry.message?.id ?? entry.id, brief: entry.message, message: null };
}

export function fromMessage(message: Message, interaction: InteractionBrief): StreamEntry {
  return {
    id: message.id,
    at: message.at,
    type: message.kind === 'note' ? 'note' : 'message',
    interaction,
    message,
    brief: null,
    text: message.reply_text || message.text,
    disposition: null,
    author: message.author,
  };
}

/** Both lists as one: every entry once, ordered by time. The later word wins, a whole message over its beginning. */
export function merge(
  known: readonly StreamEntry[],
  incoming: readonly StreamEntry[],
): StreamEntry[] {
  const entries = new Map(known.map((entry) => [entry.id, entry]));
  for (const entry of incoming) {
    const before = entries.get(entry.id);
    const keepsWhole = before?.message && !entry.message;
    entries.set(entry.id, keepsWhole ? { ...before, interaction: entry.interaction } : entry);
  }
  return [...entries.values()].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

/** What became of a message of ours; none: it was taken back and is gone. */
export function withDelivery(
  entries: readonly StreamEntry[],
  messageId: string,
  delivery: Delivery | null,
): StreamEntry[] {
  if (!delivery) return without(entries, messageId);
  return entries.map((entry) =>
    entry.message?.id === messageId ? { ...entry, message: { ...entry.message, delivery } } : entry,
  );
}

/** What a closer look has found out about a message since it came in. */
export function withExamination(
  entries: readonly StreamEntry[],
  messageId: string,
  examined: Pick<Message, 'language' | 'authentication'>,
): StreamEntry[] {
  const { language, authentication } = examined;
  return entries.map((entry) =>
    entry.message?.id === messageId
      ? { ...entry, message: { ...entry.message, language, authentication } }
      : entry,
  );
}

export function without(entries: readonly StreamEntry[], messageId: string): StreamEntry[] {
  return entries.filter((entry) => entry.id !== messageId);
}

/** What the filter chips show: everything, one contact, one medium, or notes. */
export type Filter = 'all' | 'notes' | 'contact' | Exclude<Medium, 'callback'>;

export function matches(entry: StreamEntry, filter: Filter, interactionId: string): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'notes':
      return entry.type === 'note';
    case 'contact':
      return entry.interaction.id === interactionId;
    default:
      return entry.interaction.medium === filter;
  }
}

/** The newest message that came from outside, within one contact. */
export function lastInbound(
  entries: readonly StreamEntry[],
  interactionId: string,
): Message | undefined {
  const isInbound = ({ interaction, message }: StreamEntry) =>
    interaction.id === interactionId && message?.direction === 'inbound';
  return entries.findLast(isInbound)?.message ?? undefined;
}
