/** Search over clients as one types: the last question wins. */
import { clients } from '../../api/calls';
import type { ClientLine } from '../../api/types';
import { Paged } from '../../lib/load.svelte';

const PAUSE_MS = 180;

export class ClientSearch {
  query = $state('');
  readonly list = new Paged<ClientLine>((cursor) => clients.search(this.query.trim(), cursor));
  #timer: ReturnType<typeof setTimeout> | undefined;

  typed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.list.reload(), PAUSE_MS);
  }
}
