// The drill console in a real browser: a drill is put together without a script, and the page is fit for everybody.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { axe, launch, sideways, startServer, withPage } from './harness.mjs';

let server, browser;
const chosen = '/flows/buy/drill?edge=storefront-%3Eads&failure=delay&delay_ms=250&who=percentage&percentage=5';

before(async () => {
  server = await startServer('serve', ['--database', 'sqlite:own.db']);
  browser = await launch();
  const args = ['token', 'create', '--name', 'console', '--scope', 'admin', '--database', 'sqlite:own.db'];
  const token = execFileSync(server.binary, args, { cwd: server.dir, encoding: 'utf8' }).trim();
  const send = async (method, path, body) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(server.base + path, { method, headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.text()}`);
  };
  const edges = [['storefront', 'ads'], ['storefront', 'cart'], ['cart', 'a-service-with-quite-a-long-name-that-has-to-break-somewhere']]
    .map(([from, to]) => ({ from, to, core: false, deadline_ms: 400 }));
  await send('PUT', '/api/v1/flows/buy', { title: 'Buy', edges });
  const ticket = { flow: 'buy', edges: [{ from: 'storefront', to: 'ads' }], failure: 'error', audience: { holder: true }, environment: 'staging' };
  await send('POST', '/api/v1/drill-tickets', ticket);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test('a drill is put together without a script', () => withPage(browser, server.base, { javaScriptEnabled: false }, async page => {
  await page.goto('/flows/buy');
  await page.locator('a[href="/flows/buy/drill"]').click();
  await page.getByLabel('storefront → ads').check();
  await page.getByLabel('They meet').selectOption('timeout');
  await page.locator('select[name=who]').selectOption('members');
  await page.getByLabel('Member ids').fill('m1, m2');
  await page.getByRole('button', { name: 'Show what to do' }).click();
  await page.waitForURL(/edge=storefront-%3Eads/);
  const text = await page.locator('#take').innerText();
  assert.match(text, /"members":\["m1","m2"\]/);
  assert.match(text, /x-envoy-fault-delay-request: 60000/);
  assert.ok(await page.getByLabel('storefront → ads').isChecked(), 'the form keeps the choice');
}));

for (const colorScheme of ['light', 'dark']) {
  for (const width of [1280, 390]) {
    test(`axe finds nothing on the console (${colorScheme}, ${width} px)`, () => withPage(browser, server.base, { colorScheme, viewport: { width, height: 900 } }, async page => {
      for (const path of ['/flows/buy/drill', chosen, `${chosen}&minutes=900`]) {
        await page.goto(path);
        assert.deepEqual(await axe(page), [], path);
        assert.ok(await sideways(page) <= 0, `${path} scrolls sideways`);
        if (process.env.WATERBEAR_SHOTS && path === chosen) await page.screenshot({ path: `${process.env.WATERBEAR_SHOTS}/console-${width}-${colorScheme}.png`, fullPage: true });
      }
    }));
  }
}
