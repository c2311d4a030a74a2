/** What the server says over the live connection; the same names as the server's own. */
import type {
  Agent,
  Authentication,
  Delivery,
  Interaction,
  Message,
  Micros,
  Offer,
  QueueNow,
  Viewer,
} from '../api/types';

export interface EventData {
  'offer.created': { offer: Offer };
  'offer.ended': { offer_id: string; interaction_id: string; outcome: string };
  'interaction.changed': { interaction: Interaction };
  'message.added': { interaction_id: string; message: Message };
  'message.changed': { interaction_id: string; message_id: string; delivery: Delivery | null };
  'message.examined': {
    interaction_id: string;
    message_id: string;
    language: string | null;
    authentication: Authentication;
  };
  'agent.changed': { agent: Agent };
  'agent.pause_limit_passed': { agent_id: string; reason: string; limit_ms: number };
  'queue.changed': { queue: QueueNow };
  'viewers.changed': { interaction_id: string; viewers: Viewer[] };
  'draft.changed': { interaction_id: string; author: { id: string; name: string } | null };
  'messages.moved': { interaction_id: string };
  'client.changed': { client_id: string };
  'health.changed': { channel: string };
  'routing.changed': Record<string, never>;
  'session.ended': { reason: string };
}

export type EventType = keyof EventData;

/** One numbered event. Numbers grow; a gap is an event that this user may not see. */
export type LiveEvent = {
  [T in EventType]: { seq: number; at: Micros; type: T; data: EventData[T] };
}[EventType];

export type Frame =
  | { type: 'hello'; epoch: string; seq: number; resumed: boolean }
  | { type: 'ping'; at: Micros }
  | LiveEvent;
