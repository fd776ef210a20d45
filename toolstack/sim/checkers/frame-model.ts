import {LineModel} from './line-model.ts';
import {type Addressed, SwitchModel} from './switch-model.ts';

const ETH_HLEN = 14;
const MAC_BYTES = 6;
/** IEEE 802 local experimental. */
const ETHERTYPE = [0x88, 0xb5] as const;
/** Number, behind the header. */
export const MIN_FRAME = ETH_HLEN + 8;
export const BROADCAST = new Uint8Array(MAC_BYTES).fill(0xff);

interface Frame extends Addressed {
  readonly bytes: Uint8Array;
  /** Interfaces that have put it on their line, whose line to them, and whose guest, has got it; by name. */
  readonly brought: Set<string>;
  readonly offered: Set<string>;
  readonly receivers: Set<string>;
}

/** An interface: "vif1.0" */
interface Station {
  readonly out: LineModel;
  readonly in: LineModel;
}

const macText = (bytes: Uint8Array, at: number): string => bytes.subarray(at, at + MAC_BYTES).toString();

/**
 * What guests send each other: from a guest to its backend, over a line that loses and doubles frames, through the bridge, over
 * another line, and from there to a guest. Each stretch is followed by itself: what goes in, and what has to come out.
 */
export class FrameModel {
  private readonly frames: Frame[] = [];
  private readonly stations = new Map<string, Station>();
  private readonly bridge = new SwitchModel();
  private readonly hasQueues: boolean;
  private found: string | undefined;

  /** `queues`: how many an interface may have. */
  constructor(queues: number) {
    this.hasQueues = queues > 1;
  }

  /** A frame that nobody has sent before. */
  make(to: Uint8Array, from: Uint8Array, length: number): Uint8Array {
    const number = this.frames.length;
    const bytes = new Uint8Array(length);
    for (let i = MIN_FRAME; i < length; i++) bytes[i] = Math.imul(i + number, 0x9e3779b1) >>> 24;
    bytes.set(to, 0);
    bytes.set(from, MAC_BYTES);
    bytes.set(ETHERTYPE, 2 * MAC_BYTES);
    new DataView(bytes.buffer).setUint32(ETH_HLEN, number);
    const isToAll = Buffer.compare(to, BROADCAST) === 0;
    this.frames.push({
      number,
      to: macText(bytes, 0),
      from: macText(bytes, MAC_BYTES),
      isToAll,
      bytes: bytes.slice(),
      brought: new Set(),
      offered: new Set(),
      receivers: new Set(),
    });
    return bytes;
  }

  /** A guest's interface has taken the frame. */
  sent(vif: string, bytes: Uint8Array): void {
    this.look(vif, bytes, (frame) => {
      this.stationOf(vif).out.enter(frame.number, this.flowOf(frame));
      return undefined;
    });
  }

  /** The backend puts it on the line to the bridge. */
  brought(vif: string, bytes: Uint8Array): void {
    this.look(vif, bytes, ({number, brought}) => {
      brought.add(vif);
      const fault = this.stationOf(vif).out.leave(number);
      return fault && `${vif} sends ${fault}`;
    });
  }

  /** The line gives it to the bridge. */
  entered(vif: string, bytes: Uint8Array): void {
    this.look(vif, bytes, (frame) => {
      this.bridge.enter(vif, frame);
      return frame.brought.has(vif)
        ? undefined
        : `the line from ${vif} has frame ${frame.number}, which it has not sent`;
    });
  }

  /** The bridge gives it to the line of a port. */
  offered(vif: string, bytes: Uint8Array): void {
    this.look(vif, bytes, ({number, offered}) => {
      offered.add(vif);
      return this.bridge.leave(vif, number);
    });
  }

  /** The line gives it to the backend. */
  handed(vif: string, bytes: Uint8Array): void {
    this.look(vif, bytes, (frame) => {
      this.stationOf(vif).in.enter(frame.number, this.flowOf(frame));
      return frame.offered.has(vif) ? undefined : `the line to ${vif} has frame ${frame.number}, which is not for it`;
    });
  }

  /** The guest gets it. */
  received(vif: string, bytes: Uint8Array): void {
    this.look(vif, bytes, ({number, receivers}) => {
      receivers.add(vif);
      const fault = this.stationOf(vif).in.leave(number);
      return fault && `${vif} gets ${fault}`;
    });
  }

  plugged(vif: string): void {
    this.bridge.plug(vif);
  }

  unplugged(vif: string): void {
    this.bridge.unplug(vif);
  }

  /** An interface begins anew, or grants are refused it. */
  shake(vif: string): void {
    const station = this.stationOf(vif);
    station.out.shake();
    station.in.shake();
  }

  /** All interfaces are connected, and nothing is on its way. */
  calm(): void {
    for (const station of this.stations.values()) {
      station.out.calm();
      station.in.calm();
    }
  }

  hasReceived(vif: string, bytes: Uint8Array): boolean {
    return this.frameOf(bytes)?.receivers.has(vif) === true;
  }

  /** Once nothing is on its way any more. */
  get fault(): string | undefined {
    this.found ??= this.bridge.fault;
    for (const [vif, station] of this.stations) {
      const {missing: unsent} = station.out;
      const {missing: lost} = station.in;
      if (unsent !== undefined) this.found ??= `frame ${unsent} of ${vif} is never sent on`;
      if (lost !== undefined) this.found ??= `frame ${lost} never gets to ${vif}`;
    }
    return this.found;
  }

  private look(vif: string, bytes: Uint8Array, judge: (frame: Frame) => string | undefined): void {
    const frame = this.frameOf(bytes);
    const isWhole = frame !== undefined && Buffer.compare(frame.bytes, bytes) === 0;
    const fault = isWhole ? judge(frame) : `at ${vif}, ${bytes.length} bytes that nobody has sent so`;
    this.found ??= fault;
  }

  /** What keeps its order: with one queue all, with several what goes from one address to another. */
  private flowOf({from, to}: Frame): string {
    return this.hasQueues ? `${from} ${to}` : '';
  }

  private frameOf(bytes: Uint8Array): Frame | undefined {
    if (bytes.length < MIN_FRAME) return undefined;
    return this.frames.at(new DataView(bytes.buffer, bytes.byteOffset).getUint32(ETH_HLEN));
  }

  private stationOf(vif: string): Station {
    const station = this.stations.get(vif) ?? {out: new LineModel(), in: new LineModel()};
    this.stations.set(vif, station);
    return station;
  }
}
