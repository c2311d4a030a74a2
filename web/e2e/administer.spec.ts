import { DESKS, expect, expectAccessible, signIn, STAFF, test } from './support';

test('a queue is changed in a form that explains as one types', async ({ browser, centre }) => {
  const page = await signIn(browser, centre, STAFF.administrator.login, '/admin/routing');
  await expect(page.getByRole('heading', { name: 'Маршрутизація', level: 1 })).toBeVisible();
  await page.getByRole('button', { name: DESKS.deposits.queue, exact: true }).click();
  const dialog = page.getByRole('dialog');
  const name = dialog.getByLabel('Назва', { exact: true });
  await expect(name).toHaveValue(DESKS.deposits.queue);
  await name.fill(DESKS.loans.queue);
  await expect(dialog).toContainText('Така назва вже є');
  await name.fill('Депозити та скарбнички');
  const percent = dialog.getByLabel('Частка, яка має бути, %');
  await percent.fill('150');
  await expect(dialog).toContainText('Ціле число від 0 до 100');
  await expect(dialog.getByRole('button', { name: 'Зберегти' })).toBeDisabled();
  await percent.fill('90');
  // Who serves the queue follows its new name.
  await expect(dialog).toContainText(`Зміниться також: оператор ${DESKS.deposits.login}`);
  await expectAccessible(page, 'the form of a queue');
  await dialog.getByRole('button', { name: 'Зберегти' }).click();
  await expect(dialog).toBeHidden();
  const row = page.getByRole('row', { name: /Депозити та скарбнички/ });
  await expect(row).toContainText('90 % ≤ 1 год');

  await row.getByRole('button', { name: /^Дії/ }).click();
  await page.getByRole('menuitem', { name: 'Вилучити' }).click();
  await expect(dialog).toContainText(`оператор ${DESKS.deposits.login}`);
  await expect(dialog.getByRole('button', { name: 'Вилучити' })).toBeDisabled();
  await dialog.getByRole('button', { name: 'Скасувати' }).click();

  // The mailbox still names the queue as it was: the page says so, and the name is given back.
  await expect(page.getByText(DESKS.deposits.mailbox)).toBeVisible();
  await page.getByRole('button', { name: 'Депозити та скарбнички', exact: true }).click();
  await name.fill(DESKS.deposits.queue);
  await dialog.getByRole('button', { name: 'Зберегти' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText(DESKS.deposits.mailbox)).toBeHidden();

  await page.getByRole('link', { name: 'Навички', exact: true }).click();
  await page.getByRole('button', { name: 'Нова навичка' }).click();
  await dialog.getByLabel('Назва', { exact: true }).fill('Польська');
  await dialog.getByRole('button', { name: 'Зберегти' }).click();
  await expect(page.getByRole('row', { name: /Польська/ })).toContainText('не вжито');

  await page.getByRole('link', { name: 'Експорт та імпорт' }).click();
  await expect(page.getByRole('textbox', { name: 'Експорт та імпорт' })).toHaveValue(/Польська/);
  await expectAccessible(page, 'export and import');
  await page.context().close();
});

test('a supervisor merges two contacts of one client', async ({ browser, centre }) => {
  const { mailbox, queue } = DESKS.business;
  const from = 'twice@example.com';
  for (const subject of ['Рахунок-фактура', 'Ще раз про рахунок']) {
    await centre.mail({ from, fromName: 'Марія Двічі', to: mailbox, subject, text: subject });
  }
  const page = await signIn(browser, centre, STAFF.supervisor.login, '/live');
  await page.getByRole('button', { name: queue }).first().click();
  const row = page.getByRole('row', { name: /Ще раз про рахунок/ });
  await row.getByRole('button', { name: 'Дії' }).click();
  await page.getByRole('menuitem', { name: 'Об’єднати з іншим зверненням' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Звернення, яке триває далі').selectOption({ index: 1 });
  await dialog.getByLabel('Причина').fill('те саме питання');
  await dialog.getByRole('button', { name: /^Об’єднати/ }).click();
  await expect(dialog).toBeHidden();
  await expect(row).toBeHidden();
  const kept = page.getByRole('row', { name: /Рахунок-фактура/ });
  await kept.getByRole('link').first().click();
  const stream = page.getByRole('log');
  await expect(stream).toContainText('Рахунок-фактура');
  await expect(stream).toContainText('Ще раз про рахунок');
  const id = page.url().split('/').pop();
  const closed = await page.request.post(`/api/v1/interactions/${id}/closure`, {
    data: { reason: 'кінець перевірки' },
  });
  expect(closed.ok()).toBe(true);
  await page.context().close();
});
