import { describe, expect, it } from 'vitest';

import { brief, compareNames, fileSize, money, percent, timer, when } from './format';

const NOW = new Date(2026, 4, 20, 15, 30).getTime();
const ago = (ms: number) => (NOW - ms) * 1000;
const MINUTE = 60_000;
/** Figures of a locale come with no-break spaces, which no reader sees. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

describe('durations', () => {
  it('run as timers', () => {
    expect([0, 7_400, 760_000, 3_909_000, -5].map(timer)).toEqual([
      '0:00',
      '0:07',
      '12:40',
      '1:05:09',
      '0:00',
    ]);
  });

  it('fit a narrow column in both languages', () => {
    expect(brief(40_000, 'en')).toBe('40 s');
    expect(brief(12 * MINUTE, 'uk')).toBe('12 хв');
    expect(brief(49 * 60 * MINUTE, 'uk')).toBe('2 д');
  });
});

describe('instants', () => {
  it('are relative under an hour', () => {
    expect(when(ago(5_000), NOW, 'en')).toBe('now');
    expect(plain(when(ago(12 * MINUTE), NOW, 'uk'))).toBe('12 хв тому');
  });

  it('are the time of day, then the date', () => {
    expect(when(ago(3 * 60 * MINUTE), NOW, 'en')).toBe('12:30');
    expect(when(ago(3 * 24 * 60 * MINUTE), NOW, 'en')).toContain('17 May');
    expect(when(ago(500 * 24 * 60 * MINUTE), NOW, 'en')).toContain('2025');
  });

  it('of a clock that runs ahead are not a negative past', () => {
    expect(when(ago(-5 * MINUTE), NOW, 'en')).toBe('15:35');
  });
});

describe('figures', () => {
  it('follow the locale', () => {
    expect(plain(money(1_234_567, 'UAH', 'uk'))).toBe('12 345,67 ₴');
    expect(percent(82.4, 'en')).toBe('82%');
    expect(percent(null, 'en')).toBe('–');
    expect(fileSize(1_480_000, 'uk')).toBe('1,5 МБ');
    expect(fileSize(512, 'en')).toBe('512 B');
  });

  it('put Ukrainian letters where the alphabet has them', () => {
    const names = ['Яна', 'Іван', 'Ґалаґан', 'Игор', 'Євген', 'Їжак', 'Ганна', 'Дмитро'];
    expect(names.sort(compareNames('uk'))).toEqual([
      'Ганна',
      'Ґалаґан',
      'Дмитро',
      'Євген',
      'Игор',
      'Іван',
      'Їжак',
      'Яна',
    ]);
  });
});
