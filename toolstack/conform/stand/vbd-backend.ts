import {BlockFrontendPeer, type PeerRing, type BlockRequest, type BlockResponse} from '../peers/block-frontend.ts';
import {DeviceStand, type DeviceStandOptions} from './device-stand.ts';
import {loadDriver} from './load-driver.ts';

/** Device number of xvda. */
const XVDA = 51712;

export interface DiskSetup extends PeerRing {
  target?: string;
  mode?: string;
  front?: Readonly<Record<string, string>>;
  back?: Readonly<Record<string, string>>;
  /** The frontend has announced its ring, in this state, before the backend looks. */
  early?: number;
  /** Whether the block script has run; true by default. */
  hotplug?: boolean;
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

  /** What the toolstack and its block script write for a disk; and a peer with a ring, of which nobody knows yet. */
  async attach({
    target = 'ram:1m',
    mode = 'w',
    front = {},
    back = {},
    abi,
    start,
    order,
    ...how
  }: DiskSetup = {}): Promise<void> {
    const {nodes} = this.newPeer({abi, start, order});
    await this.addDevice(
      XVDA,
      {
        'virtual-device': String(XVDA),
        'device-type': 'disk',
        ...(how.early !== undefined && {...nodes, state: String(how.early)}),
        ...front,
      },
      {params: target, mode, type: 'phy', 'device-type': 'disk', removable: '0', 'discard-enable': '1', ...back},
    );
    if (how.hotplug !== false) await this.plug();
  }

  /** What the block script writes. */
  async plug(): Promise<void> {
    await this.write(`${this.backPath(XVDA)}/physical-device`, '7:0');
    await this.write(`${this.backPath(XVDA)}/hotplug-status`, 'connected');
  }

  /** Another ring in place of the one before. */
  newPeer(options: PeerRing = {}): BlockFrontendPeer {
    const peer = new BlockFrontendPeer(this.peerOps, (what) => this.note(what), options);
    const {ringGfns} = peer;
    ringGfns.forEach((gfn, i) =>
      this.seam.nameRing(ringGfns.length === 1 ? 'ring-ref' : `ring-ref${i}`, gfn, this.guest.ops.memory),
    );
    this.current = peer;
    return peer;
  }

  /** Attaches a disk and walks the frontend's part up to Connected; inconclusive when the backend does not follow. */
  async connect(setup: DiskSetup = {}): Promise<BlockFrontendPeer> {
    await this.attach(setup);
    await this.arrives(2);
    return this.meet();
  }

  /** From InitWait to Connected. */
  async meet(nodes: Readonly<Record<string, string>> = {}): Promise<BlockFrontendPeer> {
    await this.announce(nodes);
    await this.arrives(4);
    await this.setState(4);
    await this.settle();
    return this.peer;
  }

  /** Waits for a state of the backend without which there is nothing to judge. */
  async arrives(state: number): Promise<void> {
    if (!(await this.reaches(state)))
      this.inconclusive(`the backend is not in state ${state} but in state ${await this.state}`);
  }

  reaches(...states: readonly number[]): Promise<boolean> {
    return this.until(async () => states.includes(await this.state));
  }

  /** The frontend's part of an orderly end. */
  async disconnect(): Promise<void> {
    await this.setState(5);
    await this.settle();
    await this.setState(6);
    await this.arrives(6);
  }

  /** A frontend that comes again, with a ring of its own. */
  async reconnect(): Promise<BlockFrontendPeer> {
    await this.setState(1);
    await this.arrives(2);
    this.newPeer();
    return this.meet();
  }

  /** Publishes the peer's ring, or other nodes, and goes to Initialised. */
  async announce({state = '3', ...nodes}: Readonly<Record<string, string>> = {}): Promise<void> {
    for (const [key, value] of Object.entries({...this.peer.nodes, ...nodes}))
      await this.write(`${this.frontPath(XVDA)}/${key}`, value);
    await this.setState(state);
  }

  setState(state: number | string): Promise<void> {
    this.store.mark(`peer in state ${state}`);
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
