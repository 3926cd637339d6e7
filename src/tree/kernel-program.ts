/**
 * The kernel's side of the process tree: one walk over all tasks, one record each (see record.ts), by a
 * program whose text follows from what the command looks at (see walk-text.ts).
 *
 * Command lines are read from the memory of the processes, which may have to be paged in; a program that does
 * so is one that may sleep (Linux 5.18). Paths need Linux 5.12, all else 5.8 (see abilities.ts).
 */
import { createHash } from 'node:crypto';
import type { Environment } from '../script/environment.ts';
import { type Kept, loadKept } from '../script/kept.ts';
import { rows } from '../script/maps.ts';
import { type CompiledDefinition, compileDefinition, type Definition } from '../script/program.ts';
import { runningKernel } from '../script/running.ts';
import { i32, i64, type Schema, struct, u32, u64 } from '../script/schema.ts';
import { FunctionSource } from '../script/source.ts';
import { pageSize } from '../sys/memory.ts';
import type { Field } from './fields.ts';
import { type RecordLayout, recordLayoutOf } from './record.ts';
import { type TextColumn, walkText } from './walk-text.ts';

export interface WalkPlan {
  readonly exepath: boolean;
  readonly cmdline: boolean;
  /** Numbers of the kernel beyond those that are always collected; default none. */
  readonly longs?: readonly Field[];
  /** Strings of the kernel; default none. */
  readonly texts?: readonly TextColumn[];
  /** Leaves out the tasks for which this is false: text over `row` and the `have` words (see where/push.ts). */
  readonly filter?: string;
  /** Whether the compiled program is worth keeping for the next start; default true. */
  readonly keep?: boolean;
}

export interface Walk {
  readonly records: Uint8Array;
  readonly layout: RecordLayout;
}

/** The struct that the kernel program fills: the slots of the layout, under names that it can say. */
function recordSchema({ slots, fixedSize, longs: numbers }: RecordLayout): Schema<unknown, unknown> {
  const members: Record<string, Schema<unknown, unknown>> = { size: u32 };
  let [longs, texts, end] = [0, 0, 4];
  for (const { field, kind, offset } of slots) {
    const wide = kind === 's64' || kind === 'long';
    if (kind === 's32') members[field] = i32;
    else if (kind === 's64') members[field] = i64;
    else if (kind === 'long') members[`c${longs}`] = numbers[longs++]!.signed === false ? u64 : i64;
    else if (kind === 'have') members[`have${field}`] = u32;
    else members[texts++ < 3 ? field : `t${texts - 4}`] = u32;
    end = offset + (wide ? 8 : 4);
  }
  // What the kernel writes ends where the layout ends: a compiler's padding is not written by `k.write`.
  if (end < fixedSize) members.padding = u32;
  return struct('Task', members);
}

/** The program as something that can be compiled and kept. */
export function programOf(
  plan: WalkPlan,
  layout: RecordLayout,
  environment: Environment = runningKernel(),
): Kept & { readonly text: string } {
  const { exepath, cmdline, longs = [], texts = [], filter } = plan;
  const { fixedSize } = layout;
  const text = walkText({
    ...{ exepath, cmdline, longs, texts, fixedSize },
    ...(filter === undefined ? {} : { filter }),
  });
  const maps = new Map([['tasks', rows(recordSchema(layout))]]);
  return {
    text,
    maps,
    compile(): CompiledDefinition {
      const definition: Definition = {
        params: new Map([['pageSize', pageSize()]]),
        maps,
        functions: new Map(),
        probes: new Map([['iter:task', new FunctionSource('iter:task', text, [])]]),
      };
      return compileDefinition(definition, environment);
    },
  };
}

/** All tasks now, as records. Throws what loading a kernel program throws. */
export function walkTasks(plan: WalkPlan): Walk {
  const layout = recordLayoutOf({ longs: plan.longs ?? [], texts: plan.texts ?? [] });
  const program = programOf(plan, layout);
  const name = `tasks-${createHash('sha1').update(program.text).digest('hex').slice(0, 16)}`;
  const loaded = loadKept(name, program, {}, { keep: plan.keep ?? true });
  try {
    return { records: loaded.read('iter:task'), layout };
  } finally {
    loaded.close();
  }
}
