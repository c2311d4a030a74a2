/** Small truths about mail that the composer and the timeline share. */
import type { Interaction, Message, Party } from '../api/types';

/** Local part, `@`, domain with a dot: enough to catch a slip; the server has the last word. */
const ADDRESS = /^[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+$/;

export function isAddress(text: string): boolean {
  return ADDRESS.test(text);
}

/** Reads `Олена Коваль <o.koval@example.com>` or a bare address; null when it is neither. */
export function parseParty(text: string): Party | null {
  const trimmed = text.trim();
  const match = /^(.*?)<([^<>]+)>$/.exec(trimmed);
  const address = (match?.[2] ?? trimmed).trim();
  if (!isAddress(address)) return null;
  return { name: (match?.[1] ?? '').trim().replace(/^"|"$/g, ''), address };
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

const same = (a: Party, b: Party) => a.address.toLowerCase() === b.address.toLowerCase();

function unique(parties: Party[]): Party[] {
  return parties.filter(
    (party, index) => parties.findIndex((other) => same(party, other)) === index,
  );
}

/** Whom an answer goes to. "All" keeps everyone but the mailbox the message had come to. */
export function recipients(
  message: Message | undefined,
  interaction: Interaction,
  all: boolean,
): { to: Party[]; cc: Party[] } {
  if (!message) return { to: [interaction.from], cc: [] };
  const outbound = message.direction === 'outbound';
  const to = outbound ? message.to : [message.from];
  if (!all) return { to, cc: [] };
  // The first recipient of an inbound message is the mailbox it was fetched from: our own.
  const others = outbound ? message.cc : [...message.to.slice(1), ...message.cc];
  return { to, cc: unique(others).filter((party) => !to.some((one) => same(one, party))) };
}

/** Domains among the recipients that no message of this contact has come from or gone to. */
export function strangeDomains(recipients: Party[], known: Iterable<string>): string[] {
  const familiar = new Set([...known].map(domainOf));
  const strange = recipients.map((party) => domainOf(party.address));
  return [...new Set(strange)].filter((domain) => !familiar.has(domain));
}

/** `Re:` once, whatever prefixes the subject carries already. */
export function replySubject(subject: string): string {
  const bare = subject.replace(/^\s*((re|fwd?|aw|відп|пер)\s*:\s*)+/i, '').trim();
  return bare ? `Re: ${bare}` : '';
}

/** `Fwd:` once, whatever prefixes the subject carries already. */
export function forwardSubject(subject: string): string {
  const bare = subject.replace(/^\s*((re|fwd?|aw|відп|пер)\s*:\s*)+/i, '').trim();
  return `Fwd: ${bare}`.trim();
}

/** As mail programs write it: `Name <address>`. */
export function named({ name, address }: { name: string; address: string }): string {
  return name ? `${name} <${address}>` : address;
}

/** What stands under the text of a forwarded message: who wrote, when, to whom, and what. */
export function forwarded(
  message: Message,
  labels: { head: string; from: string; at: string; to: string; subject: string },
  at: string,
): string {
  return [
    '',
    '',
    `---------- ${labels.head} ----------`,
    `${labels.from}: ${named(message.from)}`,
    `${labels.at}: ${at}`,
    `${labels.to}: ${message.to.map(named).join(', ')}`,
    `${labels.subject}: ${message.subject}`,
    '',
    message.text.trim(),
  ].join('\n');
}

/** The part of the text that the writer wrote, and the quotation below it. */
export function splitQuotation(message: Message): { own: string; quoted: string } {
  const text = message.text.trim();
  const own = message.reply_text.trim();
  if (!own || own === text) return { own: text, quoted: '' };
  return text.startsWith(own)
    ? { own, quoted: text.slice(own.length).trim() }
    : { own, quoted: text };
}
