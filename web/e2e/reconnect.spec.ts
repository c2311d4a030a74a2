import type { Page, WebSocketRoute } from '@playwright/test';

import { DESKS, expect, setReady, signIn, test } from './support';

const { login, mailbox } = DESKS.loans;

/** Lets the test cut the live connection and keep it cut. Takes effect with the next page load. */
async function withSwitch(page: Page) {
  const open = new Set<WebSocketRoute>();
  let cut = false;
  await page.routeWebSocket(/\/api\/v1\/live/, (socket) => {
    if (cut) {
      void socket.close();
      return;
    }
    socket.connectToServer();
    open.add(socket);
  });
  return {
    async off() {
      cut = true;
      for (const socket of open) await socket.close();
      open.clear();
    },
    on() {
      cut = false;
    },
  };
}

test('what happened during a break is there once: nothing missed, nothing doubled', async ({
  browser,
  centre,
}) => {
  const page = await signIn(browser, centre, login);
  const connection = await withSwitch(page);
  await page.reload();
  await setReady(page);
  const text = (subject: string) => ({
    from: 'a@example.com',
    to: mailbox,
    subject,
    text: 'Текст',
  });
  const offers = page.getByRole('article', { name: /Нове звернення/ });

  await centre.mail(text('До перерви'));
  await expect(offers).toHaveCount(1);
  await page.getByRole('button', { name: 'Прийняти' }).click();
  const answer = page.getByPlaceholder('Напишіть відповідь…');
  await answer.fill('Половина відпов');

  await connection.off();
  await expect(page.getByText('Немає зв’язку із сервером')).toBeVisible({ timeout: 20_000 });
  await centre.mail({ ...text('Під час перерви'), from: 'b@example.com' });
  await answer.pressSequentially('іді');
  await page.waitForTimeout(1_000);
  await expect(offers).toHaveCount(0);

  connection.on();
  await page.getByRole('button', { name: 'Спробувати зараз' }).click();
  await expect(offers).toHaveCount(1);
  await expect(offers).toContainText('Під час перерви');
  await expect(page.getByText('Немає зв’язку із сервером')).toBeHidden();
  await expect(answer).toHaveValue('Половина відповіді');

  await page.getByRole('button', { name: 'Прийняти' }).click();
  await expect(page.getByRole('link', { name: /Під час перерви/ })).toHaveCount(1);
  await expect(page.getByRole('link', { name: /До перерви/ })).toHaveCount(1);

  await centre.mail({ ...text('Після перерви'), from: 'c@example.com' });
  await expect(offers).toHaveCount(1);
  await expect(offers).toContainText('Після перерви');
  await page.context().close();
});
