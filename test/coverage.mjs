// npm run coverage, or the stage of that name: the share of each room's lines that tests have run, of what the stages unit, golden and
// real have left in .cache/coverage. Lines of src/source read running programs: the tests of real that do so count there too.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import coverage from 'istanbul-lib-coverage';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const folder = path.join(root, '.cache/coverage');
const BAR = 90;
/** Rooms of the domain: what decides whether an answer is right. */
const ROOMS = [
  'procfs',
  'ring',
  'kernel',
  'source',
  'sample',
  'explain',
  'trace',
  'inspect',
  'debug',
  'model',
];
/** Of these alone, tests at running programs count. */
const WITH_REAL = ['source'];

function mapOf(names) {
  const map = coverage.createCoverageMap({});
  for (const name of names) {
    const file = path.join(folder, name, 'coverage-final.json');
    if (existsSync(file)) map.merge(JSON.parse(readFileSync(file, 'utf8')));
  }
  return map;
}

/** Lines of a room, and those that ran; files with the most that did not come first. */
function linesOf(map, room) {
  const files = map
    .files()
    .filter((file) => file.startsWith(path.join(root, 'src', room) + path.sep))
    .map((file) => ({ file: path.relative(root, file), lines: map.fileCoverageFor(file).toSummary().lines }))
    .sort((a, b) => b.lines.total - b.lines.covered - (a.lines.total - a.lines.covered));
  const sum = (which) => files.reduce((total, { lines }) => total + lines[which], 0);
  return { files, total: sum('total'), covered: sum('covered') };
}

const names = existsSync(folder) ? readdirSync(folder) : [];
if (!names.includes('unit') || !names.includes('golden')) {
  process.stdout.write('There is nothing to count yet: node test/run.mjs unit golden real coverage\n');
  process.exitCode = 1;
} else {
  const pure = mapOf(['unit', 'golden']);
  const all = mapOf(['unit', 'golden', 'real']);
  const isWhole = names.includes('real') && !existsSync(path.join(folder, 'real', 'skipped'));
  for (const room of ROOMS) {
    const { files, total, covered } = linesOf(WITH_REAL.includes(room) ? all : pure, room);
    const share = total === 0 ? 0 : (100 * covered) / total;
    const isLow = share < BAR;
    const isExcused = isLow && WITH_REAL.includes(room) && !isWhole;
    const words = isExcused
      ? 'skipped: some of its tests at running programs did not run'
      : isLow
        ? 'FAIL'
        : 'ok';
    process.stdout.write(`${room.padEnd(8)} ${share.toFixed(1).padStart(5)} % of ${total} lines  ${words}\n`);
    if (!isLow || isExcused) continue;
    for (const { file, lines } of files.slice(0, 10))
      process.stdout.write(`    ${file}: ${lines.total - lines.covered} of ${lines.total} not run\n`);
    process.exitCode = 1;
  }
}
