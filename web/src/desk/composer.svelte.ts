/** What is being written for one contact. Kept while the desk is open, and on the server every two seconds. */
import { ApiError } from '../api/client';
import { files, interactions, type NewMessage } from '../api/calls';
import type { Interaction, Message, Party, Upload } from '../api/types';
import { explain } from '../lib/action.svelte';
import { forwardSubject, recipients, replySubject } from '../lib/mail';

export const SAVE_AFTER_MS = 2_000;
/** As long as the server holds a message back. */
export const UNDO_MS = 10_000;

export type Mode = 'reply' | 'reply_all' | 'forward' | 'note';
type Saved = 'none' | 'dirty' | 'saving' | 'saved';

export class Composer {
  mode = $state<Mode>('reply');
  to = $state.raw<Party[]>([]);
  cc = $state.raw<Party[]>([]);
  /** From which of the bank's addresses; empty: the usual one. */
  from = $state('');
  subject = $state('');
  text = $state('');
  note = $state('');
  attachments = $state.raw<Upload[]>([]);
  /** What the clock on the wall shows when it is to leave; null: now. */
  sendAt = $state<string | null>(null);
  uploading = $state(0);
  busy = $state(false);
  error = $state<string | null>(null);
  /** The server knows a newer message from the client than the writer has seen. */
  newer = $state(false);
  saved = $state<Saved>('none');
  #begun = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly interactionId: string) {}

  /** Fills in the recipients once, from the draft on the server or from the conversation. */
  async begin(interaction: Interaction, last: Message | undefined): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    this.#address(interaction, last);
    this.subject = replySubject(last?.subject || interaction.subject);
    try {
      const draft = await interactions.draft(this.interactionId);
      if (!draft || this.text !== '') return;
      this.text = draft.text;
      if (draft.to.length > 0) this.to = draft.to;
      this.cc = draft.cc;
      this.from = draft.from;
      if (draft.subject) this.subject = draft.subject;
      if (draft.text !== '') this.saved = 'saved';
      if (draft.mode === 'forward' || draft.mode === 'reply_all') this.mode = draft.mode;
      this.attachments = await Promise.all(draft.attachments.map(files.describe));
    } catch (error) {
      // No draft is the usual case; anything else will show itself at the first save.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Takes the draft that the server has now, unless something new stands here. */
  async reload(): Promise<void> {
    if (this.text.trim() !== '') return;
    const draft = await interactions.draft(this.interactionId);
    if (!draft) return;
    this.to = draft.to;
    this.cc = draft.cc;
    this.from = draft.from;
    this.subject = draft.subject;
    this.text = draft.text;
    this.attachments = await Promise.all(draft.attachments.map(files.describe));
    this.saved = 'saved';
  }

  setMode(mode: Mode, interaction: Interaction, last: Message | undefined): void {
    this.mode = mode;
    this.error = null;
    if (mode === 'note') return;
    const subject = last?.subject || interaction.subject;
    this.subject = mode === 'forward' ? forwardSubject(subject) : replySubject(subject);
    this.#address(interaction, last);
  }

  /** Begins to forward a message: its text under what will be written, its files as our own. */
  async forward(interaction: Interaction, message: Message, quoted: string): Promise<void> {
    this.setMode('forward', interaction, message);
    if (!this.text.includes(quoted.trim())) this.text += quoted;
    this.edited();
    const known = this.attachments.map((file) => file.name);
    const missing = message.attachments.filter(
      (file) => !file.inline && !known.includes(file.name),
    );
    for (const file of missing) {
      this.uploading += 1;
      try {
        this.attachments = [...this.attachments, await files.copy(file.id)];
        this.edited();
      } catch (error) {
        this.error = `${file.name}: ${explain(error)}`;
      } finally {
        this.uploading -= 1;
      }
    }
  }

  /** Puts a ready text where the cursor stands. */
  insert(text: string, start: number, end: number): void {
    this.text = this.text.slice(0, start) + text + this.text.slice(end);
    this.edited();
  }

  /** Without the right to answer only notes remain; a note that is being written stays a note. */
  allowReply(allowed: boolean): void {
    if (!allowed) this.mode = 'note';
    else if (this.mode === 'note' && this.note === '') this.mode = 'reply';
  }

  edited(): void {
    this.error = null;
    if (this.mode === 'note') return;
    this.saved = 'dirty';
    this.#timer ??= setTimeout(() => void this.save(), SAVE_AFTER_MS);
  }

  /** Writes the draft now if anything has changed. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.saved !== 'dirty' || this.busy) return;
    this.saved = 'saving';
    try {
      await interactions.saveDraft(this.interactionId, this.#draft());
      if (this.saved === 'saving') this.saved = 'saved';
    } catch {
      this.saved = 'dirty';
      this.#timer ??= setTimeout(() => void this.save(), SAVE_AFTER_MS);
    }
  }

  async attach(list: Iterable<File>): Promise<void> {
    for (const file of list) {
      this.uploading += 1;
      try {
        this.attachments = [...this.attachments, await files.upload(file)];
        this.edited();
      } catch (error) {
        this.error = `${file.name}: ${explain(error)}`;
      } finally {
        this.uploading -= 1;
      }
    }
  }

  detach(id: string): void {
    this.attachments = this.attachments.filter((file) => file.id !== id);
    this.edited();
  }

  /** Sends what is written; `seen` is the last message from outside that the writer has read. */
  async send(seen: string | null): Promise<{ message: Message; sent: NewMessage } | null> {
    if (this.busy) return null;
    this.busy = true;
    this.error = null;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const isNote = this.mode === 'note';
    const outgoing: NewMessage = isNote
      ? {
          kind: 'note',
          to: [],
          cc: [],
          subject: '',
          text: this.note,
          attachments: [],
          seen_message_id: seen,
        }
      : this.#outgoing(seen);
    try {
      const message = await interactions.send(this.interactionId, outgoing);
      this.newer = false;
      this.#clear(isNote);
      return { message, sent: outgoing };
    } catch (error) {
      this.newer = error instanceof ApiError && error.status === 412;
      if (!this.newer) this.error = explain(error);
      return null;
    } finally {
      this.busy = false;
    }
  }

  /** Puts a message that was called back into the composer again, unless something new stands there. */
  restore(sent: NewMessage, attachments: Upload[]): void {
    if (this.text.trim() !== '') return;
    const toAll = sent.cc.length > 0;
    this.mode = sent.kind === 'forward' ? 'forward' : toAll ? 'reply_all' : 'reply';
    this.to = sent.to;
    this.cc = sent.cc;
    this.from = sent.from ?? '';
    this.subject = sent.subject;
    this.text = sent.text;
    this.attachments = attachments;
    this.edited();
  }

  #clear(isNote: boolean): void {
    if (isNote) {
      this.note = '';
      this.mode = 'reply';
      return;
    }
    this.text = '';
    this.attachments = [];
    this.sendAt = null;
    this.saved = 'none';
    if (this.mode === 'forward') this.mode = 'reply';
  }

  #outgoing(seen: string | null): NewMessage {
    const { to, cc, from, subject, text, attachments } = this.#draft();
    const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    return {
      kind: this.mode === 'forward' ? 'forward' : 'reply',
      to,
      cc,
      subject,
      text,
      attachments,
      seen_message_id: seen,
      ...(from ? { from } : {}),
      ...(this.sendAt ? { schedule: { local_time: this.sendAt, time_zone } } : {}),
    };
  }

  #address(interaction: Interaction, last: Message | undefined): void {
    if (this.mode === 'forward') {
      this.to = [];
      this.cc = [];
      return;
    }
    const { to, cc } = recipients(last, interaction, this.mode === 'reply_all');
    this.to = to;
    this.cc = cc;
  }

  #draft() {
    return {
      to: this.to,
      cc: this.cc,
      from: this.from,
      subject: this.subject,
      text: this.text,
      attachments: this.attachments.map((file) => file.id),
      mode: this.mode,
    };
  }
}

/** More open drafts than anybody writes at once; the oldest lives on the server alone. */
const AT_MOST = 30;
// Looked up once when a contact opens; nothing is painted from it.
// eslint-disable-next-line svelte/prefer-svelte-reactivity
const composers = new Map<string, Composer>();

export function composerOf(interactionId: string): Composer {
  const known = composers.get(interactionId);
  if (known) return known;
  const composer = new Composer(interactionId);
  composers.set(interactionId, composer);
  const oldest = composers.keys().next().value;
  if (composers.size > AT_MOST && oldest !== undefined) composers.delete(oldest);
  return composer;
}
