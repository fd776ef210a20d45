import type {BlockDevice} from '../../../frontends/api.ts';
import {BlockBackendPeer} from '../peers/block-backend.ts';
import {DeviceStand, type DeviceStandOptions} from './device-stand.ts';
import {loadDriver} from './load-driver.ts';

/** Device number of xvda. */
const XVDA = 51712;
/** What the scripted disk is full of. */
const PATTERN = 0xa5;
/** In which a device that works would have asked its backend. */
const DISABLED_NS = 2e9;

/** What came of reads, so far. */
export interface Asked {
  done: number;
  failed: number;
}

/** A block frontend under test in a guest, and a scripted backend in dom0. */
export class VbdFrontendStand extends DeviceStand {
  readonly devid = XVDA;
  private current: BlockBackendPeer | undefined;

  static async open(options: DeviceStandOptions): Promise<VbdFrontendStand> {
    return new VbdFrontendStand(options, 'vbd', await loadDriver('frontend/vbd', options));
  }

  /** The scripted backend of the last connection. */
  get peer(): BlockBackendPeer {
    if (this.current === undefined) throw new Error('no disk is connected');
    return this.current;
  }

  /** The disk that the driver handed out. */
  get disk(): BlockDevice {
    const device = this.lastDevice;
    if (device === undefined || !('sectorSize' in device)) return this.inconclusive('the driver hands out no disk');
    return device;
  }

  get hasDisk(): boolean {
    return this.lastDevice !== undefined;
  }

  /** What the toolstack writes for a disk. */
  async attach(
    front: Readonly<Record<string, string>> = {},
    back: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    if (this.shell !== undefined && front.state !== undefined)
      this.inconclusive('the kernel is up, and a device that it has not seen is new');
    await this.addDevice(
      XVDA,
      {'virtual-device': String(XVDA), 'device-type': 'disk', ...front},
      {params: 'none', mode: 'w', removable: '0', ...back},
    );
  }

  /** What the guest calls the disk. */
  get diskName(): Promise<string> {
    return this.rig.run(async () => this.shell?.disk.askName() ?? this.disk.name);
  }

  /** The size of the disk that the driver handed out. */
  get diskBytes(): Promise<number> {
    return this.rig.run(async () => this.shell?.disk.askSize() ?? this.disk.sizeBytes);
  }

  /** Whether it can be flushed. */
  get diskFlushes(): Promise<boolean> {
    return this.rig.run(async () => this.shell?.disk.askFlush() ?? this.disk.canFlush);
  }

  /** Waits for the frontend to publish its ring, and maps it; inconclusive when it does not. */
  async meet(): Promise<BlockBackendPeer> {
    if (!(await this.until(async () => [3, 4].includes(await this.state))))
      this.inconclusive(`the frontend has published no ring but is in state ${await this.state}`);
    this.current = await this.mapRing('');
    return this.current;
  }

  /** One ring: "queue-1/", or "" for the only one. */
  async mapRing(prefix: string): Promise<BlockBackendPeer> {
    const path = this.frontPath(XVDA);
    const number = async (key: string): Promise<number> => Number(await this.read(`${path}/${prefix}${key}`));
    const only = await number('ring-ref');
    const ringRefs = Number.isNaN(only) ? [] : [only];
    while (Number.isNaN(only)) {
      const ref = await number(`ring-ref${ringRefs.length}`);
      if (Number.isNaN(ref)) break;
      ringRefs.push(ref);
    }
    const abi = (await this.read(`${path}/protocol`)) === 'x86_32-abi' ? 'x86_32' : 'x86_64';
    const announced = {
      frontend: this.guest.domain.id,
      ringRefs,
      remotePort: await number('event-channel'),
      abi,
    } as const;
    return new BlockBackendPeer(this.peerOps, (what) => this.note(what), announced);
  }

  /** Attaches a disk and walks the backend's part up to Connected. `offers` are there before InitWait. */
  async connect(
    nodes: Readonly<Record<string, string>> = {},
    {front, offers}: {front?: Readonly<Record<string, string>>; offers?: Readonly<Record<string, string>>} = {},
  ): Promise<BlockBackendPeer> {
    await this.attach(front, offers);
    await this.setState(2);
    return this.join(nodes);
  }

  /** From the frontend's ring on. */
  async join(nodes: Readonly<Record<string, string>> = {}): Promise<BlockBackendPeer> {
    const peer = await this.meet();
    await this.publish(nodes);
    await this.setState(4);
    await this.arrives(4);
    // A kernel looks for partitions.
    if (this.shell !== undefined) await this.serveAll();
    return peer;
  }

  /** Waits for a state of the frontend without which there is nothing to judge. */
  async arrives(state: number): Promise<void> {
    if (!(await this.reaches(state)))
      this.inconclusive(`the frontend is not in state ${state} but in state ${await this.state}`);
  }

  reaches(...states: readonly number[]): Promise<boolean> {
    return this.until(async () => states.includes(await this.state));
  }

  /** What a backend publishes before it is Connected. */
  async publish(nodes: Readonly<Record<string, string>> = {}): Promise<void> {
    const properties = {sectors: '2048', info: '0', 'sector-size': '512', 'feature-flush-cache': '1', ...nodes};
    for (const [key, value] of Object.entries(properties)) await this.write(`${this.backPath(XVDA)}/${key}`, value);
  }

  setState(state: number | string): Promise<void> {
    this.store.mark(`peer in state ${state}`);
    return this.write(`${this.backPath(XVDA)}/state`, String(state));
  }

  /** The frontend's state. */
  get state(): Promise<number> {
    return this.frontState(XVDA);
  }

  /** What the frontend says of the device in its error directory. */
  get error(): Promise<string | undefined> {
    return this.read(`/local/domain/${this.guest.domain.id}/error/device/vbd/${XVDA}/error`);
  }

  /** The guest has not crashed. */
  get guestLives(): boolean {
    return this.guest.domain.shutdownReason === undefined && !this.guest.domain.dying;
  }

  /** Serves what the frontend has asked until it asks no more. */
  async serveAll(): Promise<void> {
    for (;;) {
      await this.settle(this.paceNs);
      const requests = this.peer.take();
      if (requests.length === 0) return;
      for (const request of requests) this.peer.serve(request, PATTERN);
      this.peer.push();
    }
  }

  /** Serves until `holds`; false when it never does. */
  serveUntil(holds: () => boolean): Promise<boolean> {
    return this.until(async () => {
      await this.serveAll();
      return holds();
    });
  }

  /** One read of the disk, answered by the peer, to see whether the frontend still works. */
  async reads(lengthBytes = 4096): Promise<boolean> {
    const read = this.disk.read(0, lengthBytes).then(
      (bytes) => bytes.length === lengthBytes && bytes.every((byte) => byte === PATTERN),
      () => false,
    );
    await this.settle(this.paceNs);
    await this.serveAll();
    return this.within(read, 'a read that was answered is done');
  }

  /** Starts so many reads of a page each, which go on until they are answered. */
  ask(count: number): Asked {
    const asked: Asked = {done: 0, failed: 0};
    for (let i = 0; i < count; i++) {
      this.disk.read(i * 4096, 4096).then(
        () => asked.done++,
        () => asked.failed++,
      );
    }
    return asked;
  }

  /** The driver has given the device up: what is asked of it fails, or comes to no ring. */
  async isDisabled(): Promise<boolean> {
    const before = this.peer.ring.reqProd;
    const asked = this.ask(1);
    await this.until(() => asked.done + asked.failed > 0, DISABLED_NS);
    return asked.failed > 0 || (asked.done === 0 && this.peer.ring.reqProd === before);
  }

  dump(): string[] {
    return [...(this.current?.ring.dump() ?? []), ...(this.shell?.disk.consoleLines ?? [])];
  }
}
