import { describe, expect, it } from 'vitest';

import { interaction, message } from '../live/fixtures';
import {
  forwarded,
  forwardSubject,
  parseParty,
  recipients,
  replySubject,
  splitQuotation,
  strangeDomains,
} from './mail';

const party = (address: string) => ({ name: '', address });

describe('addresses', () => {
  it('are read with and without a name', () => {
    expect(parseParty(' "Олена Коваль" <olena@example.com> ')).toEqual({
      name: 'Олена Коваль',
      address: 'olena@example.com',
    });
    expect(parseParty('olena@example.com')).toEqual(party('olena@example.com'));
    for (const wrong of ['', 'olena', 'olena@', '@example.com', 'a b@example.com', 'x@y']) {
      expect(parseParty(wrong)).toBeNull();
    }
  });

  it('outside the conversation are noticed once a domain, in any case of letters', () => {
    const to = [party('a@Bank.example'), party('b@else.example'), party('c@else.example')];
    expect(strangeDomains(to, ['x@bank.EXAMPLE'])).toEqual(['else.example']);
  });
});

describe('an answer', () => {
  const last = message({
    to: [party('cards@bank.example'), party('husband@example.com')],
    cc: [party('notary@law.example'), party('olena@example.com')],
  });

  it('goes to the sender alone, or to everyone but our own mailbox', () => {
    const one = recipients(last, interaction(), false);
    expect(one.to.map((to) => to.address)).toEqual(['olena@example.com']);
    expect(one.cc).toEqual([]);
    expect(recipients(last, interaction(), true).cc.map((cc) => cc.address)).toEqual([
      'husband@example.com',
      'notary@law.example',
    ]);
  });

  it('goes to whom the contact came from when nothing has been written yet', () => {
    expect(recipients(undefined, interaction(), true).to[0]?.address).toBe('olena@example.com');
  });

  it('carries one Re:, in either language', () => {
    expect(replySubject('RE: Fwd: Re:Картка')).toBe('Re: Картка');
    expect(replySubject('Відп: Картка')).toBe('Re: Картка');
    expect(replySubject('Реквізити')).toBe('Re: Реквізити');
    expect(replySubject('')).toBe('');
  });
});

describe('quoted text', () => {
  it('is told apart from what the writer wrote', () => {
    const text = 'Дякую!\n\n> Добрий день';
    expect(splitQuotation(message({ text, reply_text: 'Дякую!' }))).toEqual({
      own: 'Дякую!',
      quoted: '> Добрий день',
    });
    expect(splitQuotation(message())).toEqual({ own: 'Добрий день!', quoted: '' });
  });

  it('is never lost: an answer between the lines keeps the whole text below', () => {
    const text = '> питання\nтак\n> ще одне\nні';
    expect(splitQuotation(message({ text, reply_text: 'так\nні' })).quoted).toBe(text);
  });
});

describe('what is forwarded', () => {
  it('says who wrote, when, to whom and what, below what will be written', () => {
    const labels = { head: 'Forwarded', from: 'From', at: 'Date', to: 'To', subject: 'Subject' };
    const original = message({
      from: { name: 'Олена', address: 'olena@example.com' },
      to: [party('info@bank.example')],
      subject: 'Договір',
      text: 'Прошу перевірити.\n',
    });
    expect(forwarded(original, labels, '24.11.2026 09:00').split('\n')).toEqual([
      '',
      '',
      '---------- Forwarded ----------',
      'From: Олена <olena@example.com>',
      'Date: 24.11.2026 09:00',
      'To: info@bank.example',
      'Subject: Договір',
      '',
      'Прошу перевірити.',
    ]);
  });

  it('has its prefix once', () => {
    expect(forwardSubject('Re: Fwd: Договір')).toBe('Fwd: Договір');
    expect(forwardSubject('')).toBe('Fwd:');
  });
});
