import { describe, expect, it } from 'vitest';

import { DEFAULTS, lookUp, nameOf, takenBy } from './keys';

const press = (key: string, code: string, held: Partial<Parameters<typeof nameOf>[0]> = {}) =>
  nameOf({ key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

describe('keys', () => {
  it('are named by place, so that the Ukrainian layout does not matter', () => {
    expect(press('r', 'KeyR')).toBe('R');
    expect(press('к', 'KeyR')).toBe('R');
    expect(press('К', 'KeyR', { shiftKey: true })).toBe('Shift+R');
    expect(press('л', 'KeyK', { ctrlKey: true })).toBe('Ctrl+K');
    expect(press('k', 'KeyK', { metaKey: true })).toBe('Ctrl+K');
  });

  it('know the question mark of both layouts', () => {
    expect(press('?', 'Slash', { shiftKey: true })).toBe('?');
    expect(press(',', 'Slash', { shiftKey: true })).toBe('?');
    expect(press('?', 'Digit7', { shiftKey: true })).toBe('?');
  });

  it('ignore modifiers alone', () => {
    expect(press('Shift', 'ShiftLeft', { shiftKey: true })).toBeNull();
  });

  it('mean a shortcut, the beginning of one, or nothing', () => {
    expect(lookUp({ ...DEFAULTS }, 'R')).toBe('reply');
    expect(lookUp({ ...DEFAULTS }, 'G')).toBe('begun');
    expect(lookUp({ ...DEFAULTS }, 'G D')).toBe('goDesk');
    expect(lookUp({ ...DEFAULTS }, 'X')).toBeNull();
  });

  it('cannot be given twice', () => {
    expect(takenBy({ ...DEFAULTS }, 'R', 'note')).toBe('reply');
    expect(takenBy({ ...DEFAULTS }, 'G', 'note')).toBe('goDesk');
    expect(takenBy({ ...DEFAULTS }, 'N', 'note')).toBeNull();
  });

  it('have no two meanings from the start', () => {
    const bindings = Object.values(DEFAULTS);
    expect(new Set(bindings).size).toBe(bindings.length);
  });
});
