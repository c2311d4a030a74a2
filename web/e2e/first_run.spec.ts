import { sendMail } from './mail';
import { EmptyCentre } from './server';
import { expect, expectAccessible, setReady, test } from './support';

test('an empty installation is led to its first answered mail', async ({ browser }) => {
  const centre = await EmptyCentre.start();
  const { origin } = new URL(centre.wayIn);
  const options = { baseURL: origin, locale: 'uk-UA', viewport: { width: 1280, height: 800 } };
  const context = await browser.newContext(options);
  const page = await context.newPage();

  await page.goto('/');
  await expect(page.getByText('Ще ніхто не може ввійти')).toBeVisible();
  await page.goto('/setup');
  await expect(page.getByText('Відкрийте посилання')).toBeVisible();
  await page.goto(`${origin}/setup#guessed`);
  await page.reload();
  const fill = async (name: string, login: string) => {
    await page.getByLabel('Ім’я', { exact: true }).fill(name);
    await page.getByLabel('Логін').fill(login);
    await page.getByLabel('Пароль').last().fill('correct horse battery');
  };
  await fill('Галина Мельник', 'halyna');
  await page.getByRole('button', { name: 'Почати' }).click();
  await expect(page.getByText('Код не той')).toBeVisible();

  await page.goto(centre.wayIn);
  await page.reload();
  await expectAccessible(page, 'the first administrator');
  await fill('Галина Мельник', 'halyna');
  await page.getByRole('button', { name: 'Почати' }).click();
  await expect(page.getByRole('heading', { name: 'Перші кроки' })).toBeVisible();

  await page.getByLabel('Назва', { exact: true }).fill('Загальні питання');
  await page.getByRole('button', { name: 'Додати' }).click();
  await page.getByLabel('Назва банку').fill('Банк Приклад');
  await page.getByLabel('Адреса', { exact: true }).fill('info@bank.example');
  await page.getByLabel('Як надходить пошта').selectOption({ index: 1 });
  await page.getByLabel('Сервер', { exact: true }).fill('127.0.0.1');
  await page.getByLabel('Шифрування').selectOption('Немає');
  await page.getByLabel('Порт').fill('1');
  await page.getByRole('button', { name: 'Перевірити' }).click();
  await expect(page.getByText('Сервер для надсилання (SMTP): Не працює')).toBeVisible();
  await page.getByLabel('Порт').fill(String(centre.sink.port));
  await page.getByRole('button', { name: 'Перевірити' }).click();
  await expect(page.getByText('Сервер для надсилання (SMTP): Працює')).toBeVisible();
  await expectAccessible(page, 'the first steps');
  await page.getByRole('button', { name: 'Зберегти й почати' }).click();
  await expect(page.getByText('info@bank.example')).toBeVisible({ timeout: 30_000 });

  await fill('Ірина Шевчук', 'iryna');
  await page.getByRole('button', { name: 'Додати' }).click();
  await expect(page.getByText('Усе готово')).toBeVisible();
  await context.close();

  const desk = await browser.newContext(options);
  const agent = await desk.newPage();
  await agent.goto('/');
  await agent.getByLabel('Логін').fill('iryna');
  await agent.getByLabel('Пароль').first().fill('correct horse battery');
  await agent.getByRole('button', { name: 'Увійти' }).click();
  await setReady(agent);
  const from = 'first@example.com';
  const to = 'info@bank.example';
  await sendMail(centre.smtpPort, { from, to, subject: 'Перший лист', text: 'Вітаю!' });
  await agent.getByRole('button', { name: 'Прийняти' }).click();
  await agent.getByPlaceholder('Напишіть відповідь…').fill('Дякуємо за перший лист.');
  await agent.getByRole('button', { name: 'Надіслати', exact: true }).click();
  await expect.poll(() => centre.sink.answersTo(from).length, { timeout: 30_000 }).toBe(1);
  await desk.close();
  await centre.stop();
});
