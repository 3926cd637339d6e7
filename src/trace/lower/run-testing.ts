/** For kernel tests: runs the `begin` probes of a script once and tells what came of it, as text. */
import { type Collection, loadCollection } from '../../kernel/collection.ts';
import { RingBuffer } from '../../kernel/stream/ring.ts';
import { runningKernel } from '../../script/running.ts';
import type { CompiledScript } from '../compiled.ts';
import { ByteBuffer } from '../print/byte-buffer.ts';
import { MapPrinter } from '../print/map-printer.ts';
import { tableOf } from '../print/map-table.ts';
import { type Memory, memoryOf } from '../print/memory.ts';
import { formatter } from '../print/printf.ts';
import { testContext } from '../print/testing.ts';
import { writerOf } from '../print/value-writer.ts';
import type { LowerEnvironment } from './environment.ts';
import { lowerText } from './testing.ts';

export interface Outcome {
  readonly compiled: CompiledScript;
  /** A line for each action; printf as it prints. */
  readonly lines: readonly string[];
  /** Maps as they are printed at the end. */
  readonly maps: string;
  /** What the programs returned. */
  readonly results: readonly number[];
}

export function runScript(text: string, changes: Partial<LowerEnvironment> = {}): Outcome {
  const kernel = runningKernel();
  const compiled = lowerText(text, kernel, { ringBytes: 1 << 20, ...changes });
  const collection = loadCollection(compiled.spec);
  try {
    const results = compiled.probes
      .filter(({ hook }) => hook.kind === 'testRun')
      .map(({ program, resolved }) => {
        const data =
          resolved.provider === 'test' || resolved.provider === 'bench' ? new Uint8Array(14) : undefined;
        return collection.program(program).testRun(data ? { data } : {}).result;
      });
    return { compiled, lines: drain(compiled, collection), maps: mapsText(compiled, collection), results };
  } finally {
    collection.close();
  }
}

/** What is in the ring buffer now. */
export function drain(compiled: CompiledScript, collection: Collection): string[] {
  const lines: string[] = [];
  if (compiled.ring === undefined) return lines;
  const spec = compiled.spec.maps.find(({ name }) => name === compiled.ring);
  const ring = new RingBuffer(collection.map(compiled.ring).fd.number, spec?.maxEntries ?? 0);
  try {
    ring.consume(({ bytes }, offset, length) => {
      lines.push(actionText(compiled, memoryOf(bytes.slice(offset, offset + length))));
    });
  } finally {
    ring.close();
  }
  return lines;
}

function actionText(compiled: CompiledScript, memory: Memory): string {
  const context = testContext();
  const out = new ByteBuffer();
  const action = compiled.actions[memory.view.getUint32(0, true)];
  switch (action?.kind) {
    case 'printf':
    case 'errorf':
    case 'warnf':
    case 'cat':
    case 'system':
    case 'debugf':
      formatter(action.format, action.args, context)(out, memory, 0);
      break;
    case 'print':
      writerOf(action.value.type, 'text', context)(out, memory, action.value.offset);
      break;
    case 'exit':
      out.text(`exit ${memory.view.getBigInt64(action.code.offset, true)}`);
      break;
    case 'runtimeError':
      out.text(`error at ${action.location.line}:${action.location.column}`);
      break;
    case 'assertFailed':
      out.text(`assert ${action.message}`);
      break;
    case 'join': {
      const count = memory.view.getUint32(action.count.offset, true);
      const words = Array.from({ length: count }, (_, i) => {
        const at = action.first + i * action.width;
        return Buffer.from(memory.bytes.subarray(at, memory.bytes.indexOf(0, at))).toString('latin1');
      });
      out.text(words.join(action.separator));
      break;
    }
    default:
      out.text(action?.kind ?? 'nothing');
  }
  return out.latin1();
}

export function mapsText(compiled: CompiledScript, collection: Collection): string {
  const out = new ByteBuffer();
  const cpus = runningKernel().possibleCpus;
  for (const map of compiled.maps) {
    const handle = collection.map(map.kernelName) as unknown as Iterable<
      [Uint8Array, Uint8Array | Uint8Array[]]
    >;
    const elements = [...handle].map(
      ([key, value]) => [key, Array.isArray(value) ? Buffer.concat(value) : value] as const,
    );
    new MapPrinter(map, testContext()).text(out, tableOf(map, elements, { cpus }));
  }
  return out.latin1();
}
