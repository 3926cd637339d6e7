import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strftimeOracle } from '../../../test/support/strftime-oracle.ts';
import { strftime } from './strftime.ts';
import { localZone, parseZone, ruleZone, utc } from './zone.ts';

for (const [format, seconds, zone, expected] of strftimeOracle) {
  test(`${JSON.stringify(format)} at ${seconds} in ${zone} is what libc says`, () => {
    const rule = zone === 'UTC' ? utc : ruleZone(zone);
    assert.ok(rule);
    assert.equal(strftime(format, BigInt(seconds) * 1_000_000_000n, rule), expected);
  });
}

test('%f is the microseconds, and text where libc is meant', () => {
  const time = 1_709_210_096_001_234_567n;
  assert.equal(strftime('%S.%f', time, utc, { fraction: true }), '56.001234');
  assert.equal(strftime('%S.%f', time, utc), '56.%f');
  assert.equal(strftime('%f', -1n, utc, { fraction: true }), '999999');
});

test('bytes that are no conversion stay bytes', () => {
  assert.equal(strftime('\xc3\xa9 %Y', 0n, utc), '\xc3\xa9 1970');
});

/** A zone file of version 2: two changes, then a rule. */
function zoneFile(): Uint8Array {
  const header = (times: number, types: number, characters: number): number[] => [
    ...Buffer.from('TZif2'),
    ...new Array<number>(15).fill(0),
    ...[0, 0, 0, times, types, characters].flatMap((count) => [0, 0, 0, count]),
  ];
  const s64 = (value: number): number[] => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt(value));
    return [...bytes];
  };
  const type = (offset: number, daylight: number, name: number): number[] => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(offset);
    return [...bytes, daylight, name];
  };
  return Uint8Array.from([
    ...header(0, 0, 0),
    ...header(2, 3, 12),
    ...s64(1000),
    ...s64(2000),
    1,
    2,
    ...type(-90, 0, 0),
    ...type(7200, 1, 4),
    ...type(3600, 0, 8),
    ...Buffer.from('LMT\0AAA\0BBB\0'),
    ...Buffer.from('\nCET-1CEST,M3.5.0,M10.5.0/3\n'),
  ]);
}

test('a zone file says what held before, between and after its changes', () => {
  const zone = parseZone(zoneFile());
  assert.ok(zone);
  assert.deepEqual(zone.at(999), { offset: -90, daylight: false, abbreviation: 'LMT' });
  assert.deepEqual(zone.at(1000), { offset: 7200, daylight: true, abbreviation: 'AAA' });
  assert.deepEqual(zone.at(1999), { offset: 7200, daylight: true, abbreviation: 'AAA' });
  assert.deepEqual(zone.at(1_752_577_445), { offset: 7200, daylight: true, abbreviation: 'CEST' });
  assert.deepEqual(zone.at(1_735_689_600), { offset: 3600, daylight: false, abbreviation: 'CET' });
});

test('a zone file that is cut anywhere is no zone, and never an exception that is not caught', () => {
  const whole = zoneFile();
  for (let length = 0; length < whole.length - 30; length++) {
    try {
      parseZone(whole.subarray(0, length));
    } catch (error) {
      assert.ok(error instanceof RangeError);
    }
  }
});

test('TZ is a rule, a file, or nothing that is known', () => {
  assert.equal(localZone({ TZ: 'XYZ-3' }).at(0).offset, 10800);
  assert.equal(localZone({ TZ: '' }).at(0).abbreviation, 'UTC');
  assert.equal(localZone({ TZ: ':No/Such' }).at(0).offset, 0);
  assert.equal(localZone({ TZ: '../../../etc/passwd' }).at(0).offset, 0);
});
