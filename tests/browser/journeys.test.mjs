// What a person does with the product, in a real browser: the demo from Home to the evidence, and on every page
// the things no person should have to ask for.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { axe, launch, sideways, startServer, withPage } from './harness.mjs';

let demo, browser, pages, worst, tuned;

before(async () => {
  demo = await startServer('demo');
  browser = await launch();
  const ask = async path => (await fetch(demo.base + path)).json();
  worst = (await ask('/api/v1/services?sort=score&limit=1')).items[0];
  const best = (await ask('/api/v1/services?sort=-score&limit=1')).items[0];
  for (const service of (await ask('/api/v1/services?sort=score&limit=200')).items) {
    const known = await ask(`/api/v1/services/${service.slug}/degrader`);
    if (known.assessment?.tuning.recommended && known.dialect === 'd2') { tuned = service.slug; break; }
  }
  assert.ok(tuned, 'the demo has settings that can be better');
  const book = await ask('/api/v1/rulebook');
  pages = [
    '/', '/services', '/services?q=zzzz-nothing', `/services/${worst.slug}`, `/services/${best.slug}`,
    '/drills', `/services/${worst.slug}/drills?failure=dns&format=istio`,
    `/services/${worst.slug}/why`, `/services/${worst.slug}/drills`, '/teams', `/teams/${worst.team.slug}`, '/search?q=a',
    '/overview', '/overview?weeks=26', `/services/${worst.slug}/what-if`,
    '/leaderboards/improved', '/leaderboards/score', '/rules', `/rules/${book.practices[0].rules[0].id}`,
    '/help', '/help/facts', '/help/catalog', '/help/drills', '/help/rollback', '/help/degrader', '/help/flows', '/flows', '/flows/new', '/challenges', '/challenges/rehearse-the-way-back', '/challenges/first-drills', '/help/challenges', '/help/boards', '/certificates', '/help/certificates', `/services/${tuned}/sharing`, '/leaderboards/streak', '/leaderboards/drills?by=service', '/flows/checkout-platform-journey', '/flows/checkout-platform-journey?down=checkout-api', '/flows/checkout-platform-journey/edit', `/services/${tuned}/degrader`, `/services/${tuned}/degrader?scenario=hung&dialect=envoy`,
    '/activity', '/sources', '/api/docs', '/no-such-page',
  ];
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

const on = (options, work) => withPage(browser, demo.base, options, work);

test('from Home over the first step to the scorecard, its path and the evidence', () => on({}, async page => {
  await page.goto('/');
  await page.locator('main a[href^="/services/"]').first().waitFor();
  const step = page.locator('main a.step[href^="/services/"]').first();
  const first = (await step.count()) ? step : page.locator('main a[href^="/services/"]').first();
  await first.click();
  await page.waitForURL(/\/services\/[^/?]+/);
  assert.equal(await page.locator('h1').count(), 1);
  const text = await page.locator('main').innerText();
  assert.match(text, /Path to/i);
  assert.match(text, /% of points known/);
  assert.match(text, /\+\d+/, 'a step has its points');

  await page.locator('a[href*="/why"]').first().click();
  await page.waitForURL(/\/why/);
  assert.match(await page.locator('h1').innerText(), /why/i);
  await page.goBack();

  await page.locator('main a[href$="/drills"], nav a[href$="/drills"]').first().click();
  await page.waitForURL(/\/drills/);
  assert.ok(await page.locator('table').count(), 'the matrix is a real table');
  assert.match(await page.locator('main').innerText(), /never run|fresh|stale|failed/i);
}));

test('"Why this grade?" leads from the score to the fact, its sender and its age', () => on({}, async page => {
  const list = await (await fetch(`${demo.base}/api/v1/services?sort=-score&limit=1`)).json();
  await page.goto(`/services/${list.items[0].slug}/why`);
  for (const details of await page.locator('details').all()) await details.evaluate(d => { d.open = true; });
  const text = await page.locator('main').innerText();
  assert.match(text, /executed|observed|declared/i);
  assert.match(text, /days?_since_passed|ago|days/i);
}));

test('search finds a service by a part of its name', () => on({}, async page => {
  await page.goto('/');
  const box = page.getByRole('searchbox').first();
  await box.fill(worst.slug.slice(0, Math.max(4, worst.slug.length - 2)));
  await box.press('Enter');
  await page.waitForURL(/[?&]q=/);
  await page.locator(`a[href="/services/${worst.slug}"]`).first().waitFor();
}));

test('filters and sorting can be shared as a link', () => on({}, async page => {
  await page.goto('/services?tier=1&sort=score');
  const links = await page.locator('main a[href^="/services/"]').count();
  assert.ok(links > 0);
  await page.reload();
  assert.equal(await page.locator('main a[href^="/services/"]').count(), links);
}));

test('fifty services stand on a page, and the next page goes on', () => on({}, async page => {
  await page.goto('/services');
  const slugs = () => page.locator('main tbody th a[href^="/services/"], main tbody td a[href^="/services/"]')
    .evaluateAll(all => [...new Set(all.map(a => a.getAttribute('href').split(/[?#]/)[0]))]);
  const first = await slugs();
  assert.equal(first.length, 50);
  await page.locator('main a[href*="cursor="]').last().click();
  await page.waitForURL(/cursor=/);
  const second = await slugs();
  assert.ok(second.length > 0);
  assert.deepEqual(second.filter(s => first.includes(s)), []);
}));

test('the theme stays as it was chosen, with no flash on the next page', () => on({ colorScheme: 'light' }, async page => {
  await page.goto('/');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.locator('[data-theme-form] button:visible').click();
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
  const dark = await ground();
  assert.notEqual(dark, light);
  const answer = await page.goto('/services');
  assert.match(await answer.text(), /data-theme="dark"/, 'the server knows: nothing flashes');
  assert.equal(await ground(), dark);
  await page.locator('[data-theme-form] button:visible').click();
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'light');
  assert.equal(await ground(), light);
}));

test('on a phone the main pages fit and the tabs lead around', () => on({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }, async page => {
  await page.goto('/');
  assert.ok(await sideways(page) <= 0);
  await page.locator('nav.tabbar a[href="/services"]').click();
  await page.waitForURL(/\/services$/);
  assert.ok(await sideways(page) <= 0);
  await page.locator('main a[href^="/services/"]').first().click();
  await page.waitForURL(/\/services\/./);
  assert.ok(await sideways(page) <= 0);
  await page.goto(`/services/${worst.slug}`);
  const path = await page.getByRole('heading', { name: /path to|next/i }).first().boundingBox();
  assert.ok(path && path.y < 2600, 'the next step stands high on the page');
}));

test('everything works without script', () => on({ javaScriptEnabled: false }, async page => {
  await page.goto('/');
  await page.locator('main a[href^="/services/"]').first().click();
  await page.waitForURL(/\/services\/./);
  assert.match(await page.locator('main').innerText(), /Path to/i);
  await page.goto('/services');
  await page.locator('main form [name=q], main form [name=tier]').first().waitFor();
  const search = page.getByRole('searchbox').first();
  await search.fill(worst.slug);
  await search.press('Enter');
  await page.locator(`a[href="/services/${worst.slug}"]`).first().waitFor();
  await page.goto('/rules');
  assert.match(await page.locator('main').innerText(), /rollback/i);
}));

test('the keyboard is enough', () => on({}, async page => {
  await page.goto('/');
  await page.keyboard.press('Tab');
  const skip = await page.evaluate(() => document.activeElement.getAttribute('href'));
  assert.equal(skip, '#main', 'the first stop skips to the content');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash === '#main');
  await page.keyboard.press('Tab');
  assert.ok(await page.evaluate(() => document.querySelector('main').contains(document.activeElement)), 'on into the content');
  const outlined = await page.evaluate(() => {
    const s = getComputedStyle(document.activeElement);
    return s.outlineStyle !== 'none' || s.boxShadow !== 'none';
  });
  assert.ok(outlined, 'focus is visible');
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.type), 'search');
  await page.keyboard.type('/');
  assert.equal(await page.evaluate(() => document.activeElement.value), '/', 'a slash can be typed there');
}));

test('charts tell their finding and open as a table', () => on({}, async page => {
  await page.goto(`/services/${worst.slug}`);
  const charts = page.locator('svg[role=img]');
  assert.ok(await charts.count() > 0);
  for (const chart of await charts.all()) {
    const name = await chart.evaluate(s => s.getAttribute('aria-label') ?? s.querySelector('title')?.textContent ?? document.getElementById(s.getAttribute('aria-labelledby')?.split(' ')[0])?.textContent ?? '');
    assert.ok(name.trim().length > 0, await chart.evaluate(s => s.outerHTML.slice(0, 200)));
  }
}));

test('the demo prints a command that works as it stands', async () => {
  // From `curl` to the first line that does not go on.
  const command = /^curl (?:.*\\\n)*.*/m.exec(demo.printed())?.[0];
  assert.ok(command, demo.printed());
  const out = execFileSync('sh', ['-c', `${command} -s -o /dev/null -w '%{http_code}'`], { encoding: 'utf8' });
  assert.match(out, /20[01]$/);
});

test('a newcomer grades a service of their own', async () => {
  const own = await startServer('serve', ['--database', 'sqlite:own.db']);
  try {
    const run = (...args) => execFileSync(own.binary, [...args, '--database', 'sqlite:own.db'], { cwd: own.dir, encoding: 'utf8' });
    const token = run('token', 'create', '--name', 'ci', '--scope', 'drills:write').trim();
    writeFileSync(join(own.dir, 'catalog-info.yaml'), `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments
  annotations: {waterbear.dev/tier: "1"}
spec: {type: service, lifecycle: production, owner: payments-team}
`);
    run('import', 'catalog-info.yaml');
    await withPage(browser, own.base, {}, async page => {
      await page.goto('/services/payments');
      const shown = await page.locator('main').innerText();
      assert.match(shown, /curl/, 'an empty scorecard shows the command to send evidence');
      assert.match(shown, /payments/);
      const ended = new Date(Date.now() - 60_000).toISOString(), started = new Date(Date.now() - 120_000).toISOString();
      const sent = await fetch(`${own.base}/api/v1/drills`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ service: 'payments', kind: 'rollback', failure: 'config', environment: 'staging', outcome: 'passed', started_at: started, ended_at: ended }),
      });
      assert.equal(sent.status, 201, await sent.text());
      await page.reload();
      assert.match(await page.locator('main').innerText(), /Configuration rollback/i);
    });
  } finally {
    await own.stop();
  }
});

for (const javaScriptEnabled of [true, false]) {
  test(`a degrader: replay a failure, copy the values, try others ${javaScriptEnabled ? 'with' : 'without'} script`, () => on({ javaScriptEnabled }, async page => {
    await page.goto(`/services/${tuned}`);
    await page.locator(`main a[href^="/services/${tuned}/degrader"]`).first().click();
    await page.waitForURL(/\/degrader/);
    const main = page.locator('main');

    await page.locator('select[name=scenario]').selectOption('hung');
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.waitForURL(/scenario=hung/);
    assert.match(await main.innerText(), /Today the host is (never )?left out/);
    assert.ok(await page.locator('#replay svg[role=img]').count());

    await page.locator('select[name=dialect]').selectOption('envoy');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.waitForURL(/dialect=envoy/);
    assert.match(page.url(), /scenario=hung/, 'one choice keeps the others');
    const values = await page.locator('#values').innerText();
    assert.match(values, /outlier_detection/);
    assert.match(await page.locator("#replay").innerText(), /With the values for Envoy/);
    assert.match(values, /does not see: Latency/);
    assert.match(values, /Paired with it: `per_try_timeout`/);

    const mark = page.locator('#what-if input[type=text][name="set.degrader.highLatency"], #what-if input:not([type])[name="set.degrader.highLatency"]');
    await mark.fill('100000');
    await page.getByRole('button', { name: 'Try it' }).click();
    await page.waitForURL(/highLatency=100000/);
    assert.match(await page.locator('#what-if').innerText(), /Score\s+\d+/);
    assert.equal(await mark.inputValue(), '100000', 'the address holds what was tried');
    await mark.fill('no number');
    await page.getByRole('button', { name: 'Try it' }).click();
    await page.waitForURL(/no(\+|%20)number/);
    assert.match(await page.locator('#what-if .err').first().innerText(), /\S/);
  }));
}

test('an empty installation says the one thing to do next', async () => {
  const own = await startServer('serve', ['--database', 'sqlite:empty.db']);
  try {
    await withPage(browser, own.base, {}, async page => {
      for (const path of ['/', '/services', '/activity', '/leaderboards/improved']) {
        await page.goto(path);
        assert.deepEqual(await axe(page), [], path);
      }
      await page.goto('/');
      assert.match(await page.locator('main').innerText(), /import/);
    });
  } finally {
    await own.stop();
  }
});

for (const colorScheme of ['light', 'dark']) {
  for (const width of [1280, 390]) {
    test(`axe finds nothing on any page, ${colorScheme}, ${width} px, and nothing scrolls sideways`, async () => {
      const found = [];
      await withPage(browser, demo.base, { colorScheme, viewport: { width, height: 900 } }, async page => {
        for (const path of pages) {
          if (path === '/no-such-page') continue;
          await page.goto(path);
          for (const violation of await axe(page)) found.push(`${path}: ${violation}`);
          const over = await sideways(page);
          if (over > 0) found.push(`${path}: scrolls sideways by ${over} px`);
        }
      });
      assert.deepEqual(found, []);
    });
  }
}

test('axe finds nothing on the error page either', async () => {
  const context = await browser.newContext({ baseURL: demo.base });
  const page = await context.newPage();
  const answer = await page.goto('/no-such-page');
  assert.equal(answer.status(), 404);
  assert.deepEqual(await axe(page), []);
  await context.close();
});

test('every target can be hit with a thumb', () => on({ viewport: { width: 390, height: 844 } }, async page => {
  for (const path of ['/', '/services', `/services/${worst.slug}`]) {
    await page.goto(path);
    const small = await page.evaluate(() => [...document.querySelectorAll('a.btn, button, .tabbar a, summary, select, input:not([type=hidden])')]
      .filter(e => e.getClientRects().length && getComputedStyle(e).visibility !== 'hidden')
      .map(e => [e.getBoundingClientRect(), e.outerHTML.slice(0, 80)])
      .filter(([r]) => r.height > 0 && r.height < 32 && r.width > 0)
      .map(([r, html]) => `${Math.round(r.height)} px: ${html}`));
    assert.deepEqual(small, [], path);
  }
}));

test('a certificate of the demo is verified by a JWT library, on its page by a link, and refused when tampered with', () => on({}, async page => {
  const all = (await (await fetch(`${demo.base}/api/v1/certificates?limit=200`)).json()).items;
  const good = all.find(one => one.state === 'certified');
  assert.ok(good, 'somebody is certified');
  await page.goto(`/certificates/${good.id}`);
  const token = await (await fetch(demo.base + await page.getByRole('link', { name: 'Signed credential' }).getAttribute('href'))).text();
  const keys = createLocalJWKSet(await (await fetch(`${demo.base}/.well-known/jwks.json`)).json());
  const { payload } = await jwtVerify(token, keys, { algorithms: ['RS256'], typ: 'JWT' });
  assert.equal(payload.iss, payload.issuer.id);
  assert.equal(payload.jti, payload.id);
  assert.equal(payload.sub, payload.credentialSubject.id);
  assert.equal(payload.nbf * 1000, Date.parse(payload.validFrom));
  assert.equal(payload.exp * 1000, Date.parse(payload.validUntil));
  const key = await (await fetch(decodeProtectedHeader(token).kid)).json();
  assert.equal(key.kty, 'RSA', 'the id of the key leads to it');
  const [head, , signature] = token.split('.');
  const forged = Buffer.from(JSON.stringify({ ...payload, name: 'Waterbear certified: everything' })).toString('base64url');
  await assert.rejects(jwtVerify(`${head}.${forged}.${signature}`, keys));
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
  await assert.rejects(jwtVerify(`${none}.${forged}.`, keys));
}));
