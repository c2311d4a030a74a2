import { randomUUID } from 'node:crypto';

import { DESKS, expect, expectAccessible, setReady, signIn, test } from './support';

/** Nobody else's: other tests leave contacts in hand. */
const desk = DESKS.mortgages;

/** What a mail program names `datetime-local`, so many hours from now in Kyiv. */
function inHours(hours: number): string {
  const at = new Date(Date.now() + hours * 3_600_000);
  return at.toLocaleString('sv-SE', { timeZone: 'Europe/Kyiv' }).slice(0, 16).replace(' ', 'T');
}

test('a mail is forwarded with its file, an answer is scheduled and cancelled, a bounce is shown', async ({
  browser,
  centre,
}) => {
  const from = `${randomUUID()}@example.com`;
  const page = await signIn(browser, centre, desk.login);
  await setReady(page);
  await centre.mail({
    from,
    to: desk.mailbox,
    subject: 'Договір',
    text: 'Прошу перевірити договір.',
    attachment: { name: 'договір.csv', mediaType: 'text/csv', content: 'a,b,c' },
  });
  await page.getByRole('button', { name: 'Прийняти' }).click();
  const stream = page.getByRole('log');
  await expect(stream).toContainText('Прошу перевірити договір.');

  // Forwarded: the file goes along without being downloaded.
  const form = page.getByRole('form', { name: 'Відповідь' });
  await form.getByRole('button', { name: 'Переслати' }).click();
  await expect(form.getByText('договір.csv')).toBeVisible();
  const text = form.getByRole('textbox', { name: 'Відповідь' });
  await expect(text).toHaveValue(/Прошу перевірити договір\./);
  await form.getByLabel('Кому').fill('legal@partner.example');
  await page.keyboard.press('Enter');
  await expectAccessible(page, 'a mail being forwarded');
  await form.getByRole('button', { name: 'Надіслати', exact: true }).click();
  await expect
    .poll(() => centre.sink.answersTo('legal@partner.example').length, { timeout: 30_000 })
    .toBe(1);
  const [forwarded] = centre.sink.answersTo('legal@partner.example');
  expect(forwarded?.headers['in-reply-to']).toBeUndefined();
  expect(forwarded?.raw).toContain('multipart/mixed');

  // Scheduled, and cancelled in the timeline.
  await text.fill('Передзвонимо завтра.');
  await form.getByRole('button', { name: 'Надіслати пізніше' }).click();
  await page.getByLabel('Коли надіслати').fill(inHours(5));
  await page.getByRole('button', { name: 'Вибрати' }).click();
  await form.getByRole('button', { name: 'Надіслати пізніше' }).first().click();
  await expect(stream.getByText('Буде надіслано пізніше')).toBeVisible();
  await expectAccessible(page, 'a scheduled answer');
  await stream.getByRole('button', { name: 'Не надсилати' }).click();
  await expect(stream.getByText('Буде надіслано пізніше')).toBeHidden();
  await expect(text).toHaveValue('Передзвонимо завтра.');

  // The forwarded mail comes back: the agent is told on the very message.
  await centre.bounce(forwarded?.from ?? '', 'legal@partner.example');
  await expect(stream.getByText('Не доставлено')).toBeVisible();
  await page.context().close();
});

test('an answer leaves from the address that the agent chooses', async ({ browser, centre }) => {
  const from = `${randomUUID()}@example.com`;
  const own = DESKS.deposits;
  const page = await signIn(browser, centre, own.login);
  await setReady(page);
  await centre.mail({ from, to: own.mailbox, subject: 'Ставки', text: 'Які нині ставки?' });
  await page.getByRole('button', { name: 'Прийняти' }).click();
  const form = page.getByRole('form', { name: 'Відповідь' });
  const sender = form.getByLabel('Від', { exact: true });
  await expect(sender).toHaveValue(own.mailbox);
  await sender.selectOption(DESKS.general.mailbox);
  await form.getByPlaceholder('Напишіть відповідь…').fill('Надсилаємо перелік.');
  await expect(form.getByText('Чернетку збережено')).toBeVisible();
  await page.reload();
  await expect(sender).toHaveValue(DESKS.general.mailbox);
  await form.getByRole('button', { name: 'Надіслати', exact: true }).click();
  await expect.poll(() => centre.sink.answersTo(from).length, { timeout: 30_000 }).toBe(1);
  expect(centre.sink.answersTo(from)[0]?.headers.from).toContain(DESKS.general.mailbox);
  await page.context().close();
});
