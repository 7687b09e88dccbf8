import { describe, expect, it } from 'vitest';
import { overlayDirectories } from '../../../src/procfs/overlayOptions';

const of = (...options: readonly string[]) =>
  overlayDirectories(options).map(({ directory, upper }) => `${directory}${upper ? ' upper' : ''}`);

describe('the directories of an overlay', () => {
  it('come with the upper one first, which only it is', () => {
    expect(of('rw', 'lowerdir=/a:/b', 'upperdir=/u', 'workdir=/w')).toEqual(['/u upper', '/a', '/b']);
    expect(of('lowerdir+=/a:b', 'lowerdir+=/c', 'datadir+=/d')).toEqual(['/a:b', '/c', '/d']);
    expect(of('lowerdir=/a::/data')).toEqual(['/a', '/data']);
  });

  it('may have colons in their names', () => {
    expect(of('lowerdir=/a\\:b:/c')).toEqual(['/a:b', '/c']);
  });

  it('are left out where nobody can tell from where they are meant', () => {
    expect(of('lowerdir=l/AB:l/CD', 'upperdir=')).toEqual([]);
    expect(of('lowerdir', 'upperdir', '')).toEqual([]);
  });
});
