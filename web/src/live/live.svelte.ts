/** The live connection and what it tells, for every page. One for the whole application. */
import { ApiError } from '../api/client';
import { interactions, supervision, work } from '../api/calls';
import type { Interaction, Session } from '../api/types';
import { allPages } from '../lib/pages';
import { clock } from '../lib/time.svelte';
import { apply, byId, EMPTY, type LiveState } from './apply';
import type { EventData, EventType, LiveEvent } from './event';
import { INITIAL, step, type Connection, type Input, type Output } from './socket';

const TICK_MS = 500;
/** A failed synchronisation is repeated after this long. */
const SYNC_AGAIN_MS = 3_000;

type Listener = (event: LiveEvent) => void;

class Live {
  state = $state.raw<LiveState>(EMPTY);
  connection = $state.raw<Connection>(INITIAL);
  /** Everything needed has been fetched since the connection was made. */
  synced = $state(false);
  /** When this was last true, by the local clock. */
  syncedAtMs = $state<number | null>(null);

  #socket: WebSocket | null = null;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #session: Session | null = null;
  /** Events that came while the present was being fetched; applied on top of it. */
  #during: LiveEvent[] | null = null;
  #syncTurn = 0;
  #listeners = new Set<Listener>();
  #resyncers = new Set<() => void>();

  start(session: Session): void {
    this.#session = session;
    this.state = EMPTY;
    this.synced = false;
    this.#ticker ??= setInterval(() => this.#feed({ type: 'tick' }), TICK_MS);
    this.#feed({ type: 'start' });
  }

  stop(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#syncTurn += 1;
    this.#during = null;
    this.#session = null;
    this.#feed({ type: 'stop' });
    this.state = EMPTY;
    this.synced = false;
  }

  hurry(): void {
    this.#feed({ type: 'hurry' });
  }

  /** Calls `listener` with each event; gives the function that ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` with the data of each event of one type; gives the function that ends it. */
  on<T extends EventType>(type: T, listener: (data: EventData[T]) => void): () => void {
    return this.listen((event) => {
      if (event.type === type) listener(event.data as EventData[T]);
    });
  }

  /** Calls `again` after a break that may have swallowed events; gives the function that ends it. */
  onResync(again: () => void): () => void {
    this.#resyncers.add(again);
    return () => this.#resyncers.delete(again);
  }

  /** Takes the answer of an act into the state at once; the event that follows says the same. */
  learn(event: LiveEvent): void {
    this.state = apply(this.state, event);
  }

  learnInteraction(interaction: Interaction): void {
    this.learn({ seq: 0, at: 0, type: 'interaction.changed', data: { interaction } });
  }

  #feed(input: Input): void {
    const [next, outputs] = step(this.connection, input, Date.now(), Math.random());
    if (next !== this.connection) this.connection = next;
    for (const output of outputs) this.#perform(output);
    if (next.phase === 'live' && this.synced && outputs.length > 0) this.syncedAtMs = Date.now();
  }

  #perform(output: Output): void {
    switch (output.type) {
      case 'connect':
        return this.#connect(output.epoch, output.after);
      case 'disconnect':
        return this.#disconnect();
      case 'send':
        return this.#socket?.send(output.text);
      case 'heard':
        return clock.heard(output.at);
      case 'resync':
        void this.#resync();
        return;
      case 'event':
        return this.#take(output.event);
    }
  }

  #connect(epoch: string | null, after: number): void {
    const query = epoch === null ? '' : `?epoch=${encodeURIComponent(epoch)}&after=${after}`;
    const socket = new WebSocket(`${webSocketOrigin()}/api/v1/live${query}`);
    this.#socket = socket;
    const ours = () => this.#socket === socket;
    socket.onmessage = ({ data }) => {
      if (ours()) this.#feed({ type: 'frame', text: String(data) });
    };
    socket.onclose = () => {
      if (!ours()) return;
      this.#socket = null;
      this.#feed({ type: 'closed' });
      this.#askWhetherSignedIn();
    };
  }

  /** A refused connection does not say why; a request does, and a session that is over ends there. */
  #askWhetherSignedIn(): void {
    if (this.connection.attempt > 1) void interactions.list({ limit: 1 }).catch(() => undefined);
  }

  #disconnect(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #take(event: LiveEvent): void {
    this.#during?.push(event);
    this.state = apply(this.state, event);
    for (const listener of this.#listeners) listener(event);
  }

  async #resync(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const turn = ++this.#syncTurn;
    const current = () => turn === this.#syncTurn;
    this.synced = false;
    this.#during = [];
    try {
      const fetched = await fetchPresent(session);
      if (!current()) return;
      this.state = this.#during.reduce(apply, fetched);
      this.#during = null;
      this.synced = true;
      this.syncedAtMs = Date.now();
      for (const again of this.#resyncers) again();
    } catch (error) {
      const signedOut = error instanceof ApiError && error.status === 401;
      if (current() && !signedOut)
        setTimeout(() => current() && void this.#resync(), SYNC_AGAIN_MS);
    }
  }
}

function webSocketOrigin(): string {
  return window.location.origin.replace(/^http/, 'ws');
}

/** What this user may not see, or is not, is simply not there. */
async function allowed<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && [403, 404].includes(error.status)) return otherwise;
    throw error;
  }
}

async function fetchPresent(session: Session): Promise<LiveState> {
  const [me, mine, wall] = await Promise.all([
    // A supervisor may take contacts, but need not serve a queue.
    session.agent ? allowed(work.me(), null) : null,
    session.agent ? work.mine() : { offers: [], interactions: [] },
    session.rights.includes('supervise') ? supervision.wallboard() : null,
  ]);
  const [team, waiting] = await Promise.all([
    wall ? wall.agents : session.agent ? allowed(supervision.agents(), []) : [],
    me ? waitingInQueues(me.queues) : [],
  ]);
  return {
    me,
    offers: [...mine.offers].sort((a, b) => a.expires_at - b.expires_at),
    interactions: byId([...waiting, ...mine.interactions]),
    agents: byId(team),
    queues: byId(wall?.queues ?? []),
  };
}

/** As many as the server gives at once. */
const PAGE = 200;
/** A thousand contacts of each queue: who stands further behind comes by events when that changes. */
const PAGES_AT_MOST = 5;

/** What an agent could take next. */
async function waitingInQueues(queues: readonly string[]): Promise<Interaction[]> {
  const ask = (queue_id: string) =>
    allPages(
      (cursor) => interactions.list({ queue_id, order: 'queue', cursor, limit: PAGE }),
      PAGES_AT_MOST,
    );
  const waiting = await Promise.all(queues.map((queue_id) => allowed(ask(queue_id), [])));
  return waiting.flat();
}

export const live = new Live();

window.addEventListener('online', () => live.hurry());
