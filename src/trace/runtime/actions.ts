/**
 * From records to effects: one handler an action, made once, called in the order in which the programs wrote.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { Action, CompiledScript, Field, ScriptMap } from '../compiled.ts';
import { ByteBuffer } from '../print/byte-buffer.ts';
import type { PrintContext } from '../print/context.ts';
import { MapPrinter } from '../print/map-printer.ts';
import { type Element, emptyRow, tableOf } from '../print/map-table.ts';
import { type Memory, readInteger, textEnd } from '../print/memory.ts';
import { formatter } from '../print/printf.ts';
import { strftime } from '../print/strftime.ts';
import { layoutOf } from '../types/layout.ts';
import { hasBuckets, int64 } from '../types/type.ts';
import { commandFailed } from './errors.ts';
import type { MapAccess } from './loaded.ts';
import type { Handler, ScriptOutput } from './output.ts';
import { PacketFiles } from './packet-file.ts';

export interface ActionWorld {
  readonly script: CompiledScript;
  readonly output: ScriptOutput;
  readonly context: PrintContext;
  readonly maps: ReadonlyMap<string, MapAccess>;
  readonly cpus: number;
  /** Ends the script with this code, after this record. */
  exit(code: number): void;
  /** Looks again at what a process has mapped. Default: nothing. */
  unwindMiss?(process: number): void;
  /** Takes watchpoints at an address away. */
  unwatch(address: bigint): void;
}

/** All actions of a script, and its maps as they are printed. */
export class Actions {
  readonly handlers: readonly Handler[];
  readonly #world: ActionWorld;
  readonly #printers = new Map<string, MapPrinter>();
  readonly #packets = new PacketFiles();

  constructor(world: ActionWorld) {
    this.#world = world;
    this.handlers = world.script.actions.map((action) => this.#handlerOf(action));
  }

  /** At the end: every map that has something, by name. */
  printMaps(): void {
    const byName = (a: ScriptMap, b: ScriptMap): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
    for (const map of [...this.#world.script.maps].sort(byName)) {
      this.#world.output.map(this.#printerOf(map), this.#rows(map));
    }
  }

  close(): void {
    this.#packets.close();
  }

  #handlerOf(action: Action): Handler {
    const { output, context } = this.#world;
    switch (action.kind) {
      case 'printf':
        return output.printf(action.format, action.args);
      case 'errorf':
      case 'warnf':
      case 'debugf': {
        const text = textOf(action, context);
        const { kind, location } = action;
        return (memory, at) => output.message(kind, text(memory, at), location);
      }
      case 'system': {
        const command = textOf(action, context);
        return (memory, at) => this.#system(command(memory, at));
      }
      case 'cat': {
        const path = textOf(action, context);
        return (memory, at) => this.#cat(path(memory, at));
      }
      case 'print':
        return output.value(action.value);
      case 'printMap': {
        const map = this.#map(action.map);
        return (memory, at) =>
          this.#printMap(map, optional(action.top, memory, at), optional(action.div, memory, at));
      }
      case 'printEntry': {
        const map = this.#map(action.map);
        const { size } = layoutOf(map.key);
        return ({ bytes }, at) => {
          const start = at + action.key;
          this.#printEntry(map, bytes.slice(start, start + size));
        };
      }
      case 'clear':
        return () => this.#world.maps.get(action.map)?.clear();
      case 'zero':
        return () => this.#world.maps.get(action.map)?.zero();
      case 'time':
        return () => output.time(strftime(action.format, BigInt(Date.now()) * 1_000_000n, context.zone));
      case 'join':
        return (memory, at) => output.join(joined(action, memory, at));
      case 'exit':
        return (memory, at) => this.#world.exit(Number(BigInt.asIntN(32, numberAt(action.code, memory, at))));
      case 'skboutput':
        return ({ bytes, view }, at) => {
          const length = Number(numberAt(action.length, { bytes, view }, at));
          const first = at + action.first;
          this.#packets.write(action.path, bytes.subarray(first, first + length));
        };
      case 'unwatch':
        return (memory, at) => this.#world.unwatch(BigInt.asUintN(64, numberAt(action.address, memory, at)));
      case 'unwindMiss':
        return (memory, at) => this.#world.unwindMiss?.(Number(numberAt(action.process, memory, at)));
      case 'helperError':
        return (memory, at) => {
          const code = Number(BigInt.asIntN(32, numberAt(action.code, memory, at)));
          output.helperError({ helper: action.helper, code, location: action.location });
        };
      case 'runtimeError':
        return () => output.runtimeError(action.message, action.location);
      case 'assertFailed':
        return () => {
          output.message('errorf', `assert failed: ${action.message}`, action.location);
          this.#world.exit(1);
        };
    }
  }

  #map(name: string): ScriptMap {
    const map = this.#world.script.maps.find((one) => one.name === name);
    if (map === undefined) throw new TypeError(`the script has no map ${name}`);
    return map;
  }

  #printerOf(map: ScriptMap): MapPrinter {
    let printer = this.#printers.get(map.name);
    if (printer === undefined) {
      printer = new MapPrinter(map, this.#world.context);
      this.#printers.set(map.name, printer);
    }
    return printer;
  }

  #rows(map: ScriptMap, top?: bigint, div?: bigint): ReturnType<typeof tableOf> {
    const elements = this.#world.maps.get(map.name)?.elements() ?? [];
    return tableOf(map, elements, {
      ...this.#tableOptions(),
      top: top === undefined || top < 0n ? 0 : Number(top),
      div,
    });
  }

  #tableOptions(): { readonly cpus: number } {
    return { cpus: this.#world.cpus };
  }

  #printMap(map: ScriptMap, top: bigint | undefined, div: bigint | undefined): void {
    const ignored = map.value.kind === 'stats' && (top !== undefined || div !== undefined);
    let rows = ignored ? this.#rows(map) : this.#rows(map, top, div);
    if (rows.length === 0 && map.scalar && !hasBuckets(map.value)) {
      rows = [emptyRow(map, this.#tableOptions())];
    }
    this.#world.output.map(this.#printerOf(map), rows);
  }

  #printEntry(map: ScriptMap, key: Uint8Array): void {
    const elements = this.#world.maps.get(map.name)?.elements() ?? [];
    const rows = tableOf(map, entriesOf(elements, key), this.#tableOptions());
    const none = { ...emptyRow(map, this.#tableOptions()), key };
    this.#world.output.map(this.#printerOf(map), rows.length === 0 ? [none] : rows);
  }

  /** Standard output of a shell command; its errors go where ours go. */
  #system(command: string): void {
    const { output } = this.#world;
    output.flush();
    const line = Buffer.from(command, 'latin1').toString('utf8');
    const ran = spawnSync('/bin/sh', ['-c', line], {
      stdio: ['inherit', 'pipe', 'inherit'],
      maxBuffer: 1 << 28,
    });
    const text = ran.stdout ?? new Uint8Array();
    if (ran.status === 0) return output.system(text);
    // Differs from bpftrace: what a command said before it failed is shown.
    if (text.length > 0) output.system(text);
    output.error(commandFailed(ran.status, ran.error));
  }

  /** The first bytes of a file, `max_cat_bytes` at most. */
  #cat(path: string): void {
    const { output, script } = this.#world;
    const name = Buffer.from(path, 'latin1');
    let fd: number;
    try {
      // Not waiting for the other end of a pipe.
      fd = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      output.error(`failed to open file '${name.toString('utf8')}' (${reason(error)})`);
      return;
    }
    const bytes = Buffer.alloc(script.config.maxCatBytes);
    let length = 0;
    try {
      while (length < bytes.length) {
        const count = readSync(fd, bytes, length, bytes.length - length, null);
        if (count === 0) break;
        length += count;
      }
    } catch (error) {
      output.error(`failed to read file '${name.toString('utf8')}' (${reason(error)})`);
    } finally {
      closeSync(fd);
    }
    output.cat(bytes.subarray(0, length));
  }
}

/** The elements of one key, whatever their buckets. */
function* entriesOf(elements: Iterable<Element>, key: Uint8Array): Generator<Element> {
  for (const element of elements) {
    if (Buffer.compare(element[0].subarray(0, key.length), key) === 0) yield element;
  }
}

/** libc's words for Node's error. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const words = /^[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message;
  return `${words[0]?.toUpperCase() ?? ''}${words.slice(1)}`;
}

type FormatAction = Pick<Extract<Action, { readonly args: object }>, 'format' | 'args'>;

function textOf(
  { format, args }: FormatAction,
  context: PrintContext,
): (memory: Memory, at: number) => string {
  const write = formatter(format, args, context);
  const scratch = new ByteBuffer();
  return (memory, at) => {
    scratch.clear();
    write(scratch, memory, at);
    return scratch.latin1();
  };
}

function numberAt({ offset, type }: Field, { view }: Memory, at: number): bigint {
  return readInteger(type.kind === 'int' || type.kind === 'enum' ? type : int64, view, at + offset);
}

function optional(field: Field | undefined, memory: Memory, at: number): bigint | undefined {
  return field === undefined ? undefined : numberAt(field, memory, at);
}

function joined(action: Extract<Action, { kind: 'join' }>, memory: Memory, at: number): string {
  const count = Number(numberAt(action.count, memory, at));
  const parts: string[] = [];
  for (let i = 0; i < count; i++) {
    const start = at + action.first + i * action.width;
    const end = textEnd(memory.bytes, start, action.width);
    parts.push(Buffer.from(memory.bytes.subarray(start, end)).toString('latin1'));
  }
  return parts.join(action.separator);
}
