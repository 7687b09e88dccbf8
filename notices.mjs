// node notices.mjs writes THIRD-PARTY-NOTICES.md: the licences of all that is bundled, from node_modules.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const NOTICES = join(here, 'THIRD-PARTY-NOTICES.md');
const APACHE = 'gecko-profiler-demangle/LICENSE-APACHE';

/** The terms for who offers the MIT licence without its text. */
const MIT = (holders) =>
  `${holders}\n\n${textOf('gecko-profiler-demangle/LICENSE-MIT').replace(/^Copyright[^\n]*\n+/, '')}`;

/** What packages do not say in a file of their own. */
const FURTHER = {
  '@assemblyscript/loader': {
    text: () =>
      'Copyright Daniel Wirtz and the AssemblyScript authors. The terms of Apache-2.0 stand at the end.',
  },
  'xz-decompress': {
    text: () =>
      MIT(`Copyright (c) Tim Perry
Based on xzwasm, copyright (c) Steve Sanderson, https://github.com/SteveSanderson/xzwasm, MIT
Contains walloc, copyright (c) 2020 Igalia, S.L., https://github.com/wingo/walloc, MIT
Contains xz-embedded by Lasse Collin and Igor Pavlov, https://tukaani.org/xz/embedded.html, in the public domain`),
  },
  'gecko-profiler-demangle': {
    more: `Its WebAssembly is compiled from Rust. It contains these crates, which https://crates.io has with their sources:
cpp_demangle 0.4.4, once_cell 1.21.3, rustc-demangle 0.1.26, wasm-bindgen 0.2.100 and the standard library of Rust (each MIT or
Apache-2.0, used under MIT), and msvc-demangler 0.11.0 (MIT or NCSA: parts of it derive from LLVM; used under MIT).`,
  },
};

const root = (name) => join(here, 'node_modules', name);
const textOf = (file) => readFileSync(root(file), 'utf8').replaceAll('\r\n', '\n').trim();
const manifestOf = (name) => JSON.parse(textOf(`${name}/package.json`));

/** The packages that package.json wants where the extension runs, with those that they want; in the order of their names. */
export function shippedPackages() {
  const wanted = Object.keys(JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).dependencies);
  const found = new Set();
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    wanted.push(...Object.keys(manifestOf(name).dependencies ?? {}));
  }
  return [...found].sort();
}

/** Of two licences to choose from, MIT. */
function licenceText(name) {
  const further = FURTHER[name]?.text;
  if (further) return further();
  const files = readdirSync(root(name)).filter((file) => /^(licen[cs]e|copying)/i.test(file));
  const file = files.find((one) => /mit/i.test(one)) ?? files[0];
  if (file === undefined) throw new Error(`${name} has no licence: say it in notices.mjs`);
  return textOf(`${name}/${file}`);
}

function section(name) {
  const { version, license, licenses, repository } = manifestOf(name);
  const kind = license ?? licenses?.map(({ type }) => type).join(' or ');
  if (!kind) throw new Error(`${name} does not say under which licence it is`);
  const from = (repository?.url ?? repository ?? '').replace(/^git\+|\.git$/g, '').replace(/^git:/, 'https:');
  const notices = readdirSync(root(name)).filter((file) => /notice/i.test(file));
  const texts = [licenceText(name), FURTHER[name]?.more, ...notices.map((file) => textOf(`${name}/${file}`))];
  const fenced = texts.filter(Boolean).map((text) => `\`\`\`\`text\n${text}\n\`\`\`\`\n`);
  const source = /^https?:/.test(from) ? from : `https://github.com/${from}`;
  return `## ${name} ${version}\n\n${kind} · ${source}\n\n${fenced.join('\n')}`;
}

export function notices() {
  const head = `# Third-party notices

io_uring Inspector contains the following software of others. Its own licence is in LICENSE. This file is written by
\`node notices.mjs\`.
`;
  const probe = `## The C library of the probe

\`dist/probe\` holds a program of this project, whose source is in \`src/probe\`, linked statically with the C library of the machine
that built it; with the GNU C Library that is under LGPL-2.1-or-later, https://sourceware.org/glibc. \`npm run build\` links it
with another one.
`;
  const apache = `## Apache License 2.0\n\n\`\`\`\`text\n${textOf(APACHE)}\n\`\`\`\`\n`;
  return [head, ...shippedPackages().map(section), probe, apache].join('\n');
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (!existsSync(root('ssh2'))) throw new Error('node_modules is missing: npm ci');
  writeFileSync(NOTICES, notices());
}
