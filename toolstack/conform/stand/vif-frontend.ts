import {frameFromGuest, frameToGuest, GUEST_MAC, sameBytes} from '../peers/frames.ts';
import {NetBackendPeer, type TakenTxRequest} from '../peers/net-backend.ts';
import type {NetControlServer} from '../peers/net-control.ts';
import {TXF} from '../peers/net-slots.ts';
import {DriverNic, type GuestNic} from './guest-nic.ts';
import {DeviceStand, type DeviceStandOptions} from './device-stand.ts';
import {loadDriver} from './load-driver.ts';

const DEVID = 0;
const PROBE_BYTES = 60;

export interface VifOffer {
  /** What else the toolstack writes for the frontend. */
  front?: Readonly<Record<string, string>>;
  /** MTU that the toolstack writes; a kernel, which need not look there, gets it of its administrator, too. */
  mtu?: number;
  /** What the backend publishes before InitWait, beside and in place of feature-rx-copy and feature-sg. */
  offers?: Readonly<Record<string, string>>;
}

/** A network frontend under test in a guest, and a scripted backend in dom0. */
export class VifFrontendStand extends DeviceStand {
  readonly devid = DEVID;
  private current: NetBackendPeer | undefined;
  private driverNic: DriverNic | undefined;

  static async open(options: DeviceStandOptions): Promise<VifFrontendStand> {
    return new VifFrontendStand(options, 'vif', await loadDriver('frontend/vif', options));
  }

  /** The scripted backend of the last connection. */
  get peer(): NetBackendPeer {
    if (this.current === undefined) throw new Error('no interface is connected');
    return this.current;
  }

  /** The interface that the driver handed out. */
  get nic(): GuestNic {
    if (this.shell !== undefined) return this.shell.nic;
    const device = this.lastDevice;
    if (device === undefined || !('mac' in device)) return this.inconclusive('the driver hands out no interface');
    if (device !== this.driverNic?.device) this.driverNic = new DriverNic(device);
    return this.driverNic;
  }

  /** What a program asks of the interface. */
  async ask<T>(question: (nic: GuestNic) => Promise<T>): Promise<T> {
    try {
      return await this.within(question(this.nic), 'programs of the guest go on');
    } catch (error) {
      this.must(this.guestLives, 'the guest has crashed', 'it goes on');
      throw error;
    }
  }

  /** What the toolstack writes for an interface, and what the backend offers. An empty node is not written. */
  async attach({front = {}, offers = {}, mtu}: VifOffer = {}): Promise<void> {
    const back = Object.entries({'feature-rx-copy': '1', 'feature-sg': '1', mac: GUEST_MAC, ...offers});
    await this.addDevice(
      DEVID,
      {mac: GUEST_MAC, handle: String(DEVID), ...(mtu !== undefined && {mtu: String(mtu)}), ...front},
      Object.fromEntries(back.filter(([, value]) => value !== '')),
    );
  }

  /** Waits for the frontend to publish its rings, and maps them; inconclusive when it does not. */
  async meet(): Promise<NetBackendPeer> {
    if (!(await this.until(async () => [3, 4].includes(await this.state))))
      this.inconclusive(`the frontend has published no rings but is in state ${await this.state}`);
    const one = await this.number('event-channel');
    const [txPort, rxPort] = Number.isNaN(one)
      ? [await this.number('event-channel-tx'), await this.number('event-channel-rx')]
      : [one, one];
    this.current = new NetBackendPeer(this.peerOps, (what) => this.note(what), {
      frontend: this.guest.domain.id,
      txRef: await this.number('tx-ring-ref'),
      rxRef: await this.number('rx-ring-ref'),
      txPort,
      rxPort,
    });
    return this.current;
  }

  /** Attaches an interface and walks the backend's part up to Connected. */
  async connect(offer: VifOffer = {}): Promise<NetBackendPeer> {
    await this.attach(offer);
    await this.setState(2);
    const peer = await this.meet();
    await this.setState(4);
    if (!(await this.until(async () => (await this.state) === 4 && this.hasNic)))
      this.inconclusive(`the frontend is not connected but in state ${await this.state}`);
    await this.settle();
    await this.rig.run(async () => this.shell?.nic.open(offer.mtu));
    const {length} = await this.ask((nic) => nic.mac());
    this.must(length === 6, `an address of ${length} bytes`, 'a MAC address');
    return peer;
  }

  /** The other end of the control ring that the frontend has published; inconclusive when it has none. */
  async meetControl(): Promise<NetControlServer> {
    const [ref, port] = [await this.number('ctrl-ring-ref'), await this.number('event-channel-ctrl')];
    if (Number.isNaN(ref) || Number.isNaN(port)) return this.inconclusive('the driver makes no control ring');
    return this.peer.openControl(ref, port);
  }

  setState(state: number | string): Promise<void> {
    this.store.mark(`peer in state ${state}`);
    return this.write(`${this.backPath(DEVID)}/state`, String(state));
  }

  /** The frontend's state. */
  get state(): Promise<number> {
    return this.frontState(DEVID);
  }

  /** A node of the frontend's directory. */
  front(key: string): Promise<string | undefined> {
    return this.read(`${this.frontPath(DEVID)}/${key}`);
  }

  private get hasNic(): boolean {
    return this.shell !== undefined || this.lastDevice !== undefined;
  }

  /** The guest has not crashed. */
  get guestLives(): boolean {
    return this.guest.domain.shutdownReason === undefined && !this.guest.domain.dying;
  }

  /** Has the guest send frames; its requests, once the guest has had its time. */
  async sends(...frames: readonly Uint8Array[]): Promise<TakenTxRequest[]> {
    await this.ask((nic) => nic.send(...frames));
    await this.settle();
    return this.peer.takeTx();
  }

  /** Publishes what was filled on the receive ring; the frames that the guest gets. */
  async receives(): Promise<Uint8Array[]> {
    this.peer.pushRx();
    await this.settle();
    return this.ask((nic) => nic.take());
  }

  /** What stands on the pages of one packet's requests, in their order. */
  bytesOf(requests: readonly TakenTxRequest[]): Uint8Array | undefined {
    const parts: number[] = [];
    for (const [i, {gref, offset, size}] of requests.entries()) {
      const others = requests.slice(1).reduce((sum, each) => sum + each.size, 0);
      const own = i === 0 ? size - others : size;
      const bytes = this.peer.bytesOf(gref);
      if (bytes === undefined) return undefined;
      parts.push(...bytes.subarray(offset, offset + own));
    }
    return Uint8Array.from(parts);
  }

  /** A frame each way, to see whether the frontend still works. */
  async works(): Promise<boolean> {
    const {peer} = this;
    const sent = frameFromGuest(PROBE_BYTES, 1);
    const requests = await this.sends(sent);
    if (requests.some(({flags}) => (flags & TXF.more) !== 0) || !sameBytes(this.bytesOf(requests.slice(-1)), sent))
      return false;
    for (const {id} of requests) peer.respondTx(id);
    peer.pushTx();
    const due = frameToGuest(PROBE_BYTES, 2);
    peer.fillRx(due);
    return sameBytes((await this.receives()).at(-1), due);
  }

  /** The driver has given the device up: what is sent comes to no ring. */
  async isDisabled(): Promise<boolean> {
    return (await this.sends(frameFromGuest(PROBE_BYTES))).length === 0;
  }

  dump(): string[] {
    const {current} = this;
    const rings = current === undefined ? [] : [`tx ${String(current.tx)}`, `rx ${String(current.rx)}`];
    return [...rings, ...(this.shell?.disk.consoleLines ?? [])];
  }

  private async number(key: string): Promise<number> {
    return Number((await this.front(key)) ?? Number.NaN);
  }
}
