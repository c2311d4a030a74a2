/** Listens to the keyboard and calls whoever is on the page for each shortcut. */
import { actsInFields, DEFAULTS, lookUp, nameOf, type Bindings, type Shortcut } from './keys';

const STORAGE_KEY = 'rozmova.shortcuts';
const SINGLE_KEY = 'rozmova.singleKeys';
/** Between the two keys of `G D`. */
const SEQUENCE_MS = 1000;

function stored(): Bindings {
  try {
    const kept = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}') as Partial<Bindings>;
    return { ...DEFAULTS, ...kept };
  } catch {
    return { ...DEFAULTS };
  }
}

function writing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=checkbox]), textarea, select'))
  );
}

class Shortcuts {
  bindings = $state<Bindings>(stored());
  /** Keeps the keys where every browser of this user finds them; set by the session. */
  onchange: (changed: Partial<Bindings>) => void = () => undefined;
  single = $state(localStorage.getItem(SINGLE_KEY) !== 'off');
  #handlers = new Map<Shortcut, (() => void)[]>();
  #begun: { keys: string; atMs: number } | null = null;

  /** Calls `act` on the shortcut; the latest to register wins. Gives the function that ends it. */
  on(name: Shortcut, act: () => void): () => void {
    const handlers = this.#handlers.get(name) ?? [];
    this.#handlers.set(name, [...handlers, act]);
    return () => {
      const rest = (this.#handlers.get(name) ?? []).filter((handler) => handler !== act);
      this.#handlers.set(name, rest);
    };
  }

  bind(name: Shortcut, binding: string): void {
    this.bindings[name] = binding;
    localStorage.setItem(STORAGE_KEY, JSON.stringify(this.bindings));
    this.onchange(this.#changed());
  }

  reset(): void {
    this.bindings = { ...DEFAULTS };
    localStorage.removeItem(STORAGE_KEY);
    this.onchange({});
  }

  /** Takes the keys that the server has kept; what it does not know has its first key. */
  take(kept: Partial<Record<string, string>>): void {
    const known = Object.entries(kept).filter(
      ([name, binding]) => name in DEFAULTS && typeof binding === 'string',
    );
    this.bindings = { ...DEFAULTS, ...(Object.fromEntries(known) as Partial<Bindings>) };
    localStorage.setItem(STORAGE_KEY, JSON.stringify(this.bindings));
  }

  #changed(): Partial<Bindings> {
    const names = Object.keys(DEFAULTS) as Shortcut[];
    return Object.fromEntries(
      names
        .filter((name) => this.bindings[name] !== DEFAULTS[name])
        .map((name) => [name, this.bindings[name]]),
    );
  }

  useSingle(on: boolean): void {
    this.single = on;
    localStorage.setItem(SINGLE_KEY, on ? 'on' : 'off');
  }

  pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const key = nameOf(event);
    if (!key) return;
    const modal = document.querySelector('dialog[open]') !== null;
    const name = this.#meaning(key);
    if (name === null || name === 'begun') return;
    const binding = this.bindings[name];
    if (!actsInFields(binding) && (writing(event.target) || modal || !this.#singleAllowed(name))) {
      return;
    }
    const act = this.#handlers.get(name)?.at(-1);
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** The help sheet itself is always within reach. */
  #singleAllowed(name: Shortcut): boolean {
    return this.single || name === 'help';
  }

  #meaning(key: string): Shortcut | 'begun' | null {
    const begun = this.#begun;
    this.#begun = null;
    if (begun && Date.now() - begun.atMs < SEQUENCE_MS) {
      const meaning = lookUp(this.bindings, `${begun.keys} ${key}`);
      if (meaning) return meaning;
    }
    const meaning = lookUp(this.bindings, key);
    if (meaning === 'begun') this.#begun = { keys: key, atMs: Date.now() };
    return meaning;
  }
}

export const shortcuts = new Shortcuts();
