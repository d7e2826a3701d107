import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { openSession, type ServerAddress } from '#test/bench/open-session.ts';
import { serveCalls } from '#test/bench/remote-calls.ts';
import type { Login } from '#test/bench/server-under-test.ts';
import { eventually } from '#test/support/eventually.ts';
import { type StationName, stationMacs, stationNames } from './hub-scenario.ts';
import { isMarker, markerNumber, markers, type Vlan } from './marker.ts';

/** A process on the servers' network that says and hears what a scenario asks. */
export type FramePlayer = typeof calls;

interface Part {
  readonly login: Login;
  readonly bridge: boolean;
  readonly monitor: boolean;
  /** Its policy's; others have to tag what it shall hear. */
  readonly vlan: Vlan;
}

interface Play {
  readonly server: ServerAddress;
  readonly parts: Readonly<Record<StationName, Part>>;
  readonly steps: readonly { readonly from: StationName; readonly frame: string }[];
}

/** Frames in hex, in the order they came. */
export type Heard = Readonly<Record<StationName, readonly string[]>>;

const frameLimitMs = 5_000;

const calls = {
  play: async ({ server, parts, steps }: Play): Promise<Heard> => {
    const entering = stationNames.map((name) => Station.enter(server, name, parts[name]));
    const [sender, receiver, third] = (await Promise.all(entering)) as [Station, Station, Station];
    const stations = { sender, receiver, third };
    try {
      await eventually(() => introduced(stations), frameLimitMs);
      for (const [i, { from, frame }] of steps.entries()) {
        stations[from].session.send([Buffer.from(frame, 'hex')]);
        const isLastOfTurn = steps[i + 1]?.from !== from;
        if (isLastOfTurn && from !== 'third') await third.hasAllOf(stations[from], i + 1);
      }
      const last = steps.length + 1;
      await Promise.all([sender.hasAllOf(third, last), receiver.hasAllOf(third, last)]);
      return { sender: sender.heard, receiver: receiver.heard, third: third.heard };
    } finally {
      await Promise.all(Object.values(stations).map(({ session }) => session.close()));
    }
  },
};

serveCalls(calls);

/** Everybody in the hub, and heard there; what is missing. */
function introduced(stations: Readonly<Record<StationName, Station>>): string | undefined {
  const { third } = stations;
  const others = [stations.sender, stations.receiver];
  const missing = others.flatMap((other) => [
    ...(other.latestFrom(third) === undefined ? [`${other.name} hears nobody`] : []),
    ...(other.isMute || third.latestFrom(other) !== undefined
      ? []
      : [`nobody hears ${other.name}`]),
  ]);
  if (missing.length === 0) return undefined;
  for (const other of others) {
    if (!other.isMute) other.mark(0, third);
    third.mark(0, other);
  }
  return missing.join(', ');
}

/** One session, and the station behind it. */
class Station {
  readonly name: StationName;
  readonly session: DialedSession;
  /** A monitor only listens. */
  readonly isMute: boolean;
  readonly heard: string[] = [];
  readonly #vlan: Vlan;
  /** The last marker of each station. */
  readonly #marked = new Map<string, number>();

  private constructor(name: StationName, session: DialedSession, part: Part) {
    this.name = name;
    this.session = session;
    this.isMute = part.monitor;
    this.#vlan = part.vlan;
    session.onFrame = (frame) => this.#onFrame(frame);
  }

  static async enter(server: ServerAddress, name: StationName, part: Part): Promise<Station> {
    const { login, bridge, monitor } = part;
    return new Station(name, await openSession(server, login, { bridge, monitor }), part);
  }

  latestFrom(other: Station): number | undefined {
    return this.#marked.get(stationMacs[other.name].toString('hex'));
  }

  /** Say that everything before is said; `to` hears it in its VLAN. */
  mark(number: number, to: Station): void {
    this.session.send(markers(stationMacs[this.name], number, to.#vlan));
  }

  /** Wait until this station has what the other, whom it hears, was given to say so far. */
  async hasAllOf(other: Station, number: number): Promise<void> {
    other.mark(number, this);
    await eventually(
      () => (this.latestFrom(other) === number ? undefined : `${this.name}: ${other.name}’s end`),
      frameLimitMs,
    );
  }

  #onFrame(frame: Buffer): void {
    if (!isMarker(frame)) this.heard.push(frame.toString('hex'));
    else this.#marked.set(frame.toString('hex', 6, 12), markerNumber(frame));
  }
}
