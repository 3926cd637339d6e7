/** Maps as text and as JSON: sections 2.12 and 2.13. */
import type { ScriptMap } from '../compiled.ts';
import { ByteBuffer } from './byte-buffer.ts';
import type { PrintContext } from './context.ts';
import { histogramJson, histogramText } from './histogram.ts';
import { jsonData, jsonInteger, jsonText } from './json-text.ts';
import type { Cell, Row } from './map-table.ts';
import { memoryOf } from './memory.ts';
import { seriesJson, seriesText } from './series.ts';
import { type Writer, writerOf } from './value-writer.ts';

const openParenthesis = 0x28;
const closeParenthesis = 0x29;
const space = 0x20;

/** Prints one map; its writers are made once. */
export class MapPrinter {
  readonly map: ScriptMap;
  readonly #context: PrintContext;
  readonly #key: Writer;
  #valueText: Writer | undefined;
  #valueJson: Writer | undefined;

  constructor(map: ScriptMap, context: PrintContext) {
    this.map = map;
    this.#context = context;
    this.#key = writerOf(map.key, 'text', context);
  }

  /** A line `@x[K]: V` for each row; a block for histograms and series. Nothing for no rows. */
  text(out: ByteBuffer, rows: readonly Row[]): void {
    for (const { key, cell } of rows) {
      out.text(this.map.name);
      if (!this.map.scalar) {
        out.byte(0x5b);
        this.#keyText(out, key);
        out.byte(0x5d);
      }
      const block = cell.kind === 'histogram' || cell.kind === 'series';
      out.text(block ? ':\n' : ': ');
      this.#cellText(out, cell);
      out.byte(0x0a);
    }
  }

  /** One line; nothing for a map without rows, unless it is of averages. */
  json(out: ByteBuffer, rows: readonly Row[]): void {
    const { kind } = this.map.value;
    const averages = kind === 'avg' || kind === 'stats';
    if (rows.length === 0 && !averages) return;
    out.text(`{"type": "${this.#jsonType()}", "data": {`);
    jsonText(out, this.map.name);
    out.text(': ');
    if (this.map.scalar && rows.length > 0) {
      this.#cellJson(out, rows[0]!.cell);
    } else {
      out.byte(0x7b);
      for (const [i, { key, cell }] of rows.entries()) {
        if (i > 0) out.text(', ');
        this.#keyJson(out, key);
        out.text(': ');
        this.#cellJson(out, cell);
      }
      out.byte(0x7d);
    }
    out.text('}}\n');
  }

  #jsonType(): string {
    switch (this.map.value.kind) {
      case 'avg':
      case 'stats':
        return 'stats';
      case 'hist':
      case 'lhist':
        return 'hist';
      case 'tseries':
        return 'tseries';
      default:
        return 'map';
    }
  }

  /** The key without the parentheses around all of it. */
  #keyText(out: ByteBuffer, key: Uint8Array): void {
    const start = out.length;
    this.#key(out, memoryOf(key), 0);
    if (
      out.length - start >= 2 &&
      out.bytes[start] === openParenthesis &&
      out.bytes[out.length - 1] === closeParenthesis
    ) {
      out.length--;
      out.remove(start, 1);
    }
  }

  /** The same without spaces, in quotes. */
  #keyJson(out: ByteBuffer, key: Uint8Array): void {
    const plain = new ByteBuffer({ capacity: 128 });
    this.#keyText(plain, key);
    out.byte(0x22);
    jsonData(
      out,
      plain.view().filter((byte) => byte !== space),
    );
    out.byte(0x22);
  }

  #cellText(out: ByteBuffer, cell: Cell): void {
    const { value } = this.map;
    switch (cell.kind) {
      case 'value':
        this.#valueText ??= writerOf(value, 'text', this.#context);
        return this.#valueText(out, memoryOf(cell.bytes), 0);
      case 'number':
        return out.text(cell.value.toString());
      case 'stats':
        return out.text(`{ .count = ${cell.count}, .average = ${cell.average}, .total = ${cell.total} }`);
      case 'histogram':
        if (value.kind === 'hist' || value.kind === 'lhist') histogramText(out, value, cell.buckets);
        return;
      case 'series':
        if (value.kind !== 'tseries') return;
        seriesText(out, value, cell.points, this.#context.zone);
    }
  }

  #cellJson(out: ByteBuffer, cell: Cell): void {
    switch (cell.kind) {
      case 'value':
        this.#valueJson ??= writerOf(this.map.value, 'json', this.#context);
        return this.#valueJson(out, memoryOf(cell.bytes), 0);
      case 'number':
        return jsonInteger(out, cell.value);
      case 'stats':
        for (const [i, [name, number]] of (
          [
            ['count', cell.count],
            ['average', cell.average],
            ['total', cell.total],
          ] as const
        ).entries()) {
          out.text(`${i === 0 ? '{' : ', '}"${name}": `);
          jsonInteger(out, number);
        }
        return out.text('}');
      case 'histogram':
        return histogramJson(out, cell.buckets);
      case 'series':
        return seriesJson(out, cell.points, this.#context.zone);
    }
  }
}
