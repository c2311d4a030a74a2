import { describe, expect, it } from 'vitest';

import { en } from './en/index';
import { plural } from './plural';
import { uk } from './uk/index';

/** Every text of a table by its path; functions are left to the compiler. */
function texts(table: object, path = ''): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null
      ? texts(value as object, `${path}${key}.`)
      : [[`${path}${key}`, value] as [string, unknown]],
  );
}

/** The same in both languages by their nature. */
const SAME = new Set([
  'desk.vip',
  'firstSteps.tlsModes.implicit',
  'firstSteps.tlsModes.starttls',
  'setup.calendar.dayHoursHint',
]);

describe('texts', () => {
  it('exist in both languages under the same keys', () => {
    expect(
      texts(uk)
        .map(([key]) => key)
        .sort(),
    ).toEqual(
      texts(en)
        .map(([key]) => key)
        .sort(),
    );
  });

  it('are never empty and never left in the other language', () => {
    const english = new Map(texts(en));
    for (const [key, value] of texts(uk)) {
      if (typeof value !== 'string') continue;
      expect(value.trim(), key).not.toBe('');
      if (!SAME.has(key)) expect(value, key).not.toBe(english.get(key));
      // Latin letters that look like Cyrillic ones slip in unnoticed and break search and reading aloud.
      expect(value, key).not.toMatch(/[а-яіїєґ][a-z]|[a-z][а-яіїєґ]/i);
    }
  });

  it('count as Ukrainian does', () => {
    expect([1, 2, 5, 11, 21, 22, 25, 112].map((count) => uk.desk.unread(count))).toEqual([
      '1 непрочитане',
      '2 непрочитані',
      '5 непрочитаних',
      '11 непрочитаних',
      '21 непрочитане',
      '22 непрочитані',
      '25 непрочитаних',
      '112 непрочитаних',
    ]);
    expect(plural('en')(1, { one: 'one', other: 'more' })).toBe('one');
    expect(plural('en')(2, { one: 'one', other: 'more' })).toBe('more');
  });
});
