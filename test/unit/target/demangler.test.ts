import { expect, it } from 'vitest';
import { openDemangler } from '../../../src/target/demangler';

const demangle = openDemangler(import.meta.dirname);

it.for([
  ['_ZN3foo3barEv', 'foo::bar()'],
  ['_ZN12_GLOBAL__N_15entryEv.constprop.0.isra.1', '(anonymous namespace)::entry()'],
  ['_Z5readyi.cold', 'ready(int)'],
  ['_Z7handlerPZ4mainE5Frame.actor', 'handler(main::Frame*) [clone .actor]'],
  ['_ZNKSt8functionIFllEEclEl', 'std::function<long (long)>::operator()(long) const'],
  ['_ZN4core3fmt9Formatter3pad17h0123456789abcdefE', 'core::fmt::Formatter::pad'],
  ['_RNvCs1234_7mycrate3foo', 'mycrate::foo'],
] as const)('%s is %s', async ([name, shown]) => {
  expect(await demangle(name)).toBe(shown);
});

it.for(['main', '_start', 'std::swap', '_Zfoo', '_ZN3foo', '_R', '?f@@YAXXZ', 'main.(*T).run', '', '_Zé'])(
  '%j stays as it is',
  async (name) => {
    expect(await demangle(name)).toBeUndefined();
  },
);

/** Each argument is the one before, twice. */
function doubling(times: number): string {
  let name = '_Z1f1AIiiE';
  for (let n = 0; n < times; n++) {
    const before = n === 0 ? 'S0_' : `S${n.toString(36).toUpperCase()}_`;
    name += `S_I${before}${before}E`;
  }
  return name;
}

it('gives up on names that grow without end, and goes on with others', async () => {
  const hostile = openDemangler(import.meta.dirname);
  const begun = performance.now();
  for (const times of [30, 35]) expect(await hostile(doubling(times))).toBeUndefined();
  expect(await hostile(`_Z1f${'P'.repeat(100_000)}i`)).toBeUndefined();
  expect(performance.now() - begun).toBeLessThan(5_000);
  expect(await hostile('_ZN3foo3barEv')).toBe('foo::bar()');
});

it('leaves names alone where its module is missing', async () => {
  expect(await openDemangler('/nonexistent')('_ZN3foo3barEv')).toBeUndefined();
});
