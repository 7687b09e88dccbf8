import { describe, expect, it } from 'vitest';
import { kernelVersion } from '../../../src/source/kernelVersion';
import { linkWords, missingWords, otherVersionWords } from '../../../src/views/kernelWords';
import { below, children, rowsOf } from './rows';
import { stuck, worker } from './samples';

const words = (kernel: string, stable?: string) => {
  const host = { kernel, ...(stable === undefined ? {} : { stable }) };
  const version = kernelVersion(host);
  return version && linkWords(host, version);
};

describe('a frame of a kernel stack', () => {
  it('leads to its source, with the whole stack to choose by', () => {
    const seen = stuck({ tasks: [worker(7)] });
    const blocked = children(below(rowsOf(seen), 'Blocked threads'));
    const rows = children(blocked[0]).filter(({ kernelFrame }) => kernelFrame);
    expect(rows.map(({ label }) => label)).toEqual(
      seen.tasks[0]?.kernelStack?.map((frame) => frame.function),
    );
    for (const { kernelFrame, context, label } of rows) {
      expect(context).toBe('kernelFrame');
      expect(kernelFrame?.frame.function).toBe(label);
      expect(kernelFrame?.stack).toBe(seen.tasks[0]?.kernelStack);
      expect(kernelFrame?.host).toBe(seen.host);
    }
  });
});

describe('the words about a kernel’s source', () => {
  it('say which version the web has, and how near that is', () => {
    expect(words('6.18.44')).toMatch(/as Linux 6\.18\.44 has it\.$/);
    expect(words('6.1.0-27-amd64', '6.1.115')).toMatch(
      /as Linux 6\.1\.115 has it, which 6\.1\.0-27-amd64 was built from/,
    );
    expect(words('6.11.4-301.fc41.x86_64')).toMatch(
      /6\.11\.4 has it, the nearest stable version: .* is a vendor’s own\.$/,
    );
    expect(words('5.14.0-427.el9.x86_64')).toMatch(/5\.14 has it, the nearest.*differ much/);
  });

  it('say what is missing', () => {
    expect(missingWords('io_read', undefined, undefined)).toMatch(/No folder .* io_read from\.$/);
    expect(missingWords('io_read', undefined, '/b/rw.c:7')).toContain('io_read (/b/rw.c:7)');
    expect(missingWords('io_read', '/src', undefined)).toBe('/src does not define io_read.');
  });

  it('say when a tree is of another version, and only then', () => {
    const host = { kernel: '6.1.0-27-amd64', stable: '6.1.115' };
    expect(otherVersionWords(host, kernelVersion(host), 'v6.1.192')).toMatch(/6\.1\.192.*6\.1\.0-27-amd64/);
    expect(otherVersionWords(host, kernelVersion(host), 'v6.1.115')).toBeUndefined();
    expect(otherVersionWords(host, kernelVersion(host), undefined)).toBeUndefined();
  });
});
