import type { Page, WebSocketRoute } from '@playwright/test';

import type { Interaction } from '../src/api/types';
import { interaction, SECOND } from '../src/live/fixtures';
import { DESKS, expect, signIn, test } from './support';

const WAITING = 1_000;
const PAGE = 200;

/** Puts a thousand waiting contacts before the page, and lets the test tell it of changes. */
async function withQueue(page: Page) {
  const me = (await (await page.request.get('/api/v1/agents/me')).json()) as { queues: string[] };
  const queue = { id: me.queues[0] ?? '', name: DESKS.cards.queue };
  const waiting = Array.from({ length: WAITING }, (_, index) =>
    interaction({
      id: `waiting-${index}`,
      number: 10_000 + index,
      subject: `Звернення ${index}`,
      queue,
      waiting_since_at: (1_700_000_000 + index) * SECOND,
    }),
  );
  await page.route(/\/api\/v1\/interactions\?.*order=queue/, async (route) => {
    const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
    const items = waiting.slice(from, from + PAGE);
    const next = from + PAGE < WAITING ? String(from + PAGE) : null;
    await route.fulfill({ json: { items, next } });
  });
  let socket: WebSocketRoute | undefined;
  await page.routeWebSocket(/\/api\/v1\/live/, (opened) => {
    opened.connectToServer();
    socket = opened;
  });
  let seq = 1_000_000;
  return {
    tell(change: Partial<Interaction>) {
      const data = { interaction: interaction({ queue, ...change }) };
      const event = { seq: (seq += 1), at: 0, type: 'interaction.changed', data };
      socket?.send(JSON.stringify(event));
    },
  };
}

test('a thousand waiting contacts are all there, and only those in view are in the page', async ({
  browser,
  centre,
}) => {
  const page = await signIn(browser, centre, DESKS.cards.login);
  const queue = await withQueue(page);
  await page.reload();
  const tab = page.getByRole('tab', { name: /Черга/ });
  await expect(tab).toContainText('1000');
  await tab.click();
  const rows = page.getByRole('listitem');
  await expect(rows.first()).toContainText('Звернення 0');
  expect(await rows.count()).toBeLessThan(60);

  const scroller = page.locator('.left');
  await scroller.evaluate((left) => (left.scrollTop = left.scrollHeight));
  await expect(page.getByText('Звернення 999', { exact: true })).toBeVisible();
  expect(await rows.count()).toBeLessThan(60);

  await scroller.evaluate((left) => (left.scrollTop = 0));
  await expect(page.getByText('Звернення 0', { exact: true })).toBeVisible();
  // From an event to the picture: the median of some, for the record. What it is depends on the machine.
  const painted: number[] = [];
  for (let round = 1; round <= 20; round += 1) {
    const subject = `Змінено ${round}`;
    await page.evaluate(watchFor, subject);
    queue.tell({ id: 'waiting-2', number: 10_002, subject, waiting_since_at: 1 });
    painted.push(await page.evaluate(() => (window as unknown as Watched).painted));
    await expect(page.getByText(subject, { exact: true })).toBeVisible();
  }
  const median = painted.sort((a, b) => a - b)[painted.length / 2];
  console.log(`event to picture with 1,000 rows: ${median?.toFixed(1)} ms, median of 20`);
  await page.context().close();
});

interface Watched {
  /** Milliseconds from the moment the text of the event is read to the picture that shows it. */
  painted: Promise<number>;
}

function watchFor(subject: string): void {
  const parse = JSON.parse;
  (window as unknown as Watched).painted = new Promise((measured) => {
    JSON.parse = (text: string, ...rest: unknown[]) => {
      if (text.includes(subject)) {
        JSON.parse = parse;
        const startMs = performance.now();
        requestAnimationFrame(() => setTimeout(() => measured(performance.now() - startMs)));
      }
      return parse(text, ...(rest as []));
    };
  });
}
