/**
 * A node:test reporter that writes one JSON line a finished test:
 * `{"name": "outer > inner", "state": "passed" | "failed" | "skipped", "ms": 1, "reason"?, "message"?}`.
 * Suites, and tests that failed only because one in them failed, are not counted.
 */

/** Characters of a failure's message; a guest's serial console is slow. */
const MESSAGE_LIMIT = 3000;

export default async function* report(source) {
  /** @type {string[]} */
  const names = [];
  for await (const { type, data } of source) {
    if (type === 'test:start') {
      names.length = data.nesting;
      names[data.nesting] = data.name;
    } else if (type === 'test:pass' || type === 'test:fail') {
      const error = data.details.error;
      if (data.details.type === 'suite' && !ownFailure(error)) continue;
      if (error?.failureType === 'subtestsFailed') continue;
      const skipped = data.skip !== undefined || data.todo !== undefined;
      const line = {
        name: [...names.slice(0, data.nesting), data.name].join(' > '),
        state: skipped ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed',
        ms: Math.round(data.details.duration_ms),
        ...(skipped ? { reason: String(data.skip ?? data.todo) } : {}),
        ...(type === 'test:fail' && !skipped ? { message: text(error) } : {}),
      };
      yield `${JSON.stringify(line)}\n`;
    }
  }
}

function ownFailure(error) {
  return error !== undefined && error.failureType !== 'subtestsFailed';
}

function text(error) {
  const cause = error?.cause ?? error;
  const full = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  const lines = full.split('\n').filter((line) => !/^\s+at .*(node:internal|node:async_hooks)/.test(line));
  return lines.join('\n').slice(0, MESSAGE_LIMIT);
}
