import type { ControlOptions, ControlPort } from '#node-agent/control/control.ts';
import { ControlHost } from '#node-agent/control/control-host.ts';
import type { ControlLink, FromControl, ToControl } from '#node-agent/control/control-messages.ts';
import { ExclusiveRight, rightBytes } from '#node-agent/control/exclusive-right.ts';
import { Pulse, pulseBytes } from '#node-agent/control/pulse.ts';
import { RemoteControl } from '#node-agent/control/remote-control.ts';
import { controlLimits } from '#node-agent/limits.ts';
import type { Seeded } from './seeded.ts';
import type { SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

type HostParts = Pick<
  ConstructorParameters<typeof ControlHost>[0],
  'api' | 'random' | 'log' | 'openWitness'
>;

/** A message between two threads waits for its turn in the other's loop, mostly not for long. */
const usualMs = 0.2;
const busyRate = 0.02;
const busyMs = 60;

/** Control in a thread of its own, as in `control-thread.ts`; `process` is the data plane's. */
export function startSimControl(
  process: SimProcess,
  thread: SimProcess,
  time: VirtualTime,
  random: Seeded,
  parts: HostParts,
): {
  readonly host: ControlHost;
  readonly right: ExclusiveRight;
  readonly createControl: (options: ControlOptions) => ControlPort;
} {
  const memory = { right: new ArrayBuffer(rightBytes), pulse: new ArrayBuffer(pulseBytes) };
  const there = new ThreadEnd<ToControl, FromControl>(process, time, random);
  const here = new ThreadEnd<FromControl, ToControl>(thread, time, random);
  there.peer = here;
  here.peer = there;
  const host = new ControlHost({
    ...controlLimits,
    ...parts,
    clock: thread.clock,
    timers: thread.timers,
    limits: controlLimits,
    right: new ExclusiveRight(memory.right),
    link: here,
    pulse: new Pulse(memory.pulse),
  });
  return {
    host,
    right: new ExclusiveRight(memory.right),
    createControl: (options) =>
      new RemoteControl({
        ...options,
        link: there,
        pulse: new Pulse(memory.pulse),
        pulseEveryMs: controlLimits.pulseEveryMs,
      }),
  };
}

/** One thread's end of the way to another: messages arrive in the order they were sent. */
class ThreadEnd<Out, In> implements ControlLink<Out, In> {
  peer: ThreadEnd<In, Out> | undefined;
  readonly #thread: SimProcess;
  readonly #time: VirtualTime;
  readonly #random: Seeded;
  #onMessage: (message: In) => void = () => undefined;
  #lastMs = 0;

  constructor(thread: SimProcess, time: VirtualTime, random: Seeded) {
    this.#thread = thread;
    this.#time = time;
    this.#random = random;
  }

  post(message: Out): void {
    const copy = structuredClone(message);
    const busy = this.#random.chance(busyRate) ? busyMs : usualMs;
    const atMs = this.#time.nowMs + this.#random.between(0, busy);
    this.#lastMs = Math.max(this.#lastMs, atMs);
    this.#time.after(this.#lastMs - this.#time.nowMs, () => this.peer?.arrive(copy));
  }

  listen(onMessage: (message: In) => void): void {
    this.#onMessage = onMessage;
  }

  arrive(message: In): void {
    this.#thread.run(() => this.#onMessage(message));
  }
}
