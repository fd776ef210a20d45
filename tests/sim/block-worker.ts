import {BlockFrontend, blockFrontend, type BlockFrontFeatures} from '../../frontends/block/index.ts';
import type {BlockDevice} from '../../frontends/api.ts';
import type {Random} from '../../hypervisor/schedule/index.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import type {RigDomain} from '../support/rig.ts';
import {DiskModel, sectorOf} from './block-model.ts';

const SECTOR = 512;
const CALLS = 40;
export const VDEV = 51712;

const drawFeatures = (random: Random): Partial<BlockFrontFeatures> => ({
  persistent: random.chance(0.6),
  indirect: [0, 13, 32, 256][random.below(4)],
  order: random.below(3),
  queues: 1 + random.below(4),
});

/** How a call ended. */
const OUTCOME = [() => true, () => false] as const;

/** One guest with a disk, and the calls it makes. */
export class BlockWorker {
  readonly model = new DiskModel();
  disk: BlockDevice | undefined;
  /** Connections that were lost so far. */
  losses = 0;
  bus!: XenbusBus;
  readonly guest: RigDomain;
  private readonly random: Random;

  constructor(guest: RigDomain, random: Random) {
    this.guest = guest;
    this.random = random;
  }

  start(): void {
    const ringStart = this.random.chance(0.5) ? 0 : 0xffff_fff0;
    const options = {ringStart, features: drawFeatures(this.random)};
    this.bus = new XenbusBus(this.guest.ops, this.guest.xs, 'frontend', [
      blockFrontend((disk) => (this.disk = disk), options),
    ]);
    this.bus.start();
  }

  get frontend(): BlockFrontend | undefined {
    const instance = this.bus.instance(`device/vbd/${VDEV}`);
    return instance instanceof BlockFrontend ? instance : undefined;
  }

  /** Some calls at a time; each ends, one way or another. */
  async work(): Promise<void> {
    const {random} = this;
    let under = 0;
    let wake: (() => void) | undefined;
    const calls: Promise<void>[] = [];
    for (let i = 0; i < CALLS && this.disk !== undefined; i++) {
      while (under > random.below(8)) await new Promise<void>((resolve) => (wake = resolve));
      under++;
      const ended = (): void => {
        under--;
        wake?.();
      };
      calls.push(this.call(this.disk).then(ended, ended));
    }
    await Promise.all(calls);
  }

  private async call(disk: BlockDevice): Promise<void> {
    const {random} = this;
    const unit = disk.sectorSize / SECTOR;
    const blocks = disk.sizeBytes / disk.sectorSize;
    // Most of it around the end of the first MiB, so that calls meet, and what belongs to one ring meets what does not.
    const block = random.chance(0.7) ? (2048 - 32 + random.below(64)) / unit : random.below(blocks - 1);
    const length = 1 + random.below(Math.min(blocks - Math.ceil(block), random.chance(0.8) ? 40 : 400));
    const [first, count] = [Math.floor(block) * unit, length * unit];
    const kind = random.below(20);
    if (kind < 9) await this.write(disk, first, count);
    else if (kind < 17) await this.read(disk, first, count);
    else if (kind < 19) await this.discard(disk, first, count);
    else await disk.flush();
  }

  private async write(disk: BlockDevice, first: number, count: number): Promise<void> {
    const {version, settle} = this.model.change(first, count);
    const data = new Uint8Array(count * SECTOR);
    for (let i = 0; i < count; i++) data.set(sectorOf(version, first + i), i * SECTOR);
    settle(await disk.write(first * SECTOR, data).then(...OUTCOME));
  }

  private async read(disk: BlockDevice, first: number, count: number): Promise<void> {
    const saw = this.model.look(first);
    const {losses} = this;
    const bytes = await disk.read(first * SECTOR, count * SECTOR).catch(() => undefined);
    if (bytes !== undefined) saw(bytes, this.losses > losses);
  }

  private async discard(disk: BlockDevice, first: number, count: number): Promise<void> {
    const {settle} = this.model.change(first, count, true);
    settle(await disk.discard(first * SECTOR, count * SECTOR, this.random.chance(0.3)).then(...OUTCOME));
  }
}
