import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import { reportText } from '../../../src/explain/report';
import { wrap } from '../../../src/explain/style';
import { fileOf, ringOf, sampleOf, stackOf, taskOf } from '../samples';

const EVIL = '\u001b[2J\nSTUCK  forged line\r\u202e';
const HOSTILE = explain(
  sampleOf({
    process: { pid: 7, name: EVIL, command: [EVIL, EVIL] },
    tasks: [
      taskOf({
        name: EVIL,
        state: 'D',
        wchan: EVIL,
        blocked: 9,
        kernelStack: stackOf('request_wait_answer'),
      }),
    ],
    rings: [ringOf()],
    resources: [fileOf(4, `/mnt/${EVIL}`, { mount: EVIL, source: EVIL, fsType: 'fuse.x' })],
  }),
  { last: true },
).sample;

describe('the report', () => {
  it('lets no control character of the target through', () => {
    const text = reportText(HOSTILE).replaceAll('\n', '');
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });

  it('forges no line from a name', () => {
    expect(
      reportText(HOSTILE)
        .split('\n')
        .filter((line) => line.startsWith('STUCK')),
    ).toHaveLength(1);
  });

  it('has colours only when asked', () => {
    const colored = reportText(HOSTILE, { color: true });
    expect(colored).toContain('\u001b[1;31m');
    expect(colored.replace(/\u001b\[[\d;]*m/g, '').replaceAll('\n', '')).not.toContain('\u001b');
  });

  it('keeps within the width', () => {
    for (const line of reportText(sampleOf(), { width: 60 }).split('\n'))
      expect(line.length).toBeLessThanOrEqual(60);
  });
});

describe('wrapping', () => {
  it('breaks at spaces and indents what follows', () => {
    expect(wrap('  one two three', 9, '    ')).toEqual(['  one two', '    three']);
  });

  it('leaves a long word whole', () => {
    expect(wrap('a verylongword b', 6, '')).toEqual(['a', 'verylongword', 'b']);
  });

  it('ends a colour at the break and begins it anew', () => {
    expect(wrap('\u001b[1mone two\u001b[0m', 4, ' ')).toEqual([
      '\u001b[1mone\u001b[0m',
      ' \u001b[1mtwo\u001b[0m',
    ]);
  });
});
