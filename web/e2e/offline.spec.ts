import { DESKS, expect, signIn, test } from './support';

test('the shell starts without the server, says so, and keeps nothing of a person', async ({
  browser,
  centre,
}) => {
  const page = await signIn(browser, centre, DESKS.cards.login);
  const file = await page.request.get('/manifest.webmanifest');
  expect(((await file.json()) as { display: string }).display).toBe('standalone');
  await page.evaluate(() => navigator.serviceWorker.ready);
  // The page that made the worker is not its own yet.
  await page.reload();
  await expect(page.getByText('Немає звернень у роботі')).toBeVisible();
  const kept = await page.evaluate(async () => {
    const names = await caches.keys();
    const lists = await Promise.all(
      names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)),
    );
    return lists.flat().map((url) => new URL(url).pathname);
  });
  expect(kept).toContain('/');
  expect(kept.filter((path) => path.startsWith('/api/'))).toEqual([]);

  await page.context().setOffline(true);
  await page.reload();
  await expect(page.getByText('Сервер недоступний')).toBeVisible();
  await page.context().setOffline(false);
  await page.getByRole('button', { name: 'Спробувати ще раз' }).click();
  await expect(page.getByText('Немає звернень у роботі')).toBeVisible();
  await page.context().close();
});
