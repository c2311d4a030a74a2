import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { inWords, UK } from './refusals';

/** Codes as the server's sources name them, beside the refusals of the queue. */
function codesOfServer(): string[] {
  const folder = join(__dirname, '../../../src');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.rs'))
    .map((name) => readFileSync(join(folder, name), 'utf8').split('#[cfg(test)]')[0] ?? '');
  const made = /(?:conflict|newer|unavailable)\(\s*"([a-z_]+)"|StatusCode::[A-Z_]+,\s*"([a-z_]+)"/g;
  const rejected = /Rejected::\w+[^=]*=>\s*\{?\s*\("([a-z_]+)"/g;
  const found = sources.flatMap((source) =>
    [...source.matchAll(made), ...source.matchAll(rejected)].map((hit) => hit[1] ?? hit[2] ?? ''),
  );
  return [...new Set(found)].sort();
}

describe('refusals', () => {
  it('has Ukrainian words for every code of the server', () => {
    const codes = codesOfServer();
    expect(codes.length).toBeGreaterThan(30);
    expect(codes.filter((code) => !(code in UK))).toEqual([]);
  });

  it('asks the field first and keeps the particulars in English', () => {
    const refusal = { code: 'invalid', message: 'a wrong check digit', field: 'tax_number' };
    expect(inWords('uk', refusal)).toContain('контрольну цифру');
    expect(inWords('en', refusal)).toBe('a wrong check digit');
    expect(inWords('uk', { ...refusal, field: 'something' })).toBe(UK.invalid);
    expect(inWords('uk', { code: 'not_yet_known', message: 'text', field: null })).toBe('text');
  });
});
