/** What an agent does with a contact beside answering: looks at its form, files, hands it on, puts it aside, asks why. */
import { readFileSync } from 'node:fs';

import type { Page } from '@playwright/test';

import { DESKS, STAFF, expect, expectAccessible, setReady, signIn, test } from './support';

/** Accepts the contact with this subject, whatever else is offered. */
async function accept(page: Page, subject: string): Promise<void> {
  const offer = page.getByRole('article', { name: /Нове звернення/ }).filter({ hasText: subject });
  await offer.getByRole('button', { name: 'Прийняти' }).click();
  await expect(page).toHaveURL(/\/desk\/.+/);
  await expect(page.getByRole('log')).toBeVisible();
}

async function close(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Завершити' }).click();
  await page.getByRole('radio', { name: /Спам/ }).check();
  await page.getByRole('button', { name: 'Готово, далі' }).click();
  await expect(page).toHaveURL(/\/desk$/);
}

test('a formatted mail is shown in a frame that fetches nothing until it is allowed to', async ({
  browser,
  centre,
}) => {
  const desk = DESKS.loans;
  const page = await signIn(browser, centre, desk.login);
  const asked: string[] = [];
  await page.route('http://spy.example/**', async (route) => {
    asked.push(route.request().url());
    await route.abort();
  });
  await setReady(page);
  await centre.mail({
    from: 'html@example.com',
    to: desk.mailbox,
    subject: 'Оформлений лист',
    text: 'Простий текст',
    html: '<p>Гарний <b>текст</b></p><script>document.title="зло"</script><img width="90" src="http://spy.example/pixel.png">',
  });
  await accept(page, 'Оформлений лист');
  await page.getByRole('button', { name: 'З оформленням' }).click();
  const frame = page.frameLocator('iframe[title="Лист з оформленням"]');
  await expect(frame.getByText('Гарний текст')).toBeVisible();
  await expect(page.getByText('Зображення з інтернету не завантажено')).toBeVisible();
  expect(await frame.locator('script').count()).toBe(0);
  expect(asked).toEqual([]);
  await page.getByRole('button', { name: 'Показати зображення' }).click();
  await expect.poll(() => asked.length).toBe(1);
  await close(page);
  await page.context().close();
});

test('files come down and go up', async ({ browser, centre }) => {
  const desk = DESKS.loans;
  const from = 'files@example.com';
  const page = await signIn(browser, centre, desk.login);
  await setReady(page);
  await centre.mail({
    from,
    to: desk.mailbox,
    subject: 'Файли',
    text: 'Дивіться вкладення',
    attachment: { name: 'виписка.txt', mediaType: 'text/plain', content: 'Рядок виписки' },
  });
  await accept(page, 'Файли');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: /виписка\.txt/ }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('виписка.txt');
  expect(readFileSync(await download.path(), 'utf8').trim()).toBe('Рядок виписки');

  await page.locator('input[type=file]').setInputFiles({
    name: 'договір.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('Текст договору'),
  });
  await expect(page.getByText('договір.txt')).toBeVisible();
  await page.getByPlaceholder('Напишіть відповідь…').fill('Надсилаємо договір.');
  await page.getByRole('button', { name: 'Надіслати', exact: true }).click();
  await expect.poll(() => centre.sink.answersTo(from).length, { timeout: 30_000 }).toBe(1);
  expect(centre.sink.answersTo(from)[0]?.raw).toContain(
    Buffer.from('Текст договору').toString('base64').slice(0, 16),
  );
  await close(page);
  await page.context().close();
});

test('a contact is put aside and taken up again', async ({ browser, centre }) => {
  const desk = DESKS.loans;
  const page = await signIn(browser, centre, desk.login);
  await setReady(page);
  await centre.mail({ from: 'p@example.com', to: desk.mailbox, subject: 'Згодом', text: 'Потім' });
  await accept(page, 'Згодом');
  await page.getByRole('button', { name: 'Інші дії' }).click();
  await page.getByRole('menuitem', { name: 'Відкласти…' }).click();
  const dialog = page.getByRole('dialog');
  await expectAccessible(page, 'parking');
  await dialog.getByRole('button', { name: 'За 3 години' }).click();
  await dialog.getByRole('button', { name: 'Відкласти', exact: true }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText('Відкладено').first()).toBeVisible();
  await page.getByRole('button', { name: 'Повернути в роботу' }).click();
  await expect(page.getByRole('button', { name: 'Передати' })).toBeVisible();

  await page.getByRole('button', { name: 'Інші дії' }).click();
  await page.getByRole('menuitem', { name: 'Чому саме сюди?' }).click();
  const trace = page.getByRole('dialog');
  await expect(trace.getByText('обрано').first()).toBeVisible();
  await expect(trace.getByText(desk.name).first()).toBeVisible();
  await expectAccessible(page, 'a trace');
  await page.keyboard.press('Escape');
  await close(page);
  await page.context().close();
});

test('a contact is handed on to another queue with a word', async ({ browser, centre }) => {
  const page = await signIn(browser, centre, DESKS.business.login);
  const other = await signIn(browser, centre, DESKS.general.login);
  await setReady(page);
  await setReady(other);
  const { mailbox } = DESKS.business;
  await centre.mail({ from: 't@example.com', to: mailbox, subject: 'Не туди', text: 'Питання' });
  await accept(page, 'Не туди');
  await page.getByRole('button', { name: 'Передати' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Черга').last().selectOption(DESKS.general.queue);
  await dialog.getByLabel(/Що має знати/).fill('Клієнт питає про графік');
  await expectAccessible(page, 'a transfer');
  await dialog.getByRole('button', { name: 'Передати' }).click();
  await expect(page).toHaveURL(/\/desk$/);
  await accept(other, 'Не туди');
  await expect(other.getByRole('log')).toContainText('Клієнт питає про графік');
  await close(other);
  await other.context().close();
  await page.context().close();
});

test('an agent writes first from the page of a client', async ({ browser, centre }) => {
  const desk = DESKS.business;
  const page = await signIn(browser, centre, desk.login);
  await setReady(page);
  const address = 'first@example.com';
  const created = await page.request.post('/api/v1/clients', {
    data: {
      kind: 'person',
      family_name: 'Першенко',
      given_name: 'Інна',
      contact_points: [{ medium: 'email', value: address }],
    },
  });
  const { id } = (await created.json()) as { id: string };
  await page.goto(`/clients/${id}`);
  await page.getByRole('button', { name: 'Написати листа' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Надіслати', exact: true })).toBeDisabled();
  await dialog.getByLabel('Тема').fill('Ваш новий тариф');
  await dialog.getByLabel('Текст листа').fill('Доброго дня! Ваш тариф змінено.');
  await expectAccessible(page, 'a first mail');
  await dialog.getByRole('button', { name: 'Надіслати', exact: true }).click();
  await expect(page).toHaveURL(/\/desk\/.+/);
  await expect(page.getByRole('log')).toContainText('Ваш тариф змінено');
  await expect.poll(() => centre.sink.answersTo(address).length, { timeout: 30_000 }).toBe(1);
  await close(page);
  await page.context().close();
});

test('an administrator adds, changes and blocks a user; refusals are in Ukrainian', async ({
  browser,
  centre,
}) => {
  const page = await signIn(browser, centre, STAFF.administrator.login, '/admin/users');
  await page.getByRole('button', { name: 'Новий користувач' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Ім’я').fill('Нова Людина');
  await dialog.getByLabel('Логін').fill('nova');
  await dialog.getByLabel('Пароль').fill('short');
  await expectAccessible(page, 'a new user');
  await dialog.getByRole('button', { name: 'Зберегти' }).click();
  await expect(dialog.getByText('Пароль не підходить')).toBeVisible();
  await dialog.getByLabel('Пароль').fill('correct horse battery');
  await dialog.getByRole('button', { name: 'Зберегти' }).click();
  await expect(dialog).toBeHidden();
  const row = page.getByRole('row', { name: /Нова Людина/ });
  await expect(row).toContainText('Оператор');

  await row.getByRole('button', { name: /Дії/ }).click();
  await page.getByRole('menuitem', { name: 'Змінити' }).click();
  await dialog.getByLabel('Роль', { exact: true }).selectOption('Супервізор');
  await dialog.getByRole('button', { name: 'Зберегти' }).click();
  await expect(row).toContainText('Супервізор');

  await row.getByRole('button', { name: /Дії/ }).click();
  await page.getByRole('menuitem', { name: 'Заблокувати' }).click();
  await expect(row).toContainText('Заблоковано');
  await page.context().close();
});

test('remapped shortcuts follow the user to another browser', async ({ browser, centre }) => {
  const page = await signIn(browser, centre, DESKS.deposits.login);
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog');
  const line = sheet.getByRole('listitem').filter({ hasText: 'До клієнтів' });
  await line.getByRole('button').click();
  const saved = page.waitForResponse((answer) => answer.url().endsWith('/session/preferences'));
  await page.keyboard.press('Y');
  await saved;
  await page.context().close();

  const other = await signIn(browser, centre, DESKS.deposits.login);
  await other.locator('body').click({ position: { x: 2, y: 2 } });
  await other.keyboard.press('y');
  await expect(other).toHaveURL(/\/clients$/);
  await other.request.patch('/api/v1/session/preferences', { data: { shortcuts: {} } });
  await other.context().close();
});
