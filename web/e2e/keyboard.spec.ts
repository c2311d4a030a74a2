import { DESKS, expect, signIn, test } from './support';

const { login, mailbox } = DESKS.general;

test('a whole e-mail without the mouse, with the Ukrainian layout on', async ({
  browser,
  centre,
}) => {
  const page = await signIn(browser, centre, login);
  const keys = page.keyboard;
  /** A letter as the Ukrainian layout types it. */
  const press = (code: string, key: string) =>
    page.evaluate(
      ([code, key]) => {
        const target = document.activeElement ?? document.body;
        target.dispatchEvent(
          new KeyboardEvent('keydown', { code, key, bubbles: true, cancelable: true }),
        );
      },
      [code, key] as const,
    );

  const state = page.getByTitle('Ваш стан').first();
  await expect(state).toContainText('Не на зміні');
  await press('KeyP', 'з');
  await expect(state).toContainText('Готовність');
  await centre.mail({ from: 'k@example.com', to: mailbox, subject: 'Клавіатура', text: 'Прошу.' });
  await expect(page.getByRole('button', { name: 'Прийняти' })).toBeVisible();
  await press('KeyA', 'ф');
  await expect(page.getByRole('log')).toContainText('Прошу.');
  await press('KeyN', 'т');
  await keys.type('Перевірити рахунок');
  await keys.press('Control+Enter');
  const note = page.getByRole('article', { name: /^Нотатка/ });
  await expect(note).toContainText('Перевірити рахунок');
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await press('KeyR', 'к');
  await keys.type('Готово.');
  await keys.press('Control+Enter');
  await expect(page.getByRole('article', { name: /^Ел. лист: Оксана/ })).toContainText('Готово.');
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await press('KeyE', 'у');
  await expect(page.getByText('Який результат?')).toBeVisible();
  await keys.press('2');
  await expect(page.getByRole('radio', { name: /Скаргу зареєстровано/ })).toBeChecked();
  await expect(page.getByRole('button', { name: 'Готово, далі' })).toBeDisabled();
  await keys.press('Tab');
  await keys.type('Зареєстровано');
  // From the note over the five parts of the follow-up field to the button.
  const done = page.getByRole('button', { name: 'Готово, далі' });
  for (
    let tabs = 0;
    tabs < 12 && !(await done.evaluate((it) => it === document.activeElement));
    tabs += 1
  ) {
    await keys.press('Tab');
  }
  await keys.press('Enter');
  await expect(page).toHaveURL(/\/desk$/);

  await keys.press('Shift+Slash');
  await expect(page.getByRole('dialog', { name: 'Клавіатурні скорочення' })).toBeVisible();
  await keys.press('Escape');
  await keys.press('Control+k');
  await keys.type('налашт');
  await keys.press('Enter');
  await expect(page).toHaveURL(/\/settings$/);
  await expect
    .poll(() => centre.sink.answersTo('k@example.com').length, { timeout: 20_000 })
    .toBe(1);
  await page.context().close();
});
