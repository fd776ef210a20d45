import type {Storage} from '../../../storage/index.ts';
import {BlockUnit} from '../block/block-unit.ts';
import {readCapacity10Command, readCapacity16Command} from '../block/capacity.ts';
import {readCommands} from '../block/read.ts';
import {startStopCommand} from '../block/start-stop.ts';
import {CommandTable} from '../command.ts';
import {commonCommands} from '../common/commands.ts';
import {DISK_TYPE} from '../common/identity.ts';
import type {VpdPage} from '../common/inquiry.ts';
import {informationalExceptionsLog, type LogPage} from '../common/log-sense.ts';
import {ModePages} from '../common/mode-pages.ts';
import {fail, type Failure} from '../outcome.ts';
import {MEDIUM_NOT_PRESENT} from '../sense-codes.ts';
import {atomicCommands} from './atomic.ts';
import {maintenanceCommands} from './maintenance.ts';
import {
  blockCharacteristics,
  blockLimits,
  blockProvisioning,
  CACHING,
  diskModePages,
  WRITE_CACHE_ENABLED,
} from './pages.ts';
import {provisioningCommands} from './unmap.ts';
import {verifyCommands} from './verify.ts';
import {writeCommands} from './write.ts';
import {writeSameCommands} from './write-same.ts';

export interface DiskOptions {
  /** The unit takes it over. */
  storage: Storage;
  /** Up to 32 characters of ASCII. */
  serial: string;
  /** 512 by default. */
  blockBytes?: 512 | 4096;
  /** The medium can be ejected. */
  removable?: boolean;
}

const diskCommands: CommandTable<DiskUnit> = new CommandTable(
  commonCommands,
  readCommands,
  writeCommands,
  verifyCommands,
  writeSameCommands,
  provisioningCommands,
  atomicCommands,
  maintenanceCommands,
  [readCapacity10Command, readCapacity16Command, startStopCommand],
);

const SBC_3 = 0x04c0;

/** A direct access block device. @see SBC-3 */
export class DiskUnit extends BlockUnit {
  override readonly commands: CommandTable<DiskUnit> = diskCommands;
  override readonly vpdPages: ReadonlyMap<number, VpdPage> = new Map([
    [0xb0, () => blockLimits(this)],
    [0xb1, blockCharacteristics],
    [0xb2, () => blockProvisioning(this)],
  ]);
  override readonly logPages: ReadonlyMap<number, LogPage> = new Map([[0x2f, informationalExceptionsLog]]);

  constructor({storage, serial, blockBytes = 512, removable = false}: DiskOptions) {
    const names = {vendor: 'PVSIM', product: 'DISK', revision: '1.0', serial};
    super({deviceType: DISK_TYPE, removable, standards: [SBC_3], ...names}, new ModePages(diskModePages), blockBytes);
    this.storage = storage;
  }

  /** Writes may stay in the cache until they are flushed. */
  get isCaching(): boolean {
    return (this.modes.current(CACHING)[2] & WRITE_CACHE_ENABLED) !== 0;
  }

  protected override get noMediumFailure(): Failure {
    return fail(MEDIUM_NOT_PRESENT);
  }

  override toString(): string {
    return `disk ${this.identity.serial}: ${String(this.storage)}, blocks of ${this.blockBytes}`;
  }
}
