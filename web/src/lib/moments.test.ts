import { describe, expect, it } from 'vitest';

import { fromField, parkTimes, toField } from './moments';

describe('moments to come back', () => {
  const wednesday = new Date(2026, 4, 20, 15, 30).getTime();
  const monday = new Date(2026, 4, 25, 8, 0).getTime();

  it('are ahead, in the morning of a day', () => {
    const times = parkTimes(wednesday);
    expect(toField(times.hour)).toBe('2026-05-20T16:30');
    expect(toField(times.tomorrow)).toBe('2026-05-21T09:00');
    expect(toField(times.monday)).toBe('2026-05-25T09:00');
  });

  it('mean the next Monday on a Monday', () => {
    expect(toField(parkTimes(monday).monday)).toBe('2026-06-01T09:00');
  });

  it('survive the field', () => {
    expect(fromField(toField(wednesday))).toBe(wednesday);
  });
});
