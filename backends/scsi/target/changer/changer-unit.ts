import {StorageError} from '../../../storage/index.ts';
import {CommandTable} from '../command.ts';
import {commonCommands} from '../common/commands.ts';
import {CHANGER_TYPE} from '../common/identity.ts';
import {ModePages} from '../common/mode-pages.ts';
import type {Failure} from '../outcome.ts';
import {IMPORT_OR_EXPORT_ELEMENT_ACCESSED} from '../sense-codes.ts';
import {parameterListLengthError} from '../task.ts';
import type {Cartridge} from '../tape/cartridge.ts';
import type {TapeUnit} from '../tape/tape-unit.ts';
import {LogicalUnit} from '../unit.ts';
import {elementStatusCommands} from './element-status.ts';
import {type Element, Elements, MAX_DRIVES, MAX_PORTS, MAX_SLOTS, PORT, STORAGE, type Volume} from './elements.ts';
import {moveCommands} from './move.ts';
import {changerModePages} from './pages.ts';

export interface ChangerOptions {
  /** Up to 32 characters of ASCII. */
  serial: string;
  /** Cartridges, which are in the first slots. */
  volumes: readonly Volume[];
  /** At least as many as there are volumes, up to 4096. */
  slots: number;
  /** Elements through which cartridges come in and go out, up to 64. */
  ports: number;
  /** Up to 64; in the order of their elements. */
  drives: readonly TapeUnit[];
  /** Opens a cartridge that goes into a drive. */
  open: (volume: Volume) => Promise<Cartridge | StorageError>;
  /** Told in a line of a cartridge that cannot be read or was not written as a whole. */
  report: (message: string) => void;
}

const SMC_3 = 0x0480;

const changerCommands: CommandTable<ChangerUnit> = new CommandTable(
  commonCommands,
  elementStatusCommands,
  moveCommands,
);

/** A media changer with its slots, ports, drives and one picker. @see SMC-3 */
export class ChangerUnit extends LogicalUnit {
  override readonly commands: CommandTable<ChangerUnit> = changerCommands;
  /** Where SCSI-2 had the LUN; Linux's ch still puts it there. */
  override readonly ignoredCdbBits = 0xe0;
  readonly elements: Elements;
  private readonly options: ChangerOptions;

  /** Throws a RangeError where there is no room for so much. */
  constructor(options: ChangerOptions) {
    const {serial, slots, ports, drives, volumes} = options;
    const fits = volumes.length <= slots && slots <= MAX_SLOTS && ports <= MAX_PORTS && drives.length <= MAX_DRIVES;
    if (!fits) throw new RangeError(`${serial}: too many slots, ports, drives or cartridges`);
    const elements = new Elements(options);
    const names = {vendor: 'PVSIM', product: 'CHANGER', revision: '1.0', serial};
    super(
      {deviceType: CHANGER_TYPE, removable: true, standards: [SMC_3], ...names},
      new ModePages(changerModePages(elements)),
    );
    this.elements = elements;
    this.options = options;
    elements.ofType(STORAGE).forEach((slot, i) => (slot.volume = volumes[i]));
  }

  /** A changer is always ready. */
  override get notReady(): undefined {
    return undefined;
  }

  override selectBlockDescriptor(descriptor: Uint8Array): Failure | undefined {
    return descriptor.length === 0 ? undefined : parameterListLengthError;
  }

  /** Moves a cartridge between elements that were looked at; a drive that it comes to loads it. */
  async carry(from: Element, to: Element): Promise<void> {
    const {volume} = from;
    if (volume === undefined) return;
    from.volume = undefined;
    const lost = await from.drive?.close();
    if (lost !== undefined) this.options.report(lost);
    to.volume = volume;
    to.source = from.type === STORAGE ? from.address : from.source;
    from.source = undefined;
    if (to.drive !== undefined) await this.load(volume, to.drive);
  }

  /** Puts a cartridge into a free port, from outside. Returns its address; undefined where all are full. */
  importVolume(volume: Volume): number | undefined {
    const port = this.elements.ofType(PORT).find((element) => element.volume === undefined);
    if (port === undefined) return undefined;
    port.volume = volume;
    port.source = undefined;
    this.attentions.raise(IMPORT_OR_EXPORT_ELEMENT_ACCESSED);
    return port.address;
  }

  /** Takes a cartridge out of a port; undefined where there is none, or an initiator prevents it. */
  exportVolume(address: number): Volume | undefined {
    const port = this.elements.at(address);
    if (port?.type !== PORT || port.volume === undefined || this.prevention.isPrevented) return undefined;
    const {volume} = port;
    port.volume = undefined;
    this.attentions.raise(IMPORT_OR_EXPORT_ELEMENT_ACCESSED);
    return volume;
  }

  /** Drives are closed by those who made them. */
  override close(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  override toString(): string {
    const full = this.elements.all.filter(({volume}) => volume !== undefined).length;
    return `changer ${this.identity.serial}: ${full} cartridges in ${this.elements.all.length - 1} elements`;
  }

  private async load(volume: Volume, drive: TapeUnit): Promise<void> {
    const cartridge = await this.options.open(volume);
    if (cartridge instanceof StorageError) {
      this.options.report(cartridge.message);
      drive.insert(undefined);
    } else {
      drive.insert(cartridge);
    }
  }
}
