/** Something fetched for a page: loading, there, or failed; a later request makes an earlier one worthless. */
import { explain } from './action.svelte';

export class Loaded<T> {
  value = $state.raw<T | null>(null);
  error = $state<string | null>(null);
  loading = $state(false);
  #turn = 0;

  async fetch(get: () => Promise<T>): Promise<void> {
    const turn = ++this.#turn;
    this.loading = true;
    this.error = null;
    try {
      const value = await get();
      if (turn === this.#turn) this.value = value;
    } catch (error) {
      if (turn === this.#turn) this.error = explain(error);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }
}

/** A list that grows page by page. */
export class Paged<T> {
  items = $state.raw<T[]>([]);
  next = $state<string | null>(null);
  error = $state<string | null>(null);
  loading = $state(false);
  loaded = $state(false);
  #turn = 0;

  constructor(
    private readonly get: (cursor: string | null) => Promise<{ items: T[]; next: string | null }>,
  ) {}

  /** From the beginning; what is shown stays until the new page is there. */
  async reload(): Promise<void> {
    await this.#fetch(null);
  }

  async more(): Promise<void> {
    if (this.next !== null && !this.loading) await this.#fetch(this.next);
  }

  async #fetch(cursor: string | null): Promise<void> {
    const turn = ++this.#turn;
    this.loading = true;
    this.error = null;
    try {
      const page = await this.get(cursor);
      if (turn !== this.#turn) return;
      this.items = cursor === null ? page.items : [...this.items, ...page.items];
      this.next = page.next;
      this.loaded = true;
    } catch (error) {
      if (turn === this.#turn) this.error = explain(error);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }
}
