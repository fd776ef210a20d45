import {BlockFrontendPeer, type BlockAbi, type BlockRequest, type BlockResponse} from '../peers/block-frontend.ts';
import {DeviceStand, type DeviceStandOptions} from './device-stand.ts';
import {loadDriver} from './load-driver.ts';

/** Device number of xvda. */
const XVDA = 51712;

export interface DiskSetup {
  target?: string;
  mode?: string;
  front?: Readonly<Record<string, string>>;
  back?: Readonly<Record<string, string>>;
  abi?: BlockAbi;
  /** Index at which the peer starts its ring. */
  start?: number;
}

/** A block backend under test in dom0, and scripted frontends in a guest. */
export class VbdBackendStand extends DeviceStand {
  readonly devid = XVDA;
  private current: BlockFrontendPeer | undefined;

  static async open(options: DeviceStandOptions): Promise<VbdBackendStand> {
    return new VbdBackendStand(options, 'vbd', await loadDriver('backend/vbd', options));
  }

  /** The scripted frontend of the last attach. */
  get peer(): BlockFrontendPeer {
    if (this.current === undefined) throw new Error('no disk is attached');
    return this.current;
  }

  /** What the toolstack and its block script write for a disk; then a peer with a ring, of which nobody knows yet. */
  async attach({target = 'ram:1m', mode = 'w', front = {}, back = {}, abi, start}: DiskSetup = {}): Promise<void> {
    await this.addDevice(
      XVDA,
      {'virtual-device': String(XVDA), 'device-type': 'disk', ...front},
      {params: target, mode, type: 'phy', 'device-type': 'disk', removable: '0', 'discard-enable': '1', ...back},
    );
    await this.write(`${this.backPath(XVDA)}/physical-device`, '7:0');
    await this.write(`${this.backPath(XVDA)}/hotplug-status`, 'connected');
    this.newPeer({abi, start});
  }

  /** Another ring in place of the one before. */
  newPeer(options: {abi?: BlockAbi; start?: number} = {}): BlockFrontendPeer {
    const peer = new BlockFrontendPeer(this.peerOps, (what) => this.note(what), options);
    this.seam.nameRing('ring-ref', peer.ringGfn, this.guest.ops.memory);
    this.current = peer;
    return peer;
  }

  /** Attaches a disk and walks the frontend's part up to Connected; inconclusive when the backend does not follow. */
  async connect(setup: DiskSetup = {}): Promise<BlockFrontendPeer> {
    await this.attach(setup);
    if (!(await this.until(async () => (await this.backState(XVDA)) === 2)))
      this.inconclusive(`the backend is not in InitWait but in state ${await this.backState(XVDA)}`);
    await this.announce();
    if (!(await this.until(async () => (await this.backState(XVDA)) === 4)))
      this.inconclusive(`the backend is not Connected but in state ${await this.backState(XVDA)}`);
    await this.setState(4);
    await this.settle();
    return this.peer;
  }

  /** Publishes the peer's ring, or other nodes, and goes to Initialised. */
  async announce(nodes: Readonly<Record<string, string>> = {}): Promise<void> {
    for (const [key, value] of Object.entries({...this.peer.nodes, ...nodes, state: '3'}))
      await this.write(`${this.frontPath(XVDA)}/${key}`, value);
  }

  setState(state: number | string): Promise<void> {
    return this.write(`${this.frontPath(XVDA)}/state`, String(state));
  }

  /** The backend's state. */
  get state(): Promise<number> {
    return this.backState(XVDA);
  }

  /** What the backend says of the device in dom0's error directory. */
  get error(): Promise<string | undefined> {
    return this.read(`/local/domain/0/error/backend/vbd/${this.guest.domain.id}/${XVDA}/error`);
  }

  /** Pushes what was put, and takes the responses once the host has had its time. */
  async exchange(): Promise<BlockResponse[]> {
    this.peer.push();
    await this.settle();
    return this.peer.take();
  }

  /** One request and its response. */
  async request(request: BlockRequest): Promise<BlockResponse | undefined> {
    this.peer.put(request);
    return (await this.exchange()).at(0);
  }

  /** One read, to see whether the backend still serves. */
  async serves(): Promise<boolean> {
    const id = 0xfeedn;
    this.peer.putRead(id, this.peer.page());
    const responses = await this.exchange();
    return responses.length === 1 && responses[0].id === id && responses[0].status === 0;
  }

  dump(): string[] {
    return this.current?.ring.dump() ?? [];
  }
}
