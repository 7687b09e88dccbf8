import { describe, expect, it } from 'vitest';
import { parsePressure } from '../../../src/procfs/pressure';

describe('parsePressure', () => {
  it('reads the totals (6.18, /proc/pressure/io)', () => {
    const text =
      'some avg10=53.42 avg60=38.29 avg300=44.86 total=10928460024\n' +
      'full avg10=8.87 avg60=6.04 avg300=16.08 total=3528223870\n';
    expect(parsePressure(text)).toEqual({ some: 10928460024, full: 3528223870 });
  });

  it('reads one without the second row (5.10, cpu)', () => {
    expect(parsePressure('some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n')).toEqual({ some: 12 });
  });

  it.each(['', 'some', 'some total=x', 'full avg10=0.00 total=7', 'some total=99999999999999999999'])(
    'knows nothing of %j',
    (text) => {
      expect(parsePressure(text)).toBeUndefined();
    },
  );
});
