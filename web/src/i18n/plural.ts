/** Plural forms by the rules of the language (CLDR), as `Intl.PluralRules` knows them. */
import type { Language } from '../api/types';

/** English uses `one` and `other`; Ukrainian `one` (1, 21), `few` (2–4, 22), `many` (0, 5–20) and `other` (fractions). */
export interface Forms {
  one: string;
  few?: string;
  many?: string;
  other: string;
}

export function plural(language: Language): (count: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  return (count, forms) => {
    const form = rules.select(count);
    return (form in forms ? forms[form as keyof Forms] : undefined) ?? forms.other;
  };
}
