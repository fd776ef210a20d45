import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import type {IoDevice} from '../bus/index.ts';
import {COMMAND, DATA, DEV, DEVICE, ERROR, EXECUTE_DEVICE_DIAGNOSTIC, HOB, NIEN, SRST, STATUS} from './ata.ts';
import type {BusMaster} from './bus-master.ts';
import type {Drive} from './drive.ts';

const NOBODY = 0;

/**
 * One channel with up to two drives: device 0 and device 1. What the host writes reaches both, Device says which one does
 * commands and is read. @see ATA/ATAPI-7 volume 2
 */
export class Channel {
  readonly busMaster: BusMaster;
  readonly drives: (Drive | undefined)[] = [undefined, undefined];
  readonly commandBlock: IoDevice;
  readonly controlBlock: IoDevice;
  private readonly setLine: (level: boolean) => void;
  private readonly onCommand: () => void;
  private selected = 0;
  private control = 0;
  private line = false;
  /** What single accesses to Data move, by their size. */
  private readonly words = {1: new Uint8Array(1), 2: new Uint8Array(2), 4: new Uint8Array(4)};

  /** `setLine` drives INTRQ, the channel's ISA interrupt; `onCommand` is told of each that a drive gets. */
  constructor(busMaster: BusMaster, setLine: (level: boolean) => void, onCommand: () => void) {
    this.busMaster = busMaster;
    this.setLine = setLine;
    this.onCommand = onCommand;
    this.commandBlock = {
      read: (offset, size) => (offset === DATA ? this.readData(size) : bytesOf(size, (at) => this.read(offset + at))),
      write: (offset, size, value) => {
        if (offset === DATA) this.writeData(size, value);
        else eachByte(size, value, (at, byte) => this.write(offset + at, byte));
      },
      readString: (offset, size, into) => this.readString(offset, size, into),
      writeString: (offset, size, bytes) => this.writeString(offset, size, bytes),
    };
    this.controlBlock = {
      read: () => this.selectedDrive?.status ?? NOBODY,
      write: (_offset, _size, value) => this.writeControl(value & 0xff),
    };
  }

  /** Hardware reset. */
  reset(): void {
    this.control = 0;
    this.busMaster.reset();
    this.resetDrives();
  }

  /** The drives' interrupt, as far as the host lets it through. */
  updateLine(): void {
    const level = (this.control & NIEN) === 0 && this.selectedDrive?.interruptPending === true;
    if (level === this.line) return;
    this.line = level;
    if (level) this.busMaster.interrupt();
    this.setLine(level);
  }

  private get selectedDrive(): Drive | undefined {
    return this.drives[this.selected];
  }

  /** Who is read: device 0 answers for a device 1 that is not there, but for Status. */
  private get answering(): Drive | undefined {
    return this.selectedDrive ?? this.drives[0];
  }

  private read(register: number): number {
    const drive = this.answering;
    if (register === STATUS) return this.readStatus();
    if (drive === undefined) return NOBODY;
    if (register === ERROR) return drive.error;
    if (register === DEVICE) return drive.taskFile.device;
    return drive.taskFile.read(register, (this.control & HOB) !== 0);
  }

  private readStatus(): number {
    const drive = this.selectedDrive;
    const status = drive?.status ?? NOBODY;
    drive?.acknowledge();
    return status;
  }

  private write(register: number, value: number): void {
    this.control &= ~HOB;
    if (register === COMMAND) return this.command(value);
    if (this.selectedDrive?.isBusy === true) return;
    for (const drive of this.drives) drive?.taskFile.write(register, value);
    if (register === DEVICE) this.select((value & DEV) === 0 ? 0 : 1);
  }

  private select(device: number): void {
    this.selected = device;
    this.updateLine();
  }

  private command(opcode: number): void {
    if (opcode === EXECUTE_DEVICE_DIAGNOSTIC) return this.diagnose();
    const drive = this.selectedDrive;
    if (drive === undefined) return;
    this.onCommand();
    drive.command(opcode);
  }

  /** Both drives do it, and device 0 tells the result. */
  private diagnose(): void {
    this.resetDrives();
    this.drives[0]?.raise();
  }

  private resetDrives(): void {
    for (const drive of this.drives) drive?.reset();
    this.select(0);
  }

  private writeControl(value: number): void {
    const before = this.control;
    this.control = value;
    this.updateLine();
    const isReset = (value & SRST) !== 0;
    if (isReset && (before & SRST) === 0) for (const drive of this.drives) drive?.holdInReset();
    if (!isReset && (before & SRST) !== 0) this.resetDrives();
  }

  private readData(size: IoSize): number {
    const word = this.words[size];
    word.fill(NOBODY);
    this.selectedDrive?.data.read(word);
    return bytesOf(size, (at) => word[at]);
  }

  private writeData(size: IoSize, value: number): void {
    const word = this.words[size];
    eachByte(size, value, (at, byte) => (word[at] = byte));
    this.selectedDrive?.data.write(word);
  }

  private readString(offset: number, size: IoSize, into: Uint8Array): void {
    if (offset === DATA) {
      into.fill(NOBODY);
      this.selectedDrive?.data.read(into);
      return;
    }
    for (let at = 0; at < into.length; at++) into[at] = this.read(offset + (at % size));
  }

  private writeString(offset: number, size: IoSize, bytes: Uint8Array): void {
    if (offset === DATA) return this.selectedDrive?.data.write(bytes);
    for (let at = 0; at < bytes.length; at++) this.write(offset + (at % size), bytes[at]);
  }
}

/** Registers are bytes: a wider access takes those that follow, too. */
const bytesOf = (size: number, read: (at: number) => number): number => {
  let value = 0;
  for (let at = 0; at < size; at++) value |= read(at) << (at * 8);
  return value >>> 0;
};

const eachByte = (size: number, value: number, write: (at: number, byte: number) => void): void => {
  for (let at = 0; at < size; at++) write(at, (value >>> (at * 8)) & 0xff);
};
