/** Takes a picture of every page × appearance × language × width into `screenshots/`, to be looked at. */
import { mkdirSync } from 'node:fs';

import type { Page } from '@playwright/test';

import { DESKS, expect, setReady, signIn, STAFF, test } from './support';
import type { Centre } from './server';

const OUT = 'screenshots';
const WIDTHS = [1280, 1920];
const THEMES = ['light', 'dark'] as const;
const LANGUAGES = ['uk', 'en'] as const;

const WRITERS = [
  ['olena.kovalenko@example.com', 'Олена Коваленко', 'Не проходить оплата карткою в інтернеті'],
  ['i.galagan@example.com', 'Іван Ґалаґан', 'Зміна номера телефону'],
  ['office@mriia.example', 'ТОВ «Карпатська Мрія»', 'Довідка про відсутність заборгованості'],
  ['s.bondarenko@example.com', 'Степан Бондаренко', 'Питання щодо депозиту «Скарбничка»'],
  ['n.polishchuk@example.com', 'Надія Поліщук', 'Списали двічі за комунальні послуги'],
  ['v.moroz@example.com', 'Василь Мороз', 'Картку заблоковано за кордоном'],
] as const;

const TEXT = `Доброго дня!

Вже вдруге за тиждень не проходить оплата моєю карткою на сайті. Код помилки 05. Гроші на рахунку є, ліміт на інтернет-платежі я піднімала в застосунку вчора.

Підкажіть, будь ласка, у чому справа?

З повагою,
Олена`;

async function fill(centre: Centre): Promise<void> {
  const unreadable = { from: 'robot@example.com', to: DESKS.cards.mailbox, subject: '', text: '' };
  await centre.mail({ ...unreadable, raw: '\u0001\u0002 це не лист' });
  for (const { mailbox } of Object.values(DESKS)) {
    for (const [from, fromName, subject] of WRITERS) {
      const html = `<p>Доброго дня!</p><p><b>${subject}</b></p>`;
      const attachment = { name: 'виписка.pdf', mediaType: 'application/pdf', content: '%PDF-1.4' };
      await centre.mail({ from, fromName, to: mailbox, subject, text: TEXT, html, attachment });
    }
  }
}

async function shoot(page: Page, name: string, paths: Record<string, string>): Promise<void> {
  for (const theme of THEMES) {
    for (const language of LANGUAGES) {
      // As a person would choose it, so that the server remembers; then every page with it.
      await page.request.patch('/api/v1/session/preferences', { data: { theme, language } });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: width === 1280 ? 800 : 1080 });
        for (const [shot, path] of Object.entries(paths)) {
          await page.goto(path);
          await page.waitForLoadState('networkidle');
          const file = `${OUT}/${name}${shot}-${theme}-${language}-${width}.png`;
          await page.screenshot({ path: file, animations: 'disabled' });
        }
      }
    }
  }
  await page.request.patch('/api/v1/session/preferences', {
    data: { theme: 'system', language: 'uk' },
  });
}

test('pictures of every page', async ({ browser, centre }) => {
  mkdirSync(OUT, { recursive: true });

  const empty = await signIn(browser, centre, DESKS.deposits.login);
  await shoot(empty, 'empty-', { desk: '/desk', clients: '/clients' });
  const before = await signIn(browser, centre, STAFF.administrator.login);
  await shoot(before, 'empty-', {
    unreadable: '/unreadable',
    wall: '/wall',
    live: '/live',
    reports: '/reports',
    texts: '/admin/texts',
    settings: '/settings',
    nowhere: '/nowhere',
  });

  await fill(centre);
  const agent = await signIn(browser, centre, DESKS.cards.login);
  await setReady(agent);
  for (let taken = 0; taken < 3; taken += 1) {
    await agent.getByRole('button', { name: 'Прийняти' }).first().click();
    await expect(agent.getByRole('log')).toBeVisible();
  }
  await agent.getByPlaceholder('Напишіть відповідь…').fill('Вітаємо! Перевіряємо вашу картку.');
  await expect(agent.getByText('Чернетку збережено')).toBeVisible();
  const contact = new URL(agent.url()).pathname;
  const link = await agent.getByTitle('Відкрити сторінку клієнта').getAttribute('href');
  await shoot(agent, '', { desk: contact, client: link ?? '/clients', clients: '/clients' });
  await agent.goto(contact);
  await agent.getByRole('button', { name: 'Завершити' }).click();
  await expect(agent.getByText('Який результат?')).toBeVisible();
  await shoot(agent, '', { 'wrap-up': contact });

  await agent.goto(link ?? '/clients');
  for (const [name, button] of [
    ['write', 'Написати листа'],
    ['edit-client', 'Змінити відомості'],
    ['add-point', 'Додати спосіб зв’язку'],
  ] as const) {
    await agent.getByRole('button', { name: button }).click();
    await expect(agent.getByRole('dialog')).toBeVisible();
    await agent.screenshot({ path: `${OUT}/dialog-${name}.png`, animations: 'disabled' });
    await agent.keyboard.press('Escape');
  }
  await agent.keyboard.press('?');
  await agent.screenshot({ path: `${OUT}/dialog-help.png`, animations: 'disabled' });
  await agent.keyboard.press('Escape');
  await agent.keyboard.press('Control+k');
  await agent.keyboard.type('коваленко');
  await agent.waitForTimeout(800);
  await agent.screenshot({ path: `${OUT}/palette.png`, animations: 'disabled' });
  await agent.keyboard.press('Escape');

  const supervisor = await signIn(browser, centre, STAFF.supervisor.login);
  await shoot(supervisor, '', {
    wall: '/wall',
    live: '/live',
    reports: '/reports',
    health: '/health',
  });
  const administrator = await signIn(browser, centre, STAFF.administrator.login);
  await shoot(administrator, '', {
    users: '/admin/users',
    audit: '/admin/audit',
    routing: '/admin/routing',
    'routing-agents': '/admin/routing/agents',
    'routing-hours': '/admin/routing/hours',
    'routing-centre': '/admin/routing/centre',
    'routing-document': '/admin/routing/document',
    unreadable: '/unreadable',
    texts: '/admin/texts',
    setup: '/setup',
    design: '/design',
    settings: '/settings',
  });

  await administrator.goto('/admin/users');
  await administrator.getByRole('button', { name: 'Новий користувач' }).click();
  await administrator.screenshot({ path: `${OUT}/dialog-user.png`, animations: 'disabled' });
  await administrator.keyboard.press('Escape');

  const stranger = await browser.newPage({ baseURL: centre.url, locale: 'uk-UA' });
  await stranger.goto('/');
  await expect(stranger.getByRole('button', { name: 'Увійти' })).toBeVisible();
  await stranger.screenshot({ path: `${OUT}/sign-in.png`, animations: 'disabled' });
});
