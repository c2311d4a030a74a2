/** What the modules under test take from a browser when they are loaded, in unit tests without one. */
import { vi } from 'vitest';

const kept = new Map<string, string>();

vi.stubGlobal('localStorage', {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
});
vi.stubGlobal('navigator', { language: 'uk' });
