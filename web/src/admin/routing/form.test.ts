import { describe, expect, it } from 'vitest';

import { blank, editable, isWhole, problemAt } from './form';

describe('forms of the routing', () => {
  it('know when a field cannot be read', () => {
    expect(isWhole({ a: [1, { b: 2 }], c: undefined, d: 'text' })).toBe(true);
    expect(isWhole({ a: [1, { b: NaN }] })).toBe(false);
  });

  it('give every list that may be left out', () => {
    const queue = editable('queues', { name: 'Cards', dispositions: ['done'] }, 'Europe/Kyiv');
    expect(queue).toMatchObject({ needs: [], ring: [], overflow: [], dispositions: ['done'] });
    expect(queue).not.toHaveProperty('rule');
    expect(blank('hours', 'Europe/Kyiv')).toMatchObject({ time_zone: 'Europe/Kyiv' });
  });

  it('put what the server says where it belongs', () => {
    const problems = [{ at: 'queue "A": needs', field: 'needs', message: 'each skill once' }];
    expect(problemAt(problems, 'needs')).toBe('each skill once');
    expect(problemAt(problems, 'name')).toBeNull();
  });
});
