import type {Storage} from '../../../storage/index.ts';
import {BlockUnit} from '../block/block-unit.ts';
import {readCapacity10Command} from '../block/capacity.ts';
import {noMedium} from '../block/no-medium.ts';
import {readCommands} from '../block/read.ts';
import {startStopCommand} from '../block/start-stop.ts';
import {CommandTable} from '../command.ts';
import {commonCommands} from '../common/commands.ts';
import {CDROM_TYPE} from '../common/identity.ts';
import {ModePages} from '../common/mode-pages.ts';
import {fail, type Failure} from '../outcome.ts';
import {MEDIUM_MAY_HAVE_CHANGED, MEDIUM_NOT_PRESENT_TRAY_CLOSED, MEDIUM_NOT_PRESENT_TRAY_OPEN} from '../sense-codes.ts';
import {configurationCommand} from './configuration.ts';
import {discCommands} from './disc.ts';
import {EVENT_NEW_MEDIA, EVENT_NONE, EVENT_REMOVED, eventCommands} from './events.ts';
import {cdromModePages} from './pages.ts';
import {tocCommand} from './toc.ts';

const BLOCK_BYTES = 2048;
/** What does not fit on a CD of 80 minutes is on a DVD. */
const MAX_CD_BLOCKS = 80 * 60 * 75;
const MMC_6 = 0x04e0;
const READ_6 = 0x08;

export interface CdromOptions {
  /** Up to 32 characters of ASCII. */
  serial: string;
}

const cdromCommands: CommandTable<CdromUnit> = new CommandTable(
  commonCommands,
  readCommands.filter(({opcode}) => opcode !== READ_6),
  [readCapacity10Command, startStopCommand, tocCommand, configurationCommand],
  eventCommands,
  discCommands,
);

/** A drive for CDs and DVDs that are read only, with one track of data. @see MMC-6 */
export class CdromUnit extends BlockUnit {
  override readonly commands: CommandTable<CdromUnit> = cdromCommands;
  /** What GET EVENT STATUS NOTIFICATION tells next. */
  mediaEvent = EVENT_NONE;

  constructor({serial}: CdromOptions) {
    const names = {vendor: 'PVSIM', product: 'DVD-ROM', revision: '1.0', serial};
    const identity = {deviceType: CDROM_TYPE, removable: true, standards: [MMC_6], ...names};
    super(identity, new ModePages(cdromModePages), BLOCK_BYTES);
  }

  get isDvd(): boolean {
    return this.blocks > MAX_CD_BLOCKS;
  }

  get hasMedium(): boolean {
    return this.storage !== noMedium;
  }

  override get deviceSpecificParameter(): number {
    return 0;
  }

  /** Mode parameters of MMC have no block descriptors. */
  override blockDescriptor(): Uint8Array {
    return new Uint8Array(0);
  }

  protected override get noMediumFailure(): Failure {
    return fail(this.isTrayOpen ? MEDIUM_NOT_PRESENT_TRAY_OPEN : MEDIUM_NOT_PRESENT_TRAY_CLOSED);
  }

  /** Puts another medium in, or none, and closes the tray; the one before is closed once nobody reads it. */
  async change(storage: Storage | undefined): Promise<void> {
    await this.close();
    this.isTrayOpen = false;
    this.storage = storage ?? noMedium;
    this.mediaEvent = storage === undefined ? EVENT_REMOVED : EVENT_NEW_MEDIA;
    if (storage !== undefined) this.attentions.raise(MEDIUM_MAY_HAVE_CHANGED);
  }

  override load(by: string): void {
    if (this.isTrayOpen && this.hasMedium) this.mediaEvent = EVENT_NEW_MEDIA;
    super.load(by);
  }

  override eject(): void {
    super.eject();
    this.mediaEvent = EVENT_REMOVED;
  }

  override toString(): string {
    return `cdrom ${this.identity.serial}: ${String(this.storage)}`;
  }
}
