/** Short reports of what was done, with at most one act (such as undo). They leave by themselves. */

export interface Toast {
  id: number;
  /** A function is given the seconds that are left. */
  text: string | ((seconds: number) => string);
  tone: 'good' | 'bad';
  action?: { text: string; act: () => void };
  /** When it leaves, in milliseconds of this browser's clock. */
  until: number;
}

const STAY_MS = 5_000;
/** Older ones leave early, so that a burst of errors never hides the page. */
const AT_MOST = 4;

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  show(text: Toast['text'], tone: Toast['tone'] = 'good', options: Partial<Toast> = {}): number {
    const id = this.#next++;
    const until = options.until ?? Date.now() + STAY_MS;
    this.list = [...this.list, { id, text, tone, action: options.action, until }].slice(-AT_MOST);
    setTimeout(() => this.drop(id), until - Date.now());
    return id;
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
