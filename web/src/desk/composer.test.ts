import { describe, expect, it } from 'vitest';

import { Composer } from './composer.svelte';

describe('the composer', () => {
  it('never turns a note into an answer by itself', () => {
    const composer = new Composer('i1');
    composer.mode = 'note';
    composer.note = 'Лише для колег';
    composer.allowReply(true);
    expect(composer.mode).toBe('note');
  });

  it('offers an answer when that becomes possible, and only notes when it does not', () => {
    const composer = new Composer('i1');
    composer.allowReply(false);
    expect(composer.mode).toBe('note');
    composer.allowReply(true);
    expect(composer.mode).toBe('reply');
  });
});
