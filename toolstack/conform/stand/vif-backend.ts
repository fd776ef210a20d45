import {type Bridge, DEFAULT_BRIDGE} from '../../../backends/network/index.ts';
import {frameFromGuest, frameToGuest, GUEST_MAC, sameBytes} from '../peers/frames.ts';
import {NetFrontendPeer, type NetPeerOptions, type TakenRxResponse} from '../peers/net-frontend.ts';
import type {ExtraInfo, TxResponse} from '../peers/net-slots.ts';
import {EXTRA, NET_RSP, TXF} from '../peers/net-slots.ts';
import {Wire} from '../peers/wire.ts';
import {DeviceStand, type DeviceStandOptions} from './device-stand.ts';
import {loadDriver} from './load-driver.ts';

const DEVID = 0;
const PROBE_BYTES = 60;
const PROBE_ID = 0x77;

export interface VifSetup extends NetPeerOptions {
  /** An empty one is not written. */
  front?: Readonly<Record<string, string>>;
  back?: Readonly<Record<string, string>>;
  /** Whether the vif script has run; true by default. */
  hotplug?: boolean;
}

/** A part of a packet: bytes for a slot of its own, or how the slot is to differ. */
export interface PacketPart {
  readonly bytes: Uint8Array;
  /** In its page. */
  readonly offset?: number;
  /** In place of what is due. */
  readonly gref?: number;
  readonly size?: number;
}

/** A network backend under test in dom0, scripted frontends in a guest, and a station on the bridge. */
export class VifBackendStand extends DeviceStand {
  readonly devid = DEVID;
  readonly wire: Wire;
  private readonly bridge: Bridge;
  private current: NetFrontendPeer | undefined;

  private constructor(options: DeviceStandOptions, parts: Awaited<ReturnType<typeof loadDriver>>) {
    super(options, 'vif', parts);
    this.bridge = parts.networks.create(DEFAULT_BRIDGE);
    this.wire = new Wire(parts.seam.ops, this.bridge);
  }

  static async open(options: DeviceStandOptions): Promise<VifBackendStand> {
    return new VifBackendStand(options, await loadDriver('backend/vif', options));
  }

  /** The scripted frontend of the last attach. */
  get peer(): NetFrontendPeer {
    if (this.current === undefined) throw new Error('no interface is attached');
    return this.current;
  }

  /** What the toolstack and its vif script write; and a peer with rings, of which nobody knows yet. */
  async attach({front = {}, back = {}, hotplug = true, ...rings}: VifSetup = {}): Promise<void> {
    this.newPeer(rings);
    const nodes = {mac: GUEST_MAC, handle: String(DEVID), bridge: DEFAULT_BRIDGE, script: 'vif-bridge', ...back};
    const written = Object.entries(front).filter(([, value]) => value !== '');
    await this.addDevice(DEVID, {mac: GUEST_MAC, handle: String(DEVID), ...Object.fromEntries(written)}, nodes);
    if (hotplug) await this.plug();
  }

  /** What the vif script writes. */
  plug(): Promise<void> {
    return this.write(`${this.backPath(DEVID)}/hotplug-status`, 'connected');
  }

  /** Other rings in place of those before. */
  newPeer(options: NetPeerOptions = {}): NetFrontendPeer {
    const peer = new NetFrontendPeer(this.peerOps, (what) => this.note(what), options);
    this.seam.nameRing('tx-ring-ref', peer.txGfn, this.guest.ops.memory);
    this.seam.nameRing('rx-ring-ref', peer.rxGfn, this.guest.ops.memory);
    if (peer.control !== undefined) this.seam.nameRing('ctrl-ring-ref', peer.control.gfn, this.guest.ops.memory);
    this.current = peer;
    return peer;
  }

  /** Attaches an interface and walks up to Connected; inconclusive when the backend does not follow. */
  async connect(setup: VifSetup = {}): Promise<NetFrontendPeer> {
    await this.attach(setup);
    await this.arrives(2);
    return this.meet(setup.front);
  }

  /** From InitWait to Connected. An empty node is not written. */
  async meet(nodes: Readonly<Record<string, string>> = {}): Promise<NetFrontendPeer> {
    await this.announce(nodes);
    await this.arrives(4);
    await this.settle();
    return this.peer;
  }

  /** Publishes the peer's rings, or other nodes, and goes to Connected. */
  async announce(nodes: Readonly<Record<string, string>> = {}): Promise<void> {
    const {ringNodes, featureNodes} = this.peer;
    await this.publish({...ringNodes, ...featureNodes, ...nodes});
    await this.setState(4);
  }

  /** Connects with so many queues, `peer` being the first; inconclusive when the backend has not so many. */
  async connectQueues(count: number, {front = {}, back = {}, ...setup}: VifSetup = {}): Promise<NetFrontendPeer[]> {
    await this.attach({...setup, back: {tuning: `queues=${count}`, ...back}});
    await this.arrives(2);
    if (Number((await this.back('multi-queue-max-queues')) ?? 1) < count)
      this.inconclusive(`the backend has fewer than ${count} queues`);
    const peers = [this.peer];
    while (peers.length < count) peers.push(this.newPeer());
    [this.current] = peers;
    const rings = peers.flatMap(({ringNodes}, i) =>
      Object.entries(ringNodes).map(([key, value]) => [`queue-${i}/${key}`, value]),
    );
    const queues = {'multi-queue-num-queues': String(count), ...Object.fromEntries(rings)};
    await this.publish({...this.peer.featureNodes, ...queues, ...front});
    await this.setState(4);
    await this.arrives(4);
    await this.settle();
    return peers;
  }

  private async publish(nodes: Readonly<Record<string, string>>): Promise<void> {
    for (const [key, value] of Object.entries(nodes))
      if (value !== '') await this.write(`${this.frontPath(DEVID)}/${key}`, value);
  }

  /** Waits for a state of the backend without which there is nothing to judge. */
  async arrives(state: number): Promise<void> {
    if (!(await this.reaches(state)))
      this.inconclusive(`the backend is not in state ${state} but in state ${await this.state}`);
  }

  reaches(...states: readonly number[]): Promise<boolean> {
    return this.until(async () => states.includes(await this.state));
  }

  /** It has given the vif up. */
  async mustDisable(why: string): Promise<void> {
    const isDown = await this.reaches(5, 6);
    this.must(isDown, `the backend is in state ${await this.state}`, `${why}: the vif is disabled`);
    this.must(this.mappings === 0, () => `${this.mappings} pages are mapped`, 'nothing of the guest is kept');
  }

  setState(state: number | string): Promise<void> {
    this.store.mark(`peer in state ${state}`);
    return this.write(`${this.frontPath(DEVID)}/state`, String(state));
  }

  /** Ports of the bridge beside the station's. */
  get portNames(): string[] {
    return this.bridge.links.map(({port}) => port.name).filter((name) => name !== this.wire.name);
  }

  /** The backend's state. */
  get state(): Promise<number> {
    return this.backState(DEVID);
  }

  /** A node of the backend's directory. */
  back(key: string): Promise<string | undefined> {
    return this.read(`${this.backPath(DEVID)}/${key}`);
  }

  /** Fills the slots of one packet, with extras behind the first; ids count from `id`. */
  putPacket(
    parts: readonly PacketPart[],
    {id = 0, extras = [] as readonly ExtraInfo[], flags = 0, total = NaN} = {},
  ): void {
    const {peer} = this;
    const sum = parts.reduce((length, {bytes, size}) => length + (size ?? bytes.length), 0);
    parts.forEach(({bytes, offset = 0, gref, size}, i) => {
      const own = flags | (i < parts.length - 1 ? TXF.more : 0) | (i === 0 && extras.length > 0 ? TXF.extra : 0);
      const first = Number.isNaN(total) ? sum : total;
      peer.putTx({
        gref: gref ?? peer.pageOf(bytes, offset).gref,
        offset,
        id: id + i,
        flags: i === 0 ? own : own & TXF.more,
        size: i === 0 ? first : (size ?? bytes.length),
      });
      if (i > 0) return;
      extras.forEach((extra, n) => peer.putExtra({flags: n < extras.length - 1 ? EXTRA.more : 0, ...extra}));
    });
  }

  /** Pushes what was put, and takes the responses once the host has had its time. */
  async exchange(): Promise<TxResponse[]> {
    this.peer.pushTx();
    await this.settle();
    return this.peer.takeTx();
  }

  /** Posts room, sends frames from the wire, and takes what comes. */
  async deliver(...frames: readonly Uint8Array[]): Promise<TakenRxResponse[]> {
    this.wire.send(...frames);
    await this.settle();
    return this.peer.takeRx();
  }

  /** A frame each way, to see whether the backend still serves. */
  async serves(): Promise<boolean> {
    const {peer, wire} = this;
    const sent = frameFromGuest(PROBE_BYTES, PROBE_ID);
    wire.take();
    peer.putFrame(sent, PROBE_ID);
    const [response] = (await this.exchange()).slice(-1);
    if (response?.id !== PROBE_ID || response.status !== NET_RSP.okay) return false;
    if (!sameBytes(wire.take().at(-1)?.bytes, sent)) return false;
    peer.post(1);
    peer.pushRx();
    const due = frameToGuest(PROBE_BYTES, PROBE_ID);
    const taken = (await this.deliver(due)).at(-1);
    return sameBytes(taken?.page?.bytes.subarray(0, taken.status), due);
  }

  dump(): string[] {
    const {current} = this;
    return current === undefined ? [] : [`tx ${String(current.tx)}`, `rx ${String(current.rx)}`];
  }
}
