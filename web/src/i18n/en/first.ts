/** Texts of the first steps of an empty installation, in English. */
import { plural } from '../plural';

const n = plural('en');

export const firstSteps = {
  lead: 'A few steps, and the first mail can be answered. Each can be changed later.',
  done: 'Done',
  you: 'You, the first administrator',
  youHint: 'You will add everybody else.',
  begin: 'Begin',
  noCode:
    'Open the link that the server printed when it started: it holds the code that lets the first administrator in.',
  nobody:
    'Nobody can sign in yet. Open the link that the server printed when it started, and add the first administrator.',
  queue: 'The first queue',
  queueHint: 'Contacts wait in queues until an agent who serves the queue is free.',
  queueExample: 'General questions',
  agent: 'The first agent',
  agentHint: 'The agent signs in with this login and password, and takes contacts of the queue.',
  agents: (count: number) => n(count, { one: '1 agent', other: `${count} agents` }),
  mailbox: 'The bank and its first mailbox',
  mailboxHint: 'Mail that comes to this address waits in the queue, and is answered from it.',
  bankName: 'Name of the bank',
  address: 'Address',
  shownName: 'Name shown to clients',
  arrival: 'How mail comes',
  arrivals: {
    imap: 'It is fetched from a mailbox (IMAP)',
    smtp: 'The mail server delivers it here (SMTP, LMTP)',
  },
  imap: 'The mailbox (IMAP)',
  relay: 'The server for sending (SMTP)',
  relayHint: 'Without one answers wait here until it is set.',
  host: 'Server',
  port: 'Port',
  tls: 'Encryption',
  tlsModes: { implicit: 'TLS', starttls: 'STARTTLS', none: 'None' },
  user: 'User',
  userHint: 'Empty: without signing in',
  password: 'Password',
  check: 'Try it',
  checking: 'The servers are asked…',
  works: 'Works',
  fails: 'Does not work',
  save: 'Save and start',
  restarting: 'The server starts anew with these settings…',
  byFile: 'The configuration file names the mailboxes; they are changed there.',
  finish: 'Everything is there',
  finishHint: 'Agents sign in, say that they are ready, and are offered what comes.',
  toLive: 'To the live room',
};
