import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Clock, type Edges, Pump } from './pump.ts';
import { RingCore } from './ring-core.ts';
import { SyntheticRing } from './synthetic.ts';

/** Time that stands still until it is moved. */
class HandClock implements Clock {
  time = 0;
  #queue: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  soon(run: () => void): () => void {
    return this.later(run, 0);
  }

  later(run: () => void, milliseconds: number): () => void {
    const entry = { at: this.time + milliseconds, run };
    this.#queue.push(entry);
    return () => {
      this.#queue = this.#queue.filter((each) => each !== entry);
    };
  }

  get pending(): number {
    return this.#queue.length;
  }

  /** Runs what is due up to `to`, in order of time. */
  advance(to: number): void {
    for (;;) {
      const next = this.#queue.filter((each) => each.at <= to).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#queue = this.#queue.filter((each) => each !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = Math.max(this.time, to);
  }
}

/** A ring whose wake-ups reach a pump, and a reader that reads whenever it is woken. */
function setUp(): {
  ring: SyntheticRing;
  clock: HandClock;
  pump: Pump;
  read: () => number;
  edges: { held: boolean };
} {
  const ring = new SyntheticRing(4096);
  const core = new RingCore(ring.layout);
  const clock = new HandClock();
  const state = { held: false };
  const edges: Edges = {
    start: (onEdge) => {
      // The event loop calls later, never from within the program that submits.
      ring.onWakeup = () => clock.soon(onEdge);
    },
    hold: (alive) => {
      state.held = alive;
    },
    close: () => {
      ring.onWakeup = undefined;
    },
  };
  const pump = new Pump(core, edges, clock);
  let count = 0;
  const turn = (): void => {
    const found = core.drain(() => count++);
    pump.wait(found, turn);
  };
  turn();
  return { ring, clock, pump, read: () => count, edges: state };
}

const record = new Uint8Array(16);

test('an idle stream sets no timer and keeps the process alive by its descriptor only', () => {
  const { clock, edges } = setUp();
  clock.advance(100);
  assert.equal(clock.pending, 0);
  assert.equal(edges.held, true);
});

test('rare records cost one wake-up each and no timer', () => {
  const { ring, clock, pump, read } = setUp();
  for (let i = 0; i < 10; i++) {
    clock.advance(clock.time + 100);
    ring.output(record);
    clock.advance(clock.time + 1);
    assert.equal(read(), i + 1);
  }
  assert.equal(pump.edgeCount, 10);
  assert.equal(pump.tickCount, 0);
});

test('under load a timer replaces wake-ups, and afterwards it ends', () => {
  const { ring, clock, pump, read } = setUp();
  let sent = 0;
  for (let time = 0; time < 200; time += 0.05) {
    clock.advance(time);
    if (ring.output(record)) sent++;
  }
  clock.advance(300);
  assert.equal(sent, 4000);
  assert.equal(read(), sent);
  assert.ok(pump.edgeCount < 10, `${pump.edgeCount} wake-ups`);
  assert.ok(pump.tickCount > 100 && pump.tickCount < 250, `${pump.tickCount} ticks`);
  assert.equal(clock.pending, 0, 'no timer is left');
  ring.output(record);
  clock.advance(301);
  assert.equal(read(), sent + 1);
});

test('a record that is still being written is not polled for: its submission wakes', () => {
  const { ring, clock, pump, read } = setUp();
  const open = ring.reserve(16)!;
  ring.output(record);
  clock.advance(50);
  assert.equal(read(), 0);
  assert.equal(clock.pending, 0);
  assert.equal(pump.tickCount, 0);
  open.submit();
  clock.advance(51);
  assert.equal(read(), 2);
});

test('a wait that is cancelled is not called back, and the next one finds what came meanwhile', () => {
  const { ring, clock, pump, edges } = setUp();
  pump.cancel();
  assert.equal(edges.held, false);
  ring.output(record);
  clock.advance(10);
  let woken = 0;
  pump.wait(0, () => woken++);
  clock.advance(11);
  assert.equal(woken, 1);
});

test('whatever the pace, everything is read without anybody nudging', () => {
  const action = fc.record({
    pause: fc.constantFrom(0, 0, 0, 0.1, 0.5, 0.9, 1, 1.1, 3, 20),
    kind: fc.constantFrom('output' as const, 'output' as const, 'reserve' as const, 'submit' as const),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      const { ring, clock, read } = setUp();
      const open: (() => void)[] = [];
      let sent = 0;
      for (const { pause, kind } of actions) {
        clock.advance(clock.time + pause);
        if (kind === 'output' && ring.output(record)) sent++;
        if (kind === 'reserve') {
          const reserved = ring.reserve(16);
          if (reserved) open.push(() => reserved.submit());
        }
        if (kind === 'submit' && open.length > 0) {
          open.shift()!();
          sent++;
        }
      }
      for (const submit of open.reverse()) {
        submit();
        sent++;
      }
      clock.advance(clock.time + 50);
      assert.equal(read(), sent);
      assert.equal(clock.pending, 0);
    }),
    { numRuns: 500 },
  );
});
