// Webhooks, verified with the reference library of their receivers, and the page that adds one, with a script and without.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { axe, launch, sideways, startServer, withPage } from './harness.mjs';

const settings = '[notifications]\nprivate_networks = ["127.0.0.0/8"]\nplain_http = true\n';
let demo, browser, receiver, url, password;
const received = [];

before(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', part => { body += part; });
    request.on('end', () => { received.push({ headers: request.headers, body }); response.writeHead(204).end(); });
  });
  await new Promise(done => receiver.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${receiver.address().port}/hooks/waterbear`;
  demo = await startServer('demo', [], { files: { 'waterbear.toml': settings } });
  browser = await launch();
  password = /^Sign in as robin with the password (\S+)/m.exec(demo.printed())?.[1];
});

after(async () => {
  await browser?.close();
  await demo?.stop();
  receiver?.close();
});

async function open(page) {
  await page.goto('/sign-in?next=%2Fadmin%2Fnotifications');
  const form = page.locator('form[action="/sign-in"]');
  await form.getByLabel('Login').fill('robin');
  await form.getByLabel('Password').fill(password);
  await form.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/admin/notifications');
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with a script' : 'without a script';

  test(`a webhook is added, tested, verified and removed, ${how}`, () => withPage(browser, demo.base, { javaScriptEnabled }, async page => {
    await open(page);
    if (javaScriptEnabled) assert.deepEqual(await axe(page), []);
    const form = page.locator('form[action="/admin/notifications"]');
    await form.getByLabel('Name').fill('Receiver of a test');
    await form.getByLabel('URL').fill(url);
    await form.getByRole('button', { name: 'Add it' }).click();
    const secret = /whsec_[A-Za-z0-9+/=]+/.exec(await page.locator('main').innerText())?.[0];
    assert.ok(secret, 'the secret is shown');
    await page.getByRole('link', { name: 'Receiver of a test' }).first().click();
    if (javaScriptEnabled) assert.deepEqual(await axe(page), []);
    const before = received.length;
    await page.getByRole('button', { name: 'Send a test' }).click();
    for (let n = 0; n < 200 && received.length === before; n += 1) await new Promise(done => setTimeout(done, 50));
    const { headers, body } = received[before];
    assert.equal(new Webhook(secret).verify(body, headers).type, 'test');
    assert.throws(() => new Webhook(secret).verify(body.replace('test', 'tast'), headers));
    await page.reload();
    assert.doesNotMatch(await page.content(), /whsec_/, 'it is shown once');
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.waitForURL('**/admin/notifications');
    assert.doesNotMatch(await page.locator('main').innerText(), /Receiver of a test/);
  }));
}

test('the pages of notifications fit a phone', () => withPage(browser, demo.base, { viewport: { width: 390, height: 800 } }, async page => {
  await open(page);
  assert.equal(await sideways(page), 0);
  await page.locator('.factlist a').first().click();
  assert.equal(await sideways(page), 0);
  assert.deepEqual(await axe(page), []);
}));
