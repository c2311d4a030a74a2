/** Which page an address shows. Paths are typed: a link to no page does not compile. */

export const PAGES = {
  home: '/',
  desk: '/desk',
  contact: '/desk/:id',
  wall: '/wall',
  live: '/live',
  reports: '/reports',
  clients: '/clients',
  client: '/clients/:id',
  unreadable: '/unreadable',
  users: '/admin/users',
  audit: '/admin/audit',
  routing: '/admin/routing',
  routingPart: '/admin/routing/:id',
  texts: '/admin/texts',
  health: '/health',
  settings: '/settings',
  design: '/design',
  setup: '/setup',
} as const;

export type PageName = keyof typeof PAGES;
type WithId = { [N in PageName]: (typeof PAGES)[N] extends `${string}:id` ? N : never }[PageName];
/** Pages that are one, and not one of many. */
export type PlainPage = Exclude<PageName, WithId | 'home'>;
type Arguments<N extends PageName> = N extends WithId ? [id: string] : [];

export interface Place {
  page: PageName | null;
  id: string | null;
}

export function href<N extends PageName>(page: N, ...[id]: Arguments<N>): string {
  return PAGES[page].replace(':id', encodeURIComponent(id ?? ''));
}

/** The page at a path; `page` is null when there is none. */
export function resolve(path: string): Place {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  for (const [page, pattern] of Object.entries(PAGES) as [PageName, string][]) {
    if (pattern === trimmed) return { page, id: null };
    const base = pattern.replace(':id', '');
    const rest = trimmed.slice(base.length);
    if (pattern !== base && trimmed.startsWith(base) && rest !== '' && !rest.includes('/')) {
      return { page, id: decodeURIComponent(rest) };
    }
  }
  return { page: null, id: null };
}

class Router {
  place = $state.raw<Place>({ page: 'home', id: null });

  start(): () => void {
    const read = () => (this.place = resolve(window.location.pathname));
    const click = (event: MouseEvent) => this.#click(event);
    read();
    window.addEventListener('popstate', read);
    document.addEventListener('click', click);
    return () => {
      window.removeEventListener('popstate', read);
      document.removeEventListener('click', click);
    };
  }

  go<N extends PageName>(page: N, ...args: Arguments<N>): void {
    this.#open(href(page, ...args), false);
  }

  replace<N extends PageName>(page: N, ...args: Arguments<N>): void {
    this.#open(href(page, ...args), true);
  }

  #open(path: string, replace: boolean): void {
    if (path === window.location.pathname) return;
    window.history[replace ? 'replaceState' : 'pushState'](null, '', path);
    this.place = resolve(path);
  }

  /** Links inside the desk change the page without loading it again: calls and drafts live on. */
  #click(event: MouseEvent): void {
    const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (event.defaultPrevented || event.button !== 0 || modified) return;
    const link = (event.target as Element | null)?.closest('a');
    if (!link || link.target || link.hasAttribute('download')) return;
    if (link.origin !== window.location.origin || link.pathname.startsWith('/api/')) return;
    if (link.hash && link.pathname === window.location.pathname) return;
    event.preventDefault();
    this.#open(link.pathname, false);
  }
}

export const router = new Router();
