/** Words and figures for people: pure functions of a value, a language and an instant. */
import type { Language, Micros } from '../api/types';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const locale = (language: Language): string => (language === 'uk' ? 'uk-UA' : 'en-GB');

/** The name of a language by its ISO 639-1 code. */
export const languageName = (code: string, language: Language): string =>
  new Intl.DisplayNames(locale(language), { type: 'language' }).of(code) ?? code;

const two = (value: number): string => String(value).padStart(2, '0');

/** A running timer: `0:07`, `12:40`, `1:05:09`. Negative durations count as zero. */
export function timer(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / SECOND_MS));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}

/** A coarse duration in words that fits a narrow column: `40 s`, `12 min`, `3 h`, `2 d`. */
export function brief(durationMs: number, language: Language): string {
  const unit = language === 'uk' ? ['с', 'хв', 'год', 'д'] : ['s', 'min', 'h', 'd'];
  const ms = Math.max(0, durationMs);
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} ${unit[0]}`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} ${unit[1]}`;
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)} ${unit[2]}`;
  return `${Math.floor(ms / DAY_MS)} ${unit[3]}`;
}

/** Date and time to the second, for the pointer resting on a relative time. */
export function exact(at: Micros, language: Language): string {
  return new Intl.DateTimeFormat(locale(language), {
    dateStyle: 'long',
    timeStyle: 'medium',
  }).format(at / 1000);
}

export function clockTime(at: Micros, language: Language): string {
  return new Intl.DateTimeFormat(locale(language), { hour: '2-digit', minute: '2-digit' }).format(
    at / 1000,
  );
}

function sameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}

/** Relative under an hour, then the time of day, then the date. */
export function when(at: Micros, nowMs: number, language: Language): string {
  const then = at / 1000;
  const ago = nowMs - then;
  if (ago >= 0 && ago < HOUR_MS) {
    const relative = new Intl.RelativeTimeFormat(locale(language), {
      numeric: 'auto',
      style: 'short',
    });
    return ago < MINUTE_MS
      ? relative.format(0, 'second')
      : relative.format(-Math.floor(ago / MINUTE_MS), 'minute');
  }
  if (sameDay(new Date(then), new Date(nowMs))) return clockTime(at, language);
  return shortDate(at, nowMs, language);
}

/** Day and month, with the year when it is not this one. */
export function shortDate(at: Micros, nowMs: number, language: Language): string {
  const date = new Date(at / 1000);
  const thisYear = date.getFullYear() === new Date(nowMs).getFullYear();
  return new Intl.DateTimeFormat(locale(language), {
    day: 'numeric',
    month: 'short',
    ...(thisYear ? { hour: '2-digit', minute: '2-digit' } : { year: 'numeric' }),
  }).format(date);
}

/** A calendar day (`1985-03-14`) without a time zone. */
export function day(date: string, language: Language): string {
  return new Intl.DateTimeFormat(locale(language), { dateStyle: 'long', timeZone: 'UTC' }).format(
    new Date(`${date}T00:00:00Z`),
  );
}

export function money(minor: number, currency: string, language: Language): string {
  return new Intl.NumberFormat(locale(language), { style: 'currency', currency }).format(
    minor / 100,
  );
}

export function count(value: number, language: Language): string {
  return new Intl.NumberFormat(locale(language)).format(value);
}

/** `digits`: places after the point at most. */
export function percent(value: number | null, language: Language, digits = 0): string {
  return value === null
    ? '–'
    : new Intl.NumberFormat(locale(language), {
        style: 'percent',
        maximumFractionDigits: digits,
      }).format(value / 100);
}

/** A figure with at most one place after the point. */
export function decimal(value: number, language: Language): string {
  return new Intl.NumberFormat(locale(language), { maximumFractionDigits: 1 }).format(value);
}

/** The calendar day of a moment by the clock of this computer: `2026-03-02`. */
export function isoDay(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function fileSize(bytes: number, language: Language): string {
  const units = language === 'uk' ? ['Б', 'КБ', 'МБ', 'ГБ'] : ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  const figure = new Intl.NumberFormat(locale(language), { maximumFractionDigits: digits });
  return `${figure.format(value)} ${units[unit]}`;
}

/** Orders names as the language does: Ukrainian і, ї, є, ґ stand where they belong. */
export function compareNames(language: Language): (a: string, b: string) => number {
  return new Intl.Collator(locale(language), { numeric: true }).compare;
}
