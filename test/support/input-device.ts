/** An input device that is not there: made through /dev/uhid, gone when it is closed. */
import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { endianness } from 'node:os';
import { waitUntil } from './wait.ts';

/** enum uhid_event_type: include/uapi/linux/uhid.h. */
const CREATE2 = 11;
const INPUT2 = 12;

/** struct uhid_event, packed: the type and the longest of its requests. */
const EVENT_SIZE = 4 + 4376;

/** Four bytes of input that mean nothing to anybody (a page of the vendor's own). */
const description = Uint8Array.of(
  ...[0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff, 0x00],
  ...[0x75, 0x08, 0x95, 0x04, 0x09, 0x01, 0x81, 0x02, 0xc0],
);

const [BUS, VENDOR, PRODUCT] = [3, 0xb9f0, 0x0001];
const little = endianness() === 'LE';

export class InputDevice implements Disposable {
  readonly #fd: number;
  /** What the kernel calls it: behind the dot of its name on the bus. */
  readonly id: number;

  private constructor(fd: number, id: number) {
    this.#fd = fd;
    this.id = id;
  }

  static async make(): Promise<InputDevice> {
    const fd = openSync('/dev/uhid', 'r+');
    try {
      writeSync(fd, creation());
      const name = await waitUntil('the device', () =>
        readdirSync('/sys/bus/hid/drivers/hid-generic').find((one) => one.startsWith('0003:B9F0:0001.')),
      );
      return new InputDevice(fd, Number.parseInt(name.slice(name.indexOf('.') + 1), 16));
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** One report of four bytes. */
  send(...bytes: number[]): void {
    const { event, view } = request(INPUT2);
    view.setUint16(4, bytes.length, little);
    event.set(bytes, 6);
    writeSync(this.#fd, event);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

function request(type: number): { readonly event: Uint8Array; readonly view: DataView } {
  const event = new Uint8Array(EVENT_SIZE);
  const view = new DataView(event.buffer);
  view.setUint32(0, type, little);
  return { event, view };
}

/** struct uhid_create2_req: name, place and serial number, then what the device is. */
function creation(): Uint8Array {
  const { event, view } = request(CREATE2);
  event.set(new TextEncoder().encode('bpfkit test'), 4);
  const numbers = 4 + 128 + 64 + 64;
  view.setUint16(numbers, description.length, little);
  view.setUint16(numbers + 2, BUS, little);
  view.setUint32(numbers + 4, VENDOR, little);
  view.setUint32(numbers + 8, PRODUCT, little);
  event.set(description, numbers + 20);
  return event;
}
