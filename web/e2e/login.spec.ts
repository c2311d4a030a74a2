import { DESKS, expect, fillLogin, signIn, STAFF, test } from './support';

test('a wrong password is refused in words and the right one opens the desk', async ({
  page,
  centre,
}) => {
  await page.goto(centre.url);
  await fillLogin(page, DESKS.general.login, 'wrong horse battery');
  await expect(page.getByRole('alert').filter({ hasText: /\S/ })).toBeVisible();
  await expect(page.getByLabel('Логін')).toHaveValue(DESKS.general.login);
  await fillLogin(page, DESKS.general.login);
  await expect(page).toHaveURL(/\/desk$/);
  await expect(page.getByRole('heading', { name: 'Робоче місце' })).toBeAttached();
});

test('signing in leads to the page that was asked for', async ({ page, centre }) => {
  await page.goto(`${centre.url}/clients`);
  await fillLogin(page, DESKS.general.login);
  await expect(page).toHaveURL(/\/clients$/);
  await expect(page.getByRole('heading', { name: 'Клієнти' })).toBeVisible();
});

test('a session that ends under one’s hands asks to sign in and returns to the same page', async ({
  browser,
  centre,
}) => {
  const page = await signIn(browser, centre, DESKS.general.login, '/clients');
  await expect(page.getByRole('heading', { name: 'Клієнти' })).toBeVisible();
  await page.getByTitle('Ваш стан').first().click();
  await expect(page.getByRole('menuitemradio', { name: 'Обід' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.context().clearCookies();
  await page.getByPlaceholder('Ім’я, телефон, пошта або номер клієнта').fill('Ковал');
  await expect(page.getByText('Сеанс завершено')).toBeVisible();
  await fillLogin(page, DESKS.general.login);
  await expect(page).toHaveURL(/\/clients$/);
  await page.context().close();
});

test('pages that one may not see say so', async ({ browser, centre }) => {
  const page = await signIn(browser, centre, DESKS.general.login, '/admin/users');
  await expect(page.getByText('У вас немає права бачити цю сторінку')).toBeVisible();
  await page.goto('/no/such/page');
  await expect(page.getByText('Такої сторінки немає')).toBeVisible();
  await page.context().close();
});

test('language and appearance follow the person to another browser', async ({
  browser,
  centre,
}) => {
  const login = STAFF.administrator.login;
  const first = await signIn(browser, centre, login, '/settings');
  await first.getByLabel('Вигляд', { exact: true }).selectOption('dark');
  await first.getByLabel('Мова', { exact: true }).selectOption('en');
  await expect(first.getByRole('heading', { name: 'Settings' })).toBeVisible();
  await first.context().close();
  const second = await signIn(browser, centre, login, '/settings');
  await expect(second.getByRole('heading', { name: 'Settings' })).toBeVisible();
  await expect(second.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(second.locator('html')).toHaveAttribute('lang', 'en');
  await second.getByLabel('Appearance', { exact: true }).selectOption('system');
  await second.getByLabel('Language', { exact: true }).selectOption('uk');
  await expect(second.getByRole('heading', { name: 'Налаштування' })).toBeVisible();
  await second.context().close();
});
