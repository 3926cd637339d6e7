/** `bpfkit tree --watch`: a live picture on a terminal, lines of events elsewhere. */
import { colorsFor, isTerminal } from '../../text/color.ts';
import type { Field } from '../../tree/fields.ts';
import { parseFormat } from '../../tree/format.ts';
import { planFields, planReport } from '../../tree/report.ts';
import { pictures, plainSymbols } from '../../tree/symbols.ts';
import { localUsers } from '../../tree/users.ts';
import type { Condition } from '../../tree/walk.ts';
import { liveFields } from '../../tree/watch/columns.ts';
import { eventLine, lostLine } from '../../tree/watch/lines.ts';
import { Session } from '../../tree/watch/session.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { conditionOptions, kernelFields, reportFailure, shownTasks } from './report.ts';

interface Wish {
  readonly condition: Condition | undefined;
  readonly format: readonly Field[];
  /** All that the condition and the format look at. */
  readonly fields: readonly Field[];
}

async function wishOf(call: Call): Promise<Wish> {
  if (call.words.length === 0 && !call.has('where')) {
    const { kernelField } = await kernelFields(call);
    const format = parseFormat(call.values('format'), kernelField);
    return { condition: undefined, format, fields: format };
  }
  const [name = '', value = ''] = call.words;
  const plan = planReport('tree', name, value, {
    ...(await conditionOptions('tree', call)),
    format: call.values('format'),
  });
  return { condition: plan.condition, format: plan.format, fields: planFields(plan) };
}

export async function runWatch(call: Call, io: Io): Promise<ExitCode> {
  const symbols = call.has('no-pretty') ? plainSymbols : pictures;
  try {
    if (call.words.length === 1) {
      throw new UsageError('--watch takes a field and a value, or neither', 'tree');
    }
    const wish = await wishOf(call);
    const onTerminal = !call.has('json') && isTerminal(io.out.fd) && process.stdin.isTTY;
    return onTerminal ? await onScreen(wish, call, io) : await asLines(wish, call, io);
  } catch (error) {
    return reportFailure(error, symbols.error, io);
  }
}

async function onScreen(wish: Wish, call: Call, io: Io): Promise<ExitCode> {
  const { watchScreen } = await import('../../tree/watch/live.ts');
  const { readFields } = await import('../../tree/source.ts');
  const signal = await watchScreen({
    ...wish,
    symbols: call.has('no-pretty') ? plainSymbols : pictures,
    users: localUsers(),
    colors: await colorsFor(io.out.fd, io.environment),
    readFields: (fields) => shownTasks(call, readFields(fields)),
  });
  // Whoever waits for this process learns that it was a signal; by now nothing of it is left to undo.
  if (signal !== undefined) process.kill(process.pid, signal);
  return 0;
}

/** How long a line may wait for others to be written with it. */
const FLUSH_MS = 50;

async function asLines({ condition, format, fields }: Wish, call: Call, io: Io): Promise<ExitCode> {
  const unknown = fields.find((field) => !liveFields.has(field.long));
  if (unknown !== undefined) {
    const known = [...liveFields].join(', ');
    throw new UsageError(
      `events do not tell '${unknown.long}': as lines --watch knows ${known}; on a terminal it knows all fields`,
      'tree',
    );
  }
  const json = call.has('json');
  const clockOffset = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  const options = {
    ...{ json, condition, format, users: localUsers(), threads: call.has('threads'), clockOffset },
  };
  let timer: NodeJS.Timeout | undefined;
  let failure: unknown;
  const flush = (): void => {
    timer = undefined;
    try {
      io.out.flush();
      io.err.flush();
    } catch (error) {
      failure = error;
      session.close();
    }
  };
  let walked = false;
  const session = new Session({
    onEvent: (event, task) => {
      const line = eventLine(event, task, session.tree, options);
      if (line !== undefined) io.out.line(line);
    },
    onLost: (more, total) => (json ? io.out : io.err).line(lostLine(more, total, json)),
    onWalk: () => {
      if (walked) return;
      walked = true;
      io.err.line(`watching ${session.tree.size} tasks; Ctrl-C ends`);
    },
    onChange: () => {
      timer ??= setTimeout(flush, FLUSH_MS);
    },
  });
  const end = (): void => session.close();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  try {
    await session.run();
  } finally {
    clearTimeout(timer);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, end);
  }
  if (failure !== undefined) throw failure;
  return 0;
}
