// Screenshots of every screen and every dialog, in every look, to be looked at one by one. The page must have been
// built. `./dev shots [folder] [words]`: only those whose name contains each of the words, parted by commas.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, lessons, open, serve, state, top } from "./harness.mjs";

const folder = process.argv[2] ?? join(top, "tests", "web", "shots");
const wanted = (process.argv[3] ?? "").split(",").filter(Boolean);
mkdirSync(folder, { recursive: true });

const desk = { viewport: { width: 1440, height: 900 }, deviceScaleFactor: 1 };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const projector = { viewport: { width: 1440, height: 900 }, deviceScaleFactor: 1 };

/** How a screen is looked at. */
const looks = {
  light: { options: desk, query: "&lang=en&theme=light" },
  dark: { options: desk, query: "&lang=en&theme=dark" },
  zh: { options: desk, query: "&lang=zh&theme=light" },
  presenter: { options: projector, query: "&lang=en&theme=light&presenter" },
  phone: { options: phone, query: "&lang=en&theme=light" },
};

// ---- What is done before the picture is taken; the texts of buttons differ by language, so none is used -----------

const click = (page, selector) => page.evaluate((what) => document.querySelector(what)?.click(), selector);
const key = (page, name) => page.keyboard.press(name);

/** `beats` times Next, answering on the way, so that there is something to see. */
const beats = (count) => async (page) => {
  for (let beat = 0; beat < count; beat += 1) {
    const { phase } = await state(page);
    if (phase === "finished") return;
    if (phase === "asking") {
      await click(page, '[data-choice="0"]');
      await page.waitForTimeout(60);
      await click(page, "[data-answer]");
    } else {
      await click(page, "[data-lesson-next]");
    }
    await page.waitForTimeout(500);
  }
};

const play = (milliseconds) => async (page) => {
  await click(page, "[data-play]");
  await page.waitForTimeout(milliseconds);
  await click(page, "[data-play]");
};

/** Lines typed into the console, one after the other. */
const typed = (...lines) => async (page) => {
  if (!(await page.locator("#console-input").isVisible())) await click(page, "#ui-tab-console");
  for (const line of lines) {
    await page.locator("#console-input").fill(line, { force: true });
    await key(page, "Enter");
    await page.waitForFunction(() => document.documentElement.dataset.busy !== "true");
    await page.waitForTimeout(80);
  }
};

const sheet = (number) => (page) => click(page, `.sheet-tabs button:nth-child(${number})`);
const inspect = (selector) => async (page) => {
  await click(page, selector);
  await sheet(2)(page);
};
const drawer = (tab) => async (page) => {
  await click(page, `#${tab}[aria-selected="false"]`);
  await sheet(3)(page);
};
const close = async (page) => click(page, ".drawer__close");

const properties = (text) => async (page) => {
  await drawer("ui-tab-properties")(page);
  const area = page.locator("#properties-text");
  await area.fill("");
  await area.pressSequentially(text);
};

const stand = (change) => async (page) => {
  await click(page, "[data-new-cluster]");
  await page.waitForSelector(".dialog form");
  await change(page);
  await click(page, "[data-stand]");
  await page.waitForTimeout(800);
};
const choose = (...names) => async (page) => {
  for (const name of names) {
    await click(page, `[data-choice-of="${name}"]`);
    await page.waitForTimeout(80);
  }
};

const sandbox = "?mode=sandbox";
const template = (name) => `?mode=sandbox&template=${name}`;

/** Every screen: its address, and the way to it. */
const screens = [
  ...["queue-and-topic", "leader-failover", "high-watermark", "consumer-group"].map((lesson) => ({
    name: `lesson-${lesson}`, query: `?lesson=${lesson}`, way: [beats(5)],
  })),
  ...["queue-or-topic", "acks", "zookeeper-or-kraft"].map((id) => ({
    name: `compare-${id}`, query: `?compare=${id}`, way: [play(5000)],
  })),
  { name: "compare-seed", query: template("careless"), way: [play(2500), (page) => key(page, "m"), play(1500), async (page) => {
    await key(page, "3");
    await click(page, "[data-comparisons]");
    await page.waitForSelector(".form--knob");
    await click(page, "[data-turn]");
    await page.waitForTimeout(600);
  }, play(3000)] },
  { name: "run-until", query: sandbox, way: [(page) => key(page, "u")] },
  { name: "taken-back", query: sandbox, way: [play(600), (page) => key(page, "m"), typed("crash broker-2", "wait 2s"), close, (page) => key(page, "Control+z")] },
  { name: "compare-list", query: "?compare=commit", way: [(page) => click(page, "[data-comparisons]")] },
  { name: "lesson-list", query: "?lesson=acks", way: [(page) => click(page, ".chapter, .top-bar__phone button")] },
  ...["orders", "one-broker", "careless", "queue-beside-topic", "ten-brokers", "zookeeper"].map((name) => ({
    name: `sandbox-${name}`, query: template(name), way: [play(1200)],
  })),
  { name: "new-cluster", query: sandbox, way: [(page) => click(page, "[data-new-cluster]")] },
  { name: "quorum-of-three", query: sandbox, way: [stand(choose("3")), play(600), inspect(".voter")] },
  { name: "quorum-elects", query: sandbox, way: [stand(choose("5")), typed("crash controller-101", "wait 2300ms"), close] },
  { name: "zookeeper-of-one", query: sandbox, way: [stand(choose("ZooKeeper", "1")), play(600)] },
  { name: "fidelity", query: sandbox, way: [(page) => key(page, "?"), async (page) => {
    await page.waitForSelector(".dialog");
    await page.locator(".dialog .tool--edge").last().click();
  }] },
  { name: "help", query: sandbox, way: [(page) => key(page, "?")] },
  { name: "break", query: sandbox, way: [(page) => click(page, ".stage__break")] },
  { name: "break-broker", query: sandbox, way: [inspect(".broker"), (page) => key(page, "b")] },
  { name: "broker-menu", query: sandbox, way: [(page) => click(page, ".broker .menu__button")] },
  { name: "add", query: sandbox, way: [(page) => key(page, "a")] },
  { name: "messages", query: sandbox, way: [play(3000), drawer("ui-tab-arrows")] },
  { name: "messages-failover", query: "?lesson=leader-failover", way: [beats(5), drawer("ui-tab-arrows")] },
  { name: "properties-as-it-is", query: sandbox, way: [drawer("ui-tab-properties")] },
  { name: "properties-completion", query: sandbox, way: [properties("min.insync.replicas=2\nlog.ret")] },
  { name: "properties-wrong", query: sandbox, way: [properties("num.partition=3\nmin.insync.replicas=none\n")] },
  { name: "properties-rolling", query: sandbox, way: [properties("replica.lag.time.max.ms=9000\n"), (page) => click(page, "[data-apply]")] },
  { name: "inspect-nothing", query: sandbox, way: [sheet(2)] },
  { name: "inspect-broker", query: sandbox, way: [inspect(".broker")] },
  { name: "inspect-disk", query: sandbox, way: [inspect(".broker"), (page) => page.locator(".disks").scrollIntoViewIfNeeded({ timeout: 2000 }).catch(() => {})] },
  { name: "inspect-controller", query: sandbox, way: [inspect(".voter")] },
  { name: "inspect-zookeeper", query: template("zookeeper"), way: [inspect(".voter")] },
  { name: "inspect-partition", query: sandbox, way: [inspect(".replica--leader .log")] },
  { name: "inspect-record", query: sandbox, way: [inspect(".replica--leader .cell")] },
  { name: "inspect-producer", query: sandbox, way: [inspect(".producer, .peer")] },
  { name: "inspect-group", query: sandbox, way: [inspect(".group, .plane__groups .card")] },
  { name: "console", query: sandbox, way: [drawer("ui-tab-console"), typed("kafka-topics --describe --topic orders")] },
  { name: "events", query: sandbox, way: [play(400), drawer("ui-tab-events")] },
  { name: "charts", query: sandbox, way: [play(1500), drawer("ui-tab-charts")] },
  { name: "input", query: sandbox, way: [drawer("ui-tab-input")] },
  { name: "guarantees", query: template("careless"), way: [play(800), drawer("ui-tab-guarantees")] },
  { name: "broken", query: sandbox, way: [typed("crash broker-2", "wait 12s", "partition broker-1 broker-3", "wait 3s"), close] },
  { name: "ten-one-down", query: template("ten-brokers"), way: [typed("crash broker-4", "wait 12s"), close] },
  ...["bars", "glyphs"].map((depth, index) => ({
    name: `ten-${depth}`, query: template("ten-brokers"), only: ["light", "dark", "presenter"],
    way: [...Array(index + 1).fill((page) => key(page, "+")), (page) => page.waitForTimeout(400)],
  })),
  { name: "gallery", query: "?gallery", only: ["light", "dark"], bare: true },
  { name: "stopped", query: `${sandbox}&panic=1`, bare: true },
  ...(wanted.length ? lessons() : []).map((lesson) => ({ name: `all-${lesson}`, query: `?lesson=${lesson}`, way: [beats(4)] })),
];

const shots = screens.flatMap((screen) => {
  const all = Object.keys(looks).filter((look) => !screen.only || screen.only.includes(look));
  return all.map((look) => ({ ...screen, ...looks[look], name: `${screen.name}-${look}`, address: screen.query + looks[look].query }));
});

async function take(shot) {
  const path = join(folder, `${shot.name}.png`);
  if (shot.bare) {
    // Not the page of every day: it says nothing of being ready.
    const page = await (await browser.newContext(shot.options)).newPage();
    await page.goto(server.url + shot.address);
    await page.waitForTimeout(1500);
    await page.screenshot({ path, fullPage: true });
    await page.context().close();
  } else {
    const { page, errors } = await open(browser, server.url, { query: shot.address, ...shot.options });
    try {
      for (const step of shot.way) {
        await step(page);
        await page.waitForTimeout(150);
      }
    } catch (error) {
      errors.push(`the way there: ${error.message.split("\n")[0]}`);
    }
    await page.waitForTimeout(250);
    await page.screenshot({ path });
    await page.context().close();
    if (errors.length) console.error(`${shot.name}: ${errors.join("; ")}`);
  }
  console.log(path);
}

const server = await serve();
const browser = await launch();
try {
  const queue = shots.filter(({ name }) => wanted.every((word) => name.includes(word)));
  // Two at a time: a page mostly waits for its own clock.
  const worker = async () => {
    for (let shot = queue.shift(); shot; shot = queue.shift()) await take(shot);
  };
  await Promise.all([worker(), worker()]);
} finally {
  await browser.close();
  server.close();
}
