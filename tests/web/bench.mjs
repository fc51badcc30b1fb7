// The page's figures, each measured as a reader would meet it: `./dev bench page`, or `./dev bench page seek frames`.
//
// Nothing here passes or fails: figures hang on the machine. Those that should mean something elsewhere are told beside
// a yardstick of the same run: a bare queue for the engine, an empty animated page for the frames.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { dist, launch, open, serve, state, top } from "./harness.mjs";

const SANDBOX = "?mode=sandbox&lang=en";
const PARTS = { start, size, engine, playing, frames, seek };

const asked = process.argv.slice(2);
const unknown = asked.find((part) => !(part in PARTS));
if (unknown) throw new Error(`no such part: ${unknown}; there are ${Object.keys(PARTS).join(", ")}`);

const server = await serve();
const browser = await launch();
try {
  for (const part of asked.length ? asked : Object.keys(PARTS)) await PARTS[part]();
} finally {
  await browser.close();
  server.close();
}

// ---- Parts ----------------------------------------------------------------------------------------------------------

/** From the first byte asked for to a page that answers, from a server on this machine that does not compress. */
async function start() {
  const times = [];
  for (let run = 0; run < 7; run += 1) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await page.addInitScript(() => {
      const watch = new MutationObserver(() => {
        if (!document.documentElement.dataset.ready) return;
        watch.disconnect();
        // The second frame begins when the first has been painted.
        requestAnimationFrame(() => requestAnimationFrame(() => (window.usable = performance.now())));
      });
      watch.observe(document, { attributes: true, subtree: true, attributeFilter: ["data-ready"] });
    });
    await page.goto(server.url);
    times.push(await (await page.waitForFunction(() => window.usable)).jsonValue());
    await context.close();
  }
  say("start", `first lesson drawn and usable after ${spread(times)} of ${times.length} fresh browsers`);
}

function size() {
  const files = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) => gzipSync(readFileSync(join(parentPath, name)), { level: 9 }).length);
  say("size", `${kilo(sizes.reduce((sum, bytes) => sum + bytes, 0))} KB gzipped in ${files.length} files`);
}

/** The engine alone, in the page's own wasm, with nothing drawn. */
async function engine() {
  const { page } = await open(browser, server.url, { query: SANDBOX });
  for (let run = 1; run <= 3; run += 1) {
    const said = JSON.parse(await page.evaluate(() => window.wasmBindings.measure(1_000_000)));
    const perSecond = kilo((said.events / said.engine_ms) * 1_000);
    const map = (said.engine_ms / said.map_ms).toFixed(1);
    const faster = Math.round(said.virtual_ms / said.engine_ms);
    say("engine", `${perSecond}k events/s, ${faster} × real time; an event costs ${map} pushes and pops of a bare map`);
    if (run === 3) say("engine", `fingerprint ${said.fingerprint}`);
  }
  await page.context().close();
}

/** The clock at its highest speed, as a reader sets it: engine, checker, history and picture share the frames. */
async function playing() {
  const page = await underLoad();
  for (let press = 0; press < 16; press += 1) await page.keyboard.press("]");
  await page.keyboard.press("Space");
  await page.waitForTimeout(1_000);
  const [before, began] = [await state(page), Date.now()];
  const spans = await frameSpans(page, 6_000);
  const [after, wall] = [await state(page), (Date.now() - began) / 1_000];
  const [ratio, events] = [(after.time - before.time) / wall, (after.step - before.step) / wall];
  say("playing", `at full speed ${Math.round(ratio)} × real time, ${kilo(events)}k events/s; frames ${distribution(spans)}`);
  await page.context().close();
}

/** Ten brokers with three topics of 24 partitions, three copies each, on slow links so that much is on the wire. */
async function frames() {
  const empty = await emptyPage();
  const { page } = await open(browser, server.url, { query: "?mode=sandbox&template=ten-brokers&lang=en" });
  const brokers = Array.from({ length: 10 }, (_, index) => `broker-${index + 1}`);
  const topics = ["orders", "payments", "clicks"];
  // Who asks for no answer does not wait for one: what is on the wire is what was sent in the time of one latency.
  const eager = [1, 2, 3, 4, 5, 6].map((n) => [`load-${n}`, topics[n % 3]]);
  const keys = "alice,bob,carol,dave,erin,frank,grace,heidi,ivan,judy,kim,leo,mia,nina,oscar,peggy";
  const lines = eager.map(([name, topic]) =>
    `kafka-console-producer --topic ${topic} --producer-property client.id=${name} --producer-property acks=0 --every 5ms --keys ${keys}`);
  for (const [index, broker] of brokers.entries()) {
    lines.push(...brokers.slice(index + 1).map((other) => `latency ${broker} ${other} 100ms --jitter 20ms`));
    lines.push(...eager.map(([name]) => `latency ${name} ${broker} 400ms --jitter 20ms`));
  }
  for (const line of [...lines, "wait 8s"]) await type(page, line);
  await idle(page);
  const before = await answer(page, "show in_flight()");
  await page.keyboard.press("Escape");
  for (const [stop, presses] of [["1/20", 0], ["1", 4], ["10", 3]]) {
    await page.evaluate(() => document.activeElement?.blur());
    for (let press = 0; press < presses; press += 1) await page.keyboard.press("]");
    await page.keyboard.press("Space");
    await page.waitForTimeout(1_000);
    const cost = await mainThread(page);
    const spans = await frameSpans(page, 5_000);
    const { busy, parts } = await cost();
    await page.keyboard.press("Space");
    const ratio = (percentile(spans, 95) / percentile(empty, 95)).toFixed(2);
    say("frames", `ten brokers at ${stop} ×: ${distribution(spans)}; p95 is ${ratio} × that of an empty animated page; ${busy}% of the time busy (${parts})`);
  }
  const after = await answer(page, "show in_flight()");
  say("frames", `on the wire: ${before} before, ${after} after; the empty page: ${distribution(empty)}`);
  await page.context().close();
}

/** Presses anywhere on the timeline of a history of a million events, then memory when it has five million. */
async function seek() {
  const page = await underLoad();
  await playTo(page, 1_000_000);
  say("seek", `${(await state(page)).step} events: ${await memory(page)}`);
  const spans = [];
  const line = await page.locator("[data-timeline]").boundingBox();
  const played = Number(/H(\d+)/.exec(await page.getAttribute(".timeline__past", "d"))[1]) / 1_000;
  for (let press = 0, spread = 1; press < 60; press += 1) {
    spread = (spread * 48_271) % 2_147_483_647;
    const x = line.x + line.width * played * (spread / 2_147_483_647);
    const shown = page.evaluate(() => new Promise((tell) => {
      const root = document.documentElement;
      let began;
      addEventListener("pointerdown", (event) => (began = event.timeStamp), { capture: true, once: true });
      const watch = new MutationObserver(() => {
        if (began === undefined) return;
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => tell(performance.now() - began)));
      });
      watch.observe(root, { attributes: true, attributeFilter: ["data-time"] });
    }));
    await page.waitForTimeout(20);
    await page.mouse.click(x, line.y + line.height / 2);
    spans.push(await shown);
  }
  say("seek", `from the press to the picture: ${distribution(spans)} of ${spans.length} presses`);
  await page.click('[data-timeline]');
  await page.keyboard.press("End");
  await playTo(page, 5_000_000);
  say("memory", `${(await state(page)).step} events: ${await memory(page)}`);
  await page.context().close();
}

// ---- Driving the page -----------------------------------------------------------------------------------------------

/** The sandbox with the standard load in it, beside the little that is there anyway. */
async function underLoad() {
  const { page } = await open(browser, server.url, { query: SANDBOX });
  const document = readFileSync(join(top, "src", "scenario", "templates", "standard-load.toml"), "utf8");
  for (const [, line] of document.matchAll(/^    "(.*)",$/gm)) {
    await type(page, line.replace("{replication}", "3").replace("{min-isr}", "2"));
    await idle(page);
  }
  await page.evaluate(() => document.activeElement?.blur());
  return page;
}

/** Types a line into the console. */
async function type(page, line) {
  if (!(await page.locator("#console-input").isVisible())) await page.click("#ui-tab-console");
  await page.fill("#console-input", line);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#console-input").value === "");
}

/** Types a question and returns what the console says to it. */
async function answer(page, line) {
  await type(page, line);
  await page.waitForTimeout(200);
  return page.locator(".console__line").last().textContent();
}

async function idle(page) {
  await page.waitForFunction(() => document.documentElement.dataset.busy === "false", null, { timeout: 600_000 });
}

/** Lets the clock run, unseen, until so many events have been handled. */
async function playTo(page, events) {
  let [before, span] = [await state(page), 10];
  while (before.step < events) {
    await type(page, `wait ${span}s`);
    await page.waitForTimeout(300);
    await idle(page);
    const now = await state(page);
    const perSecond = (now.step - before.step) / (now.time - before.time);
    span = Math.max(1, Math.ceil((events - now.step) / perSecond));
    before = now;
  }
}

async function memory(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const script = (await session.send("Runtime.getHeapUsage")).usedSize;
  const wasm = await page.evaluate(() => window.started.memory.buffer.byteLength);
  const mega = (bytes) => (bytes / 1_000_000).toFixed(0);
  return `${mega(wasm)} MB of wasm memory and ${mega(script)} MB of script heap`;
}

/** How long the main thread is at work, and on what, from now until the returned function is called. */
async function mainThread(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const read = async () => Object.fromEntries((await session.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
  const before = await read();
  return async () => {
    const after = await read();
    const share = (name) => Math.round(((after[name] - before[name]) / (after.Timestamp - before.Timestamp)) * 100);
    return {
      busy: share("TaskDuration"),
      parts: `script ${share("ScriptDuration")}%, style ${share("RecalcStyleDuration")}%, layout ${share("LayoutDuration")}%`,
    };
  };
}

/** The spans between frames. */
function frameSpans(page, wall) {
  return page.evaluate((wall) => new Promise((tell) => {
    const spans = [];
    let first;
    let last;
    const frame = (now) => {
      first ??= now;
      if (last !== undefined) spans.push(now - last);
      last = now;
      if (now - first < wall) requestAnimationFrame(frame);
      else tell(spans);
    };
    requestAnimationFrame(frame);
  }), wall);
}

/** The frames of a page that only moves a square. */
async function emptyPage() {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  await page.setContent("<canvas width=1440 height=900></canvas>");
  await page.evaluate(() => {
    const context = document.querySelector("canvas").getContext("2d");
    const frame = (now) => {
      context.clearRect(0, 0, 1440, 900);
      context.fillRect((now / 4) % 1440, 400, 20, 20);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const spans = await frameSpans(page, 4_000);
  await page.context().close();
  return spans;
}

// ---- Telling --------------------------------------------------------------------------------------------------------

function say(part, text) {
  console.log(`${part.padEnd(8)} ${text}`);
}

function kilo(number) {
  return Math.round(number / 1_000);
}

function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))];
}

function distribution(values) {
  const of = (percent) => percentile(values, percent).toFixed(1);
  return `p50 ${of(50)}, p95 ${of(95)}, p99 ${of(99)}, longest ${of(100)} ms`;
}

function spread(values) {
  return `${percentile(values, 50).toFixed(0)} ms (median; longest ${percentile(values, 100).toFixed(0)})`;
}
