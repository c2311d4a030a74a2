/** The world outside: writes mails over SMTP and receives the answers. RFC 5321, as much as is needed. */
import { randomUUID } from 'node:crypto';
import {
  createConnection,
  createServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';

export interface OutgoingMail {
  from: string;
  fromName?: string;
  to: string;
  subject: string;
  text: string;
  html?: string;
  inReplyTo?: string;
  /** What the bank's own mail server says of the sender; `none`: nothing. */
  vouched?: 'pass' | 'fail' | 'none';
  attachment?: { name: string; mediaType: string; content: string };
  /** The whole message as it is, header and all; for what is no mail. */
  raw?: string;
}

/** The bank's own mail server, which stands before the desk. */
export const OWN_SERVER = 'mx.bank.example';

const encoded = (text: string) => `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`;

function part(headers: string[], content: string): string {
  const body = Buffer.from(content)
    .toString('base64')
    .replace(/(.{76})/g, '$1\r\n');
  return [...headers, 'Content-Transfer-Encoding: base64', '', body].join('\r\n');
}

function compose(mail: OutgoingMail, messageId: string): string {
  const { vouched = 'pass' } = mail;
  const headers = [
    ...(vouched === 'none' ? [] : [`Authentication-Results: ${OWN_SERVER}; dmarc=${vouched}`]),
    `From: ${mail.fromName ? `${encoded(mail.fromName)} ` : ''}<${mail.from}>`,
    `To: <${mail.to}>`,
    `Subject: ${encoded(mail.subject)}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: ${messageId}`,
    ...(mail.inReplyTo ? [`In-Reply-To: ${mail.inReplyTo}`, `References: ${mail.inReplyTo}`] : []),
    'MIME-Version: 1.0',
  ];
  const text = part(['Content-Type: text/plain; charset=utf-8'], mail.text);
  if (!mail.html && !mail.attachment) return [...headers, text].join('\r\n');
  const boundary = `b-${randomUUID()}`;
  const parts = [
    text,
    ...(mail.html ? [part(['Content-Type: text/html; charset=utf-8'], mail.html)] : []),
    ...(mail.attachment
      ? [
          part(
            [
              `Content-Type: ${mail.attachment.mediaType}`,
              `Content-Disposition: attachment; filename="${encoded(mail.attachment.name)}"`,
            ],
            mail.attachment.content,
          ),
        ]
      : []),
  ];
  const kind = mail.attachment ? 'mixed' : 'alternative';
  return [
    ...headers,
    `Content-Type: multipart/${kind}; boundary="${boundary}"`,
    '',
    ...parts.map((one) => `--${boundary}\r\n${one}`),
    `--${boundary}--`,
    '',
  ].join('\r\n');
}

/** Sends one mail and waits for the final 250: from then on the server answers for it. */
export async function sendMail(port: number, mail: OutgoingMail): Promise<string> {
  const messageId = `<${randomUUID()}@outside.example>`;
  const socket = createConnection(port, '127.0.0.1');
  const reply = replies(socket);
  const say = async (line: string, expected: number) => {
    socket.write(`${line}\r\n`);
    const answer = await reply();
    if (!answer.startsWith(String(expected))) throw new Error(`${line}: ${answer}`);
  };
  await reply();
  await say('EHLO outside.example', 250);
  await say(`MAIL FROM:<${mail.from}>`, 250);
  await say(`RCPT TO:<${mail.to}>`, 250);
  await say('DATA', 354);
  await say(`${(mail.raw ?? compose(mail, messageId)).replace(/^\./gm, '..')}\r\n.`, 250);
  socket.end('QUIT\r\n');
  return messageId;
}

/** Gives one complete reply at a time, however the lines arrive. */
function replies(socket: Socket): () => Promise<string> {
  let buffer = '';
  const waiting: { done: (reply: string) => void; fail: (error: Error) => void }[] = [];
  const ready: string[] = [];
  socket.setEncoding('utf8');
  socket.on('error', (error) => waiting.splice(0).forEach(({ fail }) => fail(error)));
  socket.on('data', (chunk: string) => {
    buffer += chunk;
    for (let match = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/.exec(buffer); match;) {
      buffer = buffer.slice(match[0].length);
      const next = waiting.shift();
      if (next) next.done(match[0]);
      else ready.push(match[0]);
      match = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/.exec(buffer);
    }
  });
  return () => {
    const reply = ready.shift();
    if (reply !== undefined) return Promise.resolve(reply);
    return new Promise((done, fail) => waiting.push({ done, fail }));
  };
}

export interface ReceivedMail {
  from: string;
  to: string[];
  headers: Record<string, string>;
  raw: string;
}

/** A mail server that accepts everything and keeps it: where the answers go. */
export class MailSink {
  readonly received: ReceivedMail[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<MailSink> {
    const server = createServer();
    const sink = new MailSink(server);
    server.on('connection', (socket) => sink.converse(socket));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return sink;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    await new Promise((closed) => this.server.close(closed));
  }

  /** Answers written by people, without acknowledgements. */
  answersTo(address: string): ReceivedMail[] {
    return this.received.filter(
      (mail) => mail.to.includes(address) && !('auto-submitted' in mail.headers),
    );
  }

  private converse(socket: Socket): void {
    let buffer = '';
    let data = false;
    let from = '';
    let to: string[] = [];
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.write('220 sink.example\r\n');
    const answer = (line: string): string => {
      const command = line.slice(0, 4).toUpperCase();
      if (command === 'EHLO') return '250-sink.example\r\n250 8BITMIME';
      if (command === 'MAIL') from = /<(.*?)>/.exec(line)?.[1] ?? '';
      if (command === 'RCPT') to.push(/<(.*?)>/.exec(line)?.[1] ?? '');
      if (command === 'DATA') {
        data = true;
        return '354 go on';
      }
      return command === 'QUIT' ? '221 bye' : '250 ok';
    };
    socket.on('data', (chunk: string) => {
      buffer += chunk;
      for (;;) {
        const end = buffer.indexOf(data ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const piece = buffer.slice(0, end);
        buffer = buffer.slice(end + (data ? 5 : 2));
        if (data) {
          this.received.push({ from, to, headers: headersOf(piece), raw: piece });
          data = false;
          to = [];
          socket.write('250 kept\r\n');
        } else {
          socket.write(`${answer(piece)}\r\n`);
        }
      }
    });
  }
}

function headersOf(raw: string): Record<string, string> {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  const pairs = head.split('\r\n').map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}
