// How fast the engine is in the browser: the standard load in the built page, beside a bare queue. `./dev bench page`.

import { launch, open, serve } from "./harness.mjs";

const events = Number(process.argv[2] ?? 1_000_000);
const server = await serve();
const browser = await launch();
try {
  const { page } = await open(browser, server.url, { query: "?mode=sandbox&lang=en" });
  for (let run = 1; run <= 3; run += 1) {
    const said = JSON.parse(await page.evaluate((count) => window.wasmBindings.measure(count), events));
    const perSecond = Math.round((said.events / said.engine_ms) * 1000);
    const ratio = (said.engine_ms / said.map_ms).toFixed(1);
    const faster = Math.round(said.virtual_ms / said.engine_ms);
    console.log(`run ${run}: ${perSecond} events/s, ${ratio} pops of a bare BTreeMap each, ${faster} times as fast as the clock`);
    if (run === 3) console.log(`${said.virtual_ms} ms of virtual time, fingerprint ${said.fingerprint}`);
  }
} finally {
  await browser.close();
  server.close();
}
