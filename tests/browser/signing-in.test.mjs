// Signing in, in a real browser: with the password that the demo prints and at an identity provider; what an
// administrator does then; with a script and without.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { axe, launch, sideways, startServer, withPage } from './harness.mjs';

let demo, browser, password, service;
const login = 'robin';

before(async () => {
  // Under this name CI jobs would know it.
  demo = await startServer('demo', [], { files: { 'waterbear.toml': '[ci]\naudience = "https://waterbear.example"\n' } });
  browser = await launch();
  password = /^Sign in as robin with the password (\S+)/m.exec(demo.printed())?.[1];
  assert.ok(password, demo.printed());
  service = (await (await fetch(`${demo.base}/api/v1/services?limit=1`)).json()).items[0].slug;
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

const on = (options, work) => withPage(browser, demo.base, options, work);

async function signIn(page, name, secret, next = '/account') {
  await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
  const form = page.locator('form[action="/sign-in"]');
  await form.getByLabel('Login').fill(name);
  await form.getByLabel('Password').fill(secret);
  await form.getByRole('button', { name: 'Sign in' }).click();
}

const say = async (token, path) =>
  (await fetch(demo.base + path, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: '{}' })).status;

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with a script' : 'without a script';

  test(`robin signs in, looks around, and signs out, ${how}`, () => on({ javaScriptEnabled }, async page => {
    await page.goto('/admin/users');
    assert.equal(new URL(page.url()).pathname, '/sign-in', 'who is not signed in is sent to sign in');
    await signIn(page, login, password, '/account');
    await page.waitForURL('**/account');
    assert.match(await page.locator('main').innerText(), /Signed in as robin/);
    assert.match(await page.locator('main').innerText(), /this one/);
    await page.goto('/help/roles');
    assert.match(await page.locator('main').innerText(), /Programme owner/);
    await page.goto('/account');
    await page.locator('form[action="/sign-out"] button').first().click();
    await page.waitForURL(url => url.pathname === '/');
    await page.goto('/account');
    assert.equal(new URL(page.url()).pathname, '/sign-in', 'it is over');
  }));

  test(`an account is made and signs in in a browser of its own, ${how}`, () => on({ javaScriptEnabled }, async page => {
    const name = javaScriptEnabled ? 'newcomer' : 'latecomer';
    await signIn(page, login, password, '/admin/users');
    const form = page.locator('form[action="/admin/users"]');
    await form.getByLabel('Login').fill(name);
    await form.getByLabel('Name').fill(`The ${name}`);
    await form.getByRole('button', { name: 'Make it' }).click();
    const secret = (await page.locator('pre[aria-label="The password"]').innerText()).trim();
    assert.ok(secret.length >= 15, secret);
    assert.ok(await page.getByRole('link', { name, exact: true }).count(), 'it stands in the list');
    await on({ javaScriptEnabled }, async own => {
      await signIn(own, name, secret);
      await own.waitForURL('**/account');
      assert.match(await own.locator('main').innerText(), new RegExp(`Signed in as ${name}`));
      assert.equal(await own.locator('a[href^="/admin/"]').count(), 0, 'nothing of the administration is offered');
    });
    await page.getByRole('link', { name, exact: true }).click();
    await page.getByRole('button', { name: 'Disable it' }).click();
    await page.getByRole('button', { name: 'Enable it' }).waitFor();
  }));

  test(`a token is made, works, and is revoked, ${how}`, () => on({ javaScriptEnabled }, async page => {
    const name = `pipeline ${how}`;
    await signIn(page, login, password, '/admin/tokens');
    const form = page.locator('form[action="/admin/tokens"]');
    await form.getByLabel(/drills:write/).check();
    await form.getByLabel('Name').fill(name);
    await form.getByRole('button', { name: 'Make it' }).click();
    const token = /wb_[\w-]+/.exec(await page.locator('main').innerText())?.[0];
    assert.ok(token, 'it is shown');
    assert.equal(await say(token, '/api/v1/drills'), 422, 'it is known, and the body is not good');
    await page.goto('/admin/tokens');
    assert.ok(!(await page.content()).includes(token), 'and never again');
    await page.getByRole('button', { name: `Revoke ${name}` }).click();
    await page.locator('tr', { hasText: name }).getByText('revoked').waitFor();
    assert.equal(await say(token, '/api/v1/drills'), 401);
  }));

  test(`a publisher is composed, trusted and removed, ${how}`, () => on({ javaScriptEnabled }, async page => {
    const repository = javaScriptEnabled ? 'shop/checkout' : 'shop/basket';
    await signIn(page, login, password, '/admin/publishers');
    await page.getByLabel(/^Repository/).fill(repository);
    await page.getByLabel(/^Id of the owner/).fill('12345');
    await page.getByLabel(/^Workflow/).fill('drills.yml');
    await page.getByLabel(/^Services/).fill(service);
    await page.getByRole('button', { name: 'Compose' }).click();
    assert.match(await page.locator('main').innerText(), /id-token: write/, 'the workflow to paste');
    await page.getByRole('button', { name: 'Trust it now' }).click();
    await page.getByRole('button', { name: `Remove ${repository}` }).click();
    await page.locator('li', { hasText: repository }).getByText('Removed', { exact: true }).waitFor();
  }));

  test(`the audit is filtered, ${how}`, () => on({ javaScriptEnabled }, async page => {
    await signIn(page, login, password, '/admin/audit');
    await page.locator('#f-kind').fill('token_created');
    await page.getByRole('button', { name: 'Show' }).click();
    const rows = await page.locator('main .factlist > li').allInnerTexts();
    assert.ok(rows.length > 0);
    for (const row of rows) assert.match(row, /token/i);
    await page.locator('main details summary').first().click();
    assert.match(await page.locator('main').innerText(), /Position \d+ in the event log/);
    await page.getByRole('link', { name: 'Clear' }).click();
    assert.ok((await page.locator('main .factlist > li').count()) > rows.length);
  }));

  test(`a wrong password says so and nothing more, ${how}`, async () => {
    const context = await browser.newContext({ baseURL: demo.base, javaScriptEnabled });
    const page = await context.newPage();
    await signIn(page, login, 'not the right password');
    await page.getByRole('alert').waitFor();
    assert.match(await page.getByRole('alert').innerText(), /Login or password is not right/);
    assert.equal(await page.getByLabel('Login').inputValue(), login);
    assert.equal(await page.getByLabel('Password').inputValue(), '');
    assert.deepEqual((await context.cookies()).filter(c => c.name === 'waterbear'), []);
    if (javaScriptEnabled) assert.deepEqual(await axe(page), []);
    await context.close();
  });
}

test('the pages of people and administration are fit for everybody', async () => {
  const found = [];
  let cookies;
  await on({}, async (page, context) => {
    await signIn(page, login, password);
    await page.waitForURL('**/account');
    cookies = await context.cookies();
  });
  const look = async (page, what) => {
    for (const violation of await axe(page)) found.push(`${what}: ${violation}`);
    const over = await sideways(page);
    if (over > 0) found.push(`${what}: scrolls sideways by ${over} px`);
  };
  const composed = `/admin/publishers?provider=github&repository=shop%2Fcheckout&owner_id=1&workflow=drills.yml&services=${service}`;
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 390]) {
      await on({ colorScheme, viewport: { width, height: 900 } }, async (page, context) => {
        const at = `${colorScheme} ${width}`;
        await page.goto('/sign-in');
        await look(page, `/sign-in ${at}`);
        await context.addCookies(cookies);
        for (const path of ['/account', '/admin/users', '/admin/tokens', '/admin/publishers', composed, '/admin/audit', '/help/roles']) {
          await page.goto(path);
          await look(page, `${path} ${at}`);
        }
        await page.goto('/admin/users');
        await page.getByRole('link', { name: login, exact: true }).click();
        await look(page, `/admin/users/one ${at}`);
        await page.goto('/admin/tokens');
        await page.getByLabel('Name').fill(`shown ${at}`);
        await page.getByLabel(/drills:write/).check();
        await page.getByRole('button', { name: 'Make it' }).click();
        await look(page, `/admin/tokens/made ${at}`);
      });
    }
  }
  assert.deepEqual(found, []);
});

/** A port that nobody holds. */
const freePort = () => new Promise((resolve, reject) => {
  const socket = createServer().on('error', reject).listen(0, '127.0.0.1', () => {
    const { port } = socket.address();
    socket.close(() => resolve(port));
  });
});

/** A real identity provider that knows Ada. */
async function startProvider(program) {
  const port = await freePort(), base = `http://127.0.0.1:${port}`;
  const ada = { sub: 'ada-1', name: 'Ada Lovelace', preferred_username: 'ada', groups: ['admins'] };
  const child = spawn(program, ['--port', `${port}`, '--require-nonce', 'true', '--user-claims', JSON.stringify(ada)], { stdio: 'ignore' });
  for (let tries = 0; ; tries += 1) {
    if (await fetch(`${base}/jwks`).then(a => a.ok, () => false)) return { base, stop: () => child.kill() };
    if (tries > 300) { child.kill(); throw new Error('the identity provider did not start'); }
    await new Promise(done => setTimeout(done, 100));
  }
}

const program = process.env.WATERBEAR_IDENTITY_PROVIDER;

for (const javaScriptEnabled of [true, false]) {
  test(`Ada signs in at an identity provider, ${javaScriptEnabled ? 'with' : 'without'} a script`, { skip: !program && 'no identity provider is installed' }, async () => {
    const provider = await startProvider(program);
    const settings = `[identity_provider]
title = "Shop"
issuer = "${provider.base}"
client_id = "waterbear"
client_secret_env = "SHOP_SECRET"
admin_groups = "admins"
private_networks = ["127.0.0.0/8"]
`;
    const own = await startServer('serve', ['--database', 'sqlite:own.db'], { files: { 'waterbear.toml': settings }, env: { SHOP_SECRET: 's3cret' } });
    const context = await browser.newContext({ baseURL: own.base, javaScriptEnabled });
    try {
      const page = await context.newPage();
      // The provider's page is not ours, and nothing is loaded from elsewhere in a test.
      await page.route(url => ![own.base, provider.base].includes(url.origin), route => route.abort());
      await page.goto('/admin/users');
      await page.getByRole('link', { name: 'Sign in with Shop' }).click();
      await page.waitForURL(url => url.origin === provider.base);
      await page.getByRole('button', { name: 'ada-1' }).click();
      await page.waitForURL(`${own.base}/admin/users`);
      assert.match(await page.locator('main').innerText(), /Ada Lovelace/, 'the groups make Ada an administrator');
      await page.goto('/account');
      assert.match(await page.locator('main').innerText(), /Signed in as ada/);
      if (javaScriptEnabled) assert.deepEqual(await axe(page), []);
      await page.locator('form[action="/sign-out"] button').first().click();
      await page.goto('/account');
      assert.equal(new URL(page.url()).pathname, '/sign-in');
    } finally {
      await context.close();
      await own.stop();
      provider.stop();
    }
  });
}
