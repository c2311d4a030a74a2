/** One act of the user at a time: while it runs it cannot be started again, and its failure is kept to be shown. */
import { untrack } from 'svelte';

import { ApiError } from '../api/client';
import { i18n } from '../i18n/index.svelte';
import { inWords } from '../i18n/refusals';
import { toasts } from '../ui/toasts.svelte';

/** The failure in words for the reader. */
export function explain(error: unknown): string {
  const t = i18n.t.error;
  if (error instanceof ApiError) {
    if (error.unreachable) return t.unreachable;
    return error.code === 'unexpected' ? t.unexpected(error.status) : inWords(i18n.language, error);
  }
  return error instanceof Error ? error.message : String(error);
}

export class Action {
  busy = $state(false);
  error = $state<string | null>(null);
  /** Name of the field that the server refused, when it named one. */
  field = $state<string | null>(null);

  /** Runs `act` unless one is running. Gives true when it succeeded. */
  async run(act: () => Promise<void>): Promise<boolean> {
    // An effect that starts an act must not start it again when the act ends.
    if (untrack(() => this.busy)) return false;
    this.busy = true;
    this.error = null;
    this.field = null;
    try {
      await act();
      return true;
    } catch (error) {
      this.error = explain(error);
      this.field = error instanceof ApiError ? error.field : null;
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** As `run`, for acts that have no place of their own for an error. */
  async runOrTell(act: () => Promise<void>): Promise<boolean> {
    const done = await this.run(act);
    if (this.error) toasts.show(this.error, 'bad');
    return done;
  }
}
