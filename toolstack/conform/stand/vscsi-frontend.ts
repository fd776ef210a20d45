import type {ScsiReply, ScsiUnit} from '../../../frontends/api.ts';
import {ScsiBackendPeer, type TakenScsiRequest} from '../peers/scsi-backend.ts';
import {DeviceStand, type DeviceStandOptions} from './device-stand.ts';
import {loadDriver} from './load-driver.ts';

/** Number of the host. */
const HOST = 0;
const INITIALISED = 3;
/** In which a device that works would have asked its backend. */
const DISABLED_NS = 2e9;

/** What a unit was asked. */
export interface AskedUnit {
  reply?: ScsiReply;
  /** It was never answered, or never sent. */
  failed: boolean;
}

/** A SCSI frontend under test in a guest, and a scripted backend in dom0. */
export class VscsiFrontendStand extends DeviceStand {
  private current: ScsiBackendPeer | undefined;

  static async open(options: DeviceStandOptions): Promise<VscsiFrontendStand> {
    return new VscsiFrontendStand(options, 'vscsi', await loadDriver('frontend/vscsi', options));
  }

  /** The scripted backend of the last connection. */
  get peer(): ScsiBackendPeer {
    if (this.current === undefined) throw new Error('no host is connected');
    return this.current;
  }

  /** The units that the driver handed out. */
  get units(): readonly ScsiUnit[] {
    return this.devices.filter((device): device is ScsiUnit => 'lun' in device);
  }

  get unit(): ScsiUnit {
    return this.units.at(-1) ?? this.inconclusive('the driver hands out no unit');
  }

  /** Attaches a host with units at those addresses, and walks the backend's part up to Connected. */
  async connect(vDevs: readonly string[] = ['0:0:0:0'], sgGrant = '1024'): Promise<ScsiBackendPeer> {
    const nodes = vDevs.flatMap((vDev, i) => Object.entries(initialisedUnit(i, vDev)));
    await this.addDevice(HOST, {}, {'feature-host': '0', ...Object.fromEntries(nodes)});
    if (sgGrant !== '') await this.setBack('feature-sg-grant', sgGrant);
    await this.setState(2);
    await this.meet();
    await this.setState(4);
    await this.arrives(4);
    await this.settle();
    return this.peer;
  }

  /** Waits for the frontend to publish its ring, and maps it; inconclusive when it does not. */
  async meet(): Promise<ScsiBackendPeer> {
    await this.arrives(INITIALISED);
    const number = async (key: string): Promise<number> => Number(await this.read(`${this.frontPath(HOST)}/${key}`));
    this.current = new ScsiBackendPeer(this.peerOps, (what) => this.note(what), {
      frontend: this.guest.domain.id,
      ringRef: await number('ring-ref'),
      remotePort: await number('event-channel'),
    });
    return this.current;
  }

  /** Writes nodes of the backend's. */
  async setBack(key: string, value: string): Promise<void> {
    await this.write(`${this.backPath(HOST)}/${key}`, value);
  }

  async setState(state: number): Promise<void> {
    this.store.mark(`peer in state ${state}`);
    await this.setBack('state', String(state));
  }

  setUnitState(index: number, state: number): Promise<void> {
    return this.setBack(`vscsi-devs/dev-${index}/state`, String(state));
  }

  /** The frontend's node of a unit. */
  ownUnitState(index: number): Promise<string | undefined> {
    return this.read(`${this.frontPath(HOST)}/vscsi-devs/dev-${index}/state`);
  }

  /** The frontend's state. */
  get state(): Promise<number> {
    return this.frontState(HOST);
  }

  /** Waits for a state of the frontend without which there is nothing to judge. */
  async arrives(state: number): Promise<void> {
    if (!(await this.until(async () => (await this.state) === state)))
      this.inconclusive(`the frontend is not in state ${state} but in state ${await this.state}`);
  }

  /** Has a unit execute a command, and lets that come to the ring. */
  async ask(cdb: readonly number[], exchange: Parameters<ScsiUnit['execute']>[1] = {}): Promise<AskedUnit> {
    const asked: AskedUnit = {failed: false};
    this.unit.execute(Uint8Array.from(cdb), exchange).then(
      (reply) => (asked.reply = reply),
      () => (asked.failed = true),
    );
    await this.settle(this.paceNs);
    return asked;
  }

  /** The one request that is to be on the ring now. */
  taken(): TakenScsiRequest {
    const [request, ...more] = this.peer.take();
    if (request === undefined || more.length > 0)
      this.inconclusive(`${more.length + (request === undefined ? 0 : 1)} requests are on the ring in place of one`);
    return request;
  }

  /** Publishes what was answered, and lets the frontend see it. */
  async push(): Promise<void> {
    this.peer.push();
    await this.settle(this.paceNs);
  }

  /** The driver has given the host up: what is asked of it fails, or comes to no ring. */
  async isDisabled(): Promise<boolean> {
    const before = this.peer.ring.reqProd;
    const asked = await this.ask([0, 0, 0, 0, 0, 0]);
    await this.until(() => asked.failed || asked.reply !== undefined, DISABLED_NS);
    return asked.failed || (asked.reply === undefined && this.peer.ring.reqProd === before);
  }

  dump(): string[] {
    return this.current?.ring.dump() ?? [];
  }
}

/** A unit as a backend that has opened it shows it. */
export const initialisedUnit = (index: number, vDev: string): Record<string, string> => ({
  [`vscsi-devs/dev-${index}/p-dev`]: `0:0:${index}:0`,
  [`vscsi-devs/dev-${index}/v-dev`]: vDev,
  [`vscsi-devs/dev-${index}/state`]: String(INITIALISED),
});
