import { escapeText } from '../../text/escape.ts';
import { openCapture } from '../../tree/capture/open.ts';
import { diffSnapshots } from '../../tree/diff/diff.ts';
import { identityWarning, writeDiff } from '../../tree/diff/report.ts';
import { pictures, plainSymbols } from '../../tree/symbols.ts';
import { localUsers } from '../../tree/users.ts';
import { type Call, type ExitCode, type Io, UsageError } from '../command.ts';
import { reportFailure, shownTasks } from './report.ts';

/** As diff(1): 0 nothing differs, 1 something does, 2 trouble. */
export function run(call: Call, io: Io): ExitCode {
  const symbols = call.has('no-pretty') ? plainSymbols : pictures;
  try {
    const [one = '', other = ''] = call.words;
    if (one === '-' && other === '-') {
      throw new UsageError('only one of the two captures can be standard input', 'diff');
    }
    const [before, after] = [openCapture(one), openCapture(other)];
    const [then, now] = [shownTasks(call, before.snapshot), shownTasks(call, after.snapshot)];
    for (const [path, { warnings }] of [
      [one, before],
      [other, after],
    ] as const) {
      for (const warning of warnings) io.err.line(`${symbols.warning} ${escapeText(path)}: ${warning}`);
    }
    const difference = diffSnapshots(then, now);
    const warning = identityWarning(difference.identity);
    if (warning !== undefined) io.err.line(`${symbols.warning} ${warning}`);
    writeDiff(
      {
        ...{ before: then, after: now, difference },
        ...{ users: localUsers(), json: call.has('json') },
      },
      (line) => io.out.line(line),
    );
    return difference.changes.length === 0 ? 0 : 1;
  } catch (error) {
    reportFailure(error, symbols.error, io);
    return 2;
  }
}
