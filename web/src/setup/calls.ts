/** What the first steps ask of the server, step by step. */
import { administration, setup, type NewUser } from '../api/calls';
import type { FirstSettings } from '../api/types';
import { routing } from '../admin/routing/calls';
import { blank } from '../admin/routing/form';
import type { AgentItem, QueueItem } from '../admin/routing/types';

/** Opening hours play no part yet, so neither does the time zone. */
const ZONE = 'UTC';
/** How often a server that starts anew is looked for, and how many times. */
const LOOK_EVERY_MS = 500;
const LOOKS_AT_MOST = 60;

export interface Progress {
  queues: string[];
  agents: number;
  bankName: string;
  mailbox: string | null;
  /** The configuration file does not name mailboxes. */
  changeable: boolean;
}

export async function progress(): Promise<Progress> {
  const [queues, agents, settings] = await Promise.all([
    routing.list<QueueItem>('queues'),
    routing.list<AgentItem>('agents'),
    setup.settings(),
  ]);
  return {
    queues: queues.map((entry) => entry.name),
    agents: agents.length,
    bankName: settings.bank_name,
    mailbox: settings.mailbox,
    changeable: settings.changeable,
  };
}

export async function addQueue(name: string): Promise<void> {
  const queue = { ...(blank('queues', ZONE) as QueueItem), name, pull_allowed: true };
  await routing.save('queues', queue, null);
}

/** A person who may sign in, and who serves the queue. */
export async function addAgent(person: Omit<NewUser, 'role'>, queue: string): Promise<void> {
  await administration.addUser({ ...person, role: 'agent' });
  const { login } = person;
  const agent = { ...(blank('agents', ZONE) as AgentItem), login, queues: [{ queue, ring: 1 }] };
  await routing.save('agents', agent, null);
}

/** Resolves when the server has started anew with the settings. */
export async function saveAndRestart(settings: FirstSettings): Promise<void> {
  await setup.saveSettings(settings);
  for (let looks = 1; ; looks += 1) {
    await new Promise((over) => setTimeout(over, LOOK_EVERY_MS));
    try {
      const { mailbox } = await setup.settings();
      if (mailbox === (settings.mailbox?.address ?? null)) return;
    } catch (error) {
      if (looks === LOOKS_AT_MOST) throw error;
    }
  }
}
