import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { act, finding, part, report, sentence } from './server';

function sources(folder: string): string[] {
  const path = join(__dirname, '../../..', folder);
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.rs'))
    .map((name) => readFileSync(join(path, name), 'utf8').split('#[cfg(test)]')[0] ?? '');
}

const found = (texts: string[], pattern: RegExp) => [
  ...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map((hit) => hit[1] ?? ''))),
];

describe('what the server says', () => {
  it('has Ukrainian words for every defect of a mail', () => {
    const codes = found(sources('channels/email/src'), /(?:defect|unreadable)\(\s*"([a-z_]+)"/g);
    expect(codes.length).toBeGreaterThan(10);
    const english = codes.filter((code) => finding('uk', { code, detail: '?' }) === '?');
    expect(english).toEqual([]);
  });

  it('tells details in words, whatever their shape', () => {
    const changes = [
      { kind: 'queue', name: 'Картки', what: 'added', id: null, fields: [] },
      { kind: 'centre', name: '', what: 'changed', id: null, fields: [{ field: 'x' }] },
    ];
    expect(sentence('uk', { changes })).toBe(
      'зміни: черга Картки (додано), терміни й пріоритети (змінено)',
    );
    expect(sentence('en', { name: 'Olena', fields: ['login'] })).toBe('name: Olena; fields: login');
    expect(sentence('uk', null)).toBe('');
  });

  it('keeps what it does not know', () => {
    expect(finding('uk', { code: 'new', detail: 'Something new.' })).toBe('Something new.');
    expect(finding('en', { code: 'no_from', detail: 'There is none.' })).toBe('There is none.');
    expect(act('uk', 'something.new')).toBe('something.new');
    expect(part('uk', 'imap:info')).toBe('Отримання пошти (IMAP): info');
    expect(report('uk', 'Listens on 127.0.0.1:25.')).toBe('Слухає 127.0.0.1:25');
    expect(report('uk', 'the oldest of 3 answers waits longer than 15 min')).toBe(
      'Найстаріша з відповідей (3) чекає понад 15 хв',
    );
    expect(report('uk', 'Something else.')).toBe('Something else.');
  });
});
