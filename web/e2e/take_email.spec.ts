import { DESKS, expect, expectAccessible, setReady, signIn, test } from './support';

const desk = DESKS.cards;
const CLIENT = 'olena.kovalenko@example.com';

test('an e-mail is offered, accepted, answered in its thread and closed with a result', async ({
  browser,
  centre,
}) => {
  const page = await signIn(browser, centre, desk.login);
  await setReady(page);
  const messageId = await centre.mail({
    from: CLIENT,
    fromName: 'Олена Коваленко',
    to: desk.mailbox,
    subject: 'Не проходить оплата',
    text: 'Добрий день!\n\nНе проходить оплата карткою.\n\nОлена',
  });

  const offer = page.getByRole('article', { name: /Нове звернення/ });
  await expect(offer).toContainText('Не проходить оплата');
  await offer.getByRole('button', { name: 'Прийняти' }).click();
  await expect(page).toHaveURL(/\/desk\/.+/);
  await expect(offer).toBeHidden();
  const stream = page.getByRole('log');
  await expect(stream).toContainText('Не проходить оплата карткою.');

  await expectAccessible(page, 'a contact in hand');

  const text = page.getByPlaceholder('Напишіть відповідь…');
  await text.fill('Вітаємо! Підтвердьте пристрій у застосунку.');
  await expect(page.getByText('Чернетку збережено')).toBeVisible();
  await page.reload();
  await expect(text).toHaveValue('Вітаємо! Підтвердьте пристрій у застосунку.');

  await page.getByRole('button', { name: 'Надіслати', exact: true }).click();
  await page.getByRole('button', { name: 'Скасувати' }).click();
  await expect(text).toHaveValue('Вітаємо! Підтвердьте пристрій у застосунку.');
  await page.getByRole('button', { name: 'Надіслати', exact: true }).click();
  await expect(stream).toContainText('Підтвердьте пристрій');
  await expect(stream.getByText('Надіслано').last()).toBeVisible({ timeout: 30_000 });

  await expect.poll(() => centre.sink.answersTo(CLIENT).length, { timeout: 20_000 }).toBe(1);
  const [answer] = centre.sink.answersTo(CLIENT);
  expect(answer?.headers['in-reply-to']).toBe(messageId);
  expect(answer?.headers.references).toContain(messageId);

  await page.getByRole('button', { name: 'Завершити' }).click();
  const wrapUp = page.getByRole('complementary', { name: 'Завершення' });
  await expect(wrapUp.getByText('Який результат?')).toBeVisible();
  await expectAccessible(page, 'wrap-up');
  await page.keyboard.press('1');
  await expect(wrapUp.getByRole('radio', { name: /Вирішено/ })).toBeChecked();
  await wrapUp.getByRole('button', { name: 'Готово, далі' }).click();
  await expect(page).toHaveURL(/\/desk$/);
  await expect(page.getByText('Немає звернень у роботі')).toBeVisible();
  await page.context().close();
});

test('an answer is held back while something newer from the client has not been read', async ({
  browser,
  centre,
}) => {
  const page = await signIn(browser, centre, desk.login);
  await setReady(page);
  const from = 'petro.lysenko@example.com';
  const long = Array.from({ length: 60 }, (_, line) => `Рядок ${line}`).join('\n');
  const first = await centre.mail({ from, to: desk.mailbox, subject: 'Виписка', text: long });
  await page.getByRole('button', { name: 'Прийняти' }).click();
  await expect(page.getByRole('log')).toContainText('Рядок 59');
  await page.getByPlaceholder('Напишіть відповідь…').fill('Надсилаємо виписку.');
  await page.getByRole('log').evaluate((log) => (log.scrollTop = 0));
  await centre.mail({
    from,
    to: desk.mailbox,
    subject: 'Re: Виписка',
    text: `${long}\nУже не треба, дякую`,
    inReplyTo: first,
  });
  await expect(page.getByText('Надійшло новіше повідомлення від клієнта')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Надіслати', exact: true })).toBeDisabled();
  await page.getByRole('button', { name: 'Показати', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Надіслати', exact: true })).toBeEnabled();
  await page.getByRole('button', { name: 'Завершити' }).click();
  await page.getByRole('radio', { name: /Спам/ }).check();
  await page.getByRole('button', { name: 'Готово, далі' }).click();
  await expect(page).toHaveURL(/\/desk$/);
  await page.context().close();
});

test('two people in one contact see each other', async ({ browser, centre }) => {
  const agent = await signIn(browser, centre, DESKS.deposits.login);
  await setReady(agent);
  const { mailbox } = DESKS.deposits;
  await centre.mail({ from: 'nina@example.com', to: mailbox, subject: 'Депозит', text: 'Питання' });
  await agent.getByRole('button', { name: 'Прийняти' }).click();
  await expect(agent).toHaveURL(/\/desk\/.+/);
  const supervisor = await signIn(browser, centre, 'dmytro', new URL(agent.url()).pathname);
  await expect(agent.getByText('Також тут: Дмитро Савченко').last()).toBeVisible();
  await agent.getByPlaceholder('Напишіть відповідь…').fill('Пишу…');
  await expect(supervisor.getByText('Пише Софія Гнатюк')).toBeVisible();
  await supervisor.context().close();
  await agent.context().close();
});
