import { expect, expectAccessible, signIn, STAFF, DESKS, test } from './support';

const PAGES = [
  '/live',
  '/wall',
  '/reports',
  '/clients',
  '/unreadable',
  '/health',
  '/settings',
  '/admin/users',
  '/admin/audit',
  '/admin/routing',
  '/admin/routing/agents',
  '/admin/routing/hours',
  '/admin/routing/centre',
  '/admin/texts',
  '/setup',
  '/design',
  '/no/such/page',
];

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every page is accessible, ${colorScheme}`, async ({ browser, centre }) => {
    const page = await browser.newPage({ baseURL: centre.url, colorScheme, locale: 'uk-UA' });
    await page.goto('/');
    await expect(page.getByRole('button', { name: 'Увійти' })).toBeVisible();
    await expectAccessible(page, 'sign-in');
    await page.close();

    const options = { colorScheme };
    const admin = await signIn(browser, centre, STAFF.administrator.login, '/', options);
    for (const path of PAGES) {
      await admin.goto(path);
      await admin.waitForLoadState('networkidle');
      await expectAccessible(admin, path);
    }
    await admin.keyboard.press('Control+k');
    await expectAccessible(admin, 'palette');
    await admin.context().close();

    const agent = await signIn(browser, centre, DESKS.deposits.login, '/desk', options);
    await agent.waitForLoadState('networkidle');
    await expectAccessible(agent, '/desk');
    await agent.keyboard.press('Shift+Slash');
    await expectAccessible(agent, 'help');
    await agent.context().close();
  });
}
