/** The texts of the chosen language. `i18n.t` is reactive: pages repaint when the language changes. */
import type { Language } from '../api/types';
import { en } from './en/index';
import { uk } from './uk/index';

/** The shape of the English table, with every text free to differ. */
export type Texts = typeof en;

/** Each language in its own words. */
export const LANGUAGES: readonly { value: Language; text: string }[] = [
  { value: 'uk', text: 'Українська' },
  { value: 'en', text: 'English' },
];

const TABLES: Record<Language, Texts> = { uk, en };
const STORAGE_KEY = 'rozmova.language';

function initial(): Language {
  const stored = localStorage.getItem(STORAGE_KEY);
  if (stored === 'uk' || stored === 'en') return stored;
  return navigator.language.startsWith('en') ? 'en' : 'uk';
}

class I18n {
  language = $state<Language>(initial());
  t = $derived<Texts>(TABLES[this.language]);

  use(language: Language): void {
    this.language = language;
    localStorage.setItem(STORAGE_KEY, language);
    document.documentElement.lang = language;
  }
}

export const i18n = new I18n();
