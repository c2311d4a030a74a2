import { DESKS, expect, expectAccessible, setReady, signIn, test } from './support';

const desk = DESKS.deposits;
const CLIENT = 'nadiia.koval@example.com';

test('a sender whom nobody vouches for opens no file until the agent says who it is', async ({
  browser,
  centre,
}) => {
  const page = await signIn(browser, centre, desk.login);
  const created = await page.request.post('/api/v1/clients', {
    data: {
      kind: 'person',
      family_name: 'Коваль',
      given_name: 'Надія',
      contact_points: [{ medium: 'email', value: CLIENT }],
    },
  });
  expect(created.status()).toBe(201);
  await setReady(page);
  await centre.mail({
    from: CLIENT,
    fromName: 'Надія Коваль',
    to: desk.mailbox,
    subject: 'Мій депозит',
    text: 'Добрий день! Скажіть, будь ласка, скільки грошей на моєму депозиті.',
    vouched: 'fail',
  });
  await page.getByRole('button', { name: 'Прийняти' }).click();

  const stream = page.getByRole('log');
  const badge = stream.getByRole('button', { name: 'Перевірка відправника: Не підтверджено' });
  await badge.click();
  await expect(stream).toContainText('Домен відправника каже, що лист не від нього (DMARC).');
  await expect(stream).toContainText('мова: українська');
  const card = page.getByRole('heading', { name: 'Чи справді це клієнт?' });
  await expect(card).toBeVisible();
  await expect(page.getByText('переконайтеся, хто пише')).toBeVisible();
  await expectAccessible(page, 'a sender who is not confirmed');

  await page.getByRole('button', { name: 'Це цей клієнт' }).click();
  await expect(card).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Коваль Надія' })).toBeVisible();
  await page.context().close();
});

test('a sender for whom the domain vouches is known at once', async ({ browser, centre }) => {
  const { mailbox, login } = DESKS.loans;
  const page = await signIn(browser, centre, login);
  await setReady(page);
  await centre.mail({
    from: 'vira@example.com',
    fromName: 'Віра',
    to: mailbox,
    subject: 'Кредит',
    text: 'Добрий день!',
  });
  await page.getByRole('button', { name: 'Прийняти' }).click();
  const name = 'Перевірка відправника: Підтверджено';
  await expect(page.getByRole('log').getByRole('button', { name })).toBeVisible();
  await page.context().close();
});
