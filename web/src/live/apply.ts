/** What the desk knows of the present, and how one event changes it. Pure. */
import type { Agent, Interaction, InteractionState, Offer, QueueNow } from '../api/types';
import type { LiveEvent } from './event';

export interface LiveState {
  readonly me: Agent | null;
  readonly offers: readonly Offer[];
  /** Contacts in hand or waiting; what is over is not kept, so the map never grows with the day. */
  readonly interactions: ReadonlyMap<string, Interaction>;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly queues: ReadonlyMap<string, QueueNow>;
}

export const EMPTY: LiveState = {
  me: null,
  offers: [],
  interactions: new Map(),
  agents: new Map(),
  queues: new Map(),
};

const OVER: ReadonlySet<InteractionState> = new Set([
  'closed',
  'abandoned',
  'overflowed',
  'failed',
]);

export function isOver(interaction: Interaction): boolean {
  return OVER.has(interaction.state);
}

export function byId<T extends { id: string }>(items: Iterable<T>): ReadonlyMap<string, T> {
  return new Map([...items].map((item) => [item.id, item]));
}

function withItem<T extends { id: string }>(map: ReadonlyMap<string, T>, item: T) {
  return new Map(map).set(item.id, item);
}

function withInteraction(
  map: ReadonlyMap<string, Interaction>,
  interaction: Interaction,
): ReadonlyMap<string, Interaction> {
  if (!isOver(interaction)) {
    // Who looks comes by events of its own: what came with the contact may be older than they.
    const viewers = map.get(interaction.id)?.viewers ?? interaction.viewers;
    return withItem(map, { ...interaction, viewers });
  }
  if (!map.has(interaction.id)) return map;
  const rest = new Map(map);
  rest.delete(interaction.id);
  return rest;
}

function isFor(offer: Offer, me: Agent | null): boolean {
  return me !== null && (offer.interaction.agent?.id ?? me.id) === me.id;
}

/** The offers after one more came: once each, the one that ends first on top. */
function withOffer(offers: readonly Offer[], offer: Offer): readonly Offer[] {
  return [...offers.filter((other) => other.id !== offer.id), offer].sort(
    (a, b) => a.expires_at - b.expires_at,
  );
}

/** The state after `event`. Applying an event twice equals applying it once. */
export function apply(state: LiveState, event: LiveEvent): LiveState {
  switch (event.type) {
    case 'offer.created':
      // Supervisors hear of everybody's offers; only one's own can be accepted.
      return isFor(event.data.offer, state.me)
        ? { ...state, offers: withOffer(state.offers, event.data.offer) }
        : state;
    case 'offer.ended':
      return {
        ...state,
        offers: state.offers.filter((offer) => offer.id !== event.data.offer_id),
      };
    case 'interaction.changed': {
      const { interaction } = event.data;
      return {
        ...state,
        interactions: withInteraction(state.interactions, interaction),
        offers: state.offers.map((offer) =>
          offer.interaction.id === interaction.id ? { ...offer, interaction } : offer,
        ),
      };
    }
    case 'agent.changed': {
      const { agent } = event.data;
      return {
        ...state,
        me: state.me?.id === agent.id ? agent : state.me,
        agents: withItem(state.agents, agent),
      };
    }
    case 'queue.changed':
      return { ...state, queues: withItem(state.queues, event.data.queue) };
    case 'viewers.changed': {
      const known = state.interactions.get(event.data.interaction_id);
      if (!known) return state;
      const viewers = event.data.viewers;
      return { ...state, interactions: withItem(state.interactions, { ...known, viewers }) };
    }
    default:
      return state;
  }
}

const oldestFirst = (a: Interaction, b: Interaction) =>
  (a.waiting_since_at ?? a.received_at) - (b.waiting_since_at ?? b.received_at) ||
  a.number - b.number;

/** Contacts in one's own hands, in the groups of the desk. */
export interface Work {
  active: Interaction[];
  waiting: Interaction[];
  parked: Interaction[];
  wrapUp: Interaction[];
}

export function workOf(state: LiveState, agentId: string): Work {
  const mine = [...state.interactions.values()]
    .filter((interaction) => interaction.agent?.id === agentId)
    .sort(oldestFirst);
  const inStates = (...states: InteractionState[]) =>
    mine.filter((interaction) => states.includes(interaction.state));
  return {
    active: inStates('active', 'held'),
    waiting: inStates('waiting_for_client'),
    parked: inStates('parked'),
    wrapUp: inStates('wrap_up'),
  };
}

/** Contacts that wait for anyone, as far as this user may see them: highest priority, then longest wait. */
export function waitingIn(state: LiveState, queueIds: ReadonlySet<string> | null): Interaction[] {
  return [...state.interactions.values()]
    .filter((interaction) => interaction.state === 'queued' || interaction.state === 'offered')
    .filter((one) => queueIds === null || (one.queue !== null && queueIds.has(one.queue.id)))
    .sort((a, b) => b.priority - a.priority || oldestFirst(a, b));
}
