/** The contact that is open in the middle of the desk: itself, its client's timeline, what has been seen of it. */
import { clients, interactions } from '../api/calls';
import type {
  Client,
  Interaction,
  InteractionBrief,
  InteractionDetail,
  Message,
  Page,
} from '../api/types';
import { explain } from '../lib/action.svelte';
import { allPages } from '../lib/pages';
import type { LiveEvent } from '../live/event';
import { live } from '../live/live.svelte';
import {
  fromMessage,
  fromTimeline,
  lastInbound,
  merge,
  withDelivery,
  withExamination,
  without,
  type StreamEntry,
} from '../live/timeline';

/** Others see us in the contact for 30 s; repeating at half of it survives one lost request. */
const LOOK_EVERY_MS = 15_000;

export class OpenContact {
  detail = $state.raw<InteractionDetail | null>(null);
  client = $state.raw<Client | null>(null);
  /** Oldest first. */
  entries = $state.raw<StreamEntry[]>([]);
  error = $state<string | null>(null);
  loadingOlder = $state(false);
  loaded = $state(false);
  /** The newest message from outside that has been on the screen. */
  seenInboundId = $state<string | null>(null);
  writing = $state(false);
  #older = $state<string | null>(null);
  #closed = false;
  /** Events that came while the present was being fetched; the answer may be older than they are. */
  #during: LiveEvent[] | null = null;
  #loadTurn = 0;

  readonly id: string;
  readonly newestInbound: Message | undefined = $derived.by(() =>
    lastInbound(this.entries, this.id),
  );
  readonly hasUnseen: boolean = $derived(
    this.newestInbound !== undefined && this.newestInbound.id !== this.seenInboundId,
  );

  constructor(id: string) {
    this.id = id;
  }

  /** Starts to follow the contact; gives the function that ends it. */
  open(): () => void {
    void this.load();
    this.#look();
    const timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    const endListening = live.listen((event) => this.#take(event));
    const endResync = live.onResync(() => void this.load());
    return () => {
      this.#closed = true;
      clearInterval(timer);
      interactions.leave(this.id).catch(() => undefined);
      endListening();
      endResync();
    };
  }

  async load(): Promise<void> {
    const turn = ++this.#loadTurn;
    const outdated = () => this.#closed || turn !== this.#loadTurn;
    this.#during = [];
    try {
      const detail = await interactions.get(this.id);
      if (outdated()) return;
      this.detail = detail;
      this.error = null;
      this.#during.forEach((event) => this.#apply(event));
      await this.#loadHistory(outdated);
      if (!outdated()) this.#during.forEach((event) => this.#apply(event));
    } catch (error) {
      if (!outdated()) this.error = explain(error);
    } finally {
      if (!outdated()) this.#during = null;
    }
  }

  get hasOlder(): boolean {
    return this.#older !== null;
  }

  async loadOlder(): Promise<void> {
    const clientId = this.#clientId();
    if (this.#older === null || !clientId || this.loadingOlder) return;
    this.loadingOlder = true;
    try {
      this.#takePage(await clients.timeline(clientId, this.#older));
    } finally {
      this.loadingOlder = false;
    }
  }

  /** Fetches the whole messages of another contact of this client. */
  async unfold(interaction: InteractionBrief): Promise<void> {
    const messages = await allMessages(interaction.id);
    this.entries = merge(
      this.entries,
      messages.map((message) => fromMessage(message, interaction)),
    );
  }

  /** Takes the answer of an act on this contact. */
  changed(interaction: Interaction): void {
    live.learnInteraction(interaction);
    this.#change(interaction);
  }

  add(message: Message): void {
    const brief = this.#brief();
    if (brief) this.entries = merge(this.entries, [fromMessage(message, brief)]);
  }

  remove(messageId: string): void {
    this.entries = without(this.entries, messageId);
  }

  seen(messageId: string): void {
    if (messageId === this.newestInbound?.id) this.seenInboundId = messageId;
  }

  async chooseClient(clientId: string): Promise<void> {
    this.changed(await interactions.chooseClient(this.id, clientId));
    await this.load();
  }

  setWriting(writing: boolean): void {
    if (this.writing === writing) return;
    this.writing = writing;
    this.#look();
  }

  #change(interaction: Interaction): void {
    if (!this.detail) return;
    const known = this.detail.client;
    const otherClient =
      interaction.client?.id !== known?.id || interaction.client?.confirmed !== known?.confirmed;
    // Who looks comes by events of its own: what came with the contact may be older than they.
    this.detail = { ...this.detail, ...interaction, viewers: this.detail.viewers };
    if (otherClient) void this.load();
  }

  /** Whose file is open here: nobody's while the sender is not confirmed. */
  #clientId(): string | null {
    const client = this.detail?.client;
    return client?.confirmed ? client.id : null;
  }

  #brief(): InteractionBrief | null {
    const detail = this.detail;
    if (!detail) return null;
    const { id, number, subject, medium, state } = detail;
    return { id, number, subject, medium, state };
  }

  async #loadHistory(outdated: () => boolean): Promise<void> {
    const clientId = this.#clientId();
    const [messages, client, page] = await Promise.all([
      allMessages(this.id),
      clientId ? clients.get(clientId) : null,
      clientId ? clients.timeline(clientId) : null,
    ]);
    const brief = this.#brief();
    if (outdated() || !brief) return;
    const mine = messages.map((message) => fromMessage(message, brief));
    this.client = client;
    this.entries = merge(page?.items.map(fromTimeline) ?? [], mine);
    this.#older = page?.next ?? null;
    this.loaded = true;
  }

  #takePage(page: Page<Parameters<typeof fromTimeline>[0]>): void {
    this.entries = merge(page.items.map(fromTimeline), this.entries);
    this.#older = page.next;
  }

  #take(event: LiveEvent): void {
    this.#during?.push(event);
    this.#apply(event);
  }

  #apply(event: LiveEvent): void {
    switch (event.type) {
      case 'interaction.changed':
        if (event.data.interaction.id === this.id) this.#change(event.data.interaction);
        break;
      case 'message.added': {
        const { interaction_id, message } = event.data;
        const known = this.entries.find((entry) => entry.interaction.id === interaction_id);
        const brief = interaction_id === this.id ? this.#brief() : known?.interaction;
        if (brief) this.entries = merge(this.entries, [fromMessage(message, brief)]);
        break;
      }
      case 'message.changed':
        this.entries = withDelivery(this.entries, event.data.message_id, event.data.delivery);
        break;
      case 'message.examined':
        this.entries = withExamination(this.entries, event.data.message_id, event.data);
        break;
      case 'viewers.changed':
        if (event.data.interaction_id === this.id && this.detail) {
          this.detail = { ...this.detail, viewers: event.data.viewers };
        }
        break;
      case 'messages.moved':
        if (event.data.interaction_id === this.id) void this.load();
        break;
      case 'client.changed':
        if (event.data.client_id === this.client?.id) void this.#reloadClient();
        break;
    }
  }

  async #reloadClient(): Promise<void> {
    if (this.client) this.client = await clients.get(this.client.id).catch(() => this.client);
  }

  /** Who looks is a courtesy to colleagues: its failure is no reason to disturb the reader. */
  #look(): void {
    if (document.visibilityState === 'visible') {
      interactions.look(this.id, this.writing).catch(() => undefined);
    }
  }
}

/** More messages than any conversation has; a loop between two machines stops here. */
const PAGES_AT_MOST = 25;

function allMessages(interactionId: string): Promise<Message[]> {
  return allPages((cursor) => interactions.messages(interactionId, cursor), PAGES_AT_MOST);
}
