/** Who is signed in, and what they may do and prefer. */
import { onSignedOut } from '../api/client';
import { session as calls, setup } from '../api/calls';
import type { Language, Session, Theme } from '../api/types';
import { i18n } from '../i18n/index.svelte';
import { live } from '../live/live.svelte';
import { shortcuts } from './shortcuts.svelte';

export type Right =
  | 'work'
  | 'supervise'
  | 'view_clients'
  | 'edit_clients'
  | 'view_sensitive'
  | 'manage_routing'
  | 'manage_users'
  | 'view_audit'
  | 'view_reports'
  | 'view_health'
  | 'bring_mail';

const THEME_KEY = 'rozmova.theme';
const dark = window.matchMedia('(prefers-color-scheme: dark)');

class CurrentSession {
  value = $state.raw<Session | null>(null);
  /** Until the server has been asked who we are. */
  unknown = $state(true);
  /** True after a session ended under the user's hands. */
  expired = $state(false);
  theme = $state<Theme>((localStorage.getItem(THEME_KEY) as Theme | null) ?? 'system');

  constructor() {
    this.#paint();
    dark.addEventListener('change', () => this.#paint());
    onSignedOut(() => this.#ended());
    live.on('session.ended', () => this.#ended());
    shortcuts.onchange = (changed) => {
      if (!this.value) return;
      // Where the server cannot be reached they still hold in this browser.
      calls.prefer({ shortcuts: changed }).catch(() => undefined);
    };
  }

  /** Asks the server once, at the start. Throws when it cannot be reached. */
  async resume(): Promise<void> {
    try {
      this.#begin(await calls.get());
    } catch (error) {
      if (!(error instanceof Error && 'status' in error && error.status === 401)) throw error;
    }
    this.unknown = false;
  }

  async signIn(login: string, password: string): Promise<void> {
    this.#begin(await calls.start(login, password));
    this.expired = false;
  }

  async signOut(): Promise<void> {
    await calls.end();
    live.stop();
    this.value = null;
  }

  /** The first administrator adds himself, with the code that the server printed. */
  async setUp(administrator: Parameters<typeof setup.addAdministrator>[0]): Promise<void> {
    this.#begin(await setup.addAdministrator(administrator));
  }

  may(right: Right): boolean {
    return this.value?.rights.includes(right) ?? false;
  }

  async useLanguage(language: Language): Promise<void> {
    i18n.use(language);
    if (this.value) this.value = await calls.prefer({ language });
  }

  async useTheme(theme: Theme): Promise<void> {
    this.#setTheme(theme);
    if (this.value) this.value = await calls.prefer({ theme });
  }

  #begin(session: Session): void {
    this.value = session;
    i18n.use(session.user.language);
    if (session.user.theme) this.#setTheme(session.user.theme);
    if (session.user.shortcuts) shortcuts.take(session.user.shortcuts);
    live.start(session);
  }

  #ended(): void {
    if (!this.value) return;
    live.stop();
    this.value = null;
    this.expired = true;
  }

  #setTheme(theme: Theme): void {
    this.theme = theme;
    localStorage.setItem(THEME_KEY, theme);
    this.#paint();
  }

  #paint(): void {
    const isDark = this.theme === 'dark' || (this.theme === 'system' && dark.matches);
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
  }
}

export const session = new CurrentSession();
