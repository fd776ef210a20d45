import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {BlockBackend, blockBackend, type BlockFeatures} from '../../backends/block/index.ts';
import {ImageLocks, openStorage, type StorageOpener} from '../../backends/storage/index.ts';
import {BlockFrontend, blockFrontend} from '../../frontends/block/index.ts';
import type {BlockDevice} from '../../frontends/api.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import {createRig, type Rig, type RigDomain, type RigOptions} from './rig.ts';

/** Bytes that differ everywhere, so that a sector in the wrong place shows. */
export const pattern = (lengthBytes: number, seed = 1): Uint8Array => {
  const words = new Uint32Array(lengthBytes / 4);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b);
  return new Uint8Array(words.buffer);
};

/** Offset of the first byte that differs, -1 when all are the same. What deepEqual does takes seconds for a disk. */
export const firstDifference = (a: Uint8Array, b: Uint8Array): number => {
  if (a.length === b.length && Buffer.compare(a, b) === 0) return -1;
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? a.length : at;
};

/** A folder that is gone when the test is over. */
export const tempDir = (t: {teardown(clean: () => void): void}): string => {
  const dir = mkdtempSync(join(tmpdir(), 'pvsim-block-'));
  t.teardown(() => rmSync(dir, {recursive: true}));
  return dir;
};

/** An image of those bytes in a folder of its own. */
export const tempImage = (t: {teardown(clean: () => void): void}, bytes: Uint8Array): string => {
  const path = join(tempDir(t), 'disk.img');
  writeFileSync(path, bytes);
  return path;
};

export interface DiskSetup {
  target?: string;
  vdev?: number;
  mode?: string;
  back?: Readonly<Record<string, string>>;
  front?: Readonly<Record<string, string>>;
}

export interface BlockRigOptions extends RigOptions {
  open?: StorageOpener;
  features?: Partial<BlockFeatures>;
  maxInFlight?: number;
  ringStart?: number;
}

export const XVDA = 51712;

/** A rig with blkback in dom0, and one guest with or without blkfront. */
export class BlockRig {
  readonly rig: Rig;
  guest: RigDomain;
  readonly devices: BlockDevice[] = [];
  backends!: XenbusBus;
  frontends!: XenbusBus;
  private readonly options: BlockRigOptions;
  private readonly locks = new ImageLocks();

  constructor(rig: Rig, guest: RigDomain, options: BlockRigOptions) {
    this.rig = rig;
    this.guest = guest;
    this.options = options;
  }

  /** Loads blkback in dom0. */
  startBackends(): void {
    const {locks} = this;
    const open: StorageOpener = this.options.open ?? ((target, how) => openStorage(target, {...how, locks}));
    const {ops, xs} = this.rig.dom0;
    const {features, maxInFlight} = this.options;
    this.backends = new XenbusBus(ops, xs, 'backend', [blockBackend({open, features, maxInFlight})]);
    this.backends.start();
  }

  /** Loads blkfront in the guest. */
  startFrontends(): void {
    const {ringStart} = this.options;
    const driver = blockFrontend((device) => this.devices.push(device), {ringStart});
    this.frontends = new XenbusBus(this.guest.ops, this.guest.xs, 'frontend', [driver]);
    this.frontends.start();
  }

  /** A new guest with blkfront in place of the one before. */
  async replaceGuest(): Promise<RigDomain> {
    this.guest = await this.rig.createGuest();
    this.startFrontends();
    return this.guest;
  }

  get disk(): BlockDevice {
    const disk = this.devices.at(-1);
    if (disk === undefined) throw new Error('no disk');
    return disk;
  }

  frontPath(vdev = XVDA): string {
    return `/local/domain/${this.guest.domain.id}/device/vbd/${vdev}`;
  }

  backPath(vdev = XVDA): string {
    return `/local/domain/0/backend/vbd/${this.guest.domain.id}/${vdev}`;
  }

  backend(vdev = XVDA): BlockBackend {
    const instance = this.backends.instance(`backend/vbd/${this.guest.domain.id}/${vdev}`);
    if (!(instance instanceof BlockBackend)) throw new Error('no backend');
    return instance;
  }

  frontend(vdev = XVDA): BlockFrontend {
    const instance = this.frontends.instance(`device/vbd/${vdev}`);
    if (!(instance instanceof BlockFrontend)) throw new Error('no frontend');
    return instance;
  }

  /** What the toolstack writes for a disk, then what its block script writes. */
  async attach({target = 'ram:1m', vdev = XVDA, mode = 'w', front = {}, back = {}}: DiskSetup = {}): Promise<void> {
    await this.rig.addDevice({
      guest: this.guest,
      type: 'vbd',
      devid: vdev,
      front: {'virtual-device': String(vdev), 'device-type': 'disk', ...front},
      back: {params: target, mode, type: 'phy', 'device-type': 'disk', removable: '0', 'discard-enable': '1', ...back},
    });
    await this.write(`${this.backPath(vdev)}/physical-device`, '7:0');
    await this.write(`${this.backPath(vdev)}/hotplug-status`, 'connected');
  }

  /** Both directories of a device go in one transaction. */
  removeNodes(vdev = XVDA): Promise<void> {
    const {xs} = this.rig.dom0;
    return this.rig.run(() =>
      xs.transaction(async (tx) => {
        await xs.rm(this.frontPath(vdev), tx);
        await xs.rm(this.backPath(vdev), tx);
      }),
    );
  }

  read(path: string): Promise<string | undefined> {
    return this.rig.run(() => this.rig.dom0.xs.read(path));
  }

  write(path: string, value: string): Promise<void> {
    return this.rig.run(() => this.rig.dom0.xs.write(path, value));
  }

  /** Backend's and frontend's state. */
  async states(vdev = XVDA): Promise<string> {
    return `${await this.read(`${this.backPath(vdev)}/state`)}/${await this.read(`${this.frontPath(vdev)}/state`)}`;
  }

  run<T>(step: () => Promise<T>): Promise<T> {
    return this.rig.run(step);
  }

  settle(ns?: number): Promise<void> {
    return this.rig.settle(ns);
  }
}

/** A rig whose guest has blkfront, and no blkback. */
export const createClientRig = async (): Promise<BlockRig> => {
  const rig = await createRig();
  const block = new BlockRig(rig, await rig.createGuest(), {});
  block.startFrontends();
  await block.settle();
  return block;
};

/** A rig with blkback, and a guest without a driver. */
export const createRawRig = async (options: BlockRigOptions = {}): Promise<BlockRig> => {
  const rig = await createRig(options);
  const block = new BlockRig(rig, await rig.createGuest(), options);
  block.startBackends();
  await block.settle();
  return block;
};

/** A rig whose guest has blkfront and no disk yet. */
export const createBlockRig = async (options: BlockRigOptions = {}): Promise<BlockRig> => {
  const block = await createRawRig(options);
  block.startFrontends();
  await block.settle();
  return block;
};
