import { DESKS, expect, signIn, STAFF, test } from './support';

const { queue, mailbox } = DESKS.business;

test('the wall and the live room follow what happens without a reload', async ({
  browser,
  centre,
}) => {
  const wall = await signIn(browser, centre, STAFF.supervisor.login, '/live');
  await wall.goto('/wall');
  const tile = wall.getByRole('article', { name: queue });
  await expect(tile.locator('.figure')).toHaveText('0');
  const room = await wall.context().newPage();
  await room.goto('/live');
  await room.getByRole('button', { name: queue }).click();
  await expect(room.getByText('У цій черзі ніхто не чекає')).toBeVisible();

  for (const number of [1, 2]) {
    await centre.mail({
      from: `buyer${number}@firm.example`,
      to: mailbox,
      subject: `Рахунок ${number}`,
      text: 'Прошу виставити рахунок.',
    });
  }
  await expect(tile.locator('.figure')).toHaveText('2');
  const longest = tile.locator('.longest .value');
  const before = await longest.textContent();
  await expect(longest).not.toHaveText(before ?? '');

  const row = room.getByRole('row', { name: /Рахунок 2/ });
  await expect(row).toBeVisible();
  await row.getByTitle('Дії').click();
  await room.getByRole('menuitem', { name: 'Змінити пріоритет' }).click();
  await room.getByRole('spinbutton', { name: 'Пріоритет' }).fill('3');
  await room.getByLabel('Причина').fill('Важливий клієнт');
  await room.getByRole('button', { name: 'Змінити пріоритет' }).click();
  await expect(room.getByRole('row').nth(1)).toBeVisible();
  await expect(
    room.getByRole('group', { name: 'Звернення, що чекають' }).getByRole('row').nth(1),
  ).toContainText('Рахунок 2');

  await row.getByTitle('Дії').click();
  await room.getByRole('menuitem', { name: 'Закрити без відповіді' }).click();
  await room.getByLabel('Причина').fill('Дублікат');
  await room.getByRole('button', { name: 'Закрити без відповіді' }).click();
  await expect(tile.locator('.figure')).toHaveText('1');
  await wall.context().close();
});
