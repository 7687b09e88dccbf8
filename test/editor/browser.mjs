/** The browser that shows the editor: Debian's Chromium, driven by playwright-core. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** The browser cannot be had here; the message says what to do. */
export class BrowserUnavailable extends Error {}

const flags = [
  '--no-sandbox', // Chromium refuses to run as root with its sandbox; it only opens our own page on 127.0.0.1.
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  // No traffic but to the editor.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Path of the browser: the variable CHROMIUM, or the first that is installed. */
export function browserPath() {
  const places = [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/snap/bin/chromium',
  ];
  const candidates = process.env.CHROMIUM ? [process.env.CHROMIUM] : places;
  const found = candidates.find((file) => existsSync(file));
  if (found) return found;
  throw new BrowserUnavailable(
    `No Chromium at ${candidates.join(', ')}. Install it (apt-get install chromium) or set CHROMIUM to its path.`,
  );
}

export function launchBrowser() {
  return chromium.launch({ executablePath: browserPath(), args: flags });
}
