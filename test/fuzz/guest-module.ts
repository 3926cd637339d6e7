/** A WebAssembly guest that loads an object, attaches a program of it, asks for a map and reads it, and ends. */

const [I32, I64] = [0x7f, 0x7e];
const call = (index: number): number[] => [0x10, ...number(index)];
const drop = 0x1a;
const getObject = [0x20, 0];

/** LEB128, as counts and unsigned numbers are written. */
function number(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** `i32.const`: signed, so the sixth bit of the last byte must be clear. */
function constant(value: number): number[] {
  const bytes = number(value);
  if ((bytes.at(-1)! & 0x40) !== 0) bytes.splice(-1, 1, bytes.at(-1)! | 0x80, 0);
  return [0x41, ...bytes];
}

const text = (value: string): number[] => [...number(value.length), ...Buffer.from(value)];
const list = (...parts: readonly (readonly number[])[]): number[] => [
  ...number(parts.length),
  ...parts.flat(),
];
const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...number(content.length),
  ...content,
];
const type = (parameters: readonly number[], results: readonly number[]): number[] => [
  0x60,
  ...list(...parameters.map((one) => [one])),
  ...list(...results.map((one) => [one])),
];

/** Where the guest keeps its words and the object. */
const [PROGRAM, MAP, KEY, VALUE, NEXT, OBJECT] = [16, 48, 80, 96, 160, 4096];

export function guestModule(object: Uint8Array, program: string, map: string): Uint8Array {
  const offered = (name: string, of: number): number[] => [...text('wasm_bpf'), ...text(name), 0, of];
  const BPF_MAP_GET_NEXT_KEY = 4;
  const body = [
    ...list([1, I64]),
    ...[...constant(OBJECT), ...constant(object.length), ...call(0), 0x21, 0],
    ...[...getObject, ...constant(PROGRAM), ...constant(0), ...call(1), drop],
    ...[...getObject, ...constant(MAP), ...call(2)],
    ...[BPF_MAP_GET_NEXT_KEY, KEY, VALUE, NEXT].flatMap(constant),
    ...[0x42, 0], // the flags, of 64 bits
    ...[...call(3), drop],
    ...[...getObject, ...call(4), drop],
    0x0b,
  ];
  const data = (at: number, bytes: Uint8Array): number[] => [
    0,
    ...constant(at),
    0x0b,
    ...number(bytes.length),
    ...bytes,
  ];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      list(
        type([I32, I32], [I64]),
        type([I64, I32, I32], [I32]),
        type([I64, I32], [I32]),
        type([I32, I32, I32, I32, I32, I64], [I32]),
        type([I64], [I32]),
        type([], []),
      ),
    ),
    ...section(
      2,
      list(
        offered('wasm_load_bpf_object', 0),
        offered('wasm_attach_bpf_program', 1),
        offered('wasm_bpf_map_fd_by_name', 2),
        offered('wasm_bpf_map_operate', 3),
        offered('wasm_close_bpf_object', 4),
      ),
    ),
    ...section(3, list([5])),
    ...section(5, list([0, 2])),
    ...section(7, list([...text('memory'), 2, 0], [...text('_start'), 0, 5])),
    ...section(10, list([...number(body.length), ...body])),
    ...section(
      11,
      list(
        data(PROGRAM, Buffer.from(`${program}\0`)),
        data(MAP, Buffer.from(`${map}\0`)),
        data(OBJECT, object),
      ),
    ),
  ]);
}
