/**
 * What a script can say, in the words of its reader: text (section 2.12), JSON lines (2.13), or events of the
 * library (events.ts). `printf` and `print` make a handler once for each action; the rest is called as it happens.
 */
import type { Field, Location } from '../compiled.ts';
import type { Format } from '../print/format-spec.ts';
import type { MapPrinter } from '../print/map-printer.ts';
import type { Row } from '../print/map-table.ts';
import type { Memory } from '../print/memory.ts';

/** Handles one record: `at` is where it begins. */
export type Handler = (memory: Memory, at: number) => void;

export type MessageKind = 'errorf' | 'warnf' | 'debugf';

export interface ScriptOutput {
  printf(format: Format, args: readonly Field[]): Handler;
  value(field: Field): Handler;
  map(printer: MapPrinter, rows: readonly Row[]): void;
  /** Text is bytes, one character each. */
  time(text: string): void;
  join(text: string): void;
  cat(bytes: Uint8Array): void;
  system(bytes: Uint8Array): void;
  /** What an iterator program wrote. */
  raw(bytes: Uint8Array): void;
  attached(count: number): void;
  lost(count: bigint): void;
  message(kind: MessageKind, text: string, location: Location): void;
  helperError(error: HelperFailure): void;
  runtimeError(message: string, location: Location): void;
  /** About the script as a whole: never part of its output. */
  warning(text: string): void;
  error(text: string): void;
  /** -v */
  note(text: string): void;
  /** All events are told; maps follow. */
  end(): void;
  /** When there is nothing to do for the moment. Throws when nobody can read it any more. */
  idle(): void;
  flush(): void;
  /** Whether nobody takes what is told: the rest then waits in the kernel. Default: never. */
  readonly full?: boolean;
  /** Resolves when it is no longer full. */
  drained?(): Promise<void>;
}

export interface HelperFailure {
  readonly helper: string;
  /** As the helper returned it: negative. */
  readonly code: number;
  readonly location: Location;
}
