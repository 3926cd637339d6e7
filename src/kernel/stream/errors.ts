/** Errors of ring and perf buffers. */

export type StreamErrorCode =
  /** The stream was closed; there is nothing to read from any more. */
  | 'closed'
  /** Somebody else reads the stream already, or a reader function asked for more records. */
  | 'busy'
  /** The kernel's bookkeeping in the mapping contradicts itself; the stream cannot be read on. */
  | 'corrupt'
  /** A size or an option that cannot be. */
  | 'invalid';

export class StreamError extends Error {
  override readonly name = 'StreamError';
  readonly code: StreamErrorCode;
  /** Byte position in the stream since its creation, where the code is `corrupt`. */
  readonly position: bigint | undefined;
  /** The length that the header at `position` declares, where a header is what is wrong. */
  readonly length: number | undefined;

  constructor(code: StreamErrorCode, message: string, position?: bigint, length?: number) {
    super(message);
    this.code = code;
    this.position = position;
    this.length = length;
  }
}

export function streamClosed(what: string): StreamError {
  return new StreamError('closed', `read ${what}: it is closed`);
}

export function streamBusy(what: string): StreamError {
  return new StreamError(
    'busy',
    `read ${what}: it has a reader already, and each record goes to one reader only; end the other loop first`,
  );
}

export function readerReentered(what: string): StreamError {
  return new StreamError(
    'busy',
    `read ${what}: a reader function asked for more records before it returned the one it was given`,
  );
}

export function badRingSize(size: number, pageSize: number): StreamError {
  return new StreamError(
    'invalid',
    `ring buffer of ${size} bytes: the size must be a power of two and a multiple of the page size (${pageSize})`,
  );
}

export function lengthPastProducer(
  what: string,
  position: bigint,
  length: number,
  available: number,
): StreamError {
  return new StreamError(
    'corrupt',
    `${what}: the record at position ${position} declares ${length} bytes, but the kernel wrote only ${available} ` +
      'from there on, its header included; the stream cannot be read on',
    position,
    length,
  );
}

export function positionsContradict(
  what: string,
  consumer: bigint,
  producer: bigint,
  size: number,
): StreamError {
  return new StreamError(
    'corrupt',
    `${what}: the consumer is at ${consumer} and the producer at ${producer}, which a ring of ${size} bytes ` +
      'cannot hold; the stream cannot be read on',
    consumer,
  );
}

export function badPerfRecord(
  what: string,
  position: bigint,
  length: number,
  available: number,
): StreamError {
  return new StreamError(
    'corrupt',
    `${what}: the record at position ${position} declares ${length} bytes where 8 to ${available} are possible; ` +
      'the stream cannot be read on',
    position,
    length,
  );
}

export function badPerfSample(what: string, position: bigint, length: number, room: number): StreamError {
  return new StreamError(
    'corrupt',
    `${what}: the sample at position ${position} declares ${length} bytes of data in a record with room for ${room}; ` +
      'the stream cannot be read on',
    position,
    length,
  );
}

export function badOption(what: string, option: string, value: unknown, want: string): StreamError {
  return new StreamError('invalid', `${what}: ${option} is ${String(value)}, but must be ${want}`);
}
