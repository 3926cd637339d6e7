/**
 * The local time zone, from the file that libc reads (tzfile(5), RFC 9636) or a POSIX rule such as
 * `CET-1CEST,M3.5.0,M10.5.0/3`. Node's own dates know no abbreviations like CEST, and cost a start more.
 *
 * A file holds moments at which the offset changed, and after the last of them a rule as above, its footer.
 */
import { readFileSync } from 'node:fs';

export interface LocalOffset {
  /** Seconds east of Greenwich. */
  readonly offset: number;
  readonly daylight: boolean;
  /** `CEST` */
  readonly abbreviation: string;
}

export interface Zone {
  /** What holds at a time in seconds since 1970. */
  at(seconds: number): LocalOffset;
}

const greenwich: LocalOffset = { offset: 0, daylight: false, abbreviation: 'UTC' };
export const utc: Zone = { at: () => greenwich };

/** The zone of this process: TZ, else /etc/localtime; UTC where neither says anything. */
export function localZone(environment: NodeJS.ProcessEnv = process.env): Zone {
  const named = environment.TZ;
  if (named === undefined) return fileZone('/etc/localtime') ?? utc;
  const name = named.replace(/^:/, '');
  if (name === '') return utc;
  const path = name.startsWith('/') ? name : `/usr/share/zoneinfo/${name}`;
  return (name.includes('..') ? undefined : fileZone(path)) ?? ruleZone(name) ?? utc;
}

function fileZone(path: string): Zone | undefined {
  try {
    return parseZone(readFileSync(path));
  } catch {
    return undefined;
  }
}

const headerSize = 44;

/** A zone from the bytes of a zone file; undefined for bytes that are none. */
export function parseZone(bytes: Uint8Array): Zone | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = headerAt(view, 0);
  if (head === undefined) return undefined;
  // The first block is for readers of 32-bit times; later versions repeat it with 64.
  if (head.version < 2) return zoneOf(view, headerSize, head, 4, '');
  const second = headerSize + blockSize(head, 4);
  const wide = headerAt(view, second);
  if (wide === undefined) return undefined;
  const footer = second + headerSize + blockSize(wide, 8);
  const rule = Buffer.from(bytes.subarray(footer)).toString('latin1').split('\n')[1] ?? '';
  return zoneOf(view, second + headerSize, wide, 8, rule);
}

interface Header {
  readonly version: number;
  readonly utcFlags: number;
  readonly standardFlags: number;
  readonly leaps: number;
  readonly times: number;
  readonly types: number;
  readonly characters: number;
}

function headerAt(view: DataView, at: number): Header | undefined {
  if (at + headerSize > view.byteLength || view.getUint32(at) !== 0x545a6966) return undefined;
  const version = view.getUint8(at + 4);
  const count = (index: number): number => view.getUint32(at + 20 + 4 * index);
  return {
    version: version === 0 ? 1 : version - 0x30,
    utcFlags: count(0),
    standardFlags: count(1),
    leaps: count(2),
    times: count(3),
    types: count(4),
    characters: count(5),
  };
}

function blockSize(head: Header, width: number): number {
  return (
    head.times * (width + 1) +
    head.types * 6 +
    head.characters +
    head.leaps * (width + 4) +
    head.standardFlags +
    head.utcFlags
  );
}

function zoneOf(view: DataView, at: number, head: Header, width: number, footer: string): Zone | undefined {
  const indices = at + head.times * width;
  const records = indices + head.times;
  const names = records + head.types * 6;
  if (head.types === 0 || names + head.characters > view.byteLength) return undefined;
  const types = Array.from({ length: head.types }, (_, i): LocalOffset => {
    const record = records + 6 * i;
    let abbreviation = '';
    for (let c = names + view.getUint8(record + 5); view.getUint8(c) !== 0; c++) {
      abbreviation += String.fromCharCode(view.getUint8(c));
    }
    return { offset: view.getInt32(record), daylight: view.getUint8(record + 4) !== 0, abbreviation };
  });
  const times = Array.from({ length: head.times }, (_, i) =>
    width === 8 ? Number(view.getBigInt64(at + 8 * i)) : view.getInt32(at + 4 * i),
  );
  const after = footer === '' ? undefined : ruleZone(footer);
  const first = types.find((type) => !type.daylight) ?? types[0]!;
  return {
    at(seconds) {
      let low = 0;
      let high = times.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (times[middle]! <= seconds) low = middle + 1;
        else high = middle;
      }
      if (low === times.length && after !== undefined) return after.at(seconds);
      if (low === 0) return first;
      return types[view.getUint8(indices + low - 1)] ?? first;
    },
  };
}

/** A day of a year at which a rule begins or ends, and the local time then. */
interface RuleDay {
  /** `M`: week and weekday of a month; `J`: day from 1, without 29 February; `n`: day from 0. */
  readonly form: 'M' | 'J' | 'n';
  readonly month: number;
  readonly week: number;
  readonly day: number;
  readonly seconds: number;
}

const rulePattern =
  /^(?:<([^>]+)>|([A-Za-z]{3,}))([+-]?[\d:]+)(?:(?:<([^>]+)>|([A-Za-z]{3,}))([+-]?[\d:]+)?(?:,([^,]+),([^,]+))?)?$/;

/** A zone by a POSIX rule; undefined for text that is none. */
export function ruleZone(rule: string): Zone | undefined {
  const match = rulePattern.exec(rule);
  if (match === null) return undefined;
  // POSIX counts west, everybody else east.
  const standard: LocalOffset = {
    offset: -secondsOf(match[3]!),
    daylight: false,
    abbreviation: match[1] ?? match[2]!,
  };
  const summerName = match[4] ?? match[5];
  if (summerName === undefined) return { at: () => standard };
  const daylight: LocalOffset = {
    offset: match[6] === undefined ? standard.offset + 3600 : -secondsOf(match[6]),
    daylight: true,
    abbreviation: summerName,
  };
  const begin = ruleDay(match[7] ?? 'M3.2.0');
  const end = ruleDay(match[8] ?? 'M11.1.0');
  if (begin === undefined || end === undefined) return undefined;
  return {
    at(seconds) {
      const year = new Date((seconds + standard.offset) * 1000).getUTCFullYear();
      const from = momentOf(begin, year) - standard.offset;
      const to = momentOf(end, year) - daylight.offset;
      const inside = from < to ? seconds >= from && seconds < to : seconds >= from || seconds < to;
      return inside ? daylight : standard;
    },
  };
}

function secondsOf(text: string): number {
  const negative = text.startsWith('-');
  const [hours = 0, minutes = 0, seconds = 0] = text.replace(/^[+-]/, '').split(':').map(Number);
  const value = hours * 3600 + minutes * 60 + seconds;
  return negative ? -value : value;
}

function ruleDay(text: string): RuleDay | undefined {
  const [place = '', time] = text.split('/');
  const seconds = time === undefined ? 7200 : secondsOf(time);
  const byWeek = /^M(\d+)\.(\d)\.(\d)$/.exec(place);
  if (byWeek !== null) {
    const [month, week, day] = byWeek.slice(1).map(Number) as [number, number, number];
    return { form: 'M', month, week, day, seconds };
  }
  const byDay = /^(J?)(\d+)$/.exec(place);
  if (byDay === null) return undefined;
  return { form: byDay[1] === 'J' ? 'J' : 'n', month: 0, week: 0, day: Number(byDay[2]), seconds };
}

const daySeconds = 86_400;

/** Seconds since 1970 as if local time were UTC. */
function momentOf(rule: RuleDay, year: number): number {
  const newYear = Date.UTC(year, 0, 1) / 1000;
  if (rule.form === 'n') return newYear + rule.day * daySeconds + rule.seconds;
  if (rule.form === 'J') {
    const leap = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
    const day = rule.day - 1 + (leap && rule.day >= 60 ? 1 : 0);
    return newYear + day * daySeconds + rule.seconds;
  }
  const first = new Date(Date.UTC(year, rule.month - 1, 1)).getUTCDay();
  let day = 1 + ((rule.day - first + 7) % 7) + (rule.week - 1) * 7;
  // The fifth week is the last one, which may be the fourth.
  if (day > new Date(Date.UTC(year, rule.month, 0)).getUTCDate()) day -= 7;
  return Date.UTC(year, rule.month - 1, day) / 1000 + rule.seconds;
}
