/** What the tests answered, and what that means for the run. */

/**
 * @typedef {object} TestLine one line of reporter.mjs
 * @property {string} name
 * @property {'passed' | 'failed' | 'skipped'} state
 * @property {number} ms
 * @property {string} [reason]
 * @property {string} [message]
 */

/** One test file in one place: `pure`, `host`, `cli` or a guest. */
export class FileResult {
  /** @type {TestLine[]} */
  tests = [];

  /** @param {string} place @param {string} file */
  constructor(place, file) {
    this.place = place;
    this.file = file.replace(/\.js$/, '.ts');
  }

  /** A file whose tests nobody can run. @param {string} place @param {string} file @param {string} reason */
  static skipped(place, file, reason) {
    const result = new FileResult(place, file);
    result.tests.push({ name: '(the file)', state: 'skipped', ms: 0, reason });
    return result;
  }

  /** @param {string} line */
  add(line) {
    try {
      this.tests.push(JSON.parse(line));
    } catch {
      this.#failed('(reading the results)', `not a result: ${line.slice(0, 200)}`);
    }
  }

  /**
   * Ends the file: a crash, or a file without tests, is a failure of its own.
   * @param {boolean} well @param {string} how it ended @param {string} output the last of what it printed
   */
  finish(well, how, output) {
    const seen = output.trim() === '' ? '' : `\n${output.trim()}`;
    if (!well && !this.tests.some((test) => test.state === 'failed')) {
      this.#failed('(the file)', `${how}${seen}`);
    } else if (this.tests.length === 0) {
      this.#failed('(the file)', `holds no tests${seen}`);
    }
  }

  #failed(name, message) {
    this.tests.push({ name, state: 'failed', ms: 0, message });
  }
}

/** What a skipped test lacks, by the convention `needs X: …`, `needs X, Y: …`. @param {string} reason */
export function missing(reason) {
  const named = /^needs ([^:]+)/.exec(reason)?.[1] ?? '';
  return named
    .split(/,| and /)
    .map((word) => word.trim())
    .filter(Boolean);
}

/** Gathers all files of a run. */
export class Results {
  /** @type {FileResult[]} */
  #files = [];
  /** @type {{ what: string, message: string }[]} */
  #troubles = [];
  #kernels;
  #strict;

  /**
   * @param {Record<string, { lacks: string[] }>} kernels what each place is known to lack
   * @param {boolean} strict a skip for any other reason is a failure
   */
  constructor(kernels, strict) {
    this.#kernels = kernels;
    this.#strict = strict;
  }

  /** @param {FileResult} file */
  add(file) {
    this.#files.push(file);
  }

  /** A failure outside the tests: a build, a guest that did not boot. @param {string} what @param {string} message */
  trouble(what, message) {
    this.#troubles.push({ what, message });
  }

  /** Is it known that this place lacks what the test needs? @param {string} place @param {string} reason */
  #isKnown(place, reason) {
    const known = this.#kernels[place]?.lacks ?? [];
    return missing(reason).some((thing) => known.includes(thing));
  }

  /**
   * Counts, and what to say. A test is counted as skipped when it ran on no kernel; one that this kernel skipped
   * and another ran is said, and not counted.
   */
  verdict() {
    const counts = { passed: 0, failed: this.#troubles.length, skipped: 0 };
    const failures = this.#troubles.map(({ what, message }) => ({ where: what, message }));
    /** @type {string[]} */
    const skips = [];
    /** @type {Map<string, { ran: string[], skipped: { place: string, reason: string }[] }>} */
    const byTest = new Map();
    for (const file of this.#files) {
      for (const test of file.tests) {
        const key = `${file.file}: ${test.name}`;
        const where = byTest.get(key) ?? { ran: [], skipped: [] };
        byTest.set(key, where);
        if (test.state === 'skipped') {
          const reason = test.reason ?? '';
          if (this.#strict && !this.#isKnown(file.place, reason)) {
            counts.failed++;
            failures.push({
              where: `${file.place} ${key}`,
              message: `skipped (${reason}), and test/kernels.json does not say that ${file.place} lacks it`,
            });
          } else where.skipped.push({ place: file.place, reason });
          continue;
        }
        where.ran.push(file.place);
        counts[test.state]++;
        if (test.state === 'failed') {
          failures.push({ where: `${file.place} ${key}`, message: test.message ?? '' });
        }
      }
    }
    for (const [key, { ran, skipped }] of byTest) {
      if (skipped.length === 0) continue;
      if (ran.length === 0) counts.skipped++;
      const places = skipped.map(({ place }) => place).join(', ');
      const elsewhere = ran.length > 0 ? `; ran on ${ran.join(', ')}` : '';
      skips.push(`skipped on ${places}: ${key} (${skipped[0]?.reason})${elsewhere}`);
    }
    return { counts, failures, skips };
  }
}

/** One line for a finished file. @param {FileResult} result */
export function summary(result) {
  const count = (state) => result.tests.filter((test) => test.state === state).length;
  const parts = [`${count('passed')} passed`];
  if (count('failed') > 0) parts.push(`${count('failed')} FAILED`);
  if (count('skipped') > 0) parts.push(`${count('skipped')} skipped`);
  const seconds = (result.tests.reduce((sum, test) => sum + test.ms, 0) / 1000).toFixed(1);
  return `${result.place.padEnd(4)} ${result.file}: ${parts.join(', ')} (${seconds} s)`;
}
