import {XsClient} from '../../../hypervisor/xenstore/index.ts';
import type {ToolstackUnderTest} from '../iut/toolstack.ts';
import type {RigDomain} from '../rig.ts';
import {recorder} from '../seam/recorder.ts';
import {Seam} from '../seam/seam.ts';
import {StoreSpy} from '../seam/store-spy.ts';
import {Stand, type StandOptions} from './stand.ts';
import {startRig} from './start-rig.ts';

const XVDA = 51712;

/** A toolstack under test, and both ends of a device as scripts. */
export class ToolstackStand extends Stand {
  readonly guest: RigDomain;
  readonly toolstack: ToolstackUnderTest;
  readonly store: StoreSpy;

  private constructor(options: StandOptions, rig: Stand['rig'], guest: RigDomain) {
    super(rig, options);
    this.guest = guest;
    this.store = new StoreSpy(() => '/local/domain/0');
    const seam = new Seam(rig.dom0.ops, [...options.layers, recorder(options.log, 'iut'), this.store]);
    const xs = new XsClient(seam.transport(rig.store.connectInProcess(0)));
    const made = options.iut.toolstack?.({clock: rig.schedule, xs, domid: guest.domain.id});
    this.toolstack = made ?? this.inconclusive(`${options.iut.name} has no toolstack`);
  }

  static async open(options: StandOptions): Promise<ToolstackStand> {
    const rig = await startRig(options);
    return new ToolstackStand(options, rig, await rig.createGuest());
  }

  get frontPath(): string {
    return `/local/domain/${this.guest.domain.id}/device/vbd/${XVDA}`;
  }

  get backPath(): string {
    return `/local/domain/0/backend/vbd/${this.guest.domain.id}/${XVDA}`;
  }

  get scsiBackPath(): string {
    return `/local/domain/0/backend/vscsi/${this.guest.domain.id}/0`;
  }

  get consolePath(): string {
    return `/local/domain/${this.guest.domain.id}/console`;
  }

  /** Whether the store refuses what the guest writes. */
  guestIsRefused(path: string): Promise<boolean> {
    this.note(`the guest writes ${path}`);
    return this.rig.run(() =>
      this.guest.xs.write(path, 'x').then(
        () => false,
        () => true,
      ),
    );
  }

  /** A disk, and a backend that waits for its frontend. */
  async attach(): Promise<void> {
    const attaching = this.toolstack.attachDisk();
    if (!(await this.until(async () => (await this.read(`${this.backPath}/state`)) === '1')))
      this.inconclusive('the toolstack makes no backend directory');
    await this.write(`${this.backPath}/state`, '2');
    await this.within(attaching, 'the disk is attached');
  }

  /** A SCSI host with its first unit, both Connected: what a backend and its frontend write. */
  async attachUnit(vDev: string): Promise<void> {
    const attaching = this.toolstack.attachUnit(vDev);
    if (!(await this.until(async () => (await this.read(`${this.scsiBackPath}/state`)) === '1')))
      this.inconclusive('the toolstack makes no backend directory');
    await this.write(`${this.scsiBackPath}/vscsi-devs/dev-0/state`, '3');
    for (const state of ['2', '4']) await this.write(`${this.scsiBackPath}/state`, state);
    await this.write(`${this.scsiBackPath}/vscsi-devs/dev-0/state`, '4');
    await this.within(attaching, 'the unit is attached');
  }

  /** Both ends are Connected. */
  async connect(): Promise<void> {
    await this.attach();
    for (const path of [this.frontPath, this.backPath]) await this.write(`${path}/state`, '4');
  }

  /** The guest writes into its own directory. */
  guestWrites(key: string, value: string): Promise<void> {
    this.note(`the guest writes ${key} "${value}"`);
    return this.rig.run(() => this.guest.xs.write(`${this.frontPath}/${key}`, value));
  }

  dump(): string[] {
    return [];
  }
}
