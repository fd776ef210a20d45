import {ScsiBackend, scsiBackend, type UnitOpener} from '../../backends/scsi/index.ts';
import {DiskUnit} from '../../backends/scsi/target/index.ts';
import {RamImage, type Storage} from '../../backends/storage/index.ts';
import type {ScsiUnit} from '../../frontends/api.ts';
import {ScsiFrontend, scsiFrontend} from '../../frontends/scsi/index.ts';
import {DeviceError, XenbusBus} from '../../hypervisor/xenbus/index.ts';
import {createRig, type Rig, type RigDomain, type RigOptions} from './rig.ts';

const HOST = 0;
const ENODEV = 19;
const TEST_UNIT_READY = new Uint8Array(6);

export interface ScsiRigOptions extends RigOptions {
  /** Behind each `p-dev`; disks in memory of 1 MiB by default, "0:0:0:0" and "0:0:1:0". */
  storages?: Readonly<Record<string, Storage>>;
  ringStart?: number;
  back?: Readonly<Record<string, string>>;
  front?: Readonly<Record<string, string>>;
}

/** A rig with scsiback in dom0, scsifront in a guest, and the toolstack's part played by hand. */
export class ScsiRig {
  readonly rig: Rig;
  readonly guest: RigDomain;
  readonly units: ScsiUnit[] = [];
  readonly backends: XenbusBus;
  readonly frontends: XenbusBus;
  private readonly options: ScsiRigOptions;
  private greeted = 0;

  constructor(rig: Rig, guest: RigDomain, options: ScsiRigOptions) {
    this.rig = rig;
    this.guest = guest;
    this.options = options;
    const storages = options.storages ?? {'0:0:0:0': new RamImage(1 << 20), '0:0:1:0': new RamImage(1 << 20)};
    const disks = new Map(
      Object.entries(storages).map(([pDev, storage]) => [pDev, new DiskUnit({storage, serial: pDev})]),
    );
    const open: UnitOpener = (pDev) => {
      const unit = disks.get(pDev);
      return unit === undefined
        ? Promise.reject(new DeviceError(ENODEV, `no unit ${pDev}`))
        : Promise.resolve({unit, close: () => undefined});
    };
    this.backends = new XenbusBus(rig.dom0.ops, rig.dom0.xs, 'backend', [scsiBackend(open)]);
    const driver = scsiFrontend((unit) => this.units.push(unit), {ringStart: options.ringStart});
    this.frontends = new XenbusBus(guest.ops, guest.xs, 'frontend', [driver]);
  }

  static async start(options: ScsiRigOptions = {}): Promise<ScsiRig> {
    const rig = await createRig(options);
    const scsi = new ScsiRig(rig, await rig.createGuest(), options);
    scsi.backends.start();
    scsi.frontends.start();
    await rig.settle();
    return scsi;
  }

  get frontPath(): string {
    return `/local/domain/${this.guest.domain.id}/device/vscsi/${HOST}`;
  }

  get backPath(): string {
    return `/local/domain/0/backend/vscsi/${this.guest.domain.id}/${HOST}`;
  }

  get backend(): ScsiBackend {
    const instance = this.backends.instance(`backend/vscsi/${this.guest.domain.id}/${HOST}`);
    if (!(instance instanceof ScsiBackend)) throw new Error('no backend');
    return instance;
  }

  get frontend(): ScsiFrontend {
    const instance = this.frontends.instance(`device/vscsi/${HOST}`);
    if (!(instance instanceof ScsiFrontend)) throw new Error('no frontend');
    return instance;
  }

  /** A host with units, by their `v-dev`. @see vscsiif.h, "To create a vhost along with a device" */
  async create(units: Readonly<Record<string, string>> = {'0:0:0:0': '0:0:0:0'}): Promise<void> {
    const nodes = Object.entries(units).flatMap(([vDev, pDev], i) => unitNodes(i, vDev, pDev));
    const {back = {}, front = {}} = this.options;
    await this.rig.addDevice({
      guest: this.guest,
      type: 'vscsi',
      devid: HOST,
      front,
      back: {'feature-host': '0', ...Object.fromEntries(nodes), ...back},
    });
    await this.settle();
  }

  /** @see vscsiif.h, "To add another device to a vhost" */
  async add(index: number, vDev: string, pDev: string): Promise<void> {
    await this.change([...unitNodes(index, vDev, pDev), ['state', '7']]);
  }

  /** @see vscsiif.h, "To remove a device from a vhost", without its last step */
  async remove(index: number): Promise<void> {
    await this.change([
      [`vscsi-devs/dev-${index}/state`, '5'],
      ['state', '7'],
    ]);
  }

  read(path: string): Promise<string | undefined> {
    return this.rig.run(() => this.rig.dom0.xs.read(path));
  }

  /** Backend's and frontend's state; of a unit, if one is named. */
  async states(unit?: number): Promise<string> {
    const node = unit === undefined ? 'state' : `vscsi-devs/dev-${unit}/state`;
    return `${await this.read(`${this.backPath}/${node}`)}/${await this.read(`${this.frontPath}/${node}`)}`;
  }

  private async change(nodes: readonly (readonly [string, string])[]): Promise<void> {
    const {xs} = this.rig.dom0;
    await this.rig.run(() =>
      xs.transaction(async (tx) => {
        for (const [key, value] of nodes) await xs.write(`${this.backPath}/${key}`, value, tx);
      }),
    );
    await this.settle();
  }

  /** Each unit tells of its start first, once. @see SPC-4, "unit attention" */
  private async settle(): Promise<void> {
    await this.rig.settle();
    const started = this.units.slice(this.greeted);
    this.greeted = this.units.length;
    for (const unit of started) await this.rig.run(() => unit.execute(TEST_UNIT_READY));
  }
}

const unitNodes = (index: number, vDev: string, pDev: string): [string, string][] => [
  [`vscsi-devs/dev-${index}/p-dev`, pDev],
  [`vscsi-devs/dev-${index}/v-dev`, vDev],
  [`vscsi-devs/dev-${index}/state`, '1'],
];
