/** Chromium, where there is one: an installed browser, driven without any download. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Path of the browser; undefined when there is none. `LWKT_CHROMIUM` names another. */
export const CHROMIUM: string | undefined = [process.env['LWKT_CHROMIUM'] ?? '', ...PLACES].find(
  (path) => path !== '' && existsSync(path),
);

/** What to say when tests are left out. */
export const NO_CHROMIUM =
  'left out: there is no Chromium here; apt-get install chromium, or set LWKT_CHROMIUM';

/** Starts the browser, without anything that would want the network. */
export function launch(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error(NO_CHROMIUM);
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
