// Screenshots of every screen, to be looked at one by one. `./dev shots [folder]`; the page must have been built.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, lessons, open, serve, top, state } from "./harness.mjs";

const folder = process.argv[2] ?? join(top, "tests", "web", "shots");
mkdirSync(folder, { recursive: true });

const desktop = { viewport: { width: 1440, height: 900 }, deviceScaleFactor: 2 };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const projector = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1.5 };

/** `beats` times Next (answering on the way), so that there is something to see. */
async function advance(page, beats) {
  for (let beat = 0; beat < beats; beat += 1) {
    const { phase } = await state(page);
    if (phase === "finished") return;
    if (phase === "asking") {
      await page.click('[data-choice="0"]');
      await page.click("[data-answer]");
    } else {
      await page.click("[data-lesson-next]");
    }
    await page.waitForTimeout(700);
  }
}

/** Only shots whose name contains this; a lesson of any name may be asked for. */
const wanted = process.argv[3];

const shots = [];
for (const lesson of wanted ? lessons() : ["queue-and-topic", "leader-failover", "offsets-and-replay"]) {
  for (const [name, options, query] of [
    ["light", desktop, "&lang=en&theme=light"],
    ["dark", desktop, "&lang=en&theme=dark"],
    ["zh", desktop, "&lang=zh&theme=light"],
    ["presenter", projector, "&lang=en&theme=dark&presenter"],
    ["phone", phone, "&lang=en&theme=light"],
  ]) {
    shots.push({ name: `${lesson}-${name}`, options, query: `?lesson=${lesson}${query}`, beats: 5 });
  }
}
shots.push({ name: "sandbox-light", options: desktop, query: "?mode=sandbox&lang=en&theme=light", beats: 0, play: 4000 });
shots.push({ name: "gallery-light", options: desktop, query: "?gallery&lang=en&theme=light", beats: 0, gallery: true });

const server = await serve();
const browser = await launch();
try {
  for (const shot of shots.filter(({ name }) => !wanted || name.includes(wanted))) {
    if (shot.gallery) {
      const page = await (await browser.newContext(shot.options)).newPage();
      await page.goto(server.url + shot.query);
      await page.waitForTimeout(1500);
      await page.screenshot({ path: join(folder, `${shot.name}.png`), fullPage: true });
      await page.context().close();
    } else {
      const { page, errors } = await open(browser, server.url, { query: shot.query, ...shot.options });
      await page.waitForTimeout(400);
      await advance(page, shot.beats);
      if (shot.play) {
        await page.click("[data-play]");
        await page.waitForTimeout(shot.play);
        await page.click("[data-play]");
      }
      await page.waitForTimeout(300);
      await page.screenshot({ path: join(folder, `${shot.name}.png`) });
      await page.context().close();
      if (errors.length) console.error(`${shot.name}: ${errors.join("; ")}`);
    }
    console.log(join(folder, `${shot.name}.png`));
  }
} finally {
  await browser.close();
  server.close();
}
