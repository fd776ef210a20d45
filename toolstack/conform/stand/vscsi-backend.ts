import {ScsiFrontendPeer, type ScsiPeerRequest, type ScsiPeerResponse} from '../peers/scsi-frontend.ts';
import type {ScriptedDisk} from '../peers/scripted-disk.ts';
import {Breach} from '../verdict.ts';
import {DeviceStand, type DeviceStandOptions} from './device-stand.ts';
import {loadDriver} from './load-driver.ts';

/** Number of the host. */
const HOST = 0;
/** Finds out whether a unit is there, and takes its message that it has been started. */
const TEST_UNIT_READY: readonly number[] = [0, 0, 0, 0, 0, 0];

export interface ScsiSetup {
  /** `p-dev` of each `v-dev`, in the order of their numbers. */
  readonly units?: Readonly<Record<string, string>>;
  readonly back?: Readonly<Record<string, string>>;
}

/** A unit as the toolstack writes it. */
export const unitNodes = (index: number, vDev: string, pDev: string): Record<string, string> => ({
  [`vscsi-devs/dev-${index}/p-dev`]: pDev,
  [`vscsi-devs/dev-${index}/v-dev`]: vDev,
  [`vscsi-devs/dev-${index}/state`]: '1',
});

/** A SCSI backend under test in dom0, and scripted frontends in a guest. */
export class VscsiBackendStand extends DeviceStand {
  private current: ScsiFrontendPeer | undefined;

  static async open(options: DeviceStandOptions): Promise<VscsiBackendStand> {
    return new VscsiBackendStand(options, 'vscsi', await loadDriver('backend/vscsi', options));
  }

  /** The scripted frontend of the last attach. */
  get peer(): ScsiFrontendPeer {
    if (this.current === undefined) throw new Error('no host is attached');
    return this.current;
  }

  /** The disk behind the unit that was opened as the `nth`. */
  disk(nth = 0): ScriptedDisk {
    return this.disks.at(nth) ?? this.inconclusive(`the backend has not opened unit ${nth}`);
  }

  /** What the toolstack writes for a host; and a peer with a ring, of which nobody knows yet. */
  async attach({units = {'0:0:0:0': '0:0:0:0'}, back = {}}: ScsiSetup = {}): Promise<void> {
    const peer = new ScsiFrontendPeer(this.peerOps, (what) => this.note(what));
    this.seam.nameRing('ring-ref', peer.ringGfn, this.guest.ops.memory);
    this.current = peer;
    const nodes = Object.entries(units).map(([vDev, pDev], i) => unitNodes(i, vDev, pDev));
    await this.addDevice(HOST, {}, {'feature-host': '0', ...Object.assign({}, ...nodes), ...back});
  }

  /** Attaches a host and walks the frontend's part up to Connected; inconclusive when the backend does not follow. */
  async connect(setup: ScsiSetup = {}): Promise<ScsiFrontendPeer> {
    await this.attach(setup);
    await this.arrives(2);
    for (const [key, value] of Object.entries(this.peer.nodes))
      await this.write(`${this.frontPath(HOST)}/${key}`, value);
    await this.setState(3);
    await this.arrives(4);
    await this.setState(4);
    await this.settle();
    for (const vDev of Object.keys(setup.units ?? {'0:0:0:0': ''})) await this.greet(vDev);
    return this.peer;
  }

  /** The first command to a unit is answered with news of its start. @see SPC-4, "unit attention" */
  async greet(vDev: string): Promise<void> {
    const [, channel, id, lun] = vDev.split(':').map(Number);
    await this.request({cdb: TEST_UNIT_READY, channel, id, lun, rqid: 0xfff0});
  }

  /** The toolstack writes nodes of the host, and asks the backend to look; the frontend follows as it should. */
  async reconfigure(nodes: Readonly<Record<string, string>>): Promise<void> {
    await this.askToReconfigure(nodes);
    await this.followReconfigured();
  }

  async askToReconfigure(nodes: Readonly<Record<string, string>>): Promise<void> {
    const {xs} = this.rig.dom0;
    this.note(`toolstack writes ${JSON.stringify(nodes)}`);
    await this.rig.run(() =>
      xs.transaction(async (tx) => {
        for (const [key, value] of Object.entries({...nodes, state: '7'}))
          await xs.write(`${this.backPath(HOST)}/${key}`, value, tx);
      }),
    );
    await this.settle();
    await this.setState(7);
    await this.settle();
  }

  async followReconfigured(): Promise<void> {
    await this.arrives(8);
    await this.setState(4);
    await this.arrives(4);
  }

  /** State of a unit. */
  async unitState(index: number): Promise<number> {
    return Number(await this.read(`${this.backPath(HOST)}/vscsi-devs/dev-${index}/state`));
  }

  /** Waits for a state of the backend without which there is nothing to judge. */
  async arrives(state: number): Promise<void> {
    if (!(await this.until(async () => (await this.state) === state)))
      this.inconclusive(`the backend is not in state ${state} but in state ${await this.state}`);
  }

  setState(state: number): Promise<void> {
    this.store.mark(`peer in state ${state}`);
    return this.write(`${this.frontPath(HOST)}/state`, String(state));
  }

  /** The backend's state. */
  get state(): Promise<number> {
    return this.backState(HOST);
  }

  /** A node of the backend's. */
  node(key: string): Promise<string | undefined> {
    return this.read(`${this.backPath(HOST)}/${key}`);
  }

  /** Pushes what was put, and takes the responses once the host has had its time. */
  async exchange(): Promise<ScsiPeerResponse[]> {
    this.peer.push();
    await this.settle();
    return this.peer.take();
  }

  /** One request and its response. */
  async request(request: ScsiPeerRequest): Promise<ScsiPeerResponse> {
    this.peer.put(request);
    const [response] = await this.exchange();
    if (response === undefined) throw new Breach(`no answer to rqid ${request.rqid}`, 'one to each request');
    return response;
  }

  /** Whether a unit is there and ready. */
  async serves(vDev = '0:0:0:0'): Promise<boolean> {
    const [, channel, id, lun] = vDev.split(':').map(Number);
    this.peer.put({cdb: TEST_UNIT_READY, channel, id, lun, rqid: 0xfeed});
    const responses = await this.exchange();
    return responses.length === 1 && responses[0].rqid === 0xfeed && responses[0].rslt === 0;
  }

  dump(): string[] {
    return this.current?.ring.dump() ?? [];
  }
}
