/** What every browser test needs: a running centre, people at their desks, the accessibility check. */
import { readFileSync } from 'node:fs';

import {
  test as base,
  expect,
  type Browser,
  type BrowserContextOptions,
  type Page,
} from '@playwright/test';

import { Centre, DESKS, PASSWORD, STAFF } from './server';

export { DESKS, PASSWORD, STAFF, expect };

/** The centre of the spec file that runs now; the next file gets a fresh one. */
class CentreOfFile {
  #held: { file: string; centre: Centre } | null = null;

  async of(file: string): Promise<Centre> {
    if (this.#held?.file !== file) {
      await this.stop();
      this.#held = { file, centre: await Centre.start() };
    }
    return this.#held.centre;
  }

  async stop(): Promise<void> {
    await this.#held?.centre.stop();
    this.#held = null;
  }
}

/** No file finds the agents, the contacts or the settings that another has left behind. */
export const test = base.extend<{ centre: Centre }, { centreOfFile: CentreOfFile }>({
  centreOfFile: [
    // Playwright demands the destructuring even when there is nothing to take.
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const held = new CentreOfFile();
      await use(held);
      await held.stop();
    },
    { scope: 'worker' },
  ],
  centre: [
    async ({ centreOfFile }, use, { file }) => use(await centreOfFile.of(file)),
    { timeout: 120_000 },
  ],
});

export async function fillLogin(page: Page, login: string, password = PASSWORD): Promise<void> {
  await page.getByLabel(/^(Логін|Login)$/).fill(login);
  await page.getByLabel(/^(Пароль|Password)$/).fill(password);
  await page.getByRole('button', { name: /^(Увійти|Sign in)$/ }).click();
}

/** A browser of its own in which somebody has signed in; fails the test when the page reports an error. */
export async function signIn(
  browser: Browser,
  centre: Centre,
  login: string,
  path = '/',
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    baseURL: centre.url,
    locale: 'uk-UA',
    timezoneId: 'Europe/Kyiv',
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const page = await context.newPage();
  failOnErrors(page);
  await page.goto(path);
  await fillLogin(page, login);
  await expect(
    page.getByRole('navigation', { name: /Головне меню|Main navigation/ }),
  ).toBeVisible();
  return page;
}

/** Refusals are part of life and shown to the user; broken code and broken content policy are not. */
function failOnErrors(page: Page): void {
  page.on('pageerror', (error) => {
    throw error;
  });
  page.on('console', (message) => {
    if (/Content Security Policy|Unhandled|TypeError/.test(message.text())) {
      throw new Error(message.text());
    }
  });
}

export async function setReady(page: Page): Promise<void> {
  await page.getByTitle('Ваш стан').first().click();
  await page.getByRole('menuitemradio', { name: 'Готовність приймати звернення' }).click();
  await expect(page.getByTitle('Ваш стан').first()).toContainText('Готовність');
}

const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');

interface AxeResult {
  violations: {
    id: string;
    help: string;
    nodes: { target: string[]; failureSummary?: string }[];
  }[];
}

/** WCAG 2.2 A and AA and the best practices of axe: no violation at all. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  // Injected through the debugger: the content policy of the page stays as it is.
  await page.evaluate(AXE);
  const result = await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run: (...args: unknown[]) => Promise<AxeResult> };
    };
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    return axe.run(document, { runOnly: tags });
  });
  const found = result.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`,
  );
  expect(found, where).toEqual([]);
}
