import { expect, it } from 'vitest';
import type { UserFrame } from '../../../src/model/sample';
import type { BinaryFacts } from '../../../src/source/binaryFacts';
import { blindSources, isBlindSource } from '../../../src/source/blindSources';
import { withStanding } from '../../../src/source/standing';
import { sampleOf, taskOf } from '../samples';

const frame = (binary: string | undefined, name: string, line?: number): UserFrame => ({
  function: name,
  address: '0x10',
  trust: 'proven',
  ...(binary === undefined ? {} : { binary }),
  ...(line === undefined ? {} : { file: '/src/a.c', line }),
});
const LIBC = frame('/usr/lib/x86_64-linux-gnu/libc.so.6', 'read');

function blind(frames: readonly UserFrame[], facts: Partial<BinaryFacts> = {}) {
  const sample = sampleOf({ tasks: [taskOf({ tid: 7, userStack: [LIBC, ...frames] })] });
  const known: BinaryFacts = { replaced: false, debug: 'none', named: true, ...facts };
  return blindSources(sample, () => known);
}

it('says how a program without debug information is compiled, or where that is to be had', () => {
  const [row, ...others] = blind([frame('/opt/a/server', 'serve')], { buildId: 'a1b2' });
  expect(others).toEqual([]);
  expect(row).toEqual({
    what: 'source lines of server',
    why: 'it has no debug information',
    remedy:
      'compile it with -g, or install its -dbgsym or -debuginfo package (build-id a1b2), or name a server of debuginfod (debuginfod.urls, --debuginfod)',
  });
});

it('keeps its advice as short as the report shows it', () => {
  const facts = [
    { buildId: 'a'.repeat(40) },
    { debug: 'of another build', buildId: 'a'.repeat(40) },
    { debug: 'unknown', why: 'it cannot be read without root' },
  ] as const;
  for (const one of facts)
    for (const { remedy = '' } of blind([frame('/opt/a/server', 'serve')], one)) {
      expect(remedy).not.toBe('');
      expect(remedy.length).toBeLessThanOrEqual(200);
    }
});

it.for([
  [
    { named: false },
    'it has no debug information and was stripped of its functions’ names',
    /compile it with -g/,
  ],
  [
    { debug: 'of another build', buildId: 'c3' },
    'the debug information that is there belongs to another build',
    /build-id c3/,
  ],
  [
    { debug: 'unknown', why: 'it cannot be read without root' },
    'it cannot be read without root',
    /CAP_CHECKPOINT_RESTORE/,
  ],
  [
    { debug: 'unknown', why: 'another file has its name by now; the running one takes root to read' },
    'another file has its name by now; the running one takes root to read',
    /sudo.*restart/,
  ],
] as const)('tells apart why: %j', ([facts, why, remedy]) => {
  expect(blind([frame('/opt/a/server', 'serve')], facts)).toMatchObject([
    { what: 'source lines of server', why, remedy: expect.stringMatching(remedy) },
  ]);
});

it('is silent where lines are told, and of what a distribution brings', () => {
  expect(blind([frame('/opt/a/server', 'serve', 12)], { debug: 'present' })).toEqual([]);
  expect(blind([frame('/opt/a/server', 'serve', 12)])).toEqual([]);
  expect(blind([frame('/usr/lib64/libssl.so.3', 'SSL_read'), frame('[vdso]', 'x')])).toEqual([]);
  expect(blind([])).toEqual([]);
});

it('says that a program was replaced since it was started', () => {
  expect(blind([frame('/opt/a/server', 'serve', 12)], { debug: 'present', replaced: true })).toMatchObject([
    { what: 'the source of server', why: expect.stringContaining('another build') },
  ]);
});

it.for([
  ['/usr/bin/python3.12', 'functions of the Python script', /-X perf/],
  ['/usr/local/lib/libpython3.11.so.1.0', 'functions of the Python script', /-X perf/],
  ['/usr/bin/node', 'functions of the JavaScript program', /--perf-basic-prof/],
  ['/usr/bin/ruby3.1', 'functions of the Ruby script', undefined],
  ['/usr/sbin/php-fpm8.2', 'functions of the PHP script', undefined],
] as const)('says that frames of %s are the interpreter’s own', ([binary, what, remedy]) => {
  const rows = blind([frame(binary, '_PyEval_EvalFrameDefault')]);
  expect(rows).toMatchObject([{ what, why: expect.stringContaining('interpreter’s own') }]);
  if (remedy) expect(rows[0]?.remedy).toMatch(remedy);
  expect(blind([frame(binary, 'main'), frame(undefined, 'py::take:/a.py')])).toEqual([]);
});

it('says that of functions of JavaScript the beginning is told', () => {
  const rows = blind([frame('/usr/bin/node', 'main'), frame(undefined, 'take', 12)]);
  expect(rows).toMatchObject([{ what: 'source lines of the JavaScript program' }]);
  expect(rows.every(isBlindSource)).toBe(true);
});

it('says how code that is made at run time gets names', () => {
  const made = frame(undefined, '0x7f0010 in code made while it runs');
  expect(blind([frame('/opt/jdk/lib/server/libjvm.so', 'x'), made])).toMatchObject([
    { what: 'functions of the Java program', remedy: expect.stringContaining('Compiler.perfmap') },
  ]);
  expect(blind([frame('/opt/jdk/lib/server/libjvm.so', 'x')])).toEqual([]);
  expect(blind([made])).toMatchObject([{ why: expect.stringContaining('/tmp/perf-PID.map') }]);
});

it('goes with the stacks that are taken over from an earlier look', () => {
  const task = taskOf({ tid: 7, lastRan: 5 });
  const rows = blind([frame('/opt/a/server', 'serve')]);
  const earlier = sampleOf({
    tasks: [{ ...task, userStack: [frame('/opt/a/server', 'serve')] }],
    notVisible: [{ what: 'stacks', why: 'x' }, ...rows],
  });
  expect(rows.every(isBlindSource)).toBe(true);
  expect(withStanding(sampleOf({ tasks: [task] }), earlier).notVisible).toEqual(rows);
});
