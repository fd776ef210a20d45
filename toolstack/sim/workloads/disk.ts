import type {BlockDevice} from '../../../frontends/api.ts';
import type {Random} from '../../../hypervisor/schedule/index.ts';
import {DiskModel, sectorOf} from '../checkers/disk-model.ts';
import type {Profile} from '../profiles.ts';
import {makeCalls} from './calls.ts';
import type {Workload} from './workload.ts';

const SECTOR = 512;
/** Sectors of the middle of a disk where most calls meet. */
const MEETING_SECTORS = 64;

export interface DiskParts {
  readonly name: string;
  readonly random: Random;
  readonly profile: Profile;
  readonly calls: number;
  /** The disk, while there is one. */
  readonly disk: () => BlockDevice | undefined;
  /** Connections that were lost so far. */
  readonly losses: () => number;
  /** What the disk holds. */
  readonly bytes: () => Uint8Array;
}

/** How a call ended. */
const OUTCOME = [() => true, () => false] as const;

/** Writes, reads, discards and flushes of one disk, some at a time. */
export class DiskWorkload implements Workload {
  readonly name: string;
  readonly survives = true;
  private readonly parts: DiskParts;
  private readonly model = new DiskModel();

  constructor(parts: DiskParts) {
    this.name = parts.name;
    this.parts = parts;
  }

  work(): Promise<void> {
    return makeCalls(this.parts.calls, this.parts.random, () => this.call());
  }

  fault(): string | undefined {
    return this.model.fault(this.parts.bytes());
  }

  private async call(): Promise<void> {
    const disk = this.parts.disk();
    if (disk === undefined) return;
    const {random, profile} = this.parts;
    const unit = disk.sectorSize / SECTOR;
    const blocks = disk.sizeBytes / disk.sectorSize;
    // Most of it around the middle, so that calls meet, and what belongs to one ring meets what does not.
    const middle = Math.floor(blocks / 2);
    const spread = MEETING_SECTORS / unit;
    const block = random.chance(0.7) ? middle - spread / 2 + random.below(spread) : random.below(blocks - 1);
    const most = random.chance(0.8) ? profile.sectors : profile.longSectors;
    const length = 1 + random.below(Math.min(blocks - block, most / unit));
    const [first, count] = [block * unit, length * unit];
    const kind = random.below(20);
    if (kind < 9) await this.write(disk, first, count);
    else if (kind < 17) await this.read(disk, first, count);
    else if (kind < 19) await this.discard(disk, first, count);
    else await disk.flush().catch(() => undefined);
  }

  private async write(disk: BlockDevice, first: number, count: number): Promise<void> {
    const {version, settle} = this.model.change(first, count);
    const data = new Uint8Array(count * SECTOR);
    for (let i = 0; i < count; i++) data.set(sectorOf(version, first + i), i * SECTOR);
    settle(await disk.write(first * SECTOR, data).then(...OUTCOME));
  }

  private async read(disk: BlockDevice, first: number, count: number): Promise<void> {
    const saw = this.model.look(first);
    const losses = this.parts.losses();
    const bytes = await disk.read(first * SECTOR, count * SECTOR).catch(() => undefined);
    if (bytes !== undefined) saw(bytes, this.parts.losses() > losses);
  }

  private async discard(disk: BlockDevice, first: number, count: number): Promise<void> {
    const {settle} = this.model.change(first, count, true);
    settle(await disk.discard(first * SECTOR, count * SECTOR, this.parts.random.chance(0.3)).then(...OUTCOME));
  }
}
