import type {DeviceModel, Release} from '../bus/index.ts';
import {Ps2Keyboard} from './keyboard.ts';
import {Ps2Mouse} from './mouse.ts';
import type {Ps2Device} from './ps2-device.ts';
import {Translation} from './translation.ts';

const OWNER = 'ps2';
const DATA_PORT = 0x60;
const COMMAND_PORT = 0x64;
const KEYBOARD_IRQ = 1;
const MOUSE_IRQ = 12;

/** Bits of the status register. */
const STATUS_OUTPUT_FULL = 1 << 0;
const STATUS_SYSTEM = 1 << 2;
const STATUS_COMMAND = 1 << 3;
const STATUS_UNLOCKED = 1 << 4;
const STATUS_FROM_MOUSE = 1 << 5;

/** Bits of the command byte. */
const CONTROL_KEYBOARD_INTERRUPT = 1 << 0;
const CONTROL_MOUSE_INTERRUPT = 1 << 1;
const CONTROL_SYSTEM = 1 << 2;
const CONTROL_KEYBOARD_OFF = 1 << 4;
const CONTROL_MOUSE_OFF = 1 << 5;
const CONTROL_TRANSLATE = 1 << 6;
/** As a PC's firmware leaves it. */
const CONTROL_RESET = CONTROL_KEYBOARD_INTERRUPT | CONTROL_MOUSE_INTERRUPT | CONTROL_SYSTEM | CONTROL_TRANSLATE;

/** Bits of the output port. */
const OUTPUT_NO_RESET = 1 << 0;
const OUTPUT_A20 = 1 << 1;
const OUTPUT_KEYBOARD_FULL = 1 << 4;
const OUTPUT_MOUSE_FULL = 1 << 5;

const SELF_TEST_PASSED = 0x55;
const INTERFACE_WORKS = 0x00;
/** The input port: nothing is locked. */
const INPUT_PORT = 0x80;

interface OutputByte {
  readonly data: number;
  readonly fromMouse: boolean;
}

export interface I8042Options {
  /** The guest pulls the reset line. */
  readonly onReset?: () => void;
}

/** The keyboard controller of a PC, ports 60 and 64, IRQ 1 and 12, with a keyboard and a mouse. */
export class I8042 {
  readonly keyboard: Ps2Keyboard;
  readonly mouse: Ps2Mouse;
  private readonly model: DeviceModel;
  private readonly onReset: () => void;
  private readonly translation = new Translation();
  private releases: readonly Release[] = [];
  private control = CONTROL_RESET;
  private outputPort = OUTPUT_NO_RESET | OUTPUT_A20;
  private status = STATUS_UNLOCKED | STATUS_SYSTEM;
  /** The output buffer, and what the data register gives when that is empty. */
  private output: OutputByte | undefined;
  private lastData = 0;
  /** A byte that a command has put there, and that waits for the output buffer. */
  private next: OutputByte | undefined;
  /** What the byte at the data port is for, when it is not for the keyboard. */
  private awaiting: ((byte: number) => void) | undefined;
  private readonly commands: Readonly<Record<number, () => void>> = {
    0x20: () => this.reply(this.control),
    0x60: () => this.await((byte) => this.setControl(byte)),
    0xa7: () => this.setControl(this.control | CONTROL_MOUSE_OFF),
    0xa8: () => this.setControl(this.control & ~CONTROL_MOUSE_OFF),
    0xa9: () => this.reply(INTERFACE_WORKS),
    0xaa: () => this.selfTest(),
    0xab: () => this.reply(INTERFACE_WORKS),
    0xad: () => this.setControl(this.control | CONTROL_KEYBOARD_OFF),
    0xae: () => this.setControl(this.control & ~CONTROL_KEYBOARD_OFF),
    0xc0: () => this.reply(INPUT_PORT),
    0xd0: () => this.reply(this.readOutputPort()),
    0xd1: () => this.await((byte) => this.writeOutputPort(byte)),
    0xd2: () => this.await((byte) => this.put({data: byte, fromMouse: false})),
    0xd3: () => this.await((byte) => this.put({data: byte, fromMouse: true})),
    0xd4: () => this.await((byte) => this.sendToMouse(byte)),
  };

  constructor(model: DeviceModel, {onReset}: I8042Options = {}) {
    this.model = model;
    this.onReset = onReset ?? (() => this.reset());
    this.keyboard = new Ps2Keyboard(model.schedule, () => this.fill());
    this.mouse = new Ps2Mouse(model.schedule, () => this.fill());
  }

  /** Throws DeviceModelError when its ports are taken. */
  plug(): void {
    const data = {read: () => this.readData(), write: (_: number, __: number, value: number) => this.writeData(value)};
    const command = {
      read: () => this.readStatus(),
      write: (_: number, __: number, value: number) => this.writeCommand(value & 0xff),
    };
    this.releases = [this.model.claimPorts(DATA_PORT, 1, data, OWNER)];
    this.releases = [...this.releases, this.model.claimPorts(COMMAND_PORT, 1, command, OWNER)];
  }

  unplug(): void {
    this.reset();
    for (const release of this.releases) release();
    this.releases = [];
  }

  /** As after power on. */
  reset(): void {
    this.control = CONTROL_RESET;
    this.outputPort = OUTPUT_NO_RESET | OUTPUT_A20;
    this.status = STATUS_UNLOCKED | STATUS_SYSTEM;
    this.output = undefined;
    this.next = undefined;
    this.awaiting = undefined;
    this.translation.reset();
    this.keyboard.reset();
    this.mouse.reset();
    this.updateInterrupts();
  }

  stats(): Readonly<Record<string, number>> {
    return {lostBytes: this.keyboard.lostBytes};
  }

  /** "i8042 control=0x47, keyboard leds=0 scanning, mouse id=0 rate=100" */
  toString(): string {
    return `i8042 control=0x${this.control.toString(16)}, ${this.keyboard.toString()}, ${this.mouse.toString()}`;
  }

  private readStatus(): number {
    if (this.output === undefined) return this.status;
    return this.status | STATUS_OUTPUT_FULL | (this.output.fromMouse ? STATUS_FROM_MOUSE : 0);
  }

  /** The interrupt goes away before the next byte brings it: each is an edge of its own. */
  private readData(): number {
    if (this.output !== undefined) this.lastData = this.output.data;
    this.output = undefined;
    this.updateInterrupts();
    this.fill();
    return this.lastData;
  }

  private writeData(value: number): void {
    const {awaiting} = this;
    const byte = value & 0xff;
    this.status &= ~STATUS_COMMAND;
    this.awaiting = undefined;
    if (awaiting !== undefined) return awaiting(byte);
    // What is sent to a device turns its interface on.
    this.setControl(this.control & ~CONTROL_KEYBOARD_OFF);
    this.keyboard.write(byte);
  }

  private writeCommand(command: number): void {
    this.status |= STATUS_COMMAND;
    this.awaiting = undefined;
    // F0 to FF pulse the four lowest bits of the output port that are 0.
    if (command >= 0xf0) {
      if ((command & OUTPUT_NO_RESET) === 0) this.onReset();
      return;
    }
    this.commands[command]?.();
  }

  private await(then: (byte: number) => void): void {
    this.awaiting = then;
  }

  /** An answer of the controller's own takes the place of an earlier one that nobody read. */
  private reply(data: number): void {
    this.put({data, fromMouse: false});
  }

  private put(byte: OutputByte): void {
    this.next = byte;
    this.fill();
  }

  private selfTest(): void {
    this.output = undefined;
    this.status |= STATUS_SYSTEM;
    this.reply(SELF_TEST_PASSED);
  }

  private sendToMouse(byte: number): void {
    this.setControl(this.control & ~CONTROL_MOUSE_OFF);
    this.mouse.write(byte);
  }

  private setControl(control: number): void {
    this.control = control;
    const system = (control & CONTROL_SYSTEM) !== 0 ? STATUS_SYSTEM : 0;
    this.status = (this.status & ~STATUS_SYSTEM) | system;
    this.updateInterrupts();
    this.fill();
  }

  private readOutputPort(): number {
    const full = this.output?.fromMouse === true ? OUTPUT_MOUSE_FULL : OUTPUT_KEYBOARD_FULL;
    return this.outputPort | (this.output === undefined ? 0 : full);
  }

  private writeOutputPort(value: number): void {
    this.outputPort = (value & OUTPUT_A20) | OUTPUT_NO_RESET;
    if ((value & OUTPUT_NO_RESET) === 0) this.onReset();
  }

  /** Moves a byte into the empty output buffer: the controller's own, then the keyboard's, then the mouse's. */
  private fill(): void {
    if (this.output !== undefined) return;
    this.output = this.takeOwn() ?? this.takeFromKeyboard() ?? this.takeFromMouse();
    this.updateInterrupts();
  }

  private takeOwn(): OutputByte | undefined {
    const {next} = this;
    this.next = undefined;
    return next;
  }

  private takeFromKeyboard(): OutputByte | undefined {
    const isTranslated = (this.control & CONTROL_TRANSLATE) !== 0;
    while (this.isReady(this.keyboard, CONTROL_KEYBOARD_OFF)) {
      const byte = this.keyboard.take();
      const data = isTranslated ? this.translation.translate(byte) : byte;
      if (data !== undefined) return {data, fromMouse: false};
    }
    return undefined;
  }

  private takeFromMouse(): OutputByte | undefined {
    return this.isReady(this.mouse, CONTROL_MOUSE_OFF) ? {data: this.mouse.take(), fromMouse: true} : undefined;
  }

  private isReady(device: Ps2Device, off: number): boolean {
    return device.hasData && (this.control & off) === 0;
  }

  private updateInterrupts(): void {
    const {output, control} = this;
    const isSet = (bit: number): boolean => (control & bit) !== 0;
    const fromKeyboard = output?.fromMouse === false && isSet(CONTROL_KEYBOARD_INTERRUPT);
    const fromMouse = output?.fromMouse === true && isSet(CONTROL_MOUSE_INTERRUPT);
    this.model.setIsaIrq(KEYBOARD_IRQ, fromKeyboard, OWNER);
    this.model.setIsaIrq(MOUSE_IRQ, fromMouse, OWNER);
  }
}
