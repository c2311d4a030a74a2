import { describe, expect, it } from 'vitest';

import { parseDuration, parseMinute, showDuration, showMinute } from './duration';

describe('durations', () => {
  it('are read as people write them', () => {
    const cases: [string, number | null][] = [
      ['', null],
      ['20', 20_000],
      ['20 s', 20_000],
      ['5 хв', 300_000],
      ['1 год 30 хв', 5_400_000],
      ['1h 30min', 5_400_000],
      ['1:30', 90_000],
      ['0,5 хв', 30_000],
      ['0', 0],
    ];
    for (const [text, ms] of cases) expect(parseDuration(text), text).toBe(ms);
    for (const text of ['soon', '5 parsecs', '-5', '1:75']) {
      expect(parseDuration(text), text).toBeNaN();
    }
  });

  it('are shown so that they can be read again', () => {
    for (const ms of [0, 1, 1000, 20_000, 90_000, 5_400_000, 14_400_000]) {
      expect(parseDuration(showDuration(ms, 'uk'))).toBe(ms);
      expect(parseDuration(showDuration(ms, 'en'))).toBe(ms);
    }
  });

  it('of a day are times', () => {
    for (const minute of [0, 540, 1439, 1440]) expect(parseMinute(showMinute(minute))).toBe(minute);
    for (const text of ['24:01', '9', '09:60', '']) expect(parseMinute(text)).toBeNull();
  });
});
