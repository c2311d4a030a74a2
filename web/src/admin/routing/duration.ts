/** Durations as people write them: `20`, `20 s`, `5 min`, `1 h 30 min`, `1:30` (minutes and seconds). */
import type { Language } from '../../api/types';

const UNITS: Record<string, number> = {
  ms: 1,
  мс: 1,
  s: 1000,
  sec: 1000,
  с: 1000,
  сек: 1000,
  m: 60_000,
  min: 60_000,
  х: 60_000,
  хв: 60_000,
  h: 3_600_000,
  г: 3_600_000,
  год: 3_600_000,
  d: 86_400_000,
  дн: 86_400_000,
};
const SHOWN: Record<Language, [string, number][]> = {
  uk: [
    ['год', 3_600_000],
    ['хв', 60_000],
    ['с', 1000],
    ['мс', 1],
  ],
  en: [
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
    ['ms', 1],
  ],
};

/** Milliseconds; null: nothing was written; NaN: no duration. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === '') return null;
  const clock = /^(\d{1,5}):([0-5]\d)$/.exec(trimmed);
  if (clock) return (Number(clock[1]) * 60 + Number(clock[2])) * 1000;
  const pieces = [...trimmed.matchAll(/(\d+(?:[.,]\d+)?)\s*([a-zа-яіїєґ]*)\.?\s*/gu)];
  if (pieces.map(([whole]) => whole).join('') !== trimmed) return NaN;
  let sum = 0;
  for (const [, amount = '', unit = ''] of pieces) {
    // A number alone is seconds, the unit of most settings.
    const factor = unit === '' ? 1000 : UNITS[unit];
    if (factor === undefined) return NaN;
    sum += Number(amount.replace(',', '.')) * factor;
  }
  return Math.round(sum);
}

export function showDuration(ms: number | null | undefined, language: Language): string {
  if (ms === null || ms === undefined) return '';
  if (ms === 0) return `0 ${SHOWN[language][2]?.[0] ?? ''}`;
  let rest = ms;
  const parts: string[] = [];
  for (const [unit, factor] of SHOWN[language]) {
    const count = Math.floor(rest / factor);
    if (count > 0) parts.push(`${count} ${unit}`);
    rest -= count * factor;
  }
  return parts.join(' ');
}

/** `540` is `09:00`. */
export function showMinute(minute: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** Minutes since midnight, at most 24:00; null: no time of day. */
export function parseMinute(text: string): number | null {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  if (!match) return null;
  const minute = Number(match[1]) * 60 + Number(match[2]);
  return Number(match[2]) < 60 && minute <= 1440 ? minute : null;
}
