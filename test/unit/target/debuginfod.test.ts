import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { ByteSource } from '../../../src/target/byteSource';
import { openDebuginfod } from '../../../src/target/debuginfod';
import { environmentUrls } from '../../../src/target/debuginfodUrls';

const ID = 'a1b2c3d4e5f60718';
const PATH = `/buildid/${ID}/debuginfo`;
const CONTENT = `debug file of ${ID}`;
const LIMITS = { bytes: 4096, answer: 300, stall: 300, whole: 1500, patience: 5000 };

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers so, and the paths it was asked for. */
async function server(answer: Answer) {
  const asked: string[] = [];
  const http = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, asked };
}

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inspect-debuginfod-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function textOf(bytes: ByteSource): Promise<string> {
  const text = (await bytes.read(0, bytes.size)).toString();
  bytes.close();
  return text;
}

function client(urls: readonly string[], folder = folderOf(), limits: object = {}) {
  const isOfBuild = async (bytes: ByteSource, id: string) =>
    (await bytes.read(0, bytes.size)).toString().endsWith(id);
  const fetch = openDebuginfod({ urls, folder, isOfBuild, limits: { ...LIMITS, ...limits } });
  return {
    folder,
    fetch,
    text: async (id = ID) => {
      const bytes = await fetch(id);
      return bytes && textOf(bytes);
    },
  };
}

const good: Answer = (_, response) => void response.end(CONTENT);

it('fetches a debug file once, and keeps it', async () => {
  const { url, asked } = await server(good);
  const { text, folder } = client([`${url}/`]);
  expect(await Promise.all([text(), text()])).toEqual([CONTENT, CONTENT]);
  expect(await client([url], folder).text()).toBe(CONTENT);
  expect(asked).toEqual([PATH]);
  expect(readdirSync(folder)).toEqual([`${ID}.debug`]);
});

it('asks the next server where one has it not, or does not answer', async () => {
  const none = await server((_, response) => void response.writeHead(404).end());
  const slow = await server(() => undefined);
  const { url } = await server(good);
  expect(await client([none.url, slow.url, 'http://127.0.0.1:1', url]).text()).toBe(CONTENT);
});

it('does not ask a server again for a while that did not answer', async () => {
  const { url, asked } = await server(() => undefined);
  const { text } = client([url]);
  expect(await text()).toBeUndefined();
  expect(await text('00112233aabbccdd')).toBeUndefined();
  expect(asked).toHaveLength(1);
});

it.for([
  ['none is there', (_, response) => void response.writeHead(404).end('no')],
  ['it is of another build', (_, response) => void response.end('debug file of another')],
  ['it is empty', (_, response) => void response.end()],
  [
    'it says that it is too long',
    (_, response) => void response.writeHead(200, { 'content-length': 5000 }).end('x'.repeat(5000)),
  ],
  [
    'it has no end',
    (_, response) => {
      const more = setInterval(() => response.write('x'.repeat(1000)), 1);
      response.on('close', () => clearInterval(more));
    },
  ],
  [
    'it trickles',
    (_, response) => {
      const more = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(more));
    },
  ],
  ['it stops in the middle', (_, response) => void response.write(CONTENT)],
  [
    'the connection breaks',
    (_, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length + 10 });
      response.write(CONTENT, () => response.destroy());
    },
  ],
  [
    'it is packed',
    (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(CONTENT),
  ],
  [
    'redirects lead in a circle',
    (request, response) => void response.writeHead(302, { location: request.url }).end(),
  ],
  [
    'a redirect leads to a file',
    (_, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  ],
  ['a redirect leads nowhere', (_, response) => void response.writeHead(302).end()],
] as readonly (readonly [string, Answer])[])(
  'gives nothing and keeps nothing where %s',
  async ([, answer]) => {
    const { url, asked } = await server(answer);
    const { text, folder } = client([url]);
    const begun = performance.now();
    expect(await text()).toBeUndefined();
    expect(performance.now() - begun).toBeLessThan(4000);
    expect(readdirSync(folder)).toEqual([]);
    expect(asked.length).toBeLessThanOrEqual(6);
  },
);

it('follows a redirect', async () => {
  const { url, asked } = await server((request, response) =>
    request.url === PATH
      ? void response.writeHead(307, { location: '/elsewhere/file' }).end()
      : void response.end(CONTENT),
  );
  expect(await client([url]).text()).toBe(CONTENT);
  expect(asked).toEqual([PATH, '/elsewhere/file']);
});

it('does not wait longer than it should, and has the file the next time', async () => {
  const { url } = await server((_, response) => void setTimeout(() => response.end(CONTENT), 200));
  const { text } = client([url], folderOf(), { patience: 30 });
  expect(await text()).toBeUndefined();
  await expect.poll(text).toBe(CONTENT);
});

it.for(['', 'short', '../../etc/passwd', 'A1B2C3D4', `${'0'.repeat(200)}`])(
  'asks for no build %j',
  async (id) => {
    const { url, asked } = await server(good);
    expect(await client([url]).text(id)).toBeUndefined();
    expect(asked).toEqual([]);
  },
);

it('asks nobody without servers, nor what is none', async () => {
  expect(await client([]).text()).toBeUndefined();
  expect(await client(['ftp://127.0.0.1', 'nonsense', 'file:///etc']).text()).toBeUndefined();
});

it('removes what was not used for longest', async () => {
  const folder = folderOf();
  for (const [name, days] of [
    ['old', 3],
    ['older', 5],
    ['new', 1],
  ] as const) {
    writeFileSync(join(folder, `${name}.debug`), 'x'.repeat(100));
    const then = Date.now() / 1000 - days * 86_400;
    utimesSync(join(folder, `${name}.debug`), then, then);
  }
  writeFileSync(join(folder, 'unrelated'), 'x'.repeat(1000));
  const { url } = await server(good);
  expect(await client([url], folder, { kept: 250 }).text()).toBe(CONTENT);
  expect(readdirSync(folder).sort()).toEqual([`${ID}.debug`, 'new.debug', 'old.debug', 'unrelated'].sort());
  expect(readFileSync(join(folder, `${ID}.debug`), 'utf8')).toBe(CONTENT);
});

it('reads DEBUGINFOD_URLS as gdb does', () => {
  expect(environmentUrls({ DEBUGINFOD_URLS: ' https://a/  http://b:8002\n' })).toEqual([
    'https://a/',
    'http://b:8002',
  ]);
  expect(environmentUrls({})).toEqual([]);
});
