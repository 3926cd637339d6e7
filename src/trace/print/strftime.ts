/**
 * strftime(3) of glibc in the C locale, which is the one that bpftrace runs in, and its own parts of a second:
 * `%l`, `%f` and `%k` are the milli-, micro- and nanoseconds.
 *
 * A conversion is `%`, flags (`_` spaces, `-` nothing, `0` zeros, `^` upper case, `#` the other case), a width,
 * `E` or `O` (no effect in the C locale), a letter. What is no conversion is printed as it stands.
 */
import type { LocalOffset, Zone } from './zone.ts';

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

export interface StrftimeOptions {
  /** `%l`, `%f` and `%k` are parts of the second. Default false: as to libc. */
  readonly fraction?: boolean;
}

interface Moment {
  /** Local time, in a date whose UTC fields are the local ones. */
  readonly date: Date;
  readonly local: LocalOffset;
  readonly seconds: bigint;
  /** Nanoseconds of the second. */
  readonly rest: number;
  readonly yearDay: number;
  readonly options: StrftimeOptions;
}

/** A number with the width and the filling that it has by itself. */
interface Numeric {
  readonly value: number;
  readonly width: number;
  readonly fill: '0' | ' ';
  /** `%z` and `%C` of years before 0. */
  readonly sign?: string;
}

const billion = 1_000_000_000n;
const conversion = /%([_\-0^#]*)(\d*)([EO]?)(.)/gs;

/** `nanoseconds` since 1970; `format` and result are bytes, one character each. */
export function strftime(
  format: string,
  nanoseconds: bigint,
  zone: Zone,
  options: StrftimeOptions = {},
): string {
  let seconds = nanoseconds / billion;
  if (seconds * billion > nanoseconds) seconds -= 1n;
  const local = zone.at(Number(seconds));
  const date = new Date((Number(seconds) + local.offset) * 1000);
  const moment: Moment = {
    date,
    local,
    seconds,
    rest: Number(nanoseconds - seconds * billion),
    yearDay: Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000),
    options,
  };
  return expand(format, moment);
}

function expand(format: string, moment: Moment): string {
  return format.replace(conversion, (written, flags: string, width: string, _modifier, letter: string) => {
    const made = convert(letter, moment);
    if (made === undefined) return written;
    if (typeof made === 'string') return adjusted(made, flags, width, letter);
    return numbered(made, flags, width);
  });
}

function adjusted(text: string, flags: string, width: string, letter: string): string {
  let shown = text;
  if (flags.includes('^')) shown = shown.toUpperCase();
  // The other case: lower for what is all upper by itself.
  else if (flags.includes('#')) shown = 'pZ'.includes(letter) ? shown.toLowerCase() : shown.toUpperCase();
  return shown.padStart(Number(width || 0), flags.includes('0') ? '0' : ' ');
}

function numbered({ value, width, fill, sign = '' }: Numeric, flags: string, given: string): string {
  const digits = String(Math.abs(value));
  const minus = value < 0 ? '-' : sign;
  const flag = [...flags].reverse().find((one) => '_-0'.includes(one));
  if (flag === '-') return `${minus}${digits}`.padStart(Number(given || 0));
  const filling = flag === undefined ? fill : flag === '_' ? ' ' : '0';
  const total = given === '' ? width : Number(given);
  if (filling === ' ') return `${minus}${digits}`.padStart(total, ' ');
  return `${minus}${digits.padStart(total - minus.length, '0')}`;
}

function convert(letter: string, moment: Moment): string | Numeric | undefined {
  const { date, local, yearDay } = moment;
  const year = date.getUTCFullYear();
  const hour = date.getUTCHours();
  const two = (value: number): Numeric => ({ value, width: 2, fill: '0' });
  switch (letter) {
    case 'a':
      return days[date.getUTCDay()]!.slice(0, 3);
    case 'A':
      return days[date.getUTCDay()]!;
    case 'b':
    case 'h':
      return months[date.getUTCMonth()]!.slice(0, 3);
    case 'B':
      return months[date.getUTCMonth()]!;
    case 'c':
      return expand('%a %b %e %H:%M:%S %Y', moment);
    case 'C':
      return two(Math.floor(year / 100));
    case 'd':
      return two(date.getUTCDate());
    case 'D':
    case 'x':
      return expand('%m/%d/%y', moment);
    case 'e':
      return { value: date.getUTCDate(), width: 2, fill: ' ' };
    case 'f':
      if (!moment.options.fraction) return undefined;
      return { value: Math.floor(moment.rest / 1000), width: 6, fill: '0' };
    case 'F':
      return expand('%Y-%m-%d', moment);
    case 'g':
      return two(((weekOf(moment).year % 100) + 100) % 100);
    case 'G':
      return { value: weekOf(moment).year, width: 1, fill: '0' };
    case 'H':
      return two(hour);
    case 'I':
      return two(hour % 12 || 12);
    case 'j':
      return { value: yearDay + 1, width: 3, fill: '0' };
    case 'k':
      if (moment.options.fraction) return { value: moment.rest, width: 9, fill: '0' };
      return { value: hour, width: 2, fill: ' ' };
    case 'l':
      if (moment.options.fraction) return { value: Math.floor(moment.rest / 1e6), width: 3, fill: '0' };
      return { value: hour % 12 || 12, width: 2, fill: ' ' };
    case 'm':
      return two(date.getUTCMonth() + 1);
    case 'M':
      return two(date.getUTCMinutes());
    case 'n':
      return '\n';
    case 'p':
      return hour < 12 ? 'AM' : 'PM';
    case 'P':
      return hour < 12 ? 'am' : 'pm';
    case 'r':
      return expand('%I:%M:%S %p', moment);
    case 'R':
      return expand('%H:%M', moment);
    case 's':
      return { value: Number(moment.seconds), width: 1, fill: '0' };
    case 'S':
      return two(date.getUTCSeconds());
    case 't':
      return '\t';
    case 'T':
    case 'X':
      return expand('%H:%M:%S', moment);
    case 'u':
      return { value: date.getUTCDay() || 7, width: 1, fill: '0' };
    case 'U':
      return two(Math.floor((yearDay + 7 - date.getUTCDay()) / 7));
    case 'V':
      return two(weekOf(moment).week);
    case 'w':
      return { value: date.getUTCDay(), width: 1, fill: '0' };
    case 'W':
      return two(Math.floor((yearDay + 7 - ((date.getUTCDay() + 6) % 7)) / 7));
    case 'y':
      return two(((year % 100) + 100) % 100);
    case 'Y':
      return { value: year, width: 1, fill: '0' };
    case 'z': {
      const minutes = Math.trunc(local.offset / 60);
      const magnitude = Math.abs(minutes);
      const value = Math.floor(magnitude / 60) * 100 + (magnitude % 60);
      return { value, width: 5, fill: '0', sign: minutes < 0 ? '-' : '+' };
    }
    case 'Z':
      return local.abbreviation;
    case '+':
      return undefined;
    case '%':
      return '%';
    default:
      return undefined;
  }
}

/** ISO 8601: the week that has the year's first Thursday is its first. */
function weekOf({ date }: Moment): { readonly year: number; readonly week: number } {
  const thursday = new Date(date.getTime());
  thursday.setUTCDate(date.getUTCDate() + 3 - ((date.getUTCDay() + 6) % 7));
  const year = thursday.getUTCFullYear();
  const day = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / 86_400_000);
  return { year, week: Math.floor(day / 7) + 1 };
}
