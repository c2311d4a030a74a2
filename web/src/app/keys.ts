/** Keys as the shortcuts name them. Letters are read by their place on the keyboard, so that they act
 *  the same while the Ukrainian layout is on. Pure. */

export const DEFAULTS = {
  palette: 'Ctrl+K',
  help: '?',
  goDesk: 'G D',
  goLive: 'G L',
  goClients: 'G C',
  ready: 'P',
  accept: 'A',
  decline: 'D',
  next: 'J',
  previous: 'K',
  reply: 'R',
  replyAll: 'Shift+R',
  note: 'N',
  send: 'Ctrl+Enter',
  finish: 'E',
  transfer: 'T',
  card: 'C',
} as const;

export type Shortcut = keyof typeof DEFAULTS;
export type Bindings = Record<Shortcut, string>;

interface Pressed {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** The name of a pressed key, such as `R`, `Shift+R`, `Ctrl+Enter`, `?`; null for a bare modifier. */
export function nameOf(event: Pressed): string | null {
  if (['Shift', 'Control', 'Alt', 'Meta', 'AltGraph'].includes(event.key)) return null;
  const control = event.ctrlKey || event.metaKey;
  if (event.key === '?' || (event.code === 'Slash' && event.shiftKey && !control)) return '?';
  const place = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1];
  const key = place ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  const modifiers = [control && 'Ctrl', event.altKey && 'Alt', event.shiftKey && 'Shift'];
  return [...modifiers.filter(Boolean), key].join('+');
}

/** Single keys write text while a field has the focus; combinations with Ctrl act there too. */
export function actsInFields(binding: string): boolean {
  return binding.startsWith('Ctrl+');
}

/** What the keys pressed so far mean: a shortcut, the beginning of one, or nothing. */
export function lookUp(bindings: Bindings, pressed: string): Shortcut | 'begun' | null {
  for (const [name, binding] of Object.entries(bindings) as [Shortcut, string][]) {
    if (binding === pressed) return name;
  }
  return Object.values(bindings).some((binding) => binding.startsWith(`${pressed} `))
    ? 'begun'
    : null;
}

/** The shortcut that already uses `binding`, other than `except`. */
export function takenBy(bindings: Bindings, binding: string, except: Shortcut): Shortcut | null {
  const found = (Object.entries(bindings) as [Shortcut, string][]).find(
    ([name, used]) => name !== except && (used === binding || used.startsWith(`${binding} `)),
  );
  return found?.[0] ?? null;
}
