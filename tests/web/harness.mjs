// What every browser test needs: the built page on loopback, a Chromium, and an ear for errors.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { existsSync, readdirSync } from "node:fs";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
export const top = join(here, "..", "..");
export const dist = join(top, "dist");

/** Every lesson that comes with the program, by its id: the files of the catalogue are named after them. */
export function lessons() {
  const files = readdirSync(join(top, "src", "scenario", "catalog"));
  return files.filter((file) => file.endsWith(".toml")).map((file) => file.slice(0, -".toml".length)).sort();
}

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
};

/** Serves dist/ on a free loopback port. */
export async function serve() {
  if (!existsSync(join(dist, "index.html"))) {
    throw new Error("dist/index.html is missing: run ./dev build first");
  }
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname));
    const file = join(dist, path.endsWith("/") ? path + "index.html" : path);
    try {
      if (!file.startsWith(dist)) throw new Error("outside dist");
      const body = await readFile(file);
      response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

export function launch() {
  const browser = process.env.CHROMIUM || ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
  if (!browser) throw new Error("no Chromium found: set CHROMIUM to a browser's path");
  return chromium.launch({
    executablePath: browser,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  });
}

/**
 * Opens the page and waits until it is usable. Every console error, every uncaught exception and every request that
 * leaves the machine is kept in `errors`; tests end by asserting that there were none.
 */
export async function open(browser, url, options = {}) {
  const { query = "", ...context } = options;
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, ...context })).newPage();
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => errors.push(`uncaught: ${error.message}`));
  // Trunk's loader hands out the module when it runs; its memory is looked at when that matters.
  await page.addInitScript(() => addEventListener("TrunkApplicationStarted", (event) => (window.started = event.detail.wasm)));
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (!["127.0.0.1", ""].includes(hostname) && !["data:", "blob:"].includes(protocol)) errors.push(`request: ${request.url()}`);
  });
  await page.goto(url + query);
  await page.waitForSelector("html[data-ready]", { timeout: 30_000 });
  return { page, errors };
}

/** What the page says of itself on <html>. */
export function state(page) {
  return page.evaluate(() => {
    const { step, time, fingerprint, lessonPhase } = document.documentElement.dataset;
    return { step: Number(step), time: Number(time), fingerprint, phase: lessonPhase };
  });
}

/** The same of the right one of two runs. */
export function rightState(page) {
  return page.evaluate(() => {
    const { rightTime, rightFingerprint } = document.documentElement.dataset;
    return { time: Number(rightTime), fingerprint: rightFingerprint };
  });
}

/** Every comparison that comes with the program, by its id. */
export function comparisons() {
  const files = readdirSync(join(top, "src", "scenario", "comparisons"));
  return files.filter((file) => file.endsWith(".toml")).map((file) => file.slice(0, -".toml".length)).sort();
}

/** Waits until `done(state)`; fails with what it last saw. */
export async function until(page, what, done, timeout = 30_000) {
  const began = Date.now();
  let last;
  while (Date.now() - began < timeout) {
    last = await state(page);
    if (done(last)) return last;
    await page.waitForTimeout(50);
  }
  throw new Error(`waited ${timeout} ms in vain for ${what}; the page says ${JSON.stringify(last)}`);
}
