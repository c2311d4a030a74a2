/** Starts the real server with a store, ports and a folder of its own, and people to sign in as. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { MailSink, OWN_SERVER, sendMail, type OutgoingMail } from './mail';

const BINARY = resolve(process.env.ROZMOVA_BIN ?? '../target/debug/rozmova');
const DIST = resolve('dist');
const START_MS = 60_000;

export const PASSWORD = 'correct horse battery';

/** A queue, its mailbox and the one agent who serves it: tests that use different ones do not meet. */
export const DESKS = {
  cards: { queue: 'Картки', mailbox: 'cards@bank.example', login: 'iryna', name: 'Ірина Шевчук' },
  loans: {
    queue: 'Кредити',
    mailbox: 'loans@bank.example',
    login: 'bohdan',
    name: 'Богдан Ткаченко',
  },
  deposits: {
    queue: 'Депозити',
    mailbox: 'deposits@bank.example',
    login: 'sofiia',
    name: 'Софія Гнатюк',
  },
  business: {
    queue: 'Бізнес-клієнти',
    mailbox: 'business@bank.example',
    login: 'taras',
    name: 'Тарас Бондар',
  },
  general: {
    queue: 'Загальні питання',
    mailbox: 'info@bank.example',
    login: 'oksana',
    name: 'Оксана Кравець',
  },
  mortgages: {
    queue: 'Іпотека',
    mailbox: 'mortgages@bank.example',
    login: 'lesia',
    name: 'Леся Мороз',
  },
} as const;

export const STAFF = {
  supervisor: { login: 'dmytro', name: 'Дмитро Савченко', role: 'supervisor' },
  administrator: { login: 'halyna', name: 'Галина Мельник', role: 'administrator' },
} as const;

const ADDRESS = /http:\/\/\S+/;
const WAY_IN = /http:\/\/\S+\/setup#\S+/;

/** A server that nobody can sign in to yet. */
export class EmptyCentre {
  private constructor(
    /** With the code that lets the first administrator in. */
    readonly wayIn: string,
    readonly sink: MailSink,
    readonly smtpPort: number,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<EmptyCentre> {
    mustBeBuilt();
    const folder = mkdtempSync(join(tmpdir(), 'rozmova-e2e-'));
    const sink = await MailSink.start();
    const smtpPort = await freePort();
    const config = join(folder, 'rozmova.toml');
    writeFileSync(config, foundations(folder, smtpPort));
    const child = serve(config);
    return new EmptyCentre(await printed(child, WAY_IN), sink, smtpPort, folder, child);
  }

  async stop(): Promise<void> {
    await ended(this.child);
    await this.sink.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Centre {
  private constructor(
    readonly url: string,
    readonly sink: MailSink,
    private readonly smtpPort: number,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<Centre> {
    mustBeBuilt();
    const folder = mkdtempSync(join(tmpdir(), 'rozmova-e2e-'));
    const sink = await MailSink.start();
    const smtpPort = await freePort();
    const config = join(folder, 'rozmova.toml');
    writeFileSync(config, configuration(folder, smtpPort, sink.port));
    for (const { login, name } of Object.values(DESKS)) {
      run(config, ['user', 'add', login, '--name', name, '--role', 'agent'], PASSWORD);
    }
    for (const { login, name, role } of Object.values(STAFF)) {
      run(config, ['user', 'add', login, '--name', name, '--role', role], PASSWORD);
    }
    const token = run(config, ['token', 'create', STAFF.administrator.login]).trim();
    const child = serve(config);
    const url = await printed(child, ADDRESS);
    const centre = new Centre(url, sink, smtpPort, folder, child);
    await centre.putRouting(token);
    return centre;
  }

  async stop(): Promise<void> {
    await ended(this.child);
    await this.sink.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Delivers a mail through the SMTP listener; returns its Message-ID. */
  mail(mail: OutgoingMail): Promise<string> {
    return sendMail(this.smtpPort, mail);
  }

  /** A report that follows no standard, to the return path of a mail of ours. */
  async bounce(returnPath: string, recipient: string): Promise<void> {
    await sendMail(this.smtpPort, {
      from: '',
      to: returnPath,
      subject: 'Undelivered',
      text: `${recipient}: mailbox does not exist (550 5.1.1)`,
    });
  }

  private async putRouting(token: string): Promise<void> {
    const response = await fetch(`${this.url}/api/v1/routing`, {
      method: 'PUT',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/toml' },
      body: routing(),
    });
    if (!response.ok) throw new Error(`routing: ${response.status} ${await response.text()}`);
  }
}

function run(config: string, args: string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(BINARY, [...args, '--config', config], {
    input,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`rozmova ${args.join(' ')}: ${stderr}`);
  return stdout;
}

function mustBeBuilt(): void {
  for (const [path, how] of [
    [BINARY, 'cargo build'],
    [join(DIST, 'index.html'), 'npm run build'],
  ] as const) {
    if (!existsSync(path)) throw new Error(`${path} is not there; run \`${how}\` first`);
  }
}

function serve(config: string): ChildProcess {
  return spawn(BINARY, ['serve', '--config', config], {
    stdio: ['ignore', 'pipe', process.env.ROZMOVA_LOG ? 'inherit' : 'ignore'],
  });
}

/** What the server prints when it has started. */
function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((answer, fail) => {
    const timer = setTimeout(() => fail(new Error('the server did not start')), START_MS);
    child.once('exit', (code) => fail(new Error(`the server ended with ${code}`)));
    if (!child.stdout) return;
    createInterface(child.stdout).on('line', (line) => {
      const found = pattern.exec(line)?.[0];
      if (!found) return;
      clearTimeout(timer);
      answer(found);
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((answer, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => answer(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function ended(child: ChildProcess): Promise<void> {
  const over = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await over;
}

/** What every installation needs: places and ports. */
function foundations(folder: string, smtpPort: number): string {
  return `
[http]
listen = "127.0.0.1:0"
web_dist = "${DIST}"
[store]
url = "sqlite:${join(folder, 'rozmova.db')}"
[media]
url = "${join(folder, 'media')}"
[channels.email]
smtp_listen = "127.0.0.1:${smtpPort}"
lmtp_listen = ""
`;
}

function configuration(folder: string, smtpPort: number, relayPort: number): string {
  const mailboxes = Object.values(DESKS).map(
    ({ mailbox, queue }) => `
[[channels.email.mailboxes]]
address = "${mailbox}"
display_name = "Банк"
queue = "${queue}"
`,
  );
  return `
[centre]
bank_name = "Тестовий банк"
${foundations(folder, smtpPort)}
bounce_address = "bounces@bank.example"
trusted_authserv_id = "${OWN_SERVER}"
[channels.email.relay]
host = "127.0.0.1"
port = ${relayPort}
${mailboxes.join('')}`;
}

function routing(): string {
  const queues = Object.values(DESKS).map(
    ({ queue }) => `
[[queue]]
name = "${queue}"
offer_ms = { call = 20000, email = 45000 }
wrap_up_ms = { call = 600000, email = 600000 }
disposition_required = true
dispositions = ["resolved", "complaint", "spam"]
pull_allowed = true
target_ms = { call = 20000, email = 3600000 }
target_percent = 80
`,
  );
  const agents = Object.values(DESKS).map(
    ({ queue, login }) => `
[[agent]]
login = "${login}"
maximum = { call = 1, email = 4 }
queues = [{ queue = "${queue}" }]
`,
  );
  return `
[[pause_reason]]
name = "Обід"
[[pause_reason]]
name = "Перерва"
[[disposition]]
code = "resolved"
name = "Вирішено"
[[disposition]]
code = "complaint"
name = "Скаргу зареєстровано"
required_note = true
[[disposition]]
code = "spam"
name = "Спам"
${queues.join('')}${agents.join('')}`;
}
