import type {Storage} from '../../../storage/index.ts';
import {DRDY, DSC, IDNF, SECTOR_BYTES} from '../ata.ts';
import {type Cable, Drive} from '../drive.ts';
import type {DriveNames} from '../identify.ts';
import {TransferMode} from '../transfer-mode.ts';
import {diskCommands} from './commands.ts';
import {type Addressing, Extent} from './extent.ts';
import {defaultGeometry, type Geometry} from './geometry.ts';
import {MAX_MULTIPLE} from './identify-disk.ts';

const ATA_SIGNATURE = 0x0000;

/** Since the disk is there. */
export interface DiskStats {
  commands: number;
  readBytes: number;
  writtenBytes: number;
  flushes: number;
  trims: number;
}

/** An ATA disk with 48-bit addresses. @see ATA/ATAPI-7 */
export class AtaDisk extends Drive {
  readonly storage: Storage;
  readonly names: DriveNames;
  readonly sectors: number;
  readonly defaultGeometry: Geometry;
  /** As INITIALIZE DEVICE PARAMETERS has set it. */
  geometry: Geometry;
  /** Sectors of a block of READ and WRITE MULTIPLE; 0: those are off. */
  multiple = MAX_MULTIPLE;
  readonly transferMode = new TransferMode();
  writeCache = true;
  smartEnabled = true;
  isStandby = false;
  override readonly stats: DiskStats = {commands: 0, readBytes: 0, writtenBytes: 0, flushes: 0, trims: 0};
  protected override readonly signature = ATA_SIGNATURE;
  protected override readonly idleStatus = DRDY | DSC;

  constructor(cable: Cable, storage: Storage, names: DriveNames) {
    super(cable);
    this.storage = storage;
    this.names = names;
    this.sectors = storage.sizeBytes / SECTOR_BYTES;
    this.defaultGeometry = defaultGeometry(this.sectors);
    this.geometry = this.defaultGeometry;
  }

  get canTrim(): boolean {
    return this.storage.discardGranularity > 0;
  }

  override async close(): Promise<void> {
    await this.settled();
    this.storage.close();
  }

  /** Calls `act` with the sectors that the registers name, or fails the command where the disk does not have them. */
  withExtent(addressing: Addressing, act: (extent: Extent) => void): void {
    const extent = Extent.of(this.taskFile, this.geometry, addressing);
    this.isStandby = false;
    if (extent.lba < 0 || extent.lba + extent.sectors > this.sectors) this.failAt(extent, IDNF);
    else act(extent);
  }

  failAt(extent: Extent, error: number): void {
    extent.report(this.taskFile, this.geometry);
    this.fail(error);
  }

  /** A command that sends one block. */
  reply(bytes: Uint8Array): void {
    this.offer(bytes, () => this.endQuietly());
  }

  protected override execute(opcode: number): void {
    this.stats.commands++;
    const command = diskCommands[opcode];
    if (command === undefined) this.fail();
    else command(this);
  }

  override toString(): string {
    return `disk ${this.names.serial}: ${String(this.storage)}, status ${this.status.toString(16)}`;
  }
}
