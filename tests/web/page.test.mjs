// The built page, driven as a user drives it. `./dev test` builds it first.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import AxeBuilder from "@axe-core/playwright";
import { comparisons, launch, lessons, open, rightState, serve, state, top, until } from "./harness.mjs";

const LESSONS = lessons();

let server;
let browser;
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  server?.close();
});

/** Opens the page, gives it to `drive`, and fails on any error it made. */
async function visit(query, drive, options = {}) {
  const { page, errors } = await open(browser, server.url, { query, ...options });
  try {
    await drive(page);
    assert.deepEqual(errors, [], "the page made errors");
  } finally {
    await page.context().close();
  }
}

/** Plays a lesson as a hurried student would: goes ahead, answers with the first tile, goes on. */
async function playThrough(page, lesson) {
  // Clicks go straight to the element: the page may change phase between a look and a click, and a person who clicks
  // a button that has just gone grey does no harm either.
  const click = (selector) => page.evaluate((what) => document.querySelector(what)?.click(), selector);
  const beat = () => page.evaluate(() => document.querySelector(".lesson__step")?.textContent);
  const seen = [];
  for (let turn = 0; turn < 120; turn += 1) {
    const [now, step] = [await state(page), await beat()];
    if (seen.at(-1) !== now.phase) seen.push(now.phase);
    if (now.phase === "finished") return seen;
    if (now.phase === "asking") {
      await click('[data-choice="0"]');
      await page.waitForSelector('[data-choice="0"][aria-checked="true"]');
      await click("[data-answer]");
    } else {
      await click("[data-lesson-next]");
    }
    for (let wait = 0; wait < 100; wait += 1) {
      const [later, at] = [await state(page), await beat()];
      if (later.phase !== now.phase || at !== step) break;
      await page.waitForTimeout(20);
    }
    // The state may be a frame ahead of the picture; and a click meant for what was there before may already lead on.
    let marked = 0;
    for (let wait = 0; wait < 250 && !marked && (await state(page)).phase === "answered"; wait += 1) {
      marked = await page.locator(".choice--right").count();
      if (!marked) await page.waitForTimeout(20);
    }
    if (marked || (await state(page)).phase === "answered") {
      assert.equal(marked, 1, "the engine marks exactly one answer");
    }
  }
  throw new Error(`${lesson} did not end; phases: ${seen.join(", ")}`);
}

// Three pages at a time: a page mostly waits for its own clock.
describe("every lesson plays to its end in both languages", { concurrency: 3 }, () => {
  for (const lesson of LESSONS) {
    for (const lang of ["en", "zh"]) {
      test(`${lesson} in ${lang}`, { timeout: 60_000 }, () =>
        visit(`?lesson=${lesson}&lang=${lang}`, async (page) => {
          const phases = await playThrough(page, lesson);
          assert.ok(phases.includes("asking"), "it asks for a prediction");
          assert.ok(!phases.includes("missed"), "every wait came true");
        }));
    }
  }
});

test("the list of lessons has them all, finds one by a word, and remembers what was read", () =>
  visit("?lesson=topic-and-partition&lang=en", async (page) => {
    const open = () => page.click(".chapter, [aria-label='All lessons']");
    const listed = () => page.locator("[data-lesson-id]").evaluateAll((rows) => rows.map((row) => row.dataset.lessonId));
    await open();
    assert.deepEqual((await listed()).sort(), LESSONS, "the page lists what the catalogue holds");
    await page.fill(".lesson-find input", "4.3");
    assert.deepEqual(await listed(), ["acks"]);
    await page.fill(".lesson-find input", "no such lesson");
    assert.deepEqual(await listed(), []);
    await page.keyboard.press("Escape");
    await playThrough(page, "topic-and-partition");
    await page.reload();
    await page.waitForSelector("html[data-ready]");
    await open();
    const read = '[data-lesson-id="topic-and-partition"] .lesson-mark[data-full]';
    await page.waitForSelector(read);
    assert.equal(await page.locator(".lesson-mark[data-full]").count(), 1, "and nothing that was not read");
  }));

test("step back undoes a step, and seeking returns to the same state", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    await page.waitForTimeout(300);
    const start = await state(page);
    const trail = [start];
    for (let index = 0; index < 4; index += 1) {
      const { step } = trail.at(-1);
      await page.click("[data-step-button]");
      trail.push(await until(page, "a step forward", (now) => now.step > step));
    }
    for (const expected of trail.slice(1, -1).reverse()) {
      await page.keyboard.press("Escape");
      await page.click('[aria-label^="Step back"]');
      const now = await until(page, "a step back", (now) => now.step === expected.step);
      assert.equal(now.fingerprint, expected.fingerprint, "the same step is the same state");
    }
    const line = page.locator('.timeline__line[role="slider"]');
    await line.focus();
    await line.press("Home");
    await until(page, "the beginning", (now) => now.time === 0);
    await line.press("End");
    const end = await until(page, "the furthest point", (now) => now.step >= trail.at(-1).step);
    assert.equal(end.fingerprint, trail.at(-1).fingerprint, "seeking to the end again is the same run");
  }));

test("play moves the clock, pause stops it", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    const { time } = await state(page);
    await page.click("[data-play]");
    await until(page, "the clock to move", (now) => now.time > time);
    await page.click("[data-play]");
    await page.waitForTimeout(200);
    const stopped = await state(page);
    await page.waitForTimeout(400);
    assert.deepEqual(await state(page), stopped, "a paused page does not move");
  }));

test("a broker crashes by click, is drawn as offline, and comes back", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    const broker = page.locator(".broker").first();
    await broker.locator(".menu__button").click();
    await broker.getByRole("menuitem", { name: /Crash/ }).click();
    await page.waitForSelector(".broker .pill--offline");
    await broker.locator(".menu__button").click();
    const crash = broker.getByRole("menuitem", { name: /Crash/ });
    assert.equal(await crash.getAttribute("aria-disabled"), "true", "what would change nothing is grey");
    await broker.getByRole("menuitem", { name: /Restart/ }).click();
    await page.waitForSelector(".broker .pill--offline", { state: "detached" });
  }));

test("what was done is taken back and done again, by button and by key", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    const undo = page.locator('[data-course="ui-undo"]');
    const redo = page.locator('[data-course="ui-redo"]');
    assert.equal(await undo.getAttribute("aria-disabled"), "true", "what the template did is not the reader's");
    const before = await state(page);
    const broker = page.locator(".broker").first();
    await broker.locator(".menu__button").click();
    await broker.getByRole("menuitem", { name: /Crash/ }).click();
    const crashed = await until(page, "the crash", (now) => now.fingerprint !== before.fingerprint);
    assert.match(await undo.getAttribute("aria-label"), /crash broker-1/);
    await undo.click();
    await until(page, "the same as before", (now) => now.fingerprint === before.fingerprint);
    assert.equal(await page.locator(".broker .pill--offline").count(), 0);
    await redo.click();
    await until(page, "the crash again", (now) => now.fingerprint === crashed.fingerprint);
    await page.keyboard.press("Control+z");
    await until(page, "no crash", (now) => now.fingerprint === before.fingerprint);
    await page.keyboard.press("Control+Shift+z");
    await until(page, "the crash once more", (now) => now.fingerprint === crashed.fingerprint);
    assert.equal(await page.locator(".timeline__branch").count(), 0, "there is one course all along");
  }));

test("a marked moment is come back to", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    const marked = await state(page);
    await page.keyboard.press("m");
    await page.waitForSelector('[data-bookmark][aria-pressed="true"]');
    await page.click("[data-step-button]");
    await until(page, "another moment", (now) => now.time > marked.time);
    await page.waitForSelector('[data-bookmark][aria-pressed="false"]');
    await page.click(".timeline__bookmarks button");
    await until(page, "the marked one", (now) => now.time === marked.time);
    await page.keyboard.press("m");
    await page.waitForSelector(".timeline__bookmarks", { state: "detached" });
  }));

test("the clock runs until a condition holds, and a wrong condition gets a sentence", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    await page.keyboard.press("u");
    const field = page.locator('.dialog input[name="condition"]');
    await field.fill("stored(orders");
    assert.match(await page.locator(".form__problem").innerText(), /\w+/);
    await page.click('[data-until="ui-until-stored"]');
    const before = await state(page);
    await page.locator('.dialog button[type="submit"]').click();
    assert.match(await page.locator(".toast").innerText(), /stored\(orders\) >= 100/);
    const there = await until(page, "the condition", (now) => now.time > before.time);
    await page.keyboard.press("Alt+3");
    await page.locator("#console-input").fill("show stored(orders)");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => [...document.querySelectorAll(".console__line")].at(-1)?.textContent.includes("100"));
    assert.equal((await state(page)).time, there.time, "the clock stands where it holds");
  }));

test("a link is cut by click, is shown as cut, and heals by click", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    // The line itself is clicked, where a mouse would: on the middle of its path.
    const middle = await page.locator(".link__target").first().evaluate((path) => {
      const { x, y } = path.getPointAtLength(path.getTotalLength() / 2);
      return new DOMPoint(x, y).matrixTransform(path.getScreenCTM()).toJSON();
    });
    await page.mouse.click(middle.x, middle.y);
    const inspector = page.locator(".inspector");
    await inspector.getByText("Connection", { exact: true }).waitFor();
    const before = await state(page);
    await inspector.getByRole("button", { name: "Cut both ways" }).click();
    await page.waitForSelector(".link--cut");
    await page.locator(".broker .pill", { hasText: /link b\d–b\d cut/ }).first().waitFor();
    assert.notEqual((await state(page)).fingerprint, before.fingerprint, "the engine has cut it, not the picture");
    const cut = inspector.getByRole("button", { name: "Cut both ways" });
    assert.equal(await cut.getAttribute("aria-disabled"), "true", "what would change nothing is grey");
    await inspector.getByRole("button", { name: "Repair" }).click();
    await page.waitForSelector(".link--cut", { state: "detached" });
    assert.equal(await page.locator(".pill", { hasText: "cut" }).count(), 0);
  }));

test("a new cluster stands with the version, the quorum, the brokers and the racks that were chosen", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    const stand = async (change) => {
      await page.click("[data-new-cluster]");
      await change();
      await page.click("[data-stand]");
      await page.waitForSelector(".dialog", { state: "detached" });
    };
    const voters = () => page.locator(".voter").count();
    const version = () => page.locator(".top-bar__version").innerText();
    await stand(async () => {
      await page.getByRole("group", { name: "Controllers" }).getByRole("button", { name: "3" }).click();
      await page.fill('[name="ui-new-brokers"]', "5");
      await page.fill('[name="ui-new-racks"]', "2");
    });
    assert.equal(await voters(), 3);
    assert.equal(await page.locator(".voter--leader").count(), 1, "one of them leads");
    assert.deepEqual(await page.locator(".broker__rack").allInnerTexts(), ["rack a", "rack b", "rack a", "rack b", "rack a"]);
    assert.match(await version(), /4\.3, KRaft/);
    // ZooKeeper ends with 3.9: the version follows.
    await stand(() => page.getByRole("button", { name: "ZooKeeper", exact: true }).click());
    assert.match(await version(), /3\.9, ZooKeeper/);
    assert.equal(await voters(), 1);
    await stand(() => page.selectOption('select[name="version"]', "2.8"));
    assert.match(await version(), /2\.8, ZooKeeper/);
    // What has no meaning is told, and nothing is stood up.
    await page.click("[data-new-cluster]");
    await page.fill('[name="ui-new-racks"]', "many");
    await page.locator(".form__problem", { hasText: "Racks" }).waitFor();
    assert.equal(await page.locator("[data-stand]").getAttribute("aria-disabled"), "true");
    await page.keyboard.press("Escape");
    assert.match(await version(), /2\.8/);
  }));

test("a disk breaks by click, its broker finds out by writing, and a good disk and a restart bring it back", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    await page.locator(".broker__head").first().click();
    const inspector = page.locator(".inspector");
    const button = (name) => inspector.getByRole("button", { name: new RegExp(name) });
    const greyed = async (name) => (await button(name).getAttribute("aria-disabled")) === "true";
    assert.ok(await greyed("Put a good disk in"), "a sound disk needs none");
    await inspector.getByText("fail-disk broker-1", { exact: true }).waitFor();
    await button("Break the disk").click();
    await inspector.getByText("broken: the next write fails").waitFor();
    assert.ok(await greyed("Break the disk"), "what would change nothing is grey");
    await inspector.getByText("broker-1's disk under /tmp/kafka-logs is broken already").first().waitFor();
    await page.click("[data-play]");
    await page.locator(".broker").first().locator(".pill--offline").waitFor({ timeout: 20_000 });
    await page.click("[data-play]");
    await button("Put a good disk in").click();
    await button("Restart").first().click();
    await page.waitForSelector(".broker .pill--offline", { state: "detached" });
    await page.click("[data-play]");
    await inspector.locator("[data-disk]", { hasText: "sound" }).waitFor();
  }));

test("zoom shows more and less of each partition, by button and by key", () =>
  visit("?mode=sandbox&template=ten-brokers&lang=en", async (page) => {
    const depth = () => page.locator(".stage__scroll").getAttribute("data-depth");
    assert.equal(await depth(), "map", "far out with ten brokers");
    const out = page.locator('[data-zoom="out"]');
    assert.equal(await out.getAttribute("aria-disabled"), "true");
    await page.click('[data-zoom="in"]');
    assert.equal(await depth(), "bars");
    assert.equal(await page.locator(".broker").count(), 10, "every broker stands on the stage");
    await page.keyboard.press("+");
    assert.equal(await depth(), "glyphs");
    await page.keyboard.press("-");
    await page.keyboard.press("-");
    assert.equal(await depth(), "map");
    await page.keyboard.press("+");
    await page.keyboard.press("0");
    assert.equal(await depth(), "map", "and back to what there is room for");
  }));

const line = (page) => page.locator('.timeline__line[role="slider"]');

describe("every comparison plays in lock step", { concurrency: 3 }, () => {
  for (const comparison of comparisons()) {
    test(comparison, { timeout: 60_000 }, () =>
      visit(`?compare=${comparison}&lang=en`, async (page) => {
        assert.equal(await page.locator(".stage-half .plane").count(), 2, "two stages");
        const begin = await state(page);
        await page.click("[data-play]");
        await until(page, "the clock to move", (now) => now.time > begin.time);
        await page.click("[data-play]");
        await page.waitForTimeout(200);
        const [left, right] = [await state(page), await rightState(page)];
        assert.equal(right.time, left.time, "one clock");
        await line(page).press("End");
        const end = await until(page, "the end", (now) => now.time > left.time);
        await page.waitForFunction(() => document.documentElement.dataset.rightTime === document.documentElement.dataset.time);
        const atEnd = await rightState(page);
        assert.ok((await page.locator(".measured--differs").count()) > 0, "something measured differs");
        await page.click("[data-run-again]");
        await until(page, "the beginning", (now) => now.time === begin.time);
        await line(page).press("End");
        assert.equal((await until(page, "the end again", (now) => now.time === end.time)).fingerprint, end.fingerprint);
        await page.waitForFunction((time) => Number(document.documentElement.dataset.rightTime) === time, end.time);
        assert.equal((await rightState(page)).fingerprint, atEnd.fingerprint, "the right run too is the same run");
      }));
  }
});

test("what is lost on one side only is marked there", () =>
  visit("?compare=acks&lang=en", async (page) => {
    await line(page).press("End");
    await page.waitForSelector(".measured--worse");
    const worse = page.locator("tbody tr", { has: page.locator(".measured--worse") });
    assert.equal(await worse.count(), 1);
    assert.match(await worse.innerText(), /acks=1/);
  }));

test("acting in the past makes a branch, and C sets the run beside it", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    for (let press = 0; press < 4; press += 1) await line(page).press("Shift+ArrowLeft");
    await until(page, "the past", (now) => now.time < 10);
    const broker = page.locator(".broker").first();
    await broker.locator(".menu__button").click();
    await broker.getByRole("menuitem", { name: /Crash/ }).click();
    await page.waitForSelector(".broker .pill--offline");
    await page.locator("body").click({ position: { x: 700, y: 20 } });
    await page.keyboard.press("c");
    await page.waitForSelector(".compare");
    assert.equal(await page.locator('[data-side="0"] .pill--offline').count(), 1, "crashed here");
    assert.equal(await page.locator('[data-side="1"] .pill--offline').count(), 0, "and not there");
    const [left, right] = [await state(page), await rightState(page)];
    assert.equal(right.time, left.time);
    assert.notEqual(right.fingerprint, left.fingerprint);
    await page.keyboard.press("2");
    await page.waitForSelector(".stock");
    assert.equal((await state(page)).fingerprint, left.fingerprint, "the sandbox stands as it was left");
  }));

test("this run stands beside itself with one thing changed", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    const turn = async (index, value) => {
      await page.click("[data-comparisons]");
      const form = page.locator(".form--knob");
      await form.locator('select[name="knob"]').selectOption({ index });
      if (value) await form.locator('[name="value"]').fill(value);
      await form.locator("[data-turn]").click();
      await page.waitForSelector(".dialog", { state: "detached" });
    };
    const own = await state(page);
    await page.keyboard.press("3");
    await page.waitForSelector(".compare");
    await turn(0, "77");
    const [left, right] = [await state(page), await rightState(page)];
    assert.deepEqual([left.time, left.fingerprint], [own.time, own.fingerprint], "the run that was on the stage before");
    assert.equal(right.time, left.time);
    assert.notEqual(right.fingerprint, left.fingerprint);
    assert.match(await page.locator('[data-side="1"] h2').innerText(), /seed 4d/);
    await page.click("[data-comparisons]");
    await page.locator('.form--knob [name="value"]').fill("soon");
    assert.match(await page.locator(".form--knob .form__problem").innerText(), /\w+/);
    assert.equal(await page.locator("[data-turn]").getAttribute("aria-disabled"), "true");
  }));

test("a click in either figure acts on both clusters, or on the one that was chosen", () =>
  visit("?compare=zookeeper-or-kraft&lang=en", async (page) => {
    const crash = async (side, broker) => {
      const card = page.locator(`[data-side="${side}"] .broker`).nth(broker);
      await card.locator(".menu__button").click();
      await card.getByRole("menuitem", { name: /Crash/ }).click();
    };
    const offline = (side) => page.locator(`[data-side="${side}"] .pill--offline`).count();
    await crash(1, 0);
    await page.waitForSelector('[data-side="0"] .pill--offline');
    assert.deepEqual([await offline(0), await offline(1)], [1, 1]);
    await page.locator(".compare__hand button").nth(2).click();
    await crash(1, 2);
    await page.waitForFunction(() => document.querySelectorAll('[data-side="1"] .pill--offline').length === 2);
    assert.equal(await offline(0), 1, "the left cluster was left alone");
  }));

test("messages stand as arrows between the lines of their processes, and lead to their arrival", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    await page.click("#ui-tab-arrows");
    await page.waitForSelector(".arrow--arrived");
    const names = await page.locator(".arrows__name").allInnerTexts();
    assert.deepEqual(names.filter((name) => name.startsWith("broker")), ["broker-1", "broker-2", "broker-3"]);
    const arrow = page.locator(".arrow--arrived").first();
    assert.match(await arrow.locator("title").textContent(), /from \S+ to \S+, sent at [\d.]+ s, under way for/);
    const before = await state(page);
    await arrow.evaluate((element) => element.dispatchEvent(new MouseEvent("click", { bubbles: true })));
    await until(page, "the moment of its arrival", (now) => now.step < before.step);
    await page.locator(".arrows__name", { hasText: "broker-2" }).click();
    await page.waitForSelector(".lifeline.is-lit", { state: "attached" });
    assert.match(await page.locator(".inspector").innerText(), /Broker 2|broker-2/, "the figure and the inspector follow");
    await page.locator(".arrows__span select").selectOption({ index: 1 });
    await page.waitForFunction(() => document.querySelectorAll(".arrow").length > 0);
  }));

test("the same run has the same fingerprint natively and in the browser", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    const folder = mkdtempSync(join(tmpdir(), "kafkascope-"));
    const script = join(folder, "failover.kafka");
    writeFileSync(
      script,
      [
        "wait 3s",
        "kafka-topics --create --topic orders --partitions 3 --replication-factor 3 --config min.insync.replicas=2",
        "wait 1s",
        "kafka-console-producer --topic orders --producer-property client.id=checkout --every 50ms --keys alice,bob,carol",
        "kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-1",
        "wait 4s",
        "crash broker-1",
        "wait 12s",
        "restart broker-1",
        "wait 5s",
        "",
      ].join("\n"),
    );
    const target = process.env.CARGO_TARGET_DIR ?? join(top, "target");
    const native = execFileSync("cargo", ["run", "--quiet", "--target-dir", target, "--", "run", script, "--format", "json", "--seed", "7"], {
      cwd: top,
      encoding: "utf8",
    });
    const { fingerprint, run } = JSON.parse(native.trim().split("\n").at(-1));
    const inBrowser = await page.evaluate((text) => window.wasmBindings.replay_fingerprint(text), JSON.stringify(run));
    assert.equal(inBrowser, fingerprint);
  }));

test("lines pasted onto a producer become records in its partitions", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    await page.getByRole("tab", { name: "Input" }).click();
    await page.locator("#input-lines").fill("name,total\nada,3\nbob,4\nada,5\n");
    await page.getByRole("button", { name: "Use these lines" }).click();
    await page.locator("[data-start]").click();
    await page.click("[data-play]");
    await page.waitForSelector("text=/4 rows read/", { timeout: 20_000 });
    await page.getByRole("tab", { name: "Console" }).click();
    await page.locator("input[type=text], .console input").last().fill("show sent(checkout-web)");
    await page.keyboard.press("Enter");
    await page.waitForTimeout(300);
    const said = await page.locator(".drawer").innerText();
    assert.match(said, /show sent\(checkout-web\)\s+(\d+)/);
  }));

test("a file of one's own flows through the partitions, a broker dies under it, and nothing acknowledged is lost", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    const rows = Array.from({ length: 600 }, (_, n) => JSON.stringify({ order: n, customer: ["ada", "bob", "cleo"][n % 3] }));
    await page.getByRole("tab", { name: "Input" }).click();
    const file = { name: "orders.jsonl", mimeType: "application/json", buffer: Buffer.from(rows.join("\n")) };
    await page.locator('input[type="file"][data-file]').last().setInputFiles(file);
    await page.locator("label", { hasText: "key from" }).locator("select").selectOption({ label: "customer" });
    await page.locator("[data-start]").click();
    await page.click("[data-play]");
    await page.waitForSelector("text=/600 rows read. Without a key: 0. Left out: 0/", { timeout: 20_000 });
    await page.click("[data-play]");
    const broker = page.locator(".broker").first();
    await broker.locator(".menu__button").click();
    await broker.getByRole("menuitem", { name: /Crash/ }).click();
    await page.waitForSelector(".broker .pill--offline");
    await page.getByRole("tab", { name: "Console" }).click();
    for (const line of ["await acked(checkout-web) >= 600 within 60s", "show lost_acked()", "show failed(checkout-web)"]) {
      await page.locator(".console__form input").fill(line);
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.documentElement.dataset.busy !== "true");
    }
    const said = await page.locator(".console__output").innerText();
    assert.match(said, /show lost_acked\(\)\s+0/);
    assert.match(said, /show failed\(checkout-web\)\s+0/);
  }));

test("a binary file gets a sentence and the run goes on", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    const before = await state(page);
    await page.getByRole("tab", { name: "Input" }).click();
    const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
    await page.locator('input[type="file"]').last().setInputFiles({ name: "photo.png", mimeType: "image/png", buffer: png });
    await page.waitForSelector("text=/PNG|binary|not text/i");
    assert.equal((await state(page)).fingerprint, before.fingerprint, "the run is untouched");
  }));

test("a server.properties is read line by line: what counts, what does not, and why", () =>
  visit("?mode=sandbox&lang=en", async (page) => {
    await page.getByRole("tab", { name: "Properties" }).click();
    await page.locator("#properties-text").fill("broker.session.timeout.ms=6000\nnum.partition=3\nmin.insync.replicas=none\n");
    await page.waitForSelector("text=/num\\.partitions/");
    const told = await page.locator(".drawer").innerText();
    assert.match(told, /broker\.session\.timeout\.ms/);
    assert.match(told, /2/, "the line of the unknown key");
    assert.match(told, /min\.insync\.replicas/);
  }));

const screens = ["lesson=leader-failover", "mode=sandbox", "compare=acks", "compare=queue-or-topic"];
for (const [theme, screen] of ["light", "dark"].flatMap((theme) => screens.map((screen) => [theme, screen]))) {
  test(`accessibility: no violations in ${theme}, ${screen}`, () =>
    visit(`?${screen}&lang=en&theme=${theme}`, async (page) => {
      await page.waitForTimeout(500);
      const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
      const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).slice(0, 4).join(" | ")}`);
      assert.deepEqual(told, []);
    }));
}

test("a fault of ours offers the step before it and keeps the run", async () => {
  const { page } = await open(browser, server.url, { query: "?mode=sandbox&lang=en&panic=1" }).catch(() => ({}));
  if (!page) return assert.fail("the page did not come up before it was made to stop");
  try {
    await page.waitForSelector("html[data-stopped]", { timeout: 20_000 });
    assert.match(await page.locator("body").innerText(), /our fault, not Kafka's/);
  } finally {
    await page.context().close();
  }
});
