import {be24, put24} from '../bytes.ts';
import {CommandTable} from '../command.ts';
import {commonCommands} from '../common/commands.ts';
import {TAPE_TYPE} from '../common/identity.ts';
import type {LogPage} from '../common/log-sense.ts';
import {ModePages} from '../common/mode-pages.ts';
import {fail, type Failure, invalidParameter} from '../outcome.ts';
import {MEDIUM_FORMAT_CORRUPTED, MEDIUM_MAY_HAVE_CHANGED, MEDIUM_NOT_PRESENT, WRITE_PROTECTED} from '../sense-codes.ts';
import {parameterListLengthError} from '../task.ts';
import {LogicalUnit} from '../unit.ts';
import {type Cartridge, TapeWriteFailure} from './cartridge.ts';
import {describeCommands} from './describe.ts';
import {loadCommands} from './load.ts';
import {DENSITY_CODE, tapeAlertLog, tapeCapacityLog, tapeModePages} from './pages.ts';
import {positionCommands} from './position.ts';
import {transferCommands} from './transfer.ts';

const SSC_4 = 0x0520;
const BUFFERED = 0x10;

export interface TapeOptions {
  /** Up to 32 characters of ASCII. */
  serial: string;
}

const tapeCommands: CommandTable<TapeUnit> = new CommandTable(
  commonCommands,
  transferCommands,
  positionCommands,
  loadCommands,
  describeCommands,
);

/** A tape drive with one tape, or none. @see SSC-4 */
export class TapeUnit extends LogicalUnit {
  override readonly commands: CommandTable<TapeUnit> = tapeCommands;
  override readonly logPages: ReadonlyMap<number, LogPage> = new Map([
    [0x2e, tapeAlertLog],
    [0x31, () => tapeCapacityLog(this)],
  ]);
  override readonly hasPageZero = true;
  /** In the drive, whether it is loaded or not. */
  cartridge: Cartridge | undefined;
  /** The tape is threaded, and can be used. */
  isLoaded = false;
  /** A tape that cannot be read is in the drive. */
  isUnreadable = false;
  /** Of the next object: a block or a filemark. */
  position = 0;
  /** Of fixed blocks; 0 where every block has its own length. */
  blockBytes = 0;
  private deviceSpecific = BUFFERED;

  constructor({serial}: TapeOptions) {
    const names = {vendor: 'PVSIM', product: 'TAPE', revision: '1.0', serial};
    super({deviceType: TAPE_TYPE, removable: true, standards: [SSC_4], ...names}, new ModePages(tapeModePages));
  }

  override get notReady(): Failure | undefined {
    if (this.isUnreadable) return fail(MEDIUM_FORMAT_CORRUPTED);
    return this.isLoaded ? undefined : fail(MEDIUM_NOT_PRESENT);
  }

  /** Why the tape cannot be written; asked only while there is one. */
  get writeFault(): Failure | undefined {
    return this.cartridge?.readonly === true ? fail(WRITE_PROTECTED) : undefined;
  }

  override get deviceSpecificParameter(): number {
    return this.deviceSpecific | (this.isLoaded && this.writeFault !== undefined ? 0x80 : 0);
  }

  /** Density code, no number of blocks, and the length of blocks. @see SPC-4, "General mode parameter block descriptor" */
  override blockDescriptor(): Uint8Array {
    const bytes = new Uint8Array(8);
    bytes[0] = DENSITY_CODE;
    put24(bytes, 5, this.blockBytes);
    return bytes;
  }

  /** The density may be the tape's own, the default, or left as it is; of the rest BUFFERED MODE can be switched off. */
  override selectBlockDescriptor(descriptor: Uint8Array, deviceSpecific: number): Failure | undefined {
    if ((deviceSpecific & 0x7f & ~BUFFERED) !== 0) return invalidParameter(2);
    if (descriptor.length !== 0 && descriptor.length !== 8) return parameterListLengthError;
    if (descriptor.length === 8) {
      const isKnown = [0x00, 0x7f, DENSITY_CODE].includes(descriptor[0]);
      if (!isKnown) return invalidParameter(4);
      this.blockBytes = be24(descriptor, 5);
    }
    this.deviceSpecific = deviceSpecific & BUFFERED;
    return undefined;
  }

  /** Puts a tape in and loads it; `undefined` for one that cannot be read. The drive has to be empty. */
  insert(cartridge: Cartridge | undefined): void {
    this.cartridge = cartridge;
    this.isUnreadable = cartridge === undefined;
    this.isLoaded = cartridge !== undefined;
    this.position = 0;
    this.attentions.raise(MEDIUM_MAY_HAVE_CHANGED);
  }

  /** Loads a tape that is in the drive; initiators, but the one that did it, are told. */
  load(by: string): void {
    if (this.isLoaded || this.cartridge === undefined) return;
    this.isLoaded = true;
    this.attentions.raise(MEDIUM_MAY_HAVE_CHANGED, (name) => name !== by);
  }

  override async reset(): Promise<void> {
    await super.reset();
    this.position = 0;
    this.blockBytes = 0;
  }

  /** Takes the tape out, with all that was written on it. */
  override async close(): Promise<string | undefined> {
    const {cartridge} = this;
    this.cartridge = undefined;
    this.isLoaded = false;
    this.isUnreadable = false;
    await this.tasks.settled();
    try {
      await cartridge?.close();
      return undefined;
    } catch (error) {
      if (cartridge === undefined || !(error instanceof TapeWriteFailure)) throw error;
      return `${cartridge.path}: ${error.message}`;
    }
  }

  override toString(): string {
    return `tape ${this.identity.serial}: ${this.cartridge === undefined ? 'empty' : this.cartridge.path}`;
  }
}
