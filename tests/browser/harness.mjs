// The demo in a process of its own, and pages that must stay silent.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Starts a command of the binary on a free port; `base` is where it listens, `printed` what it said. */
export async function startServer(command = 'demo', extra = [], { files = {}, env = {} } = {}) {
  const binary = process.env.WATERBEAR_BIN ?? join(here, '../../target/debug/waterbear');
  const dir = mkdtempSync(join(tmpdir(), 'waterbear-browser-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const child = spawn(binary, [command, '--listen', '127.0.0.1:0', ...extra], {
    cwd: dir,
    env: { PATH: process.env.PATH, HOME: dir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '', complaints = '';
  child.stderr.on('data', d => { printed += d; complaints = (complaints + d).slice(-4000); });
  const base = await new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`the ${command} was not ready in time\n${complaints}`)), 180_000);
    child.stdout.on('data', d => {
      printed += d;
      const found = /listening on (http:\/\/\S+)/.exec(printed);
      if (found) { clearTimeout(limit); resolve(found[1]); }
    });
    child.on('error', reject);
    child.on('exit', code => reject(new Error(`the ${command} ended with ${code}\n${complaints}`)));
  });
  const stop = () => new Promise(done => {
    child.removeAllListeners('exit');
    child.on('exit', () => { rmSync(dir, { recursive: true, force: true }); done(); });
    child.kill('SIGTERM');
  });
  return { base, dir, binary, printed: () => printed, stop };
}

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  // A container has no user namespaces for Chromium's own sandbox; only our own pages are opened.
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
});

/** Runs `work(page)` in a fresh context; fails on any console message, page error, failed request or outside host. */
export async function withPage(browser, base, options, work) {
  const context = await browser.newContext({
    baseURL: base,
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  const noise = [];
  page.on('console', m => { if (['error', 'warning'].includes(m.type())) noise.push(`${m.type()}: ${m.text()} (${page.url()})`); });
  page.on('pageerror', e => noise.push(`page error: ${e.message}`));
  page.on('requestfailed', r => { if (r.failure()?.errorText !== 'net::ERR_ABORTED') noise.push(`request failed: ${r.url()}`); });
  page.on('request', r => { if (!r.url().startsWith(base) && !r.url().startsWith('data:')) noise.push(`outside: ${r.url()}`); });
  try {
    await work(page, context);
    assert.deepEqual(noise, [], 'the console is silent');
  } finally {
    await context.close();
  }
}

/** What axe-core finds on the page as it stands, one line a node. */
export async function axe(page) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return result.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary?.split('\n')[1]?.trim()}`));
}

/** The page can be scrolled sideways by this many pixels. */
export const sideways = page => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
